"""Each rule of the service has cases that show what both modes do with a query that breaks it."""

from __future__ import annotations

import pytest
from cases import Case, ask_frame, read_cases

from cwnb.errors import MalformedQuery
from cwnb.insights.resolve.rules import RULES, Then

CASES = [case for case in read_cases() if case.rule]


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
