"""The events behind an answer counted over time: what a histogram above the answer shows."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from cwnb.errors import (
    MalformedQuery,
    QueryCancelled,
    QueryTooLarge,
    QueryUnfinished,
    SnapshotExpired,
)
from cwnb.events import ALL_TIME, TIMESTAMP
from cwnb.insights import (
    Control,
    Progress,
    counted_over_time,
    extent_of_answer,
    fields_of_events,
    fields_of_input,
    names_made,
    parse,
)
from cwnb.results.levels import MISSING, in_order, level_field, severity
from cwnb.results.periods import MOST_BINS, NamedPeriod, period_for
from cwnb.results.rendering import render
from cwnb.results.running import RunningQuery
from cwnb.results.series import epoch_ms
from cwnb.results.visible import one_line

if TYPE_CHECKING:
    from cwnb.events import Sources
    from cwnb.results.result import QueryResult

# A field with more values than this, or with a longer one (characters), is no level.
_MOST_LEVELS = 12
_LONGEST_LEVEL = 40
# Rows of an answer by bin and level: a level may be written in several ways, and events without a
# time have a bin of their own. An answer with more is cut off, and not used.
_MOST_ROWS = (MOST_BINS + 1) * _MOST_LEVELS * 4
_NO_LEVEL = "events"


@dataclass(frozen=True)
class OverTime:
    """Numbers of events, for each level and each bin of time.

    `starts_ms` are the starts of the bins in UTC epoch milliseconds, ascending, `period_ms` apart;
    `period` names that length. The first bin may begin before the window, and the last may end
    after it. `levels` are names, the most severe first; `severities` has for each of them one of
    `levels.SEVERITIES`, or "other". `counts[level][bin]` is a number of events, 0 where there are
    none. `field` is the expression that has the levels. It is empty where there is none, and then
    the one level is called "events". `untimed` events have no time and stand in no bin; `total` is
    the number of all events. `query` is what was asked.
    """

    starts_ms: list[int]
    period_ms: int
    period: str
    levels: list[str]
    severities: list[str]
    counts: list[list[int]]
    total: int
    untimed: int
    field: str
    query: str


class CountOverTime:
    """A count of the events behind an answer, on a thread of its own.

    It counts all events that pass the beginning of the query, which decides about each row by that
    row alone, whatever `limit`, `dedup`, `sort` or `stats` come after it. It reads the snapshot of
    the answer, over the same window (where a side is open, up to the first or last event), with the
    same budget. The answer does not change.

    >>> counting = CountOverTime(result).begin()
    >>> counting.result()       # wait for an OverTime; None where there is nothing to count
    >>> counting.reason         # why there is nothing to count
    >>> counting.stop()

    All methods may be called from any thread.
    """

    def __init__(self, result: QueryResult) -> None:
        self._result = result
        context = result.events.context
        self._context = replace(
            context,
            sources=_OneSnapshot(context.sources),
            strict=False,
            limit=_MOST_ROWS,
            notes=[],
        )
        self._window = result.events.window
        self._running: RunningQuery | None = None
        self._answer: OverTime | None = None
        self._error: BaseException | None = None
        self._stopped = False
        self._ended = threading.Event()
        self.reason = ""

    def begin(self) -> Self:
        """Start counting, and return at once."""
        threading.Thread(target=self._run, name="cwnb-count", daemon=True).start()
        return self

    @property
    def done(self) -> bool:
        """Whether it has ended: the events are counted, or it was stopped, or has failed."""
        return self._ended.is_set()

    @property
    def progress(self) -> Progress:
        """The records and bytes that have been scanned, of how many, and the seconds so far."""
        return Progress() if self._running is None else self._running.progress

    def result(self, timeout: float | None = None) -> OverTime | None:
        """Wait for the numbers, at most `timeout` seconds; None where `reason` says why.

        Raises what the query raises, QueryCancelled after `stop()`, QueryUnfinished when the time
        is over, and SnapshotExpired where the events of the answer have been moved meanwhile.
        """
        if not self._ended.wait(timeout):
            raise QueryUnfinished(f"the events are still being counted after {timeout:g} s")
        if self._error is not None:
            raise self._error
        return self._answer

    def stop(self) -> None:
        """Stop counting, and return at once; does nothing to a count that has ended."""
        self._stopped = True
        if self._running is not None:
            self._running.stop()

    def _run(self) -> None:
        try:
            self._answer = self._counted()
        except QueryCancelled:
            self._error = QueryCancelled("the count of events over time was stopped")
        except MalformedQuery as error:
            # The answer's query is a good one, so what is wrong is what was added to it.
            self.reason = f"its events cannot be counted over time: {error.message}"
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()

    def _counted(self) -> OverTime | None:
        span = self._span()
        if span is None:
            return None
        period = period_for(*span)
        source = fields_of_input(self._result.pipeline.input, self._context.sources, ())
        level = level_field(fields_of_events(self._result.expanded_text, source.field_names()))
        if level:
            try:
                found = self._ask(span, period, level)
            except (QueryTooLarge, MalformedQuery):  # very many values, or lists and maps
                found = None
            if found is not None:
                return found
        return self._ask(span, period, "")

    def _span(self) -> tuple[int, int] | None:
        """Give the first and the last millisecond to count; None with a `reason` for none."""
        query, window = self._result.query, self._window
        if query.language != "ql":
            self.reason = f"events of a query in {query.language!r} cannot be counted over time"
            return None
        if TIMESTAMP in names_made(self._result.expanded_text):
            self.reason = f"the query makes a {TIMESTAMP} that is not the time of its events"
            return None
        extent = extent_of_answer(query, self._context)
        if extent is None:
            self.reason = "there are no events with a time to count"
            return None
        first, last = extent.first_ms, extent.last_ms
        if window.start_ms > ALL_TIME.start_ms:
            first = window.start_ms
            last = max(first, last)
        if window.end_ms < ALL_TIME.end_ms:
            last = window.end_ms - 1
            first = min(first, last)
        return first, last

    def _ask(self, span: tuple[int, int], period: NamedPeriod, level: str) -> OverTime | None:
        """Count by bin and level; None for values that are no levels."""
        text = counted_over_time(self._result.expanded_text, period.text, level)
        # A control of its own: one query stops its control when it fails.
        context = replace(self._context, control=Control())
        self._running = RunningQuery(text, parse(text), context).begin()
        if self._stopped:
            self._running.stop()
        df = self._running.result().df
        if len(df) == _MOST_ROWS:
            return None
        numbers = df.iloc[:, -1].tolist()
        spellings = [_NO_LEVEL] * len(df)
        if level:
            spellings = [one_line(render(value)) or MISSING for value in df.iloc[:, 1].tolist()]
        names = _one_spelling(spellings, numbers)
        levels = in_order(set(names.values())) or [_NO_LEVEL]
        if len(levels) > _MOST_LEVELS or max(map(len, levels)) > _LONGEST_LEVEL:
            return None
        if level and levels == [MISSING]:
            return None
        starts = list(period.starts(*span))
        counts = [[0] * len(starts) for _ in levels]
        untimed = 0
        times = df.iloc[:, 0]
        for has_time, time_ms, spelling, number in zip(
            times.notna(), epoch_ms(times).tolist(), spellings, numbers, strict=True
        ):
            if not has_time:
                untimed += number
                continue
            place = (time_ms - starts[0]) // period.ms
            counts[levels.index(names[spelling])][place] += number
        return OverTime(
            starts_ms=starts,
            period_ms=period.ms,
            period=period.name,
            levels=levels,
            severities=[severity(name) for name in levels],
            counts=counts,
            total=sum(numbers),
            untimed=untimed,
            field=level if levels != [_NO_LEVEL] else "",
            query=text,
        )


def _one_spelling(spellings: list[str], numbers: list[int]) -> dict[str, str]:
    """Give for each spelling of a level the most frequent one that differs only in its case."""
    totals: Counter[str] = Counter()
    for spelling, number in zip(spellings, numbers, strict=True):
        totals[spelling] += number
    chosen: dict[str, str] = {}
    for spelling, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        chosen.setdefault(spelling.lower(), spelling)
    return {spelling: chosen[spelling.lower()] for spelling in totals}


class _OneSnapshot:
    """Sources that are never read from a newer snapshot: its events would not be the answer's."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sources, name)

    def again(self) -> Sources:
        raise SnapshotExpired("the events of the answer have been moved since; ask it again")
