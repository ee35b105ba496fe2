"""Find the numbers in a column of text, without a Python loop over its rows.

Text is a number when it matches `NUMBER` and a double can hold it: `84e62969` is an id, not
infinity, and would equal every other such id. Integers are exact however long they are; every other
number is the double that its text reads as. A column is analysed once into `Numbers`, which
comparison, equality keys and sort order all read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.values.value_types import rows_present

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBER_RE2 = rf"\A{NUMBER.pattern}\z"
_INTEGER_FOR_ARROW = re.compile("-?[0-9]{1,19}")
_SAMPLE_ROWS = 8
# If one of so many texts that look like numbers is none, a cast of all would surely fail, which
# takes several times as long as to search for those that are: Arrow words an error for each other.
_SAMPLE_TO_CAST = 64
# A number that is not 0 has such a digit before its exponent.
_NOT_ZERO = re.compile(r"[-+.0]*[1-9]")
_NOT_ZERO_RE2 = rf"\A{_NOT_ZERO.pattern}"

# The form of a value: `Numbers.form` has one of these codes for each row.
MISSING, INTEGER, DOUBLE, BIG, TEXT = range(5)

# Text of at most this many digits fits int64, so Arrow can cast it.
_SAFE_DIGITS = 18
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_FIRST = np.zeros(256, dtype=bool)
_FIRST[list(b"+-.0123456789")] = True
_INNER = np.zeros(256, dtype=bool)
_INNER[list(b"+-.eE0123456789")] = True
_LAST = np.zeros(256, dtype=bool)
_LAST[list(b".0123456789")] = True
# Which bytes a number may have at four places: the last, the second, the middle and the last but
# one. The places are given as functions of where the text begins and ends.
_LOOKS: tuple[tuple[Any, Callable[[Any, Any], Any]], ...] = (
    (_LAST, lambda _begin, end: end - 1),
    (_INNER, lambda begin, end: np.minimum(begin + 1, end - 1)),
    (_INNER, lambda begin, end: begin + (end - begin) // 2),
    (_INNER, lambda begin, end: np.maximum(end - 2, begin)),
)


@dataclass
class Numbers:
    """The values of a column as numbers, row by row.

    `form` holds the codes above; `integers` the exact values of INTEGER rows; `doubles` the rounded
    values of all numeric rows; `text` the column's text, which has the digits of BIG rows.
    """

    form: np.ndarray[Any, Any]
    integers: np.ndarray[Any, Any]
    doubles: np.ndarray[Any, Any]
    text: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.form)

    @property
    def numeric(self) -> np.ndarray[Any, Any]:
        """Tell which rows hold a number."""
        return (self.form >= INTEGER) & (self.form <= BIG)

    def exact(self, row: Any) -> Decimal:
        """Give the number of one row, exactly."""
        form = self.form[row]
        if form == INTEGER:
            return Decimal(int(self.integers[row]))
        if form == BIG:
            assert self.text is not None
            return Decimal(self.text[int(row)].as_py())
        return Decimal(float(self.doubles[row]))

    def residuals(self) -> np.ndarray[Any, Any]:
        """Give for each INTEGER row its exact value minus the double that it rounds to, else 0."""
        at = np.flatnonzero(self.form == INTEGER)
        result = np.zeros(len(self), dtype=np.int64)
        if not len(at):
            return result
        exact, rounded = self.integers[at], self.doubles[at]
        # The largest int64 values round to 2**63, which is not an int64.
        over = rounded >= 2.0**63
        whole = np.where(over, 0.0, rounded).astype(np.int64)
        result[at] = np.where(over, exact - INT64_MAX - 1, exact - whole)
        return result


def is_number(text: str) -> bool:
    """Tell whether a text counts as a number."""
    if not NUMBER.fullmatch(text):
        return False
    if text.lstrip("+-").isdigit():
        return True
    value = float(text)
    return math.isfinite(value) and (value != 0 or not _NOT_ZERO.match(text))


def from_integers(values: pa.Array) -> Numbers:
    """Analyse an int64 array."""
    integers = _filled(values, 0)
    form = rows_present(values) * np.uint8(INTEGER)
    return Numbers(form, integers, integers.astype(np.float64))


def from_doubles(values: pa.Array) -> Numbers:
    """Analyse a double array; NaN counts as missing."""
    doubles = _filled(values, np.nan)
    form = np.where(np.isnan(doubles), MISSING, DOUBLE).astype(np.uint8)
    return Numbers(form, np.zeros(len(doubles), dtype=np.int64), doubles)


def from_text(
    text: pa.Array, *, written_as_numbers: np.ndarray[Any, Any] | None = None
) -> Numbers | None:
    """Analyse a string array; None when none of its values is a number.

    `written_as_numbers`: the rows whose text was made of a number, which spares a look at it.
    """
    if text.null_count == len(text):
        return None
    present = rows_present(text)
    if written_as_numbers is None:
        at = _candidates(text, present)
    else:
        look = written_as_numbers.copy()
        look[_candidates(text, present & ~written_as_numbers)] = True
        at = np.flatnonzero(look)
    if not len(at):
        return None
    some = text if len(at) == len(text) else text.take(pa.array(at))
    integers = _cast_integers(some)
    if integers is not None:
        whole = np.zeros(len(text), dtype=np.int64)
        whole[at] = integers
        form = present * np.uint8(TEXT)
        form[at] = INTEGER
        return Numbers(form, whole, whole.astype(np.float64), text)
    doubles = _cast_doubles(some)
    if doubles is None:
        # Addresses have more points than a number, and to count them takes less than the regex.
        one_point = np.asarray(pc.less_equal(pc.count_substring(some, "."), 1))
        at = at[one_point]
        at = at[np.asarray(pc.match_substring_regex(text.take(pa.array(at)), _NUMBER_RE2))]
        if not len(at):
            return None
        some = text.take(pa.array(at))
        doubles = pc.cast(some, pa.float64())
    found = _of_any_spelling(some, np.array(doubles))
    if found is None:
        return None
    form, whole = present * np.uint8(TEXT), np.zeros(len(text), np.int64)
    values = np.full(len(text), np.nan)
    form[at], whole[at], values[at] = found
    return Numbers(form, whole, values, text)


def _cast_doubles(text: pa.Array) -> pa.Array | None:
    """Cast texts that look like numbers to doubles; None if one of them is no number."""
    rows = np.arange(0, len(text), -(-len(text) // _SAMPLE_TO_CAST))
    sample = text.take(pa.array(rows)).to_pylist()
    if not all(NUMBER.fullmatch(word) for word in sample):
        return None
    try:
        # Of what looks like a number Arrow casts what is one, and nothing else.
        return pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None


def _of_any_spelling(
    text: pa.Array, doubles: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], ...] | None:
    """Give forms, integers and doubles of texts that are numbers, by what each reads as.

    None if no double can hold any of them and none is an integer.
    """
    form = np.full(len(text), DOUBLE, np.uint8)
    whole = np.zeros(len(text), np.int64)
    integral = np.flatnonzero(np.floor(doubles) == doubles)
    if len(integral):
        digits = text.take(pa.array(integral))
        unsigned = pc.ascii_ltrim(digits, characters="+-")
        are_digits = pc.ascii_is_decimal(unsigned)
        integral, digits = integral[np.asarray(are_digits)], digits.filter(are_digits)
    if len(integral):
        short = np.asarray(pc.binary_length(digits)) <= _SAFE_DIGITS
        unsigned = pc.utf8_ltrim(digits.filter(pa.array(short)), characters="+")
        form[integral[short]] = INTEGER
        whole[integral[short]] = np.asarray(pc.cast(unsigned, pa.int64()))
        for row in integral[~short]:
            value = Decimal(text[int(row)].as_py())
            if INT64_MIN <= value <= INT64_MAX:
                form[row], whole[row] = INTEGER, int(value)
            else:
                form[row] = BIG
        exact = integral[form[integral] == INTEGER]
        doubles[exact] = whole[exact].astype(np.float64)
    beyond = (form == DOUBLE) & ~_fits_a_double(text, doubles)
    form[beyond], doubles[beyond] = TEXT, np.nan
    return None if beyond.all() else (form, whole, doubles)


def _fits_a_double(text: pa.Array, doubles: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tell which numbers are not so large, or so near to 0, that a double cannot hold them."""
    fits: np.ndarray[Any, Any] = np.isfinite(doubles)
    zero = np.flatnonzero(doubles == 0)
    if len(zero):
        has_digit = pc.match_substring_regex(text.take(pa.array(zero)), _NOT_ZERO_RE2)
        fits[zero] = ~has_digit.to_numpy(zero_copy_only=False)
    return fits


def _cast_integers(text: pa.Array) -> np.ndarray[Any, Any] | None:
    """Cast text of which every value is an int64 without `+`, the common case; else give None."""
    # A cast that fails is slow, and the first values usually show that it would fail.
    if not all(_INTEGER_FOR_ARROW.fullmatch(word) for word in text[:_SAMPLE_ROWS].to_pylist()):
        return None
    try:
        integers = pc.cast(text, pa.int64())
    except pa.ArrowInvalid:
        return None
    # Arrow also casts 0x10, which is text in the language.
    if pc.any(pc.match_substring_regex(text, "[xX]")).as_py():
        return None
    result: np.ndarray[Any, Any] = integers.to_numpy(zero_copy_only=False)
    return result


def _candidates(text: pa.Array, among: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the rows of a mask that may be numbers, by a test of a few bytes of each.

    The first byte rules out most text that is not a number; the others rule out hexadecimal ids.
    """
    starts, data = string_bytes(text)
    if not len(data):
        return np.zeros(0, dtype=np.int64)
    begin, end = starts[:-1], starts[1:]
    if among.all():
        at = np.flatnonzero(_FIRST[data[np.minimum(begin, len(data) - 1)]] & (end > begin))
    else:
        at = np.flatnonzero(among & (end > begin))
        at = at[_FIRST[data[begin[at]]]]
    for allowed, place in _LOOKS:
        if not len(at):
            break
        looks = allowed[data[place(begin[at], end[at])]]
        if not looks.all():
            at = at[looks]
    return at


def string_bytes(text: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Give the offsets (rows + 1 of them) and the bytes of a string array, without a copy."""
    _, offsets, data = text.buffers()
    if offsets is None or len(text) == 0:
        return np.zeros(len(text) + 1, dtype=np.int32), np.zeros(0, dtype=np.uint8)
    starts = np.frombuffer(offsets, dtype=np.int32, count=len(text) + 1, offset=4 * text.offset)
    bytes_ = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else None
    return starts, np.zeros(0, dtype=np.uint8) if bytes_ is None else bytes_


def _filled(values: pa.Array, replacement: float) -> np.ndarray[Any, Any]:
    if values.null_count:
        values = values.fill_null(pa.scalar(replacement, type=values.type))
    result: np.ndarray[Any, Any] = values.to_numpy(zero_copy_only=False)
    return result
