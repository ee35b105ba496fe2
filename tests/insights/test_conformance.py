"""Each rule of the service has cases that show what both modes do with a query that breaks it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from cases import Case, ask_frame, read_cases

import cwnb
from cwnb.errors import MalformedQuery
from cwnb.insights import parse
from cwnb.insights.resolve.rules import RULES, Then
from cwnb.insights.tree import Field, find

CASES = [case for case in read_cases() if case.rule]
FIXTURES = Path(__file__).parents[1] / "fixtures" / "insights"
_BLOCKS = re.split(r"^# ", (FIXTURES / "in_use.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]
# Each kind of use, with its queries.
IN_USE = {
    kind: lines.splitlines()
    for kind, _, lines in (block.strip().partition("\n") for block in _BLOCKS)
}


@pytest.mark.parametrize("key", RULES)
def test_a_rule_has_cases(key: str):
    modes = {case.strict for case in CASES if case.rule == key}
    rule = RULES[key]
    # What is refused in both modes needs one case only.
    assert modes == {True, False} or (modes and rule.strict is rule.lenient is Then.REFUSED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_ends_as_its_rule_says(case: Case):
    rule = RULES[case.rule]
    then = rule.strict if case.strict else rule.lenient
    if then is Then.REFUSED:
        with pytest.raises(MalformedQuery) as caught:
            ask_frame(case)
        assert caught.value.rule == case.rule
    else:
        asked = ask_frame(case)
        assert bool(asked.warnings) is (then is Then.WARNED) or case.rule == "text in backticks"


def _frame_with_the_fields_of(text: str) -> pd.DataFrame:
    """Give three events that have every field which a query names."""
    names = {name.name for name in find(parse(text).answer, Field)}
    times = pd.date_range("2026-11-20T08:00Z", periods=3, freq="min", unit="ms")
    values = {name: ["1", "ERROR", "2"] for name in sorted(names)}
    return pd.DataFrame(values | {"@timestamp": times, "@message": ["a took 5 ms", "x=1", "error"]})


@pytest.mark.parametrize("kind", IN_USE)
def test_each_kind_of_use_has_ten_queries(kind: str):
    assert len(IN_USE[kind]) >= 10


@pytest.mark.parametrize("text", [text for texts in IN_USE.values() for text in texts])
def test_strict_mode_answers_what_people_run(text: str):
    frame = _frame_with_the_fields_of(text)
    strict, lenient = (cwnb.query(text, frame, strict=mode) for mode in (True, False))
    assert strict.warnings
    assert strict.warnings == lenient.warnings
    pd.testing.assert_frame_equal(strict.df, lenient.df)
