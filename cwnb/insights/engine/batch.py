"""The rows that a step works on; a column is read or computed at its first use."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import (
    MESSAGE,
    SEQUENCE,
    TIMESTAMP,
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
    TYPE_STRUCTURE,
)
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.columns import nbytes
from cwnb.insights.engine.kept.rows import KeptColumn, KeptWork
from cwnb.insights.structure_fields import StructureReader
from cwnb.insights.tree import touches
from cwnb.insights.values.repeated import encoded_if_repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from cwnb.events import Need, Reader, Summary, Window
    from cwnb.insights.context import QueryValues
    from cwnb.insights.engine.kept.rows import Kinds
    from cwnb.insights.engine.message_slices import Documents
    from cwnb.insights.engine.meter import Meter

# Reading scattered rows costs as much as reading a column when more than this share is wanted.
_SPARSE = 0.2
# Where more than this share is wanted, a filter by a mask takes half as long as taking rows.
_NEARLY_ALL = 0.95

# Texts are encoded before work that takes long if there are at most so many for each row: to number
# them takes about as long as to read an address out of each.
_REPEATED = 0.34

# Kinds of values. Integers and doubles are of one kind, unless a double does not hold an integer.
_LARGE, NUMBERS = "large integer", frozenset({"integer", "double"})
# What is noted of a column beside the kinds of its values: some texts were ordered as texts among
# numbers, because they are none.
TEXT_BESIDE_NUMBER = "text beside a number"
# Some texts are `true` or `false` and were compared with the number 1 or 0, or are `True` and the
# like and were compared with true or false.
TRUTH_BESIDE_NUMBER, CAPITAL_TRUTH = "truth beside a number", "capital truth"
# A part of a map or list has a value in some row.
PART_WITH_VALUES = "part with values"
NOTES = frozenset({TEXT_BESIDE_NUMBER, TRUTH_BESIDE_NUMBER, CAPITAL_TRUTH, PART_WITH_VALUES})
_CODES = {
    TYPE_STRING: "text",
    TYPE_INTEGER: "integer",
    TYPE_FLOAT: "double",
    TYPE_BOOLEAN: "boolean",
    TYPE_STRUCTURE: "structure",
}


class _Definition(NamedTuple):
    """How a column is computed, what that reads, the step that asked for it, its key in memory."""

    compute: Callable[[Batch], Any]
    reads: set[str]
    step: int
    key: Hashable | None


class Batch:
    """Rows with named columns, in one order.

    A column is in memory, comes from the task's reader, or is computed by a definition. It is read
    or computed at its first use. So an early filter makes everything after it cheaper, and a
    message that no step reads is never decoded.
    """

    def __init__(
        self,
        rows: int,
        query_values: QueryValues,
        *,
        columns: dict[str, Any] | None = None,
        reader: Reader | None = None,
        selection: np.ndarray[Any, Any] | None = None,
        meter: Meter | None = None,
        work: KeptWork | None = None,
    ) -> None:
        self.rows = rows
        self.query_values = query_values
        self.kinds: dict[str, set[str]] = {}
        # Columns whose kinds were noted; what filters leave of them has no others.
        self._noted: set[str] = set()
        # Sentences for the user about the rows that these were made of.
        self.warnings: list[str] = []
        # Whether a command has made several rows of an event, so that row numbers repeat.
        self.repeats = False
        self._reader = reader
        self._meter = meter
        self._selection = selection
        # Filters that are not in the selection yet, because many queries never need the selection.
        self._unselected: list[Any] = []
        # Each column as it was at its last use, with the number of filters that were applied to it;
        # the others are applied at its next use.
        self._columns: dict[str, tuple[Any, int]] = {
            name: (array, 0) for name, array in (columns or {}).items()
        }
        self._made = set(self._columns)
        # For a column of maps or lists, the names below it that are columns of their own.
        self._parts: dict[str, list[str]] = {}
        # Such columns, and what they are read out of as long as that is there.
        self._documents: dict[str, Documents | None] = {}
        self._filters: list[tuple[str, Any]] = []
        self._definitions: dict[str, _Definition] = {}
        # Keeps columns that are computed, for later queries.
        self._work = work
        # The kinds of the values of which each such column was made.
        self._kinds_behind: dict[str, Kinds] = {}
        # Columns that the computation of another one has given.
        self._given_beside: list[tuple[str, Hashable | None]] = []

    @classmethod
    def of_reader(
        cls,
        reader: Reader,
        query_values: QueryValues,
        meter: Meter | None = None,
        work: KeptWork | None = None,
    ) -> Batch:
        """Give all rows of a task."""
        return cls(reader.rows, query_values, reader=reader, meter=meter, work=work)

    @property
    def rows_in_reader(self) -> int:
        """Give how many rows there were before filters."""
        return self.rows if self._reader is None else self._reader.rows

    def only_mask(self) -> Any | None:
        """Give the mask of the one filter that has dropped rows of the reader; None for others."""
        if self._selection is None and len(self._unselected) == 1:
            return self._unselected[0]
        return None

    @property
    def now_ms(self) -> int:
        """Give the time at which the query began, in epoch milliseconds."""
        return self.query_values.now_ms

    @property
    def window(self) -> Window:
        """Give the window of the query."""
        return self.query_values.window

    @property
    def selection(self) -> np.ndarray[Any, Any] | None:
        """Give the row numbers in the reader, ascending, of the rows that are left; None for all.

        They repeat where `take` has repeated rows.
        """
        for mask in self._unselected:
            here = np.flatnonzero(np.asarray(mask))
            self._selection = here if self._selection is None else self._selection[here]
        self._unselected.clear()
        return self._selection

    def places_of(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Give the numbers that these rows have in the reader."""
        return rows if self.selection is None else self.selection[rows]

    def copy(self) -> Batch:
        """Give the same rows as another batch, which later filters of this one leave alone."""
        other = copy(self)
        for name, held in vars(self).items():
            if isinstance(held, dict | list | set):
                setattr(other, name, copy(held))
            elif isinstance(held, KeptWork):
                setattr(other, name, None)  # it follows the filters of this batch alone
        return other

    def names(self) -> set[str]:
        """Name the columns that are in memory or defined; the reader may have others."""
        return {*self._columns, *self._definitions}

    @property
    def nbytes(self) -> int:
        """Give the bytes of the columns that are in memory."""
        held = {id(array): array for array, _ in self._columns.values() if array is not None}
        return sum(map(nbytes, held.values()))

    def has_own(self, name: str) -> bool:
        """Tell whether the query made this column, or it was in memory from the start.

        Such a column never comes from the reader.
        """
        return name in self._made

    # Columns

    def column(self, name: str) -> Any:
        """Give a column of `rows` values, or None when no row has it."""
        checkpoint()
        if name in self._definitions:
            definition = self._definitions.pop(name)
            before = self._meter.switch(definition.step) if self._meter else 0
            array = self._computed(name, definition.compute, definition.key)
            self._columns[name] = (array, len(self._filters))
            if self._meter:
                self._meter.switch(before)
        if name not in self._columns:
            self.load([name])
        array, version = self._columns[name]
        if array is not None and version < len(self._filters):
            for how, argument in self._filters[version:]:
                array = _apply(how, array, argument)
            self._columns[name] = (array, len(self._filters))
        self._note_kinds(name, array)
        self.add_kinds(self._kinds_behind.get(name, {}))
        return array

    def encode(self, names: Iterable[str]) -> None:
        """Hold columns of texts that repeat as dictionaries, so that work is done once per text."""
        for name in names:
            array = self.column(name)
            if array is None or not pa.types.is_string(array.type):
                continue
            encoded = encoded_if_repeated(array, _REPEATED)
            if encoded is not None:
                self._columns[name] = (encoded, len(self._filters))

    def _computed(self, name: str, compute: Callable[[Batch], Any], key: Hashable | None) -> Any:
        """Compute a column, or find it in memory where an earlier query has computed it."""
        work = self._work
        if work is None or key is None:
            return compute(self)
        kept = work.find_column(key, self.rows)
        if kept is None:
            beside, self._given_beside = self._given_beside, []
            try:
                kept = KeptColumn(*self._with_its_kinds(lambda: compute(self)))
                given = self._given_beside
            finally:
                self._given_beside = beside
            work.keep_column(key, kept)
            for other, its_key in given:
                self._kinds_behind[other] = kept.kinds
                if its_key is not None:
                    work.keep_column(its_key, KeptColumn(self._columns[other][0], kept.kinds))
        self._kinds_behind[name] = kept.kinds
        return kept.array

    def kept(
        self,
        name: Hashable,
        made_of: tuple[Any, ...],
        make: Callable[[], Any],
        nbytes: Callable[[Any], int],
        of_task: Hashable = None,
    ) -> Any:
        """Give what `make` makes of the rows that are left, or what an earlier query has made.

        `made_of`, for which `name` stands in all tasks of the query, and `of_task`: all that it
        depends on besides the rows and their columns. Nobody may change what is given.
        """
        work = self._work
        key = None if work is None else work.key_of(name, made_of, of_task, self.query_values)
        if work is None or key is None:
            return make()
        if (found := work.find_value(key)) is None:
            found = self._with_its_kinds(make)
            work.keep_value(key, *found, nbytes(found[0]))
        value, kinds = found
        self.add_kinds(kinds)
        return value

    def _with_its_kinds(self, make: Callable[[], Any]) -> tuple[Any, Kinds]:
        """Make something, and give what was noted meanwhile, also of what is known already."""
        kinds, noted = self.kinds, self._noted
        self.kinds, self._noted = {}, set()
        try:
            return make(), self.kinds
        finally:
            self.kinds, self._noted = kinds, noted | self._noted

    def add_kinds(self, kinds: Kinds) -> None:
        """Remember what was noted of columns elsewhere, as `kinds` has it."""
        for name, found in kinds.items():
            self.kinds.setdefault(name, set()).update(found)

    def _note_kinds(self, name: str, array: Any) -> None:
        """Remember the kinds of values in a column, for a warning if there are several."""
        if name in self._noted or name == SEQUENCE:
            return
        self._noted.add(name)
        if array is None or array.null_count == len(array):
            return
        if pa.types.is_struct(array.type):
            types = pc.struct_field(array, "type")
            # To compare with each code takes less than half as long as to find all that occur.
            codes = [code for code in _CODES if pc.any(pc.equal(types, code)).as_py()]
            kinds = {_CODES[code] for code in codes} | ({"several"} if len(codes) > 1 else set())
        elif name in self._made:
            if "." in name:
                self.note_kind(name, PART_WITH_VALUES)
            return
        else:
            kinds = _kinds(array)
        self.kinds.setdefault(name, set()).update(kinds)

    def note_kind(self, name: str, kind: str) -> None:
        """Remember something about the values of a column, for a warning."""
        self.kinds.setdefault(name, set()).add(kind)

    def without_values(self, names: Iterable[str]) -> frozenset[str]:
        """Choose the columns that were used while there were rows, and had no value in any of them.

        A column is looked at as it was used, so with rows that later filters have dropped.
        """
        used = {name: self._columns[name][0] for name in names if name in self._columns}
        return frozenset(
            name
            for name, array in used.items()
            if array is None or (len(array) and array.null_count == len(array))
        )

    def load(self, names: Iterable[str]) -> None:
        """Read several columns at once; those that no event has are remembered as absent."""
        wanted = [n for n in names if n not in self._columns and n not in self._definitions]
        if not wanted:
            return
        checkpoint()
        found = self._read(wanted)
        for name in wanted:
            self._columns[name] = (found.get(name), len(self._filters))

    def event_time(self) -> Any:
        """Give the times of the events, also where the query has made a `@timestamp` of its own."""
        if TIMESTAMP in self._made:
            return self._read([TIMESTAMP])[TIMESTAMP]
        return self.column(TIMESTAMP)

    def _read(self, wanted: list[str]) -> dict[str, Any]:
        """Read columns of the rows that are left from the reader."""
        if self._reader is None or not self.rows:
            return {}
        if self.selection is None:
            return self._reader.columns(wanted)
        if self.rows < _SPARSE * self._reader.rows:
            return self._reader.take(wanted, self.selection)
        whole = self._reader.columns(wanted)
        if self.rows > _NEARLY_ALL * self._reader.rows and not self.repeats:
            left = np.zeros(self._reader.rows, dtype=bool)
            left[self.selection] = True
            mask = pa.array(left)
            return {name: array.filter(mask) for name, array in whole.items()}
        rows = pa.array(self.selection)
        return {name: array.take(rows) for name, array in whole.items()}

    def message_slices(self) -> Iterator[Any] | None:
        """Give the messages slice by slice.

        None if they are in memory already, or if few of the task's rows are left. Work on a slice
        that is in the processor's cache takes a fraction of the time of work on a whole column.
        """
        if self._reader is None or self.has_own(MESSAGE) or not self.rows:
            return None
        if MESSAGE in self._columns or self.rows < _SPARSE * self._reader.rows:
            return None
        return self._slices(self._reader)

    def _slices(self, reader: Reader) -> Iterator[Any]:
        start = 0
        for part in reader.message_slices(self.selection):
            end = start + len(part)
            if self.selection is None:
                yield part
            else:
                low, high = np.searchsorted(self.selection, [start, end])
                yield part.take(pa.array(self.selection[low:high] - start))
            start = end

    def candidates(self, need: Need) -> Any:
        """Give a Boolean array: which rows may meet a need, as an index of the events knows.

        None where all may. `need` is about fields of the events, which `is_of_events` tells.
        """
        found = None if self._reader is None or not self.rows else self._reader.candidates(need)
        if found is None:
            return None
        # What the column of such a field would have shown, had it been read.
        for name in found.fields:
            self.note_kind(name, "text")
        selection = self.selection
        return pa.array(found.rows if selection is None else found.rows[selection])

    def summary(self, name: str) -> Summary | None:
        """Give what is known of a field of all rows without reading it; None where it is read."""
        if self._reader is None or self._filters or not self.rows:
            return None
        if name in self._columns or not self.is_of_events(name):
            return None
        found = self._reader.summary(name)
        if found is not None and found.present:
            # What the column would have shown, had it been read.
            self.kinds.setdefault(name, set()).update(_kinds(pa.nulls(0, found.kind)))
        return found

    def is_of_events(self, name: str) -> bool:
        """Tell whether a name means a field of the events, and nothing that the query made."""
        return self._reader is not None and not touches({name}, self._made)

    def keep(self, name: str, array: Any) -> None:
        """Store a column of the reader that was read otherwise, such as by `message_slices`."""
        self._columns[name] = (array, len(self._filters))

    def define(self, name: str, compute: Callable[[Batch], Any], reads: set[str]) -> None:
        """Define a column; `compute` gives it at its first use.

        `compute` may run after later filters, so each of its values must depend on that row alone.
        """
        self._replace(name)
        key = self._work.definition() if self._work else None
        if name in reads:
            array = self._computed(name, compute, key)
            self.add_kinds(self._kinds_behind.get(name, {}))
            self._columns[name] = (array, len(self._filters))
            self._noted.discard(name)
            return
        self._columns.pop(name, None)
        self._noted.discard(name)
        step = self._meter.step if self._meter else 0
        self._definitions[name] = _Definition(compute, reads, step, key)

    def _replace(self, name: str) -> None:
        """Prepare for a new column of this name."""
        self._made.add(name)
        # Definitions that read an older column of this name are computed from that one now.
        for other, definition in list(self._definitions.items()):
            if other == name or touches(definition.reads, {name}):
                self.column(other)
        self._documents.pop(name, None)
        self._kinds_behind.pop(name, None)
        for part in self._parts.pop(name, ()):
            self._forget(part)

    def define_together(
        self, names: list[str], compute: Callable[[Batch], dict[str, Any]], reads: set[str]
    ) -> None:
        """Define several columns that one computation gives, at the first use of one of them."""

        def compute_all(batch: Batch) -> dict[str, Any]:
            found = compute(batch)
            for other in names:
                # A name that has been defined anew since then keeps its new meaning.
                defined = batch._definitions.get(other)
                if defined is not None and defined.compute is parts[other]:
                    del batch._definitions[other]
                    batch._columns[other] = (found[other], len(batch._filters))
                    batch._given_beside.append((other, defined.key))
            return found

        parts = {name: (lambda batch, own=name: compute_all(batch)[own]) for name in names}
        for name in names:
            self.define(name, parts[name], reads)

    def define_document(
        self, name: str, documents: Documents, wanted: set[str] | None = None
    ) -> None:
        """Define a column of maps or lists.

        What `wanted` names below `name` is computed together, and the whole only where it is asked
        for: `x.a` and `x.b` are read out of each text once, and no map is written.
        """
        reads = documents.reads()

        def compute(batch: Batch, names: list[str]) -> dict[str, Any]:
            paths = [part[len(name) + 1 :].split(".") if part != name else [] for part in names]
            return dict(zip(names, documents.values_at(batch, paths), strict=True))

        self._forget_below(name)
        below = [] if wanted is None or touches(reads, {name}) else sorted(wanted)
        parts = [part for part in below if part.startswith(f"{name}.") and all(part.split("."))]
        together = [name, *parts] if wanted is not None and name in wanted else parts
        if name not in together:
            self.define(name, lambda batch: compute(batch, [name])[name], reads)
        if together:
            self.define_together(together, lambda batch: compute(batch, together), reads)
        self._parts[name] = parts
        self._documents[name] = None if touches(reads, {name}) else documents

    def set_document(self, name: str, columns: dict[str, Any]) -> None:
        """Set a column of maps, lists and other values, or columns of names below it, or both."""
        self._forget_below(name)
        for part, array in columns.items():
            self.set(part, array)
        self._made.add(name)
        self._noted.discard(name)
        self._parts[name] = [part for part in columns if part != name]
        self._documents[name] = None

    def _forget_below(self, name: str) -> None:
        """Forget columns that a new value of this name hides."""
        for other in [one for one in self._made if one.startswith(f"{name}.")]:
            self._forget(other)

    def forget(self, names: set[str]) -> None:
        """Forget columns that the rows have no longer."""
        for name in names:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._made.discard(name)
        self._noted.discard(name)
        self._kinds_behind.pop(name, None)
        self._columns.pop(name, None)
        self._definitions.pop(name, None)

    def is_document(self, name: str) -> bool:
        """Tell whether names below this one are parts of its values, and no fields of events."""
        return name in self._documents

    def document_of(self, name: str) -> tuple[Documents, list[str]] | None:
        """Give what a name is read out of, and at which path, if it is no column yet."""
        parts = name.split(".")
        known = {part for held in self._parts.values() for part in held}
        for cut in range(len(parts), 0, -1):
            stem = ".".join(parts[:cut])
            if stem in self._columns:
                return None
            if (documents := self._documents.get(stem)) is not None:
                return documents, parts[cut:]
            if stem in self._documents or stem in self._made - known:
                return None
        return None

    def reader_of_lists(self, name: str) -> StructureReader | None:
        """Give the reader if it has lists and maps of this name alone, and none are read yet."""
        parts = name.split(".")
        hidden = {".".join(parts[:cut]) for cut in range(1, len(parts) + 1)}
        known = {MESSAGE, *hidden} & self._made or hidden & self._columns.keys()
        reader = self._reader
        if known or not isinstance(reader, StructureReader) or not reader.has_wholes_alone(name):
            return None
        return reader

    def compute(self, names: set[str] | None) -> None:
        """Compute the columns of these names, or all, that have a definition and no values yet."""
        for name in list(self._definitions):
            if name in self._definitions and (names is None or name in names):
                self.column(name)

    def set(self, name: str, array: Any) -> None:
        """Set a column to these values."""
        self._replace(name)
        self._columns[name] = (array, len(self._filters))
        self._noted.discard(name)

    def timestamp(self) -> Any:
        """Give `@timestamp`."""
        times = self.column(TIMESTAMP)
        # Nothing is read where no row is left.
        return pa.nulls(self.rows, pa.timestamp("ms", "UTC")) if times is None else times

    # Rows

    def filter(self, mask: Any) -> None:
        """Keep the rows for which the Boolean array is true; null drops the row."""
        if mask.null_count:
            mask = values.true_or_false(mask)
        kept = mask.true_count
        if kept == self.rows:
            return
        if self._reader is not None:
            self._unselected.append(mask)
        if self._work is not None:
            self._work.note_filter()
        self._filters.append(("filter", mask))
        self.rows = kept

    def take(self, rows: np.ndarray[Any, Any], missing: np.ndarray[Any, Any] | None = None) -> None:
        """Keep the rows with these numbers, in this order; a number may occur more than once.

        A row that is `missing` has no values, which only rows in memory may be. After it the reader
        can give further columns only if the rows are in ascending order.
        """
        if self._reader is not None:
            selection = self.selection
            self._selection = rows if selection is None else selection[rows]
            self.repeats = True
        if self._work is not None:
            self._work.note_filter()
        self._filters.append(("take", pa.array(rows, mask=missing)))
        self.rows = len(rows)

    def reverse_within_events(self) -> None:
        """Turn the order of the rows of each event round; events stay in their order."""
        backwards = self.positions()[::-1]
        self.take(len(backwards) - 1 - np.argsort(backwards, kind="stable"))

    def positions(self) -> np.ndarray[Any, Any]:
        """Give for each row its number in the task's reader."""
        if self.selection is None:
            return np.arange(self.rows, dtype=np.int64)
        return self.selection


def _apply(how: str, array: Any, argument: Any) -> Any:
    return array.filter(argument) if how == "filter" else array.take(argument)


def _kinds(array: Any) -> set[str]:
    kind = array.type
    if pa.types.is_integer(kind):
        return {"integer"} if values.fits_double(array) else {"integer", _LARGE}
    if pa.types.is_floating(kind):
        return {"double"}
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return {"text"}
    return {"structure" if values.is_structure(kind) else str(kind)}


def are_several(kinds: set[str]) -> bool:
    """Tell whether a column of values of these kinds shows their text."""
    kinds = kinds - NOTES
    if kinds <= NUMBERS | {_LARGE}:
        return {_LARGE, "double"} <= kinds
    return len(kinds) > 1
