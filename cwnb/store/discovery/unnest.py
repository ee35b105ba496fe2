"""Turn the structs and lists of a parsed block into flat columns, without a loop over events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import FIELDS_PER_EVENT
from cwnb.store.discovery.columns import EXACT
from cwnb.store.discovery.schema import LIST_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator


class NameClash(Exception):
    """A dotted key and a nested path have the same name, so their order in the document decides."""


def unnest(table: pa.Table) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Give the leaves by name, all-null ones left out, and the rows that must be parsed one by one.

    Those have more than the 200 fields of an event, long lists, or doubles that may have been
    something else (an integer past 2^53, `-0`, NaN, Infinity).
    """
    rows = table.num_rows
    leaves: dict[str, pa.Array] = {}
    again = np.zeros(rows, bool)
    for name, values in zip(table.column_names, table.columns, strict=True):
        top = "@" + name if name.startswith("@") else name
        array = values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
        for path, leaf in _leaves(top, array, again):
            if leaf.null_count == len(leaf):
                continue
            if path in leaves:
                raise NameClash(path)
            leaves[path] = leaf
            if pa.types.is_floating(leaf.type):
                again |= _doubtful(leaf)
    if len(leaves) > FIELDS_PER_EVENT:
        present = np.zeros(rows, np.int64)
        for leaf in leaves.values():
            present += _valid(leaf)
        again |= present > FIELDS_PER_EVENT
    return leaves, again


def _leaves(name: str, values: pa.Array, again: np.ndarray) -> Iterator[tuple[str, pa.Array]]:
    kind = values.type
    if pa.types.is_struct(kind):
        for field, child in zip(kind, values.flatten(), strict=True):
            yield from _leaves(f"{name}.{field.name}", child, again)
    elif pa.types.is_list(kind):
        offsets = values.offsets.to_numpy()
        lengths = np.where(_valid(values), np.diff(offsets), 0)
        again |= lengths > LIST_LIMIT
        for index in range(min(int(lengths.max(initial=0)), LIST_LIMIT)):
            inside = lengths > index
            # Where a list is shorter the index may point past the end, so those read item 0.
            at = pa.array(np.where(inside, offsets[:-1] + index, 0), mask=~inside)
            yield from _leaves(f"{name}.{index}", values.values.take(at), again)
    elif not pa.types.is_null(kind):
        yield name, values


def _doubtful(leaf: pa.Array) -> np.ndarray:
    numbers = pc.fill_null(leaf, 1.0).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        plain = np.abs(numbers) < EXACT
    doubtful: np.ndarray = ~plain | ((numbers == 0) & np.signbit(numbers))
    return doubtful


def _valid(values: pa.Array) -> np.ndarray:
    valid: np.ndarray = values.is_valid().to_numpy(zero_copy_only=False)
    return valid
