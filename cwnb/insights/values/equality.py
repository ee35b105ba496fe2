"""How values compare: as numbers where both sides are numbers, else as text by code point.

A Boolean is `true` or `false` beside a text, and 1 or 0 beside a number: the service stores the
Booleans of JSON as 1 and 0 (aws-powertools/powertools-lambda-dotnet#667). As a key it is a text.

One equality serves `=`, `in`, group keys, `dedup` and distinct counts: 200, "200", 200.0, "0200"
and "2e2" are one value. Integers are exact however long they are.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EXACT_DOUBLE, TYPE_BOOLEAN, TYPE_STRING
from cwnb.insights.values import numbers
from cwnb.insights.values.conversion import analyse, text_of, to_number, to_text
from cwnb.insights.values.numbers import (
    BIG,
    DOUBLE,
    INT64_MAX,
    INT64_MIN,
    INTEGER,
    Numbers,
)
from cwnb.insights.values.value_types import (
    Value,
    array_of,
    broadcast,
    decode,
    int8_values,
    is_mixed,
    is_structure,
    is_text,
    is_time,
    rows_present,
    structures_in,
    values_of_type,
    without_structures,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    OnTexts = Callable[[], object] | None

_KERNELS = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Whether an operator holds, given the sign of (a - b).
_HOLDS_FOR_SIGN: dict[str, Callable[[Any], Any]] = {
    "=": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}
_CANONICAL_INTEGER = r"\A(?:-?[1-9][0-9]*|0)\z"
# Whole doubles below this fit int64; larger ones are written digit by digit, which is slower.
_INT64_DOUBLES = 2.0**63


# The texts of numbers that are no numbers as texts, as Arrow's cast writes them.
_ENDLESS = {"inf": math.inf, "-inf": -math.inf}


def compare(op: str, a: Value, b: Value, on_texts: OnTexts = None) -> Value:
    """Compute `a op b` as booleans; missing where either side is.

    A structure is unlike anything, so `!=` is true of it, and every other operator is false.
    `on_texts` is called if a constant number was compared with texts that are none, as texts.
    """
    if not isinstance(a, pa.Array):
        if not isinstance(b, pa.Array):
            return compare(op, broadcast(a, 1), broadcast(b, 1))[0]
        return compare(_MIRRORED[op], b, a, on_texts)
    if not len(a) or pa.types.is_null(a.type) or pa.types.is_null(b.type):
        return pa.nulls(len(a), pa.bool_())
    if is_structure(a.type) or is_structure(b.type):
        return unless_missing(a, b, np.full(len(a), op == "!="))
    answer = _beside_numbers(op, a, b, _compare(op, a, b, on_texts))
    for side in (a, b):
        if isinstance(side, pa.Array) and (structures := structures_in(side)) is not None:
            unlike = pc.or_ if op == "!=" else pc.and_not
            answer = unlike(answer, structures)
    return answer


def _beside_numbers(op: str, a: pa.Array, b: Value, answer: pa.Array) -> pa.Array:
    """Give the answer of a comparison in which a Boolean beside a number is 1 or 0."""
    of_a, of_b = booleans_in(a), booleans_in(b)
    if of_a is None and of_b is None:
        return answer
    no = pa.scalar(False)
    one_side = pc.xor(no if of_a is None else of_a, no if of_b is None else of_b)
    found = _compare(op, to_number(a), to_number(b))
    return pc.if_else(pc.and_(one_side, found.is_valid()), found, answer)


def booleans_in(value: Value) -> Value | None:
    """Tell which values are Booleans; None if none is."""
    if pa.types.is_boolean(value.type):
        return value.is_valid() if isinstance(value, pa.Array) else pa.scalar(value.is_valid)
    if not is_mixed(value.type) or not isinstance(value, pa.Array):
        return None
    return values_of_type(value, TYPE_BOOLEAN)


def _compare(op: str, a: pa.Array, b: Value, on_texts: OnTexts = None) -> pa.Array:
    if isinstance(b, pa.Array):
        return _compare_arrays(op, decode(a), decode(b))
    if not b.is_valid:
        return pa.nulls(len(a), pa.bool_())
    if pa.types.is_dictionary(a.type):
        if len(a.dictionary) > len(a):
            return _compare(op, decode(a), b, on_texts)
        return _compare(op, a.dictionary, b, on_texts).take(a.indices)
    return _compare_constant(op, a, b, on_texts)


def _compare_constant(op: str, a: pa.Array, b: pa.Scalar, on_texts: OnTexts = None) -> pa.Array:
    same = a.type == b.type
    if same and (pa.types.is_boolean(a.type) or pa.types.is_int64(a.type)):
        return _KERNELS[op](a, b)
    if pa.types.is_float64(a.type) and pa.types.is_int64(b.type) and _is_exact(b.as_py()):
        return _KERNELS[op](a, b.cast(pa.float64()))
    one = broadcast(b, 1)
    number = analyse(one)
    kernel = _KERNELS[op]
    if number is None:
        if pa.types.is_integer(a.type) or pa.types.is_floating(a.type):
            # The text of a number never equals a text that is not a number, but for the endless.
            endless = pa.types.is_floating(a.type) and b.as_py() in _ENDLESS
            if endless and op in {"=", "!="}:
                return kernel(a, pa.scalar(_ENDLESS[b.as_py()]))
            if op == "=":
                return unless_missing(a, b, np.zeros(len(a), dtype=bool))
            if op == "!=":
                return unless_missing(a, b, np.ones(len(a), dtype=bool))
        return kernel(to_text(a), decode(to_text(b)))
    if number.form[0] != BIG:
        exact = number.exact(0)
        if (pa.types.is_integer(a.type) or is_time(a.type)) and exact.is_finite():
            integers = pc.cast(a, pa.int64()) if is_time(a.type) else a
            return _compare_integers(op, integers, math.floor(exact), exact == math.floor(exact))
        if pa.types.is_floating(a.type) and exact == float(exact):
            return kernel(a, pa.scalar(float(exact)))
    found = analyse(a)
    if on_texts is not None and _has_texts(a, found):
        on_texts()
    if found is None:
        return kernel(to_text(a), decode(to_text(b)))
    if found.form.max() == INTEGER and not pa.types.is_integer(a.type):
        # A text column that holds integers only compares as a column of integers.
        integers = pa.array(found.integers, mask=found.form == numbers.MISSING)
        return _compare_constant(op, integers, b)
    return _compare_analysed(op, a, one, found, number)


def _has_texts(array: pa.Array, found: Numbers | None) -> bool:
    """Tell whether there is a text that is no number."""
    if pa.types.is_boolean(array.type):
        return False
    texts = rows_present(array) if found is None else found.form == numbers.TEXT
    if is_mixed(array.type):
        texts = texts & (int8_values(array.field("type")) == TYPE_STRING)
    return bool(texts.any())


def _is_exact(number: int) -> bool:
    return -EXACT_DOUBLE <= number <= EXACT_DOUBLE


def _compare_integers(op: str, a: pa.Array, floor: int, whole: bool) -> pa.Array:
    """Compare int64 values exactly with a number, given by its floor; `whole`: it is an integer."""
    rows = len(a)
    if not whole:
        if op in {"=", "!="}:
            return unless_missing(a, a, np.full(rows, op == "!="))
        op = "<=" if op in {"<", "<="} else ">"
    if INT64_MIN <= floor <= INT64_MAX:
        return _KERNELS[op](a, pa.scalar(floor, pa.int64()))
    sign = -1 if floor > 0 else 1
    return unless_missing(a, a, np.full(rows, bool(_HOLDS_FOR_SIGN[op](sign))))


def _compare_arrays(op: str, a: pa.Array, b: pa.Array) -> pa.Array:
    same = a.type == b.type
    if same and (pa.types.is_int64(a.type) or pa.types.is_float64(a.type) or is_time(a.type)):
        return _KERNELS[op](a, b)
    found_a, found_b = analyse(a), analyse(b)
    if found_a is None or found_b is None:
        return _KERNELS[op](to_text(a), to_text(b))
    return _compare_analysed(op, a, b, found_a, found_b)


def _compare_analysed(op: str, a: pa.Array, b: pa.Array, x: Numbers, y: Numbers) -> pa.Array:
    both = x.numeric & y.numeric
    answer = np.asarray(_HOLDS_FOR_SIGN[op](_signs(x, y, both)))
    rest = ~both & (x.form != numbers.MISSING) & (y.form != numbers.MISSING)
    if rest.any():
        texts_a, texts_b = to_text(a), broadcast(to_text(b), len(a)) if len(b) == 1 else to_text(b)
        at = pa.array(np.flatnonzero(rest))
        as_text = _KERNELS[op](texts_a.take(at), _rows_of(texts_b, at, len(a)))
        answer[rest] = as_text.to_numpy(zero_copy_only=False)
    missing = (x.form == numbers.MISSING) | (y.form == numbers.MISSING)
    return array_of(answer, np.broadcast_to(missing, answer.shape))


def _rows_of(texts: pa.Array, at: pa.Array, rows: int) -> pa.Array:
    return texts.take(at) if len(texts) == rows else broadcast(texts[0], len(at))


def _signs(x: Numbers, y: Numbers, both: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the sign of x - y for the rows in `both`; the values of other rows mean nothing."""
    with np.errstate(invalid="ignore"):
        signs = (x.doubles > y.doubles).astype(np.int8) - (x.doubles < y.doubles)
        equal = both & (signs == 0)
    # Rounding keeps the order, so only values that round to the same double need a closer look.
    undecided = equal & ((x.form != DOUBLE) | (y.form != DOUBLE))
    if not undecided.any():
        return signs
    left, right = np.broadcast_to(x.residuals(), signs.shape), y.residuals()
    residual = np.sign(left - right) if _can_subtract(left, right) else _sign_of(left, right)
    signs = np.where(undecided, residual, signs)
    for row in np.flatnonzero(undecided & ((x.form == BIG) | (y.form == BIG))):
        left_one = x.exact(row if len(x) > 1 else 0)
        right_one = y.exact(row if len(y) > 1 else 0)
        signs[row] = (left_one > right_one) - (left_one < right_one)
    return signs


def _can_subtract(*residuals: np.ndarray[Any, Any]) -> bool:
    return all(abs(int(r.min(initial=0))) < 2**60 for r in residuals)


def _sign_of(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    signs: np.ndarray[Any, Any] = (a > b).astype(np.int8) - (a < b)
    return signs


def unless_missing(a: pa.Array, b: Value, answer: np.ndarray[Any, Any]) -> pa.Array:
    """Give `answer`, with missing where either value is missing."""
    missing = a.is_null()
    if isinstance(b, pa.Array):
        missing = pc.or_(missing, b.is_null())
    elif not b.is_valid:
        return pa.nulls(len(a), pa.bool_())
    return array_of(answer, missing.to_numpy(zero_copy_only=False))


def is_in(value: Value, options: Sequence[str | float | bool]) -> Value:
    """Tell for each value whether it equals one of the options; missing stays missing.

    A structure equals none of them.
    """
    if not isinstance(value, pa.Array):
        return is_in(broadcast(value, 1), options)[0]
    if pa.types.is_null(value.type):
        return pa.nulls(len(value), pa.bool_())
    if is_structure(value.type):
        return unless_missing(value, value, np.zeros(len(value), dtype=bool))
    if (structures := structures_in(value)) is not None:
        scalars = is_in(without_structures(value), options).fill_null(False)
        return unless_missing(value, value, np.asarray(pc.and_not(scalars, structures)))
    if pa.types.is_dictionary(value.type):
        if len(value.dictionary) > len(value):
            return is_in(decode(value), options)
        return is_in(value.dictionary, options).take(value.indices)
    if pa.types.is_floating(value.type):
        options = [_ENDLESS.get(one, one) if isinstance(one, str) else one for one in options]
    endless = [option for option in options if isinstance(option, float) and math.isinf(option)]
    if endless:
        rest = [option for option in options if option not in endless]
        return pc.or_(is_in(value, rest), _is_infinite(value, endless))
    flags = [str(int(option)) for option in options if isinstance(option, bool)]
    wanted = pa.array([*map(text_of, options), *flags], pa.string())
    if (booleans := booleans_in(value)) is not None:
        found = pc.if_else(booleans, _is_in(to_number(value), wanted), pa.scalar(False))
        return pc.or_(_is_in(value, wanted), found)
    return _is_in(value, wanted)


def _is_in(value: pa.Array, wanted: pa.Array) -> pa.Array:
    """Do what `is_in` does for a column that is no dictionary; `wanted` are texts of options."""
    number = numbers.from_text(wanted)
    if pa.types.is_integer(value.type) or pa.types.is_floating(value.type) or is_time(value.type):
        return _is_in_numbers(value, number)
    if number is None or analyse(value) is None:
        found = pc.is_in(to_text(value), value_set=wanted)
        return pc.if_else(value.is_valid(), found, pa.scalar(None, pa.bool_()))
    wanted, key = equality_key(wanted), equality_key(value)
    if key.type != wanted.type:
        key, wanted = pc.cast(key, pa.string()), pc.cast(wanted, pa.string())
    found = pc.is_in(key, value_set=wanted)
    return pc.if_else(value.is_valid(), found, pa.scalar(None, pa.bool_()))


def _is_infinite(value: pa.Array, options: Sequence[float]) -> pa.Array:
    """Tell which numbers are one of these infinite ones; text never is."""
    found = None if is_text(value) else analyse(value)
    nothing = np.zeros(len(value), dtype=bool)
    here = nothing if found is None else found.numeric & np.isin(found.doubles, options)
    return unless_missing(value, value, here)


def _is_in_numbers(value: pa.Array, options: Numbers | None) -> pa.Array:
    exact = [] if options is None else [options.exact(i) for i in np.flatnonzero(options.numeric)]
    if pa.types.is_floating(value.type):
        doubles = [float(e) for e in exact if e == Decimal(float(e))]
        # For Arrow, -0.0 and 0.0 differ.
        doubles += [-0.0] if 0.0 in doubles else []
        found = pc.is_in(value, value_set=pa.array(doubles, pa.float64()))
    else:
        inside = [e for e in exact if INT64_MIN <= e <= INT64_MAX and e == math.floor(e)]
        integers = pa.array([int(e) for e in inside], pa.int64())
        found = pc.is_in(pc.cast(value, pa.int64()), value_set=integers)
    return pc.if_else(value.is_valid(), found, pa.scalar(None, pa.bool_()))


def equality_key(array: pa.Array) -> pa.Array:
    """Give a key per value that is equal exactly where the values are.

    int64 if all values are integers within its range, else string: the value's text, numbers in one
    canonical spelling. A dictionary-encoded column gives dictionary<int32, string> in which each
    key occurs once. Cast int64 keys to string to compare them with string keys.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _dictionary_key(array)
    if pa.types.is_int64(kind):
        return array
    if is_time(kind):
        return pc.cast(array, pa.int64())
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_boolean(kind) or is_structure(kind):
        return to_text(array)
    found = analyse(array)
    if found is None:
        return to_text(array)
    if pa.types.is_floating(kind):
        found = _as_integers(found)
    forms = found.form[found.form != numbers.MISSING]
    if (forms == INTEGER).all():
        return pa.array(found.integers, mask=found.form == numbers.MISSING)
    return _canonical_text(to_text(array), found, from_doubles=bool(pa.types.is_floating(kind)))


def _dictionary_key(array: pa.Array) -> pa.Array:
    keys = pc.cast(equality_key(array.dictionary), pa.string())
    if keys.equals(array.dictionary):
        # The values of a dictionary are distinct, so keys that equal them are distinct too.
        return array
    encoded = keys.dictionary_encode()
    if len(encoded.dictionary) == len(keys):
        return pa.DictionaryArray.from_arrays(array.indices, keys)
    return pa.DictionaryArray.from_arrays(encoded.indices.take(array.indices), encoded.dictionary)


def _as_integers(found: Numbers) -> Numbers:
    """Give the same numbers, with every whole double that fits int64 as an INTEGER."""
    doubles = found.doubles
    with np.errstate(invalid="ignore"):
        whole = (found.form == DOUBLE) & (np.floor(doubles) == doubles)
        whole &= (doubles >= -_INT64_DOUBLES) & (doubles < _INT64_DOUBLES)
    form = np.where(whole, INTEGER, found.form)
    integers = np.where(whole, np.where(whole, doubles, 0).astype(np.int64), found.integers)
    return Numbers(form, integers, doubles, found.text)


def _canonical_text(text: pa.Array, found: Numbers, *, from_doubles: bool) -> pa.Array:
    """Write the numbers in the text with one spelling for each value.

    `from_doubles`: Arrow wrote the text from doubles, so fractions have that spelling already.
    """
    found = _as_integers(found)
    if from_doubles:
        respell = (found.form == INTEGER) | ~(
            np.abs(found.doubles) < _INT64_DOUBLES
        ) & found.numeric
    else:
        spelled = pc.match_substring_regex(text, _CANONICAL_INTEGER).fill_null(True)
        respell = found.numeric & ~spelled.to_numpy(zero_copy_only=False)
    if not respell.any():
        return text
    at = np.flatnonzero(respell)
    forms = found.form[at]
    integers = pc.cast(pa.array(found.integers[at]), pa.string())
    fractions = pc.cast(pa.array(found.doubles[at]), pa.string())
    new = pc.if_else(pa.array(forms == INTEGER), integers, fractions)
    huge = (forms == BIG) | ((forms == DOUBLE) & ~(np.abs(found.doubles[at]) < _INT64_DOUBLES))
    if huge.any():
        words = new.to_pylist()
        for i in np.flatnonzero(huge):
            words[i] = _all_digits(found, int(at[i]))
        new = pa.array(words, pa.string())
    return pc.replace_with_mask(text, pa.array(respell), new)


def _all_digits(found: Numbers, row: int) -> str:
    exact = found.exact(row)
    if not exact.is_finite():
        # Not `inf`, because a log may contain that word as text.
        return "1e999" if exact > 0 else "-1e999"
    return format(exact, "f")
