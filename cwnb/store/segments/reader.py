"""Reads segments: a task names a row group of one, and opens as a reader of its events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import (
    LOG,
    MESSAGE,
    POINTER,
    RAW,
    SEQUENCE,
    SYSTEM_FIELDS,
    TIMESTAMP,
    Candidates,
    Summary,
    Window,
)
from cwnb.memo import memo
from cwnb.store.memory import TaskMemory
from cwnb.store.segments import message_index
from cwnb.store.segments.facts import (
    FIELDS_GROUP,
    MESSAGE_GROUP,
    REST,
    SegmentFacts,
)
from cwnb.store.segments.files import SYSTEM, SegmentFiles
from cwnb.store.segments.folder import FIELDS
from cwnb.store.segments.folder import MESSAGE as MESSAGE_FILE
from cwnb.store.segments.summaries import summary_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cwnb.events import Need
    from cwnb.store.context import StoreContext
    from cwnb.store.processing import Processing


@dataclass(frozen=True)
class SegmentTask:
    """Row groups of a segment, or a part of the rows of one, as far as they lie in the window."""

    context: StoreContext
    group: str
    log: str
    segment: SegmentFacts
    row_group: int
    window: Window
    row_groups: int = 1  # how many, from `row_group` on
    first_row: int = 0
    end_row: int | None = None
    of_group: tuple[tuple[str, str], ...] = ()  # other fields that all events of the group have
    keep: bool = False  # whether decoded columns stay in memory for later queries

    def parts(self, rows: int) -> list[SegmentTask]:
        """Cut the task into parts of at most `rows` rows, oldest first."""
        cuts = range(0, self.rows, rows)
        return [replace(self, first_row=at, end_row=min(at + rows, self.rows)) for at in cuts]

    @property
    def numbers(self) -> list[int]:
        """Give the numbers of the row groups."""
        return list(range(self.row_group, self.row_group + self.row_groups))

    @property
    def first_ms(self) -> int:
        """Give the time of the first event of the first row group."""
        return self.segment.row_groups[self.row_group].first_ms

    @property
    def last_ms(self) -> int:
        """Give the time of the last event of the last row group."""
        return self.segment.row_groups[self.row_group + self.row_groups - 1].last_ms

    @property
    def rows(self) -> int:
        """Give the number of events."""
        end = self._whole("rows") if self.end_row is None else self.end_row
        return end - self.first_row

    @property
    def message_bytes(self) -> int:
        """Give the size of the messages; for a part of a row group, its share."""
        return self._whole("message_bytes") * self.rows // max(1, self._whole("rows"))

    def _whole(self, fact: str) -> int:
        return sum(getattr(self.segment.row_groups[number], fact) for number in self.numbers)

    def open(self) -> SegmentReader:
        """Open for reading."""
        return SegmentReader(self)

    def memory(self) -> TaskMemory | None:
        """Give what keeps values made of these events; its key has the files as they are now."""
        if not self.keep:
            return None
        segment = self.segment
        events = (
            *(self.context.identity, segment.group_id, self.log, self.of_group, segment.id),
            *(segment.discovery, segment.processing, segment.processing.version),
            *self._versions,
            *(self.row_group, self.row_groups, self.first_row, self.end_row),
            self.window.cut(self.first_ms, self.last_ms),
        )
        return TaskMemory(self.context, events)

    @memo
    def _versions(self) -> tuple[tuple[int, ...], ...]:
        files = SegmentFiles(self.context, self.segment, self.group)
        return files.version(FIELDS), files.version(MESSAGE_FILE)


class SegmentReader:
    """The events of a row group that lie in the task's window."""

    def __init__(self, task: SegmentTask) -> None:
        self.bytes_read = 0
        self._task = task
        self._files = SegmentFiles(task.context, task.segment, task.group)
        self._first = task.first_row
        self._rows = task.rows
        self._discovered: Any = None
        self._rest: pa.Array = None  # rare fields of all rows, once one of them was asked for
        self._stale = task.segment.is_stale
        window = task.window
        if task.first_ms < window.start_ms or task.last_ms >= window.end_ms:
            time = np.asarray(self._read_fields([TIMESTAMP])[TIMESTAMP].cast(pa.int64()))
            first, end = np.searchsorted(time, [window.start_ms, window.end_ms])
            self._first += int(first)
            self._rows = int(end - first)

    @property
    def rows(self) -> int:
        """Give the number of events."""
        return self._rows

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """Give whole columns; a name that no event here has is left out."""
        found = self._fields(names)
        if messages := [name for name in names if name in {MESSAGE, RAW}]:
            found |= self._read_messages(messages)
        return {name: found[name] for name in names if name in found}

    def take(self, names: Sequence[str], rows: np.ndarray[Any, Any]) -> dict[str, pa.Array]:
        """Give the columns at these row numbers, and read no more messages than needed."""
        places = pa.array(rows, pa.int64())
        # Pointers are made of these for the rows that are taken, which are often few.
        parts = [TIMESTAMP, SEQUENCE] if POINTER in names else []
        read = self._fields([*(name for name in names if name != POINTER), *parts])
        found = {name: column.take(places) for name, column in read.items()}
        if parts:
            found[POINTER] = pointers(self._task.segment.group_id, **_by_kind(found))
        if messages := [name for name in names if name in {MESSAGE, RAW}]:
            found |= self._take_messages(messages, np.asarray(rows, np.int64))
        return {name: found[name] for name in names if name in found}

    def all_fields(self) -> tuple[dict[str, pa.Array], pa.Array | None]:
        """Give every discovered field that has a column, and the rare ones as they are kept."""
        if self._stale:
            self._rediscovered([MESSAGE])
            return self._discovered.columns, self._discovered.rest
        names = list(self._task.segment.columns)
        read, size = self._files.fields(
            [*names, *([REST] if self._task.segment.has_rest else [])], self._task.numbers
        )
        self.bytes_read += size
        cut = {name: column.slice(self._first, self._rows) for name, column in read.items()}
        return cut, cut.pop(REST, None)

    def _fields(self, names: Sequence[str]) -> dict[str, pa.Array]:
        constants = {LOG: self._task.log, **dict(self._task.of_group)}
        made = {MESSAGE, RAW, POINTER, *constants}
        wanted = [name for name in names if name not in made]
        if self._stale:
            found = self._rediscovered(wanted)
            wanted = [name for name in wanted if name in SYSTEM]
        else:
            found = {}
        found |= self._read_fields(wanted)
        found |= {n: constant(constants[n], self._rows) for n in names if n in constants}
        if POINTER in names:
            found[POINTER] = pointers(
                self._task.segment.group_id, **_by_kind(self._read_fields([TIMESTAMP, SEQUENCE]))
            )
        return found

    def _read_fields(self, names: Sequence[str]) -> dict[str, pa.Array]:
        known = self._task.segment.columns
        here = [name for name in names if name in SYSTEM or name in known]
        rare = [name for name in names if name not in SYSTEM and name not in known]
        has_rare = bool(rare) and self._task.segment.has_rest
        rest = [REST] if has_rare and self._rest is None else []
        cut = {}
        if here or rest:
            read, size = self._files.fields(
                [*here, *rest], self._task.numbers, keep=self._task.keep
            )
            self.bytes_read += size
            cut = {name: column.slice(self._first, self._rows) for name, column in read.items()}
        if has_rare:
            from cwnb.store.discovery import read_rest

            self._rest = cut.pop(REST, self._rest)
            for name in rare:
                if (column := read_rest(self._rest, name)) is not None:
                    cut[name] = column
        return cut

    def _read_messages(self, names: list[str]) -> dict[str, pa.Array]:
        start = self._task.row_group * FIELDS_GROUP + self._first
        end = start + self._rows
        if start == end:
            return {name: pa.array([], _MESSAGE_TYPES[name]) for name in names}
        groups = range(start // MESSAGE_GROUP, (end - 1) // MESSAGE_GROUP + 1)
        read, size = self._files.messages(names, list(groups))
        self.bytes_read += size
        skipped = start - groups[0] * MESSAGE_GROUP
        return {name: column.slice(skipped, self._rows) for name, column in read.items()}

    def event(self, row: int) -> dict[str, pa.Array]:
        """Give every field of one event."""
        return one_event(self, row, self._task.segment.processing)

    def documents(self, messages: pa.Array) -> pa.Array:
        """Give the JSON text in which the fields of each of these messages are found, or null."""
        return self._task.segment.processing.documents(messages)

    def candidates(self, need: Need) -> Candidates | None:
        """Give the rows that may meet a need, as the index of the segment knows them."""
        task = self._task
        found = message_index.candidates(task.context, task.segment, self._files, need)
        self.bytes_read += self._files.index_bytes
        self._files.index_bytes = 0
        if found is None:
            return None
        start = task.row_group * FIELDS_GROUP + self._first
        groups = np.arange(start, start + self._rows) // MESSAGE_GROUP
        return Candidates(found.rows[groups], found.fields)

    def summary(self, name: str) -> Summary | None:
        """Give what the catalog knows of a field, if all events of the segment are here."""
        task = self._task
        if self._rows != task.segment.rows:
            return None
        return summary_of(task.segment, task.context.sealer(), name)

    def message_slices(self, wanted: np.ndarray[Any, Any] | None = None) -> Iterator[pa.Array]:
        """Give all messages in order, a row group of the message file at a time.

        Those of row groups in which no row is wanted are null.
        """
        first = start = self._task.row_group * FIELDS_GROUP + self._first
        end = start + self._rows
        while start < end:
            group = start // MESSAGE_GROUP
            group_end = min(end, (group + 1) * MESSAGE_GROUP)
            if wanted is not None:
                low, high = np.searchsorted(wanted, [start - first, group_end - first])
                if low == high:
                    yield pa.nulls(group_end - start, pa.string())
                    start = group_end
                    continue
            read, size = self._files.messages([MESSAGE], [group])
            self.bytes_read += size
            skipped = start - group * MESSAGE_GROUP
            part = read[MESSAGE].slice(skipped, end - start)
            start += len(part)
            yield part

    def _take_messages(self, names: list[str], rows: np.ndarray[Any, Any]) -> dict[str, pa.Array]:
        places = rows + (self._task.row_group * FIELDS_GROUP + self._first)
        groups, where = np.unique(places // MESSAGE_GROUP, return_inverse=True)
        if not len(groups):
            return {name: pa.array([], _MESSAGE_TYPES[name]) for name in names}
        # All row groups except the last are full, so a row's place in what was read is known.
        inside = pa.array(where * MESSAGE_GROUP + places % MESSAGE_GROUP)
        read, size = self._files.messages(names, groups.tolist())
        self.bytes_read += size
        return {name: column.take(inside) for name, column in read.items()}

    def _rediscovered(self, names: Sequence[str]) -> dict[str, pa.Array]:
        fields = [name for name in names if name not in SYSTEM]
        if not fields:
            return {}
        if self._discovered is None:
            text = self._read_messages([MESSAGE])[MESSAGE]
            self._discovered = self._task.segment.processing.discover(text)
        return pick(self._discovered, fields)


def one_event(reader: Any, row: int, processing: Processing) -> dict[str, pa.Array]:
    """Give the system's fields of an event, and what discovery finds in its message alone.

    Reading every column of a segment for one row of them would take far longer.
    """
    from cwnb.store.discovery import rare_names, read_rest

    system: dict[str, pa.Array] = reader.take(SYSTEM_FIELDS, np.array([row]))
    found = processing.discover(system[MESSAGE])
    fields = dict(found.columns)
    for name in rare_names(found.rest) if found.rest is not None else ():
        if (column := read_rest(found.rest, name)) is not None:
            fields[name] = column
    return system | fields


def constant(value: str, rows: int) -> pa.Array:
    """Give a dictionary column with one value everywhere."""
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array([value], pa.string())
    )


def pointers(group_id: int, time: pa.Array, sequence: pa.Array) -> pa.Array:
    """Give `@ptr`, derived from what identifies an event."""
    parts = [part.cast(pa.string()) for part in (time.cast(pa.int64()), sequence)]
    return pc.binary_join_element_wise(str(group_id), *parts, "-")


def pick(discovered: Any, names: Sequence[str]) -> dict[str, pa.Array]:
    """Give those of the fields that were discovered, rare ones included."""
    from cwnb.store.discovery import read_rest

    found = {name: discovered.columns[name] for name in names if name in discovered.columns}
    if discovered.rest is not None:
        for name in names:
            if name not in found and (column := read_rest(discovered.rest, name)) is not None:
                found[name] = column
    return found


def _by_kind(found: dict[str, pa.Array]) -> dict[str, pa.Array]:
    return {"time": found[TIMESTAMP], "sequence": found[SEQUENCE]}


_MESSAGE_TYPES = {MESSAGE: pa.string(), RAW: pa.binary()}
