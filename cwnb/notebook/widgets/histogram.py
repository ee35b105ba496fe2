"""The histogram above an answer: the events behind it over time, as a browser draws them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from cwnb.notebook.widgets.view import Reply
from cwnb.results.level_colours import level_colours
from cwnb.results.over_time import CountOverTime
from cwnb.results.whole_times import FIRST_MS, LAST_MS, edge_texts, tick_texts, tick_times
from cwnb.results.zones import display_zone

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.events import Window
    from cwnb.notebook.widgets.answer import AnswerView
    from cwnb.results.over_time import OverTime
    from cwnb.results.result import QueryResult

# A browser leaves out those for which it has no room.
_MOST_TICKS = 10


class LatestCount:
    """The count of the events behind the answer that a view shows; counts of others are stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number: int | None = None
        self._counting: CountOverTime | None = None

    def of(self, number: int, result: QueryResult) -> CountOverTime:
        """Give the count for the answer of this number; all who ask for it share one."""
        with self._lock:
            if self._counting is None or number != self._number:
                if self._counting is not None:
                    self._counting.stop()
                self._number, self._counting = number, CountOverTime(result).begin()
            return self._counting

    def stop(self) -> None:
        """Stop counting."""
        with self._lock:
            if self._counting is not None:
                self._counting.stop()


def histogram(view: AnswerView, of: int) -> Reply:
    """Give the histogram of the answer of this number, or the reason why it has none.

    Raises what `CountOverTime.result` raises.
    """
    result = view.shown(of).result
    if result.is_partial:  # whoever has stopped a query does not want another one
        return Reply({"reason": "the query was stopped"})
    counting = view.counting.of(of, result)
    counted = counting.result()
    if counted is None or not any(map(any, counted.counts)):
        if not result.statistics["recordsMatched"]:
            return Reply({"reason": "no event matched the query"})
        return Reply({"reason": counting.reason or "there are no events with a time to count"})
    window = result.events.window
    return Reply({**picture(counted, window, result.tz), "narrows": view.exploration is not None})


def picture(counted: OverTime, window: Window, tz: str) -> dict[str, Any]:
    """Give what a browser draws, as JSON has it.

    `counts[level][bin]` are numbers of events. `levels` have a name and a colour; the name is empty
    where the events have no levels. Bin `i` lasts from `edges_ms[i]` to `edges_ms[i + 1]`, and
    `texts` has the date and the time of day of each of these edges in the zone. `ticks` stand at a
    place counted in bins, and have a text of one or two lines. `period` names the length of a bin,
    and `notes` say what the bars do not.
    """
    starts = counted.starts_ms
    end = starts[-1] + counted.period_ms
    # The first and the last bin may reach out of the window: events are counted inside of it.
    edges = [max(starts[0], window.start_ms), *starts[1:], min(end, window.end_ms)]
    zone = display_zone(tz)
    colours = level_colours(counted.levels, counted.severities)
    shown = [min(max(edge, FIRST_MS), LAST_MS) for edge in edges]
    ticks = tick_times(shown[0], shown[-1], _MOST_TICKS, zone)
    return {
        "counts": counted.counts,
        "levels": [
            {"name": name if counted.field else "", "colour": colour}
            for name, colour in zip(counted.levels, colours, strict=True)
        ],
        "edges_ms": edges,
        "texts": edge_texts(shown, zone),
        "ticks": [
            {"bin": (tick - starts[0]) / counted.period_ms, "text": text}
            for tick, text in zip(ticks, tick_texts(ticks, zone), strict=True)
        ],
        "period": counted.period if counted.period[0].isdigit() else f"1 {counted.period}",
        "notes": [f"times in {tz}", *_notes(counted)],
    }


def _notes(counted: OverTime) -> list[str]:
    if not counted.untimed:
        return []
    events = "event has" if counted.untimed == 1 else "events have"
    return [f"{counted.untimed:,} {events} no time and no bar"]


HISTOGRAM: dict[str, Callable[..., Any]] = {"histogram": histogram}
