"""Conversion, comparison, keys and arithmetic, by table and against the rule in plain Python."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cwnb.events import TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER, TYPE_STRING
from cwnb.insights import values
from cwnb.insights.values import numbers
from cwnb.insights.values.value_types import mixed_array

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
TIME = pa.array([1767323045678, None], values.TIME)
STRUCTURES = pa.ExtensionArray.from_storage(values.STRUCTURE, pa.array(['{"a":1}', None]))

numeric_text = st.sampled_from(
    "0 -0 00 1 01 +1 1.0 1. .5 0.5 5e-1 200 0200 2e2 200.0 9007199254740992 9007199254740993 "
    "9007199254740992.0 9223372036854775807 9223372036854775808 9223372036854775809 "
    "-9223372036854775808 -9223372036854775809 12345678901234567890123 1e22 1e400 1e401 -1e400 "
    "0.1 1e-400 000000000000000000000000007 +9223372036854775807".split()
)
other_text = st.sampled_from(
    [
        "",
        "x",
        "abc",
        "true",
        "false",
        "0x10",
        "inf",
        "nan",
        "1e",
        "e5",
        ".",
        "-",
        "+",
        "1 ",
        " 1",
        "1\n",
        "٣",
        "é",
        "5A",
        "1_0",
        "--1",
        "1.2.3",
        "\0",
        "1e5x",
    ]
)
text = st.one_of(numeric_text, other_text, st.text("0123456789.+-eEx ", max_size=6))
value = st.one_of(
    st.none(),
    text,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.5, 1.0, 2.0**53, 2.0**63, -(2.0**63), 1e22]),
)


def mixed(rows: list[Any]) -> pa.Array:
    """Put Python values in a mixed column."""
    codes = {str: TYPE_STRING, int: TYPE_INTEGER, float: TYPE_FLOAT, bool: TYPE_BOOLEAN}
    texts = [None if row is None else text_form(row) for row in rows]
    types = [codes.get(type(row), 0) for row in rows]
    return mixed_array(pa.array(texts, pa.string()), pa.array(types, pa.int8()))


def text_form(row: Any) -> str:
    if isinstance(row, bool):
        return "true" if row else "false"
    return str(values.to_text(pa.scalar(row)).as_py()) if isinstance(row, float) else str(row)


def number(row: Any) -> Decimal | None:
    """Read a value as the exact number that it counts as."""
    if isinstance(row, bool) or row is None:
        return None
    if isinstance(row, int | float):
        return Decimal(row)
    if not values.is_number(row):
        return None
    integer = row.lstrip("+-").isdigit()
    return Decimal(row) if integer else Decimal(float(row))


def expected(op: str, a: Any, b: Any) -> bool | None:
    if a is None or b is None:
        return None
    x, y = number(a), number(b)
    if isinstance(a, bool) != isinstance(b, bool):  # 1 or 0 beside a number
        x, y = (
            number(int(a) if isinstance(a, bool) else a),
            number(int(b) if isinstance(b, bool) else b),
        )
    if x is None or y is None:
        x, y = text_form(a).encode(), text_form(b).encode()  # type: ignore[assignment]
    signs = {"=": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}  # type: ignore[operator]
    return signs[op]


def columns(rows: list[Any]) -> list[pa.Array]:
    """Give the rows in every kind of column that can hold them."""
    found = [mixed(rows)]
    kinds = {type(row) for row in rows if row is not None}
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if len(kinds) == 1:
        found.append(pa.array(rows, types[kinds.pop()]))
    if pa.types.is_string(found[-1].type):
        found.append(found[-1].dictionary_encode())
    return found


@pytest.mark.parametrize(
    ("given_text", "number"),
    [
        ("5", 5), ("+5", 5), ("-05", -5), ("5.", 5.0), (".5", 0.5), ("1e3", 1000.0),
        ("9223372036854775807", 2**63 - 1), ("9223372036854775808", 2.0**63),
        ("0x10", None), ("inf", None), ("nan", None), ("1_0", None), ("", None), (" 1", None),
        ("1\n", None), ("٣", None), ("1e", None), (".", None), ("true", None),
    ],
)  # fmt: skip
def test_text_as_number(given_text: str, number: float | None) -> None:
    for column in columns([given_text]):
        answer = values.to_number(column)
        assert answer.to_pylist() == [number]
        assert isinstance(answer[0].as_py(), type(number))


def test_to_number_of_other_kinds() -> None:
    assert values.to_number(pa.array([True, None])).to_pylist() == [1, None]
    assert values.to_number(TIME).to_pylist() == [1767323045678, None]
    assert values.to_number(STRUCTURES).to_pylist() == [None, None]
    assert values.to_number(pa.nulls(2)).to_pylist() == [None, None]
    assert values.to_number(mixed([True, "2", "x", 3])).to_pylist() == [1, 2, None, 3]
    assert values.to_number(mixed([False, "x"])).to_pylist() == [0, None]
    assert values.to_number(pa.scalar("7")).as_py() == 7
    whole = values.to_number(pa.array(["1", "2"]))
    assert pa.types.is_int64(whole.type)


def test_text_forms() -> None:
    assert values.to_text(TIME).to_pylist() == ["2026-01-02 03:04:05.678", None]
    assert values.to_text(pa.array([1.0, 1e20, 0.1])).to_pylist() == ["1", "1e+20", "0.1"]
    assert values.to_text(pa.array([True, False])).to_pylist() == ["true", "false"]
    assert values.to_text(STRUCTURES).to_pylist() == ['{"a":1}', None]
    assert values.to_text(pa.scalar(None)).as_py() is None
    assert values.to_text(pa.nulls(1)).to_pylist() == [None]


def test_truth() -> None:
    words = ["true", "false", "", "x", "1", "0", "0.0", "-2", None]
    truth = [True, False, False, False, True, False, False, True, None]
    for column in columns(words):
        assert values.to_boolean(column).to_pylist() == truth
    assert values.to_boolean(pa.array([0, 2, None])).to_pylist() == [False, True, None]
    assert values.to_boolean(pa.array([0.0, 0.5])).to_pylist() == [False, True]
    assert values.to_boolean(STRUCTURES).to_pylist() == [False, None]
    assert values.to_boolean(pa.scalar(None)).as_py() is None


def test_times() -> None:
    answer = values.to_time(pa.array(["1767323045678", "x", "1e300", None]))
    assert values.to_text(answer).to_pylist() == ["2026-01-02 03:04:05.678", None, None, None]
    assert values.to_time(pa.array([-1.5])).cast(pa.int64()).to_pylist() == [-2]


def test_unify() -> None:
    def types(*arrays: Any) -> set[str]:
        unified = values.unify(arrays)
        assert len({v.type for v in unified}) == 1
        return {str(v.type) for v in unified}

    assert types(pa.array([1]), pa.scalar(2.5)) == {"double"}
    assert types(pa.array(["a"]).dictionary_encode(), pa.scalar("b")) == {"string"}
    assert types(pa.nulls(1), pa.array([1])) == {"int64"}
    assert types(pa.array([1]), pa.array(["a"])) == {str(values.MIXED)}
    assert types(pa.array([2**53 + 1]), pa.array([0.5])) == {str(values.MIXED)}
    assert types(STRUCTURES, pa.scalar(None)) == {str(values.STRUCTURE)}
    assert types(TIME, pa.array(["x", "y"])) == {str(values.MIXED)}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(value, value), min_size=1, max_size=12), st.sampled_from(OPERATORS))
def test_compare_columns(pairs: list[tuple[Any, Any]], op: str) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    wanted = [expected(op, a, b) for a, b in pairs]
    for a in columns(left):
        for b in columns(right):
            assert values.compare(op, a, b).to_pylist() == wanted


@settings(max_examples=200, deadline=None)
@example([math.inf, 5.0, None], "inf", "=")
@example([-math.inf, -5.0], "-inf", "!=")
@example([-math.inf, -5.0], "-inf", "<")
@given(
    st.one_of(
        st.lists(st.one_of(st.none(), text), min_size=1, max_size=8),
        st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-2, 2))),
        st.lists(st.one_of(st.none(), st.floats(allow_nan=False), st.sampled_from([1.0, 2.0**53]))),
        st.lists(st.booleans(), min_size=1),
        st.lists(value, min_size=1, max_size=8),
    ),
    value,
    st.sampled_from(OPERATORS),
)
def test_compare_with_constant(rows: list[Any], constant: Any, op: str) -> None:
    wanted = [expected(op, row, constant) for row in rows]
    mirrored = [expected(op, constant, row) for row in rows]
    for column in columns(rows):
        assert values.compare(op, column, pa.scalar(constant)).to_pylist() == wanted
        assert values.compare(op, pa.scalar(constant), column).to_pylist() == mirrored
    if constant is not None:
        found = [expected("=", row, constant) for row in rows]
        for column in columns(rows):
            assert values.is_in(column, [constant, "no such value"]).to_pylist() == found


@settings(max_examples=150, deadline=None)
@given(st.lists(value, min_size=1, max_size=10))
def test_keys_are_equal_where_values_are(rows: list[Any]) -> None:
    for column in columns(rows):
        keys = values.equality_key(column)
        if pa.types.is_dictionary(keys.type):
            assert len(keys.dictionary.unique()) == len(keys.dictionary)
        spelled = values.decode(keys).cast(pa.string()).to_pylist()
        for row, key in zip(rows, spelled, strict=True):
            for other, other_key in zip(rows, spelled, strict=True):
                if row is None or other is None:
                    assert (key is None) == (row is None)
                else:
                    # As a key a Boolean is a text.
                    one, two = (text_form(v) if isinstance(v, bool) else v for v in (row, other))
                    assert (key == other_key) == expected("=", one, two), (row, other)


def test_keys_agree_across_columns() -> None:
    def spelled(column: pa.Array) -> set[str]:
        return set(values.decode(values.equality_key(column)).cast(pa.string()).to_pylist())

    two_hundred = [
        pa.array([200]),
        pa.array([200.0]),
        pa.array([200.0, 200.5]).slice(0, 1),
        pa.array(["200", "0200", "2e2", "200.", "+200"]),
        pa.array(["200", "x"]).dictionary_encode().slice(0, 1),
        mixed([200, 200.0, "200"]),
        pa.array([200], values.TIME),
    ]
    assert [spelled(column) for column in two_hundred] == [{"200"}] * len(two_hundred)
    assert spelled(pa.array([1e22, 0.5])) == {"1" + "0" * 22, "0.5"}
    assert spelled(pa.array([0.0, -0.0])) == {"0"}
    assert str(values.equality_key(pa.array(["1", "2"])).type) == "int64"
    assert str(values.equality_key(pa.array([1.0, None])).type) == "int64"
    plain = pa.array(["a", "b"])
    assert values.equality_key(plain) is plain


def test_structures_are_unlike_anything() -> None:
    for op in OPERATORS:
        expected = [op == "!=", None]
        assert values.compare(op, STRUCTURES, pa.scalar("x")).to_pylist() == expected
        assert values.compare(op, STRUCTURES, STRUCTURES).to_pylist() == expected
        assert values.compare(op, pa.scalar(1), STRUCTURES).to_pylist() == expected
    assert values.is_in(STRUCTURES, [1]).to_pylist() == [False, None]
    assert values.is_in(pa.nulls(1), [1]).to_pylist() == [None]


def test_compare_constants_and_times() -> None:
    assert values.compare("=", pa.scalar(200), pa.scalar("0200")).as_py() is True
    assert values.compare("<", pa.scalar("b"), pa.scalar("a")).as_py() is False
    assert values.compare("=", pa.scalar(None), pa.scalar("a")).as_py() is None
    assert values.compare(">=", TIME, pa.scalar(1767323045678)).to_pylist() == [True, None]
    assert values.compare("=", TIME, pa.scalar("1767323045678")).to_pylist() == [True, None]
    assert values.compare("<", TIME, pa.scalar(1767323045678.5)).to_pylist() == [True, None]
    assert values.compare("=", TIME, TIME).to_pylist() == [True, None]
    assert values.compare("=", pa.nulls(1), pa.array([1])).to_pylist() == [None]


@pytest.mark.parametrize(
    ("op", "a", "b", "answer"),
    [
        ("+", 2, 3, 5), ("-", 2, 3, -1), ("*", "4", 2.5, 10.0), ("/", 7, 2, 3.5), ("/", 1, 0, None),
        ("/", 4, 2, 2.0), ("%", 7, 3, 1), ("%", -7, 3, -1), ("%", 7, -3, 1), ("%", 7, 0, None),
        ("%", 7.5, 2, 1.5), ("%", 7.5, 0.0, None), ("^", 2, 10, 1024), ("^", 2, -1, 0.5),
        ("^", 2, 64, 2.0**64), ("^", -8, 0.5, None), ("+", 2**62, 2**62, 2.0**63),
        ("*", 2**62, 4, 2.0**64), ("-", -(2**63), 1, -(2.0**63)), ("+", "x", 1, None),
        ("+", None, 1, None), ("+", True, True, 2), ("+", "true", 1, None),
        ("+", 2**53 + 1, 0.5, 2.0**53), ("%", -(2**63), -1, 0), ("+", "", 1, None),
    ],
)  # fmt: skip
def test_arithmetic(op: str, a: Any, b: Any, answer: Any) -> None:
    ways = [
        (pa.scalar(a), pa.scalar(b)),
        (values.broadcast(pa.scalar(a), 2), pa.scalar(b)),
        (pa.scalar(a), values.broadcast(pa.scalar(b), 2)),
        (values.broadcast(pa.scalar(a), 2), values.broadcast(pa.scalar(b), 2)),
    ]
    for x, y in ways:
        result = values.arithmetic(op, x, y)
        rows = result.to_pylist() if isinstance(result, pa.Array) else [result.as_py()]
        assert set(rows) == {answer}
        if answer is not None:
            assert {type(row) for row in rows} == {type(answer)}


def test_slices_are_read_from_their_own_rows() -> None:
    column = pa.array(["1", "x", None, "3", "y10", "y9", "5.0"]).slice(3)
    assert values.to_number(column).to_pylist() == [3, None, None, 5]
    assert values.equality_key(column).to_pylist() == ["3", "y10", "y9", "5"]
    assert values.sort_order([(column, False)]).tolist() == [2, 1, 0, 3]
    assert values.compare("=", column, pa.scalar(5)).to_pylist() == [False, False, False, True]


@settings(deadline=None)
@given(
    st.lists(
        st.none()
        | st.sampled_from(
            ["1.5", "10.0.0.1", "1.2.3", "1e5", "1-2", "..", "+1", "0x1", "1e999", "."]
        )
        | st.text("0123456789.+-eE", max_size=6),
        max_size=24,
    )
)
def test_numbers_are_found_among_texts_that_look_like_them(rows):
    found = numbers.from_text(pa.array(rows, pa.string()))
    expected = [row is not None and values.is_number(row) for row in rows]
    assert (found.numeric.tolist() if found else [False] * len(rows)) == expected
