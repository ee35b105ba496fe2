"""The sort order against the comparator that defines it."""

from __future__ import annotations

import functools
import itertools
import math
import random
import re
import struct
import time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.events import TYPE_STRING
from cwnb.insights import values
from cwnb.insights.values.value_types import mixed_array

NUM = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
RUN = re.compile(r"[0-9]+|[^\W0-9_]+|[\W_]")


def number(text: str) -> Decimal:
    return Decimal(text) if text.lstrip("+-").isdigit() else Decimal(float(text))


def is_number(text: str) -> bool:
    """Tell whether a text is a number: a double can hold it, or it is an integer."""
    if not NUM.fullmatch(text):
        return False
    fits = math.isfinite(float(text)) and (float(text) != 0) == (Decimal(text) != 0)
    return fits or text.lstrip("+-").isdigit()


def natural_cmp(a: str, b: str) -> int:
    """Compare as the documentation's examples are ordered; digits are ASCII, integers exact."""
    na, nb = is_number(a), is_number(b)
    if na != nb:
        return 1 if na else -1
    if na:
        x, y = number(a), number(b)
        return (x > y) - (x < y) or (a > b) - (a < b)
    p, q = RUN.findall(a), RUN.findall(b)
    for u, v in zip(p, q, strict=False):
        if u == v:
            continue
        if re.fullmatch("[0-9]+", u) and re.fullmatch("[0-9]+", v):
            return (len(u) > len(v)) - (len(u) < len(v)) or (u > v) - (u < v)
        return -1 if u < v else 1
    return (len(p) > len(q)) - (len(p) < len(q))


def sorted_rows(rows: list[str | None], *, descending: bool) -> list[int]:
    """Give the order that a stable sort by the comparator gives; the missing first."""

    def compare(i: int, j: int) -> int:
        a, b = rows[i], rows[j]
        known = a is not None and b is not None
        sign = natural_cmp(a, b) if known else (a is not None) - (b is not None)
        return -sign if descending else sign

    return sorted(range(len(rows)), key=functools.cmp_to_key(compare))


words = st.one_of(
    st.none(),
    st.text("aB0159_-. é٣²\0~", max_size=8),
    st.text("0123456789.e+-", max_size=5),
    st.text(max_size=4).filter(lambda t: t.encode("utf-8", "ignore").decode() == t),
    st.sampled_from(
        [
            *"1 01 1.0 1. +1 1e0 -0 0 0.0 9007199254740992 9007199254740993 9007199254740993.0 "
            "9223372036854775808 9223372036854775807 9223372036854775809 1e19 10000000000000000000 "
            "1e400 1e401 -1e400 -9223372036854775809 _55 _٣ _a 5A 111A ab~ abc a10 a9 a09".split(),
            "9" * 400,
            "-" + "9" * 400,
            "9" * 401,
            "x" + "1" * 5000,
            "x" + "1" * 4999 + "2",
        ]
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(words, max_size=14), st.booleans())
def test_text_sorts_by_the_comparator(rows: list[str | None], descending: bool) -> None:
    column = pa.array(rows, pa.string())
    types = pa.array([TYPE_STRING] * len(rows), pa.int8())
    wanted = sorted_rows(rows, descending=descending)
    for kind in (column, column.dictionary_encode(), mixed_array(column, types)):
        assert values.sort_order([(kind, descending)]).tolist() == wanted
        assert by_ranks(kind, descending=descending) == wanted


def by_ranks(column: pa.Array, *, descending: bool) -> list[int]:
    """Give the rows in the order of their ranks, as a table in a browser sorts them."""
    placed = values.ranks(column)
    return np.argsort(-placed if descending else placed, kind="stable").tolist()


@settings(max_examples=200, deadline=None)
@given(st.lists(words.filter(lambda w: w is not None and not NUM.fullmatch(w)), max_size=10))
def test_natural_keys_sort_by_the_comparator(rows: list[str]) -> None:
    wanted = sorted(rows, key=functools.cmp_to_key(natural_cmp))
    keys = dict(
        zip(rows, values.natural_keys(pa.array(rows, pa.string())).to_pylist(), strict=True)
    )
    assert sorted(rows, key=keys.__getitem__) == wanted


def runs_key(text: str) -> bytes:
    """Make the key of one text run by run."""
    parts = []
    for run in RUN.findall(text):
        if run[0].isascii() and run[0].isdigit():
            parts.append(b"0" + struct.pack(">I", len(run)) + run.encode())
        elif run[0].isalnum():
            parts.append(run.encode() + b"\0")
        else:
            parts.append(run.encode())
    return b"".join(parts)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text("aZ09_-. \0é가나²٣😀…", max_size=8)), max_size=10))
def test_keys_of_a_column_are_those_of_its_texts(rows: list[str | None]) -> None:
    keys = values.natural_keys(pa.array(rows, pa.string())).to_pylist()
    assert keys == [None if row is None else runs_key(row) for row in rows]
    sliced = values.natural_keys(pa.array(["x", *rows], pa.string()).slice(1)).to_pylist()
    assert sliced == keys


DOCUMENTED = [
    "",
    "!",
    "_a",
    "5A",
    "20A",
    "111A",
    "a1b2",
    "a1b10",
    "a9",
    "a10",
    "-1",
    "0",
    "01",
    "1",
]


def test_documented_order() -> None:
    shuffled = DOCUMENTED.copy()
    random.Random(3).shuffle(shuffled)
    order = values.sort_order([(pa.array(shuffled), False)])
    got = [shuffled[i] for i in order]
    assert got[got.index("5A") : got.index("111A") + 1] == ["5A", "20A", "111A"]
    assert got[-4:] == ["-1", "0", "01", "1"]
    assert got == sorted(shuffled, key=functools.cmp_to_key(natural_cmp))


@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        (pa.array([3, None, 1, 1]), [1, 2, 3, 0], [0, 2, 3, 1]),
        (pa.array([-(2**63), 2**63 - 1, 0]), [0, 2, 1], [1, 2, 0]),
        (pa.array([0.0, -0.0, None, -1.5]), [2, 3, 1, 0], [0, 1, 3, 2]),
        (pa.array([True, False, None]), [2, 1, 0], [0, 1, 2]),
        (pa.array([5, None, 4], values.TIME), [1, 2, 0], [0, 2, 1]),
        (pa.nulls(3), [0, 1, 2], [0, 1, 2]),
        (pa.array([], pa.string()), [], []),
        (pa.array([None, None], pa.string()), [0, 1], [0, 1]),
        (pa.array(["b", None, "a", "b"]).dictionary_encode(), [1, 2, 0, 3], [0, 3, 2, 1]),
    ],
)
def test_kinds_of_columns(column: pa.Array, ascending: list[int], descending: list[int]) -> None:
    assert values.sort_order([(column, False)]).tolist() == ascending
    assert values.sort_order([(column, True)]).tolist() == descending


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**53 + 1, 2**53, None, -(2**63), 2**63 - 1, 2**53]),
        pa.array([0.0, -0.0, 1.5, None, float("inf"), -0.0, float("-inf"), -1.0]),
        pa.array([-0.0, None, 2.0, -0.0]),
        pa.array([True, None, False, True]),
        pa.array([5, None, 3], pa.timestamp("ms", "UTC")),
        pa.nulls(3),
    ],
    ids=lambda column: str(getattr(column, "type", column)),
)
def test_ranks_sort_as_the_language_does(column: pa.Array, descending: bool) -> None:
    wanted = values.sort_order([(column, descending)]).tolist()
    assert by_ranks(column, descending=descending) == wanted


def test_several_columns_are_stable() -> None:
    level = pa.array(["b", "a", "b", "a", "b"])
    count = pa.array([1, 2, 2, 2, None])
    assert values.sort_order([(level, False), (count, True)]).tolist() == [1, 3, 2, 0, 4]
    assert values.sort_order([(level, True), (count, False)]).tolist() == [4, 0, 2, 1, 3]


LONG = [
    # What tells two texts apart: their beginning, what comes late, a run that is longer than that.
    (["{n} took {n} ms " + "word " * 40], "early"),
    (["word " * 40 + "{n}", "word " * 40 + "{n}!", "word " * 13], "late"),
    (
        ["x" * 70 + "{n}", "1" * 70 + "{n}a", "x " + "1" * 62 + "{n} y" * 30, "é" * 300 + "{n}"],
        "runs",
    ),
]


@pytest.mark.parametrize("texts", [texts for texts, _ in LONG], ids=[name for _, name in LONG])
def test_long_texts_sort_by_the_comparator(texts: list[str]) -> None:
    generator = random.Random(1)
    rows = [
        generator.choice(texts).format(n=generator.choice(["", generator.randrange(10**4)]))
        for _ in range(1_500)
    ]
    rows[::100] = [None] * len(rows[::100])
    wanted = sorted_rows(rows, descending=False)
    column = pa.array(rows, pa.string())
    assert values.sort_order([(column, False)]).tolist() == wanted
    placed = values.ranks(column)
    steps = [rows[a] != rows[b] for a, b in itertools.pairwise(wanted)]
    assert np.diff(placed[wanted]).tolist() == steps
    assert placed.min() == 0


def test_many_mixed_rows_sort_quickly() -> None:
    generator = random.Random(1)
    rows: list[Any] = [
        generator.choice([f"host-{generator.randrange(10**6)}.é", str(generator.random()), f"x{i}"])
        for i in range(100_000)
    ]
    start = time.process_time()
    order = values.sort_order([(pa.array(rows), False)])
    # Under a second of processor time; waiting for a busy processor is not counted.
    assert time.process_time() - start < 4
    assert np.array_equal(np.sort(order), np.arange(100_000))
