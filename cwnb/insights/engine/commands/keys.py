"""The keys of groups: as they are shown, and what makes them equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.insights import values
from cwnb.insights.engine import columns

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Keys:
    """Columns of keys of groups or rows.

    `equal` has the equality keys of each column of texts, which are the column itself unless it has
    a number that is not written as all equal ones are. Those of other columns (None) depend on the
    types that they meet in other tasks.
    """

    shown: list[Any]
    equal: list[Any]

    @staticmethod
    def of(shown: list[Any], equal: list[Any]) -> Keys:
        """Give the keys of rows: columns and their equality keys."""
        pairs = zip(shown, equal, strict=True)
        return Keys(shown, [_own(column, key) for column, key in pairs])

    @staticmethod
    def concat(parts: list[Keys]) -> Keys:
        """Concatenate the keys of several tasks."""
        places = range(len(parts[0].shown))
        shown = [columns.concat([part.shown[i] for part in parts]) for i in places]
        return Keys(shown, [_joined(parts, i, shown[i]) for i in places])

    def equality_keys(self) -> list[Any]:
        """Give the equality keys of each column."""
        pairs = zip(self.shown, self.equal, strict=True)
        return [values.equality_key(column) if key is None else key for column, key in pairs]

    def take(self, rows: np.ndarray[Any, Any]) -> Keys:
        """Give the keys of these rows."""
        places = pa.array(rows)
        shown = [column.take(places) for column in self.shown]
        equal = []
        for column, taken, key in zip(self.shown, shown, self.equal, strict=True):
            if key is column:
                equal.append(taken)
            else:
                equal.append(None if key is None else key.take(places))
        return Keys(shown, equal)

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        arrays = {id(array): array for array in (*self.shown, *self.equal)}
        return sum(map(columns.nbytes, arrays.values()))


def _own(column: Any, key: Any) -> Any:
    # A column without any value may stand beside texts of other tasks.
    if pa.types.is_null(column.type):
        return column
    return key if values.is_text(column) else None


def _joined(parts: list[Keys], place: int, shown: Any) -> Any:
    keys = [part.equal[place] for part in parts]
    if any(key is None for key in keys):
        return None
    if all(part.equal[place] is part.shown[place] for part in parts):
        return shown
    if len({key.type for key in keys if not pa.types.is_null(key.type)}) > 1:
        keys = [values.decode(key).cast(pa.string()) for key in keys]
    return columns.concat(keys)
