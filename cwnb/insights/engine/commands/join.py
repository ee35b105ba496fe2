"""`join`: each row beside the rows of the right side that have equal keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.insights import values
from cwnb.insights.engine.commands.columns import define
from cwnb.insights.engine.commands.key_codes import KeyCodes
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.engine.faults import too_large
from cwnb.insights.tree import Field, touches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.tree import Join

# The most distinct keys of the right side. Source: CWL_QuerySyntax-Join.
MOST_KEYS = 50_000
# A list of places by code may be so many times as long as there are keys.
_MOST_LISTED = 64
# A value of a row takes about so many bytes, as far as that can be told before the row is made.
_BYTES = 8


def join(command: Join, batch: Batch, wanted: set[str] | None) -> Batch:
    """Give each row beside every row of the right side that has its keys."""
    right = batch.query_values.answers[command.args["answer"].place]
    names = [key.args["right"] for key in command.args["keys"]]
    index = right.once(("join", *names), lambda: KeyIndex([right.columns[n] for n in names]))
    fields = [evaluate_array(key.args["left"], batch) for key in command.args["keys"]]
    keys = index.places(fields)
    columns, outer = command.args["columns"], bool(command.args.get("outer"))
    if index.pair_count(keys, outer=outer) * (len(columns) + 2) * _BYTES > (
        budget := batch.query_values.memory_budget
    ):
        raise too_large([command], budget)
    rows, places = index.pairs(keys, outer=outer)
    if rows is not None and index.has_one_each:
        batch.filter(pa.array(keys >= 0))
    elif rows is not None:
        # What is computed of a row is computed once for all of its pairs.
        batch.compute(wanted)
        batch.take(rows)
    alias = command.args["right"]
    for name in columns:
        if wanted is None or touches(wanted, {f"{alias}.{name}"}):
            batch.set(f"{alias}.{name}", right.columns[name].take(places))
    for shown, own in command.args["shown"]:
        define(shown, Field(parts=own.split(".")), batch)
    return batch


class KeyIndex:
    """The rows of the right side by their keys, which are equal as values are."""

    def __init__(self, columns: Sequence[pa.Array]) -> None:
        self._keys = KeyCodes(columns, _keys)
        codes = self._keys.codes(columns)
        there = np.flatnonzero(codes.is_valid().to_numpy(zero_copy_only=False))
        found = codes.take(pa.array(there)).to_numpy()
        # Stable, so that the rows of a key stay in their order.
        order = np.argsort(found, kind="stable")
        self._rows = there[order]
        known, self._starts, self._counts = np.unique(
            found[order], return_index=True, return_counts=True
        )
        if len(known) > MOST_KEYS:
            raise MalformedQuery(
                f"the right side of the join has {len(known):,} different keys; the most is "
                f"{MOST_KEYS:,}, so filter it first"
            )
        # Whether each key is that of one row.
        self.has_one_each = bool((self._counts == 1).all())
        # The place of each code, -1 where no row has it, and a last -1 for codes beyond them; None
        # if that would be a long list.
        self._place_of: np.ndarray[Any, Any] | None = None
        if len(known) and int(known[-1]) < _MOST_LISTED * len(known):
            self._place_of = np.full(int(known[-1]) + 2, -1, dtype=np.int64)
            self._place_of[known] = np.arange(len(known))
        self._known = pa.array(known, pa.int64())

    def places(self, fields: Sequence[pa.Array]) -> np.ndarray[Any, Any]:
        """Give for each row the place of its key, -1 for none."""
        codes = self._keys.codes(fields)
        if self._place_of is None:
            found = pc.index_in(codes, value_set=self._known)
            return np.asarray(found.fill_null(-1)).astype(np.int64)
        last = len(self._place_of) - 1
        numbers = codes.fill_null(last).to_numpy(zero_copy_only=False)
        return np.asarray(self._place_of[np.minimum(numbers, last)])

    def pair_count(self, places: np.ndarray[Any, Any], *, outer: bool) -> int:
        """Give the number of pairs of these rows."""
        alone = len(places) - int(np.count_nonzero(places >= 0))
        pairs = len(places) - alone
        if not self.has_one_each:
            pairs = int(self._counts[places[places >= 0]].sum())
        return pairs + (alone if outer else 0)

    def pairs(
        self, places: np.ndarray[Any, Any], *, outer: bool
    ) -> tuple[np.ndarray[Any, Any] | None, pa.Array]:
        """Give the row of the left side and that of the right side, or none, of each pair.

        The rows of the left side are None where each is in one pair.
        """
        paired = places >= 0
        rows = None if outer or paired.all() else np.flatnonzero(paired)
        places = places if rows is None else places[rows]
        missing = places < 0 if rows is None and outer else None
        if self.has_one_each:
            return rows, pa.array(self._rows[places] if len(self._rows) else places, mask=missing)
        counts = np.where(places < 0, 1, self._counts[places])
        repeated = np.repeat(np.arange(len(places)), counts)
        within = np.arange(len(repeated)) - np.repeat(np.cumsum(counts) - counts, counts)
        found = self._rows[self._starts[places[repeated]] + within]
        missing = None if missing is None else missing[repeated]
        if rows is not None:
            repeated = rows[repeated]
        return repeated, pa.array(found, mask=missing)


def _keys(column: pa.Array) -> pa.Array:
    return values.decode(values.equality_key(values.without_structures(column)))
