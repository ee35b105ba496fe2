"""What one query reads: log groups of a store in one snapshot, or the user's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.events import MESSAGE, SEQUENCE, TIMESTAMP, mixed_type
from cwnb.insights import (
    FrameSource,
    FrameSources,
    RareFields,
    as_frame,
    checkpoint,
    columns_of_frame,
    is_structure,
    values_to_python,
    with_checkpoints,
)
from cwnb.lookup_tables import read_table
from cwnb.memo import memo
from cwnb.nearest import suggestion
from cwnb.store import Processing, read_rest
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cwnb.events import GroupSelector, Source
    from cwnb.store import Snapshot, Store

# A table has fewer rows.
_MOST_ROWS = 1 << 40


@dataclass(frozen=True)
class Asked:
    """What a query asks of a table without times.

    Where it `has_window` that is InvalidParameter, and where it `has_bins` a note.
    """

    has_window: bool = False
    has_bins: bool = False


class DataFrameSources(FrameSources):
    """The user's tables, whose columns are converted when the query opens them.

    `rows` is the table that the query is about, None if it names others; `groups` are others by
    name, of which `selectors` are those that the query names by SOURCE, and `tables` are lookup
    tables. Adds to `notes` what is left out of them.
    """

    def __init__(
        self,
        rows: Any,
        notes: list[str],
        asked: Asked = Asked(),
        *,
        groups: Mapping[str, Any] | None = None,
        selectors: Sequence[GroupSelector] = (),
        tables: Mapping[str, Any] | None = None,
    ) -> None:
        self._lookups = dict(tables or {})
        self._selectors = selectors
        self._table = None if rows is None else _EventTable(rows, "frame", notes, asked)
        self._others = {
            name: _EventTable(held, name, notes, asked, first=place * _MOST_ROWS)
            for place, (name, held) in enumerate((groups or {}).items(), 1)
        }

    def rows_to_prepare(self) -> int:
        """Give the number of rows whose columns have not been converted yet."""
        return sum(table.rows_to_prepare() for table in self._tables())

    def prepare(self) -> None:
        """Convert the columns, and discover the fields in the messages."""
        for table in self._tables():
            _ = table.source

    @property
    def source(self) -> Source:
        """Give the table that the query is about."""
        if self._table is None:
            raise InvalidParameter("there is no frame to ask, and the query names none by SOURCE")
        return self._table.source

    def group_names(self) -> list[str]:
        """Name the other tables."""
        return list(self._others)

    def group(self, name: str) -> Source:
        """Give one of the other tables."""
        return self._others[name].source

    def table(self, name: str) -> pa.Table:
        """Give a lookup table; raises ResourceNotFound, with the nearest name."""
        if name not in self._lookups:
            remedy = "hand it in: tables={'name': frame}"
            near = suggestion(name, self._lookups, cutoff=0.5, otherwise=remedy)
            raise ResourceNotFound(f"there is no lookup table {name!r}{near}")
        return read_table(self._lookups[name])

    def _tables(self) -> list[_EventTable]:
        named = {name for one in self._selectors for name in self._names(one)}
        own = [] if self._table is None else [self._table]
        return [*own, *(table for name, table in self._others.items() if name in named)]


class _EventTable:
    """One table of the user's, with the times, the messages and the fields of its rows.

    `first` is the sequence number of its first row: those of several tables differ.
    """

    def __init__(
        self, rows: Any, name: str, notes: list[str], asked: Asked, *, first: int = 0
    ) -> None:
        self._frame = as_frame(rows)
        self._name = name
        self._notes = notes
        self._asked = asked
        self._first = first

    def rows_to_prepare(self) -> int:
        """Give the number of rows, or 0 once the columns have been converted."""
        return 0 if "source" in vars(self) else len(self._frame)

    @memo
    def source(self) -> Source:
        """Give its columns, and the fields of its messages that have no column of their own."""
        columns = columns_of_frame(
            self._frame, name=self._name, read_times=self._read_times, notes=self._notes
        )
        if self._first:
            columns[SEQUENCE] = pc.add(columns[SEQUENCE].cast(pa.int64()), self._first)
        self._check_times(columns[TIMESTAMP])
        checkpoint()
        message, rare, cut = columns.get(MESSAGE), None, 0
        if message is not None:
            texts = message.dictionary_decode() if pa.types.is_dictionary(message.type) else message
            found = Processing().discover(texts.fill_null(""))
            cut = found.capped
            for name, array in found.columns.items():
                columns.setdefault(name, array)
            if found.rest is not None:
                rare = RareFields(found.rest, frozenset(found.rare_names()), read_rest)
        else:
            columns[MESSAGE] = _rows_as_json(map(str, self._frame.columns), columns)
        checkpoint()
        return FrameSource(columns, name=self._name, rare=rare, cut_messages=cut)

    def _read_times(self, columns: dict[str, Any]) -> Any:
        """Read the times of the rows as `load` reads those of its records."""
        from cwnb.sources import Reading, possible_time_columns, read_field_times

        count = len(next(iter(columns.values()))) if columns else 0
        try:
            reading = Reading(Clock().now_ms())
            times, timed = read_field_times(columns, count, reading)
            if TIMESTAMP not in columns:
                self._note_choice(possible_time_columns(columns, reading))
        except ValueError as error:
            # Whether dates begin with the day or with the month is for the user to say.
            why = str(error).split(";")[0]
            raise InvalidParameter(f"{why}; convert the column with pd.to_datetime first") from None
        if (named := columns.get(TIMESTAMP)) is not None:
            self._note_unread(named.filter(pa.array(~timed)))
        missing = None if timed.all() else ~timed
        return pa.array(times, pa.int64(), mask=missing).cast(pa.timestamp("ms", "UTC"))

    def _note_choice(self, names: list[str]) -> None:
        if len(names) > 1:
            others = ", ".join(map(repr, names[1:]))
            self._notes.append(
                f"the times are those of the column {names[0]!r}; {others} could be them too: call"
                f" the one that you mean {TIMESTAMP!r}"
            )

    def _note_unread(self, values: Any) -> None:
        values = values.drop_null()
        if len(values):
            first = f"{_plain_values(values.slice(0, 1))[0]!r:.80}"
            rows = f"{len(values):,} row" + "s" * (len(values) != 1)
            self._notes.append(f"{TIMESTAMP!r} is no time in {rows}, such as {first}")

    def _check_times(self, times: Any) -> None:
        if len(times) == 0 or times.null_count < len(times):
            return
        what = "the frame has no column of times"
        remedy = f"call the one that has them {TIMESTAMP!r}"
        if self._asked.has_window:
            raise InvalidParameter(f"{what}, so 'start' and 'end' have nothing to choose; {remedy}")
        if self._asked.has_bins:
            self._notes.append(f"{what}, so all rows are in one bin without a time; {remedy}")


class StoreSources:
    """The log groups of a store that one query reads, all in one snapshot.

    `groups` are those that the caller names, where a trailing `*` is a prefix; `selectors` are all
    that the query names itself, and `tables` its lookup tables. The snapshot is taken when the
    first is opened.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[str],
        selectors: Iterable[GroupSelector] = (),
        tables: Iterable[str] = (),
    ) -> None:
        self.store = store
        self.groups = list(groups)
        self._selectors = list(selectors)
        self._tables = list(tables)

    @memo
    def _snapshot(self) -> Snapshot:
        return self.store.snapshot(self.groups, self._selectors, self._tables)

    def open(self, selectors: Sequence[GroupSelector] | None = None) -> Snapshot:
        """Give the events of these groups, or the caller's, as they were at the first call.

        Raises ResourceNotFound.
        """
        if selectors is None:
            return self._snapshot.of_groups(self.groups) if self._selectors else self._snapshot
        for selector in selectors:
            if selector not in self._selectors:
                raise InvalidParameter(f"the query does not name the log groups {selector}")
        return self._snapshot.of_selectors(selectors)

    def table(self, name: str) -> Any:
        """Give a lookup table as it was at the first call; raises ResourceNotFound."""
        return self._snapshot.table(name)

    def rows_to_prepare(self) -> int:
        """Give the number of recent events, which are in no segment yet."""
        return sum(batch.events for group in self._snapshot.groups for batch in group.batches)

    def prepare(self) -> None:
        """Read the recent events, so that the names of their fields are known."""
        self._snapshot.field_names()

    def again(self) -> StoreSources:
        """Give sources of the same groups, to be read from a new snapshot."""
        return StoreSources(self.store, self.groups, self._selectors, self._tables)


def _rows_as_json(names: Iterable[str], columns: dict[str, Any]) -> Any:
    """Write each row as `load` does, with those of the names that could be read as columns."""
    from cwnb.sources import compact_json

    readable = [name for name in names if name in columns]
    held = [_plain_values(columns[name]) for name in readable]
    texts = [
        compact_json(dict(zip(readable, row, strict=True))).decode("utf-8", "replace")
        for row in with_checkpoints(zip(*held, strict=True))
    ]
    return pa.array(texts, pa.string())


def _plain_values(array: Any) -> list[Any]:
    several = is_structure(array.type) or array.type == mixed_type()
    found: list[Any] = values_to_python(array) if several else array.to_pylist()
    return found
