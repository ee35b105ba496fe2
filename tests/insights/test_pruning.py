"""By which bounds and texts a source may leave out segments, for each kind of condition."""

from __future__ import annotations

import math

import pytest

from cwnb.events import Condition, NumberRange
from cwnb.insights.ql.dialect import parse_query
from cwnb.insights.rewrite import as_condition
from cwnb.insights.rewrite.pruning import condition
from cwnb.insights.tree import Filter

HALF = math.nextafter(0.5, 0), math.nextafter(0.5, 1)


@pytest.mark.parametrize(
    ("text", "texts", "ranges"),
    [
        ('a = "x"', {"x"}, None),
        ('a in ["x", "y"]', {"x", "y"}, None),
        ("a = 5", None, [NumberRange(5, 5)]),
        ('a = "5"', None, [NumberRange(5, 5)]),
        ('a in [5, "7"]', None, [NumberRange(5, 5), NumberRange(7, 7)]),
        ('a in [5, "x"]', None, None),
        ("a = 0.5", None, [NumberRange(*HALF)]),
        ('a = "5e-1"', None, [NumberRange(*HALF)]),
        ("a < 5", None, [NumberRange(high=5, without_high=True)]),
        ("a <= 5", None, [NumberRange(high=5)]),
        ("a > 0.5", None, [NumberRange(low=HALF[0], without_low=True)]),
        ("5 > a", None, [NumberRange(high=5, without_high=True)]),
        ("a >= 9007199254740993", None, [NumberRange(low=9007199254740993)]),
        ('a < "x"', None, None),
        ("a like /x/", None, None),
        ("ispresent(a)", None, None),
    ],
)
def test_a_condition_as_bounds_and_texts(text, texts, ranges):
    node = parse_query(f"filter {text}").find(Filter).args["condition"]
    wanted = Condition(
        "a",
        None if texts is None else frozenset(texts),
        None if ranges is None else tuple(ranges),
    )
    assert as_condition(node) == wanted


@pytest.mark.parametrize("text", ["a != 5", "a = b", "not ispresent(a)", "abs(a) = 5"])
def test_what_leaves_nothing_out(text):
    node = parse_query(f"filter {text}").find(Filter).args["condition"]
    assert as_condition(node) is None


@pytest.mark.parametrize("value", [True, "1e999", "NaN", "", "\u0665", float("inf")])
def test_what_is_no_bounded_number_can_be_anywhere(value):
    assert condition("a", "<", (value,)).ranges is None


@pytest.mark.parametrize(
    ("wanted", "meets"),
    [
        (NumberRange(5, 5), [(5, 5), (0, 9), (5.0, 7)]),
        (NumberRange(high=5), [(5, 9), (-9, -8)]),
        (NumberRange(high=5, without_high=True), [(4.9, 9)]),
        (NumberRange(low=5), [(0, 5), (2**70, 2**70)]),
        (NumberRange(low=2**53, without_low=True), [(0, 2**53 + 1)]),
    ],
)
def test_ranges_that_meet(wanted, meets):
    assert [pair for pair in meets if not wanted.meets(*pair)] == []


@pytest.mark.parametrize(
    ("wanted", "least", "greatest"),
    [
        (NumberRange(5, 5), 6, 9),
        (NumberRange(5, 5), 0, 4.999),
        (NumberRange(high=5, without_high=True), 5, 9),
        (NumberRange(low=5, without_low=True), 0, 5),
        (NumberRange(low=2**53 + 1), 0, 2**53),
    ],
)
def test_ranges_that_do_not_meet(wanted, least, greatest):
    assert not wanted.meets(least, greatest)
