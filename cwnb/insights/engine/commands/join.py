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
# A value of a row takes about so many bytes, as far as that can be told before the row is made.
_BYTES = 8


def join(command: Join, batch: Batch, wanted: set[str] | None) -> Batch:
    """Give each row beside every row of the right side that has its keys."""
    right = batch.query_values.answers[command.args["answer"].place]
    names = [key.args["right"] for key in command.args["keys"]]
    index = right.once(("join", *names), lambda: KeyIndex([right.columns[n] for n in names]))
    fields = [evaluate_array(key.args["left"], batch) for key in command.args["keys"]]
    codes, counts = index.counts(fields)
    pairs = np.maximum(counts, 1) if command.args.get("outer") else counts
    columns = command.args["columns"]
    if int(pairs.sum()) * (len(columns) + 2) * _BYTES > batch.query_values.memory_budget:
        raise too_large([command], batch.query_values.memory_budget)
    rows, places = index.pairs(codes, counts, pairs)
    if not np.array_equal(pairs, np.ones(len(pairs), dtype=np.int64)):
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
        self._known = pa.array(known, pa.int64())

    def counts(self, fields: Sequence[pa.Array]) -> tuple[Any, np.ndarray[Any, Any]]:
        """Give for each row the place of its key, -1 for none, and how many rows have it."""
        found = pc.index_in(self._keys.codes(fields), value_set=self._known)
        places = found.fill_null(-1).to_numpy(zero_copy_only=False)
        counts = np.zeros(len(places), dtype=np.int64)
        there = places >= 0
        counts[there] = self._counts[places[there]]
        return places, counts

    def pairs(
        self, places: Any, counts: np.ndarray[Any, Any], pairs: np.ndarray[Any, Any]
    ) -> tuple[np.ndarray[Any, Any], pa.Array]:
        """Give the row of the left side and that of the right side, or none, of each pair."""
        rows = np.repeat(np.arange(len(pairs)), pairs)
        firsts = np.cumsum(pairs) - pairs
        within = np.arange(len(rows)) - firsts[rows]
        there = counts[rows] > 0
        found = np.zeros(len(rows), dtype=np.int64)
        starts = self._starts[places[rows[there]]]
        found[there] = self._rows[starts + within[there]]
        return rows, pa.array(found, mask=~there)


def _keys(column: pa.Array) -> pa.Array:
    return values.decode(values.equality_key(values.without_structures(column)))
