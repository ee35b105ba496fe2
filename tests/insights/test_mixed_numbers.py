"""The numbers of a mixed column, which its types tell at once, beside the rule value by value."""

from __future__ import annotations

import gc
import math
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from cwnb.insights import values
from cwnb.insights.values import numbers
from cwnb.insights.values.conversion import analyse
from cwnb.insights.values.number_columns import numbers_in_mixed
from cwnb.insights.values.numbers import BIG, DOUBLE, INTEGER, MISSING, TEXT
from cwnb.insights.values.value_types import array_of
from tests.insights.test_values import mixed, number, text_form, value

row = st.one_of(
    value, st.sampled_from([math.inf, -math.inf, -0.0, 10**25, -(10**400), "1\0", "inf"])
)


def expected(one: Any, *, booleans: bool) -> tuple[int, int, float | None]:
    """Give form, integer and double of one value."""
    if one is None:
        return MISSING, 0, None
    if isinstance(one, bool) and booleans:
        return INTEGER, int(one), float(one)
    if isinstance(one, float) and math.isinf(one):
        return DOUBLE, 0, one
    text = text_form(one)
    if isinstance(one, bool) or number(one) is None or not values.is_number(text):
        return TEXT, 0, None
    if not text.lstrip("+-").isdigit():
        return DOUBLE, 0, float(text)
    fits = numbers.INT64_MIN <= int(text) <= numbers.INT64_MAX
    try:
        double = float(int(text))
    except OverflowError:
        double = -math.inf if text.startswith("-") else math.inf
    return (INTEGER, int(text), double) if fits else (BIG, 0, double)


@given(st.lists(row, max_size=12), st.lists(row, max_size=3), st.booleans())
def test_types_give_the_numbers(rows: list[Any], before: list[Any], booleans: bool) -> None:
    column = mixed([*before, *rows]).slice(len(before))
    found = numbers_in_mixed(column, booleans=booleans)
    wanted = [expected(one, booleans=booleans) for one in rows]
    if found is None:
        assert all(form in {MISSING, TEXT} for form, _, _ in wanted)
        return
    for form, (wanted_form, integer, double), at in zip(
        found.form.tolist(), wanted, range(len(rows)), strict=True
    ):
        assert form == wanted_form or {form, wanted_form} == {MISSING, TEXT}
        if wanted_form == INTEGER:
            assert found.integers[at] == integer
        if double is not None:
            assert found.doubles[at] == double


def test_values_below_missing_ones_do_not_count() -> None:
    hidden = pa.StructArray.from_arrays(
        [pa.array(["1", "2.5", "true", "inf"]), pa.array([1, 2, 3, 2], pa.int8())],
        fields=list(values.MIXED),
        mask=pa.array([True, True, True, True]),
    )
    assert numbers_in_mixed(hidden) is None
    assert values.to_number(hidden).to_pylist() == [None] * 4


def test_numbers_are_remembered_for_one_array_and_not_another() -> None:
    for start in range(50):  # arrays that end leave their ids to others
        column = mixed([start, "x", None])
        assert numbers_in_mixed(column) is numbers_in_mixed(column)
        assert analyse(column).integers.tolist() == [start, 0, 0]  # type: ignore[union-attr]
        del column
        gc.collect()


@given(
    st.lists(st.tuples(st.booleans(), st.booleans())),
    st.sampled_from([bool, np.int64, np.float64]),
)
def test_arrays_with_missing_values(pairs: list[tuple[bool, bool]], kind: Any) -> None:
    held = np.array([one for one, _ in pairs], kind)
    missing = np.array([gone for _, gone in pairs], bool)
    made = array_of(held, missing)
    made.validate(full=True)
    assert made.equals(pa.array(held, mask=missing))
    assert array_of(held[::2]).equals(pa.array(held[::2].copy()))


@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=40), st.integers(0, 20))
def test_presence_is_read_out_of_the_bits(rows: list[bool | None], cut: int) -> None:
    flags = pa.array(rows, pa.bool_()).slice(cut)
    assert values.true_or_false(flags).to_pylist() == [bool(one) for one in rows[cut:]]
    ones = pa.array([None if one is None else 1 for one in rows], pa.int64())
    texts = ones.cast(pa.string())
    nothing = pa.nulls(len(rows))
    for column in (ones, texts, texts.dictionary_encode(), mixed(rows), nothing):
        array = column.slice(cut)
        assert values.rows_present(array).tolist() == array.is_valid().to_pylist()


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=6))
def test_what_stands_for_missing_integers_does_not_count(rows: list[int | None]) -> None:
    array = pa.array(rows, pa.int64())
    exact = all(one is None or abs(one) <= 2**53 for one in rows)
    assert values.fits_double(array) == exact
    hidden = pa.array([2**60 if one is None else one for one in rows], pa.int64())
    missing = np.array([one is None for one in rows], bool)
    assert values.fits_double(array_of(np.asarray(hidden), missing)) == exact
