from __future__ import annotations

import runpy
from typing import TYPE_CHECKING

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from pipelines import check_pipeline, parse_pipeline
from sqlglot import exp, tokenizer_core

from cwnb.insights.ql import tokens
from cwnb.insights.ql.dialect import parse_expression, to_text
from cwnb.insights.ql.tokens import quote, unquote
from cwnb.regex import groups, only_named_groups, write_regex

if TYPE_CHECKING:
    from cwnb.insights import tree

# A busy machine draws slowly, which is no fault of what is tested.
patient = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Such a count means something, though seldom what is wanted.
COUNT_OF_CONDITION = "counts the rows in which the condition is true or false"


@given(strategies.expressions())
@patient
def test_expression_to_text_and_back(node: exp.Expression):
    assert parse_expression(to_text(node)) == node


@given(strategies.queries())
@patient
def test_query_to_text_and_back(pipeline: tree.Pipeline):
    text = to_text(pipeline)
    again = parse_pipeline(text)
    assert again == pipeline
    assert to_text(again) == text


@given(strategies.pipelines())
@patient
def test_meaningful_query_settles_as_it_is(pipeline: tree.Pipeline):
    text = to_text(pipeline)
    assert parse_pipeline(text) == pipeline
    for strict in (False, True):
        settled, warnings = check_pipeline(
            parse_pipeline(text), strict=strict, known=strategies.FIELDS.__contains__
        )
        assert to_text(settled) == text
        assert not [told for told in warnings if COUNT_OF_CONDITION not in told]


@given(strategies.any_text)
@patient
def test_quoted_text_is_read_as_it_is(value: str):
    assert unquote(quote(value)) == value


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a", []),
        (r"\((b)[(](?P<x>c)(?:d)(?i:e)", [None, "x"]),
        (r"[]()](?<y>\Q(z)\E)[[:alpha:](]", ["y"]),
        (r"\\(a)\\\(", [None]),
    ],
)
def test_groups_that_capture(pattern: str, names: list[str | None]):
    assert [group.name for group in groups(pattern)] == names


def test_named_groups_are_the_only_ones():
    assert only_named_groups("(a)(?P<x>(b))") == "(?:a)(?P<x>(?:b))"
    assert only_named_groups("(a)(b)") == "(a)(b)"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a/b", r"/a\/b/"),
        (r"[/]\/\\/", r"/[\/]\/\\\//"),
        ("(?P<x>a)", "/(?<x>a)/"),
        (r"\(?P<", r"/\(?P</"),
        ("a\nb", r"/a\nb/"),
    ],
)
def test_regex_is_written_between_slashes(pattern: str, text: str):
    assert write_regex(pattern) == text


def test_column_name_outlives_a_changed_value():
    (stats,) = parse_pipeline("stats count( * ) by bin(300s)").commands
    (key,) = stats.args["by"]
    key.value.arguments[0].set("count", 60)
    assert to_text(stats) == "stats count( * ) by bin(60s) as `bin(300s)`"


def test_node_without_text_is_refused_by_name():
    with pytest.raises(TypeError, match="no Insights text for Select"):
        to_text(exp.Select())


def test_compiled_sqlglot_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tokenizer_core, "__file__", "tokenizer_core.so")
    with pytest.raises(ImportError, match="pip uninstall sqlglotc"):
        runpy.run_path(str(tokens.__file__))
