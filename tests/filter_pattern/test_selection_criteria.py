"""Selection criteria of policies and filters: what they select, and what is refused."""

from __future__ import annotations

import pytest

from cwnb.errors import InvalidParameter, MalformedPattern
from cwnb.filter_pattern import SelectionCriteria

GROUP = {"LogGroupName": "/shop/web"}


@pytest.mark.parametrize(
    ("text", "form", "values", "selected"),
    [
        ("", "subscription policy", GROUP, True),
        ('LogGroupName NOT IN ["/shop/app","/shop/web"]', "subscription policy", GROUP, False),
        ('LogGroupName NOT  IN [ "/shop/app" ]', "subscription policy", GROUP, True),
        ('LogGroupNamePrefix = "/shop"', "transformer policy", GROUP, True),
        ('LogGroupNamePrefix IN ["/a", "/b"]', "retention policy", GROUP, False),
        ('LogGroupNamePrefix NOT IN ["/shop"]', "metric extraction policy", GROUP, False),
        ('DataSourceName = "vpc" AND DataSourceType = "flow"', "index policy",
         {"DataSourceName": "vpc", "DataSourceType": "dns"}, False),
        ('@aws.region IN ["eu-west-1"] OR @aws.account = "1" AND @source.log != "/a"', "fields",
         {"@aws.region": "us-east-1", "@aws.account": "1", "@source.log": "/b"}, True),
        ('(@aws.region = "a" OR @aws.region = "b") AND @aws.account = "1"', "fields",
         {"@aws.region": "b", "@aws.account": "2"}, False),
        ("*", "centralization source", {}, True),
        ('AccountId = "1" OR OrganizationId = "o"', "centralization source", {"AccountId": "1"}, True),
        ('LogGroupName LIKE "/shop/%" AND LogGroupName NOT LIKE "%app"', "centralization groups",
         GROUP, True),
        ('LogGroupName LIKE "/shop/w_b" AND LogGroupName != "AND"', "centralization groups", GROUP, True),
    ],
)  # fmt: skip
def test_selected(text: str, form: str, values: dict[str, str], selected: bool) -> None:
    assert SelectionCriteria.parse(text, form).select(values) is selected


@pytest.mark.parametrize(
    ("text", "form", "words", "marked"),
    [
        ('LogGroupNames NOT IN ["a"]', "subscription policy", "did you mean 'LogGroupName'", "LogGroupNames"),
        ('LogGroupName IN ["a"]', "subscription policy", "stands NOT IN", "IN"),
        ("LogGroupName NOT IN [a]", "subscription policy", "a text stands in double quotes", "a]"),
        ('LogGroupName NOT IN "a"', "subscription policy", "a list stands in brackets", '"a"'),
        ('LogGroupName NOT IN ["a"', "subscription policy", "expected a comma", None),
        ('LogGroupName NOT IN ["a"] AND LogGroupName NOT IN ["b"]', "subscription policy",
         "has no AND", "AND"),
        ('LogGroupNamePrefix = "a" AND DataSourceName = "b"', "index policy", "has either", "DataSourceName"),
        ('@aws.region = "a" && @aws.account = "b"', "fields", "expected AND or OR", "&&"),
        ("*", "fields", "unknown name '\\*'", "*"),
        ('@aws.region = "a" OR', "fields", "a name is missing", None),
        ("LogGroupName IN [" + '"a",' * 50 + '"a"]', "metric extraction policy", "at most 50 values", None),
        ('@aws.region = "' + "a" * 2_000 + '"', "fields", "at most 2,000 bytes", None),
    ],
)  # fmt: skip
def test_refused(text: str, form: str, words: str, marked: str | None) -> None:
    with pytest.raises(MalformedPattern, match=words) as caught:
        SelectionCriteria.parse(text, form)
    if marked is not None:
        assert text[caught.value.start : caught.value.end] == marked


def test_unknown_forms_are_named() -> None:
    with pytest.raises(InvalidParameter, match=r"unknown form .* did you mean 'fields'"):
        SelectionCriteria.parse("", "field")
    with pytest.raises(InvalidParameter, match="are a text, not 5"):
        SelectionCriteria.parse(5, "fields")  # type: ignore[arg-type]
