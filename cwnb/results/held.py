"""The rows of an answer as a browser holds them: texts to show, and ranks to sort by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from cwnb.insights import ranks
from cwnb.memo import memo
from cwnb.results.rendering import is_number, is_time, rendered
from cwnb.results.zones import shown_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.results.result import QueryResult

FIRST_ROWS = 500
FIRST_BYTES = 1_000_000
PART_BYTES = 4_000_000
MOST_ROWS = 100_000
MOST_BYTES = 32_000_000
COLUMNS_HELD = 200
CHARACTERS_HELD = 2_000  # of one value; a browser asks for the whole
CUT = "…"  # after a text that was cut, which then has one character more than CHARACTERS_HELD
RANK_BYTES = 4  # of each value
# Parts are made smaller than they may be, because the size of their rows is a guess.
_PART_SHARE = 0.7

Texts = list[list[str | None]]


@dataclass(frozen=True)
class HeldColumn:
    """A column as a browser shows it: `title` names the zone of times; `kind`: number, time, text.

    The texts of a row without a value are None.
    """

    name: str
    title: str
    kind: str


class Part(NamedTuple):
    """Rows from `begin` up to, not including, `end`.

    `texts` is JSON, a list for each column. `has_cut`: a value is longer than what is held of it.
    """

    begin: int
    end: int
    texts: bytes
    has_cut: bool


class HeldRows:
    """The first rows of an answer, as many as a browser can hold.

    These are at most 100,000 rows of 200 columns, and 32 MB of texts and ranks. `all_rows` and
    `all_columns` count what the answer has. Methods may be called from any thread.
    """

    def __init__(self, result: QueryResult) -> None:
        self._result = result
        self.all_rows, self.all_columns = result.outcome.rows, len(result.outcome.columns)
        self._most_rows = min(self.all_rows, MOST_ROWS)

    @memo
    def columns(self) -> list[HeldColumn]:
        """The columns, in the order of the answer."""
        names = list(self._result.outcome.columns)[:COLUMNS_HELD]
        made = []
        for place, title in enumerate(self._frame.columns):
            values = self._frame.iloc[:, place]
            kind = "number" if is_number(values) else "time" if is_time(values) else "text"
            made.append(HeldColumn(str(names[place]), str(title), kind))
        return made

    @memo
    def first(self) -> Part:
        """The first 500 rows, or fewer where they and their ranks have more than 1 MB."""
        texts = self._texts(0, min(self._most_rows, FIRST_ROWS))
        return self._fitting(texts, 0, FIRST_BYTES)

    def rest(self, begin: int) -> Iterator[Part]:
        """Give the rows that follow `begin` rows, in parts of at most 4 MB."""
        bytes_left = MOST_BYTES - len(self.first.texts) - self.first.end * self._rank_bytes
        rows_a_part = self._rows_of(PART_BYTES)
        while begin < self._most_rows:
            texts = self._texts(begin, min(begin + rows_a_part, self._most_rows))
            part = self._fitting(texts, begin, min(PART_BYTES, bytes_left))
            if part.end == begin:
                return
            bytes_left -= len(part.texts) + (part.end - begin) * self._rank_bytes
            begin = part.end
            yield part

    def ranks(self, end: int) -> Iterator[bytes]:
        """Give, for each column, the place of each of the first rows in the language's order.

        Little-endian Int32; equal values have equal ranks, and 0 stands for a missing value.
        """
        for array in list(self._result.outcome.columns.values())[:COLUMNS_HELD]:
            yield np.asarray(ranks(array.slice(0, end))).astype("<i4").tobytes()

    @memo
    def _frame(self) -> Any:
        return shown_in(self._result.df.iloc[: self._most_rows, :COLUMNS_HELD], self._result.tz)

    @property
    def _rank_bytes(self) -> int:
        return RANK_BYTES * min(self.all_columns, COLUMNS_HELD)

    def _rows_of(self, size: int) -> int:
        """Guess how many rows have so many bytes, by the first ones."""
        if not self.first.end:
            return 1
        return max(1, int(size * _PART_SHARE * self.first.end / len(self.first.texts)))

    def _texts(self, begin: int, end: int) -> Texts:
        """Give the texts of these rows, a list for each column."""
        part = self._frame.iloc[begin:end]
        return [_column_texts(part.iloc[:, place]) for place in range(part.shape[1])]

    def _fitting(self, texts: Texts, begin: int, most_bytes: int) -> Part:
        """Make a part of as many of these rows as have at most so many bytes, ranks included."""
        rows = len(texts[0]) if texts else 0
        while rows:
            written = orjson.dumps(texts)
            size = len(written) + rows * self._rank_bytes
            if size <= most_bytes:
                return Part(begin, begin + rows, written, _has_cut(texts))
            # Halves at least, so that it comes to an end where the first rows are the large ones.
            rows = min(rows // 2, int(rows * max(most_bytes, 0) / size))
            texts = [column[:rows] for column in texts]
        return Part(begin, begin, orjson.dumps([[] for _ in texts]), has_cut=False)


def _column_texts(values: Any) -> list[str | None]:
    array = pa.array(values)
    if pa.types.is_timestamp(array.type) and array.type.unit == "ms":
        # Arrow writes them as `render` does, and in a tenth of the time.
        plain = array.cast(pa.int64()).cast(pa.timestamp("ms"))
        written: list[str | None] = plain.cast(pa.string()).to_pylist()
        return written
    if pa.types.is_string(array.type):
        texts = array.to_pylist()
        return [
            text if text is None or len(text) <= CHARACTERS_HELD else text[:CHARACTERS_HELD] + CUT
            for text in texts
        ]
    missing = array.is_null().to_pylist()
    return [
        None if is_missing else _cut(text)
        for text, is_missing in zip(rendered(values), missing, strict=True)
    ]


def _has_cut(texts: Texts) -> bool:
    return any(text is not None and len(text) > CHARACTERS_HELD for part in texts for text in part)


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS_HELD else text[:CHARACTERS_HELD] + CUT
