"""Live tail: the events of log groups as they become visible."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.events import ALL_TIME, INGESTION_TIME, LOG_STREAM, MESSAGE, SEQUENCE, TIMESTAMP, Window
from cwnb.filter_pattern import FilterPattern
from cwnb.plurals import counted
from cwnb.store import Extract, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cwnb.store import Store

_GROUP, _COMMIT = "group", "@commit"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds between two looks at the store.
_LOOK_EVERY_S = 0.1
_PAGE_ROWS, _PAGE_BYTES = 10_000, 8 << 20


@dataclass(frozen=True, slots=True)
class TailedEvent:
    """An event of a tail; the times are UTC. `is_loaded`: it is one of a file that was loaded."""

    group: str
    stream: str
    timestamp: datetime
    message: str
    ingestion_time: datetime
    is_loaded: bool = False


class Tail:
    """Gives the events of log groups as they become visible, each once, in that order.

    >>> for event in logs.tail("/shop/app", "ERROR"):
    ...     print(event.timestamp, event.message)

    An iteration waits for the next event, for ever unless `follow` is false or `close` is called
    (by another thread). Nothing is lost where the reader is slow. `next_ones` gives what is there
    now and does not wait. A deleted group is said by `on_note`, by default a warning; one that is
    made again is followed from its first event, and so are new groups whose names begin with a
    prefix. `expired` counts the events of the groups that expired before the reader came to them,
    which is said too.
    """

    def __init__(
        self,
        store: Store,
        names: Sequence[str],
        pattern: FilterPattern,
        *,
        streams: Sequence[str] | None = None,
        since_ms: int | None = None,
        follow: bool = True,
        on_note: Callable[[str], object] | None = None,
    ) -> None:
        self._store = store
        self._names = list(names)
        self._pattern = pattern
        self._streams = None if streams is None else pa.array(list(streams), pa.string())
        self._follow = follow
        self.on_note = on_note or (lambda text: warnings.warn(text, stacklevel=4))
        self._closed = threading.Event()
        self._waiting: deque[TailedEvent] = deque()
        # Before the groups are looked up: what comes later is after it.
        self.position = store.position()
        self.expired = 0
        exact = [name for name in names if not name.endswith("*")]
        if exact:
            store.match_groups(exact)  # raises ResourceNotFound
        self._known = self._groups()
        self._since_ms = since_ms
        # What there is since then, which is read whole before any of it is given.
        self._earlier: list[pa.Table] | None = None
        self._ended = False

    def __repr__(self) -> str:
        state = "ended" if self.ended else "follows" if self._follow else "reads"
        return f"<Tail {state} {', '.join(self._names)}>"

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> TailedEvent:
        while not self._waiting:
            if self._closed.is_set() or self._ended:
                raise StopIteration
            self._fill()
            if not self._waiting and not self._ended:
                self._closed.wait(_LOOK_EVERY_S)
        return self._waiting.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it: an iteration that waits stops."""
        self._closed.set()

    def match(self, pattern: str) -> None:
        """Give only what matches another pattern, of what has not been read yet.

        Raises MalformedPattern.
        """
        self._pattern = FilterPattern.parse(pattern)

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will come."""
        return self._ended or self._closed.is_set()

    def next_ones(self) -> list[TailedEvent]:
        """Give the events that are there now, some 10,000 at most, and do not wait for more."""
        if not self._waiting:
            self._fill()
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def _fill(self) -> None:
        """Take what is there now.

        What was taken is known as taken only once it waits for the reader, so that nothing is lost
        where Ctrl-C comes in between.
        """
        if self.ended:
            return
        if self._since_ms is not None:
            if self._earlier is None:
                self._earlier = self._tables_since(self._since_ms)
            while self._earlier:
                self._waiting.extend(self._events(self._earlier[0]))
                del self._earlier[0]
                if self._waiting:
                    return
            self._since_ms = None
        if not self._follow:
            self._ended = True
            return
        self._notice_groups()
        page = self._store.read_after(
            self.position,
            self._names,
            limit_rows=_PAGE_ROWS,
            limit_bytes=_PAGE_BYTES,
            may_lack=True,
        )
        events = self._events(self._matching(page.events))
        self._waiting.extend(events)
        self.position = page.position
        if page.expired:
            self.expired += page.expired
            self.on_note(f"{counted(page.expired, 'event')} expired before they were read")

    def _groups(self) -> dict[int, str]:
        return dict(self._store.group_ids(self._names))

    def _notice_groups(self) -> None:
        now, before = self._groups(), self._known
        self._known = now
        for number, name in before.items():
            if number in now:
                continue
            again = "; one of its name has been made" if name in now.values() else ""
            self.on_note(f"log group {name!r} has been deleted{again}")

    def _tables_since(self, since_ms: int) -> list[pa.Table]:
        """Give the events up to the position that are not older, in order of time, in parts."""
        window = Window(since_ms, ALL_TIME.end_ms)
        tables = []
        for number, name in self._known.items():
            reader = self._store.extract(Extract(number, self.position, window))
            after, complete = Position(0, 0), False
            while not complete:
                try:
                    page = reader.page(after, limit_rows=100_000, limit_bytes=64 << 20)
                except ResourceNotFound:
                    break  # it was deleted meanwhile, which is said when the tail goes on
                after, complete = page.position, page.complete
                named = pa.array([name] * len(page.events), pa.string())
                tables.append(self._matching(page.events.append_column(_GROUP, named)))
        if not tables:
            return []
        found = pa.concat_tables(tables)
        order = np.lexsort((found[SEQUENCE].to_numpy(), found[TIMESTAMP].cast(pa.int64())))
        found = found.take(order)
        return [found.slice(at, _PAGE_ROWS) for at in range(0, len(found), _PAGE_ROWS)]

    def _matching(self, events: pa.Table) -> pa.Table:
        if self._streams is not None:
            events = events.filter(pc.is_in(events[LOG_STREAM], self._streams))
        return events.filter(pa.array(self._pattern.matches(events[MESSAGE].combine_chunks())))

    def _events(self, table: pa.Table) -> list[TailedEvent]:
        loaded = self._loaded(table)
        columns = (table[name].to_pylist() for name in (_GROUP, LOG_STREAM))
        texts = table[MESSAGE].to_pylist()
        times, ingested = (
            [_EPOCH + timedelta(milliseconds=ms) for ms in _ms(table[name])]
            for name in (TIMESTAMP, INGESTION_TIME)
        )
        rows = zip(*columns, times, texts, ingested, loaded.tolist(), strict=True)
        return [TailedEvent(*row) for row in rows]

    def _loaded(self, table: pa.Table) -> np.ndarray[Any, Any]:
        """Tell of each event whether it came by a load."""
        groups = table[_GROUP].to_numpy(zero_copy_only=False)
        sequence = table[SEQUENCE].to_numpy()
        found = np.zeros(len(table), bool)
        for name in set(groups.tolist()):
            spans = [span for record in self._store.load_records(name) for span in record.spans]
            if not spans:
                continue
            first, last = np.array(sorted(spans)).T
            at = np.searchsorted(first, sequence, side="right") - 1
            found |= (groups == name) & (at >= 0) & (sequence <= last[at])
        return found


def _ms(column: pa.ChunkedArray) -> list[int]:
    found: list[int] = column.cast(pa.int64()).to_pylist()
    return found


def checked_streams(streams: Any) -> list[str] | None:
    """Give the names of log streams; raises InvalidParameter."""
    if streams is None:
        return None
    names = [streams] if isinstance(streams, str) else streams
    is_list = isinstance(names, list | tuple)
    if not is_list or not all(isinstance(name, str) and _is_unicode(name) for name in names):
        raise InvalidParameter(f"log streams are a text or a list of texts, not {streams!r:.80}")
    return list(names)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
