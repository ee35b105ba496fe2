"""Numbers for combinations of values, by which the rows of a table are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.insights import values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# More combinations do not fit an int64.
_MOST_COMBINATIONS = 2**62


class KeyCodes:
    """Gives each combination of keys that some columns have a number.

    `key` gives the keys of a column, which are equal where its values count as the same; missing
    ones have no number.
    """

    def __init__(self, columns: Sequence[pa.Array], key: Callable[[pa.Array], pa.Array]) -> None:
        self._key = key
        self._known = [pc.unique(values.decode(key(column))).drop_null() for column in columns]
        combinations = 1
        for known in self._known:
            combinations *= len(known) + 1
        if combinations > _MOST_COMBINATIONS:
            raise MalformedQuery("there are too many combinations of keys")

    def codes(self, columns: Sequence[pa.Array]) -> pa.Array:
        """Give the number of each row's combination; missing for one that is not known."""
        combined: Any = None
        for column, known in zip(columns, self._known, strict=True):
            code = _places(self._key(column), known).cast(pa.int64())
            scaled = None if combined is None else pc.multiply(combined, len(known) + 1)
            combined = code if scaled is None else pc.add(scaled, code)
        return combined


def _places(keys: pa.Array, known: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(keys.type):
        return _places(keys.dictionary, known).take(keys.indices)
    return pc.index_in(*values.same_keys(keys, known))
