"""The rows of an answer as a browser holds them: texts to show, and ranks to sort by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cwnb.insights import ranks
from cwnb.memo import memo
from cwnb.results.rendering import is_number, is_time, rendered
from cwnb.results.zones import shown_in

if TYPE_CHECKING:
    from cwnb.results.result import QueryResult

MOST_ROWS = 100_000
MOST_BYTES = 32_000_000
COLUMNS_HELD = 200
_CHARACTERS = 2_000  # of one value; a browser asks for the whole


@dataclass(frozen=True)
class HeldColumn:
    """A column as a browser shows it: `title` names the zone of times; `kind`: number, time, text.

    The texts of a row without a value are None.
    """

    name: str
    title: str
    kind: str


class HeldRows:
    """The first rows of an answer, as many as a browser can hold.

    `rows` by `columns` are held; `rows_left` and `columns_left` count what is not.
    """

    def __init__(self, result: QueryResult) -> None:
        self._result = result
        df = result.df
        self.rows = min(len(df), MOST_ROWS)
        self._frame = shown_in(df.iloc[: self.rows, :COLUMNS_HELD], result.tz)
        self.rows_left = len(df) - self.rows
        self.columns_left = df.shape[1] - self._frame.shape[1]

    @memo
    def columns(self) -> list[HeldColumn]:
        """The columns, in the order of the answer."""
        names = self._result.df.columns
        made = []
        for place, title in enumerate(self._frame.columns):
            values = self._frame.iloc[:, place]
            kind = "number" if is_number(values) else "time" if is_time(values) else "text"
            made.append(HeldColumn(str(names[place]), str(title), kind))
        return made

    def texts(self, begin: int, end: int) -> list[list[str | None]]:
        """Give the texts of these rows, a list for each column; long ones are cut."""
        part = self._frame.iloc[begin:end]
        return [
            [
                None if is_missing else text[:_CHARACTERS]
                for text, is_missing in zip(
                    rendered(part.iloc[:, place]), part.iloc[:, place].isna(), strict=True
                )
            ]
            for place in range(part.shape[1])
        ]

    def ranks(self, end: int) -> list[bytes]:
        """Give the place of each of the first rows in the language's order, for each column.

        Little-endian Int32; equal values have equal ranks, and 0 stands for a missing value.
        """
        arrays = list(self._result.outcome.columns.values())[: len(self.columns)]
        return [np.asarray(ranks(array.slice(0, end))).astype("<i4").tobytes() for array in arrays]
