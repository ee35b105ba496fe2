"""What discovery found in a block of events, and blocks put together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.store.discovery.columns import as_dictionary_if_smaller, column, join, spread
from cwnb.store.discovery.rare import (
    Rare,
    Sparse,
    add_rare,
    agree,
    frequent,
    rare_names,
    read_sparse,
    sparse_of,
    values_of,
    write_rest,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass
class Discovered:
    """The fields of a block of events.

    `columns`: by name in order, each as long as the block: int64, double, bool, string,
    dictionary<int32, string> or `mixed_type()`. `rest`: see `rare`. `capped`: how many events
    have more fields than are extracted from one. `rare`: what is in `rest`, None if not known.
    """

    columns: dict[str, pa.Array] = field(default_factory=dict)
    rest: pa.Array | None = None
    capped: int = 0
    rare: Rare | None = field(default=None, repr=False)

    def rare_names(self) -> Rare:
        """Give the names in `rest`, with how many events have each and a bit for each type."""
        if self.rare is None:
            self.rare = {} if self.rest is None else rare_names(self.rest)
        return self.rare


def merge(
    parts: Sequence[Discovered], lengths: Sequence[int], rows: Sequence[Rows] | None = None
) -> Discovered:
    """Concatenate blocks; the result is what one discovery of all their events gives.

    `lengths`: the number of events of each part. Columns come sorted by name. `rows`: the rows
    (ascending) at which the events of each part stand in the result, where they do not stand one
    part after another; all parts together have all rows. The columns of a part may be plain: it is
    decided here which are dictionaries, and which fields are rare.
    """
    total = sum(lengths)
    counts: Counter[str] = Counter()
    columns: set[str] = set()
    for part in parts:
        columns.update(part.columns)
        for name, values in part.columns.items():
            counts[name] += len(values) - values.null_count
        for name, (count, _) in part.rare_names().items():
            counts[name] += count
    kept = frequent(counts, total)
    capped = sum(part.capped for part in parts)
    rare = _unchanged(parts, columns, kept)
    sparse: Sparse = {}
    if rare is None:
        offset = 0
        for part, length in zip(parts, lengths, strict=True):
            if part.rest is not None:
                read_sparse(part.rest, offset, sparse)
            offset += length
    order = None if rows is None else _order(rows, total)
    merged = {}
    for name in sorted(kept):
        coded = sparse.pop(name, None)
        holders = [at for at, part in enumerate(parts) if name in part.columns]
        if rows is not None and coded is None and len(holders) == 1:
            values = spread(parts[holders[0]].columns[name], rows[holders[0]], total)
            merged[name] = as_dictionary_if_smaller(values)
            continue
        # Before the rows are put in order, because that is quick for a dictionary.
        values = as_dictionary_if_smaller(_column(name, parts, lengths, coded))
        merged[name] = values if order is None else values.take(order)
    if rare is None:
        for name in columns - kept:
            _demote(name, parts, lengths, sparse)
        rest, rare = write_rest(sparse, total)
    else:
        rest = _concatenated(parts, lengths) if rare else None
    if rest is not None and order is not None:
        rest = rest.take(order)
    return Discovered(merged, rest, capped, rare)


def _order(rows: Sequence[Rows], total: int) -> pa.Array:
    """Give for each row the place of its event in the concatenated parts."""
    order = np.empty(total, np.int64)
    order[np.concatenate(rows)] = np.arange(total)
    return pa.array(order)


def _unchanged(parts: Sequence[Discovered], columns: set[str], kept: set[str]) -> Rare | None:
    """Give the rare fields of all parts, or None if a field moves into `rest` or out of it."""
    rare: Rare = {}
    if not columns <= kept:
        return None
    for part in parts:
        names = part.rare_names()
        if not kept.isdisjoint(names):
            return None
        added = add_rare(rare, names)
        if added is None:
            return None
        rare = added
    return rare


def _concatenated(parts: Sequence[Discovered], lengths: Sequence[int]) -> pa.Array:
    return pa.concat_arrays(
        [
            pa.nulls(length, pa.string()) if part.rest is None else part.rest
            for part, length in zip(parts, lengths, strict=True)
        ]
    )


def _column(
    name: str,
    parts: Sequence[Discovered],
    lengths: Sequence[int],
    rare: tuple[list[int], list[str]] | None,
) -> pa.Array:
    if rare is None:
        return join(
            [
                part.columns.get(name, pa.nulls(length))
                for part, length in zip(parts, lengths, strict=True)
            ]
        )
    rows, coded = rare
    chunks = []
    offset = at = 0
    for part, length in zip(parts, lengths, strict=True):
        values = part.columns.get(name)
        if values is None:
            last = at
            while last < len(rows) and rows[last] < offset + length:
                last += 1
            within = [row - offset for row in rows[at:last]]
            # A column of no values has no type that would change that of the others.
            values = pa.nulls(length)
            if within:
                values = spread(column(values_of(coded[at:last])), within, length)
            at = last
        chunks.append(values)
        offset += length
    return join(chunks)


def _demote(name: str, parts: Sequence[Discovered], lengths: Sequence[int], sparse: Sparse) -> None:
    rows, coded = sparse.pop(name, ([], []))
    found = list(zip(rows, coded, strict=True))
    offset = 0
    for part, length in zip(parts, lengths, strict=True):
        values = part.columns.get(name)
        if values is not None:
            more, texts = sparse_of(values)
            found += zip((row + offset for row in more), texts, strict=True)
        offset += length
    found.sort()
    sparse[name] = ([row for row, _ in found], agree([value for _, value in found]))
