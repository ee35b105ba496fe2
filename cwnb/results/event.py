"""One log event with all its fields, the events around it, and how to find it again by `@ptr`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.events import (
    ALL_TIME,
    INGESTION_TIME,
    LOG,
    LOG_STREAM,
    MESSAGE,
    POINTER,
    SEQUENCE,
    TIMESTAMP,
    Window,
)
from cwnb.results.arrow_columns import data_frame, extension_array, portable_column
from cwnb.results.zones import UTC_NAME, is_moment, titled

if TYPE_CHECKING:
    from pandas import DataFrame

    from cwnb.events import Reader, Source

# The system fields, in the order in which an event shows them.
_FIRST = (TIMESTAMP, MESSAGE, LOG_STREAM, LOG, INGESTION_TIME, POINTER)
# The parts of an `@ptr`, as `store.segments.reader.pointers` writes it: group, milliseconds,
# sequence.
_POINTER = re.compile(r"(?P<group>[0-9]{1,18})-(?P<time>[0-9]{1,18})-(?P<sequence>[0-9]{1,18})")


class Pointer(NamedTuple):
    """The parts of an `@ptr`, which identify an event of a store."""

    group_id: int
    time_ms: int
    sequence: int

    @property
    def window(self) -> Window:
        """Give the window of one millisecond that holds the event."""
        return Window(self.time_ms, self.time_ms + 1)


def read_pointer(text: str) -> Pointer:
    """Read an `@ptr`; raise InvalidParameter for anything else."""
    match = _POINTER.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidParameter(
            f"{text!r} is no @ptr; 'fields @ptr' shows that of each event, "
            "such as '3-1795593600000-7'"
        )
    return Pointer(*map(int, match.groups()))


class Event(Mapping[str, Any]):
    """One log event: `event["status"]`, `event["@message"]`, `dict(event)`.

    Every field that the event has, the system's first and the others by name. Times are UTC
    Timestamps; a field that it lacks is not there.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        from cwnb.results.rendering import text_table

        return text_table(self._table())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from cwnb.results.html import event_html

        return {"text/plain": repr(self), "text/html": event_html(self._table())}

    def _table(self) -> DataFrame:
        import pandas as pd

        values = pd.Series(list(self._fields.values()), dtype=object)
        names = [
            titled(name, UTC_NAME) if is_moment(value) else name
            for name, value in self._fields.items()
        ]
        return pd.DataFrame({"field": names, "value": values})


def event_at(reader: Reader, row: int) -> Event:
    """Give the event at a place of an opened task."""
    found = reader.event(row)
    names = [*(name for name in _FIRST if name in found), *sorted(found)]
    fields = {}
    for name in dict.fromkeys(names):
        value = _python(found[name])
        if name != SEQUENCE and value is not None:
            fields[name] = value
    return Event(fields)


def _python(array: Any) -> Any:
    import pandas as pd

    value = extension_array(portable_column(array))[0]
    return None if value is pd.NA or value is pd.NaT else value


def find_event(source: Source, pointer: Pointer) -> Event | None:
    """Give the event of a group's source that the pointer names, or None if it is not there."""
    for task in source.scan([TIMESTAMP, SEQUENCE], pointer.window, []).tasks:
        reader = task.open()
        found = reader.columns([SEQUENCE])
        if SEQUENCE in found:
            place = pc.index(found[SEQUENCE], pointer.sequence).as_py()
            if place >= 0:
                return event_at(reader, place)
    return None


def no_such_event(text: str) -> ResourceNotFound:
    """Make the error for an `@ptr` whose event is not there."""
    return ResourceNotFound(
        f"no event has the @ptr {text!r}; it has been deleted, or has expired by its retention"
    )


# Events around one


def events_around(
    source: Source, pointer: Pointer, stream: str, *, before: int, after: int
) -> DataFrame:
    """Give the events of one stream around one of them, in order of time and of arrival.

    The index counts from the event, which is 0: -1 is the one before it. `source` has the one
    group of the event.
    """
    older = Window(ALL_TIME.start_ms, pointer.window.end_ms)
    newer = Window(pointer.time_ms, ALL_TIME.end_ms)
    found = [
        *_nearest(source, older, stream, pointer, before + 1, older=True),
        *_nearest(source, newer, stream, pointer, after, older=False),
    ]
    places = sorted(found, key=lambda place: place.key)
    names = [TIMESTAMP, MESSAGE, POINTER]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    # Those of one task follow each other in order, and reading one row takes as long as many.
    for _, together in groupby(places, key=lambda place: id(place.reader)):
        part = list(together)
        read = part[0].reader.take(names, np.array([place.row for place in part]))
        for name in names:
            columns[name].append(read[name])
    here = [place.key for place in places].index((pointer.time_ms, pointer.sequence))
    frame = data_frame(columns, len(places))
    frame.index = (frame.index - here).rename("offset")
    return frame


class _Place(NamedTuple):
    key: tuple[int, int]  # time in milliseconds, sequence
    reader: Any
    row: int


def _nearest(
    source: Source, window: Window, stream: str, event: Pointer, count: int, *, older: bool
) -> list[_Place]:
    """Give the `count` events of the stream up to the event (`older`), or those after it."""
    tasks = list(source.scan([TIMESTAMP, SEQUENCE, LOG_STREAM], window, []).tasks)
    if not older:
        tasks.sort(key=lambda task: task.first_ms)
    sign = -1 if older else 1
    found: list[_Place] = []
    for task in tasks:
        if len(found) == count:
            # Tasks come in order of their distance from the event, so all others may lie farther
            # away than the events found.
            border = found[-1].key[0] if found else event.time_ms
            if not count or ((task.last_ms < border) if older else (task.first_ms > border)):
                break
        reader = task.open()
        read = reader.columns([TIMESTAMP, SEQUENCE, LOG_STREAM])
        if LOG_STREAM not in read or not reader.rows:
            continue
        times = np.asarray(read[TIMESTAMP].cast(pa.int64()))
        sequence = np.asarray(read[SEQUENCE])
        own = np.asarray(pc.equal(read[LOG_STREAM], stream).fill_null(False))
        later = (times > event.time_ms) | ((times == event.time_ms) & (sequence > event.sequence))
        rows = np.flatnonzero(own & (~later if older else later))
        # Rows of a task ascend in time and sequence, so the nearest stand at one end.
        rows = rows[-count:] if older else rows[:count]
        found += [_Place((int(times[row]), int(sequence[row])), reader, int(row)) for row in rows]
        found.sort(key=lambda place: (sign * place.key[0], sign * place.key[1]))
        del found[count:]
    return found
