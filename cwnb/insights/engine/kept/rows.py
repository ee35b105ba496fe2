"""What the commands of a task have made, kept for the next query that begins with the same ones.

These are the rows that filters have left, and columns that commands have made, such as by `parse`.
A column is kept with the kinds of the values that it was made of, because warnings speak of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from cwnb.insights.engine.columns import without_others
from cwnb.insights.engine.kept.fingerprint import NoFingerprintError, fingerprint
from cwnb.insights.rewrite import only_filters
from cwnb.insights.tree import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from cwnb.events import TaskMemory
    from cwnb.insights.context import QueryValues
    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.tree import Command

Kinds = dict[str, set[str]]
# Rows in and out of a step, and the fields that it read and no row had.
Counts = tuple[int, int, frozenset[str]]


class KeptColumn(NamedTuple):
    """A column as it was computed, and the kinds of the values that it was made of."""

    array: Any
    kinds: Kinds


class _KeptValue(NamedTuple):
    """What else was made of the rows that are left, and the kinds of the values behind it."""

    value: Any
    kinds: Kinds


@dataclass(frozen=True)
class _KeptRows:
    """The rows that are left after some steps (None: all), and what was noted of the steps."""

    mask: pa.BooleanArray | None
    counts: list[Counts]
    matched: int
    kinds: Kinds


class KeptWork:
    """The places in memory of what the steps of one plan make of one task.

    `beginnings[i]` is a key of the first `i` steps, and `wanted[i]` names what the steps after step
    `i` read. A column is found by what defines it and by the rows that are left, and both are keys
    of steps: a definition that is the third of step 1 and is used after step 4 is the same in every
    query with these five steps. `prints` is of the plan, and holds what `key_of` has found.
    """

    def __init__(
        self,
        memory: TaskMemory,
        beginnings: list[bytes],
        wanted: list[set[str]],
        prints: dict[Hashable, bytes | None],
    ) -> None:
        self._memory = memory
        self._prints = prints
        self._beginnings = beginnings
        self._wanted = wanted
        self._step = 0
        self._defined = 0
        # What rows are left: a beginning, and how often they were filtered since. None if this
        # cannot be said by steps.
        self._rows: Hashable | None = beginnings[0]
        self._are_fixed = False

    # Which step runs

    def begin(self, step: int) -> None:
        """Note that a step begins; the one after the last is the barrier."""
        self._step, self._defined = step, 0
        if not self._are_fixed:
            self._rows = self._beginnings[step]

    def note_filter(self) -> None:
        """Note that rows were dropped, moved or repeated."""
        if self._are_fixed or self._step + 1 >= len(self._beginnings):
            self._rows = None  # the barrier has done it
        elif isinstance(self._rows, tuple):
            self._rows = (self._rows[0], self._rows[1] + 1)
        else:
            self._rows = (self._beginnings[self._step + 1], 1)

    # Columns

    def definition(self) -> Hashable | None:
        """Give a key of the column that the step defines now; None for a column of the barrier."""
        if self._step + 1 >= len(self._beginnings):
            return None
        self._defined += 1
        wanted = frozenset(self._wanted[self._step])
        return self._beginnings[self._step + 1], wanted, self._defined

    def find_column(self, definition: Hashable, rows: int) -> KeptColumn | None:
        """Give a column of the rows that are left, if it is in memory."""
        if self._rows is None:
            return None
        found: KeptColumn | None = self._memory.get((definition, self._rows))
        if found is None or (found.array is not None and len(found.array) != rows):
            return None
        return found

    def keep_column(self, definition: Hashable, column: KeptColumn) -> None:
        """Keep a column of the rows that are left."""
        if self._rows is not None:
            array = without_others(column.array)
            nbytes = 0 if array is None else array.nbytes
            self._memory.put((definition, self._rows), KeptColumn(array, column.kinds), nbytes)

    # What a barrier makes of the rows, such as their groups

    def key_of(
        self, name: Hashable, made_of: tuple[Any, ...], of_task: Hashable, given: QueryValues
    ) -> Hashable | None:
        """Give a key of something that is made of the rows that are left; None for none.

        In all tasks of a plan, what has one name is made of the same, but for `of_task`.
        """
        if self._rows is None:
            return None
        if name not in self._prints:
            try:
                self._prints[name] = fingerprint(made_of, given=given)
            except NoFingerprintError:
                self._prints[name] = None
        found = self._prints[name]
        return None if found is None else (found, of_task, self._rows)

    def find_value(self, key: Hashable) -> tuple[Any, Kinds] | None:
        """Give a value and the kinds behind it, if it is in memory."""
        found: _KeptValue | None = self._memory.get(key)
        return found

    def keep_value(self, key: Hashable, value: Any, kinds: Kinds, nbytes: int) -> None:
        """Keep a value; whoever writes into one of its numpy arrays from now on gets an error."""
        _make_read_only(value)
        self._memory.put(key, _KeptValue(value, kinds), nbytes)

    # Rows

    def keep_rows(self, steps: int, batch: Batch, counts: list[Counts], matched: int) -> None:
        """Keep which rows are left after some steps, none of which has made further rows."""
        mask = _mask_of(batch)
        kinds = {name: set(kinds) for name, kinds in batch.kinds.items()}
        kept = _KeptRows(mask, list(counts), matched, kinds)
        nbytes = 0 if mask is None else mask.nbytes
        self._memory.put(("rows", self._beginnings[steps]), kept, nbytes)

    def resume(
        self, steps: list[Command], batch: Batch, apply: Callable[..., Batch]
    ) -> tuple[int, list[Counts], int] | None:
        """Drop the rows that an earlier query with the same first steps has dropped.

        Steps that define columns are run, and filters are not. Gives how many steps are done, their
        counts, and how many events matched; None where nothing was kept.
        """
        more = next((i for i, step in enumerate(steps) if step.rows is Rows.MORE), len(steps))
        for done in range(more, 0, -1):
            if not only_filters(steps[done - 1]):
                continue
            kept: _KeptRows | None = self._memory.get(("rows", self._beginnings[done]))
            if kept is None or (kept.mask is not None and len(kept.mask) != batch.rows):
                continue
            if kept.mask is not None:
                batch.filter(kept.mask)
            self._rows, self._are_fixed = self._beginnings[done], True
            for i, step in enumerate(steps[:done]):
                if not only_filters(step):
                    self.begin(i)
                    apply(step, batch, self._wanted[i])
            self._are_fixed = False
            batch.add_kinds(kept.kinds)
            return done, list(kept.counts), kept.matched
        return None


def _make_read_only(value: Any) -> None:
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, list | tuple):
        for part in value:
            _make_read_only(part)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            _make_read_only(getattr(value, field.name))


def _mask_of(batch: Batch) -> pa.BooleanArray | None:
    """Give which rows of the reader are left, as bits; None for all."""
    mask = batch.only_mask()
    if mask is not None or batch.selection is None:
        return mask
    left = np.zeros(batch.rows_in_reader, dtype=bool)
    left[batch.selection] = True
    return pa.array(left)
