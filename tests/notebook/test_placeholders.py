from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import parse_pipeline

from cwnb.errors import CwnbError, InvalidParameter, MalformedQuery
from cwnb.insights.tree import In, literal_value
from cwnb.notebook.placeholders import fill_query, fill_word, literal, without_braces

LITERALS = [
    ("checkout", '"checkout"'),
    ('say "hi"', r'"say \"hi\""'),
    (404, "404"),
    (-1.5, "-1.5"),
    (True, "true"),
    (np.int64(7), "7"),
    (np.bool_(False), "false"),
    ([200, "x"], '[200, "x"]'),
    ((1, 2), "[1, 2]"),
    ({3, 1}, "[1, 3]"),
    (np.array([1.5, 2]), "[1.5, 2.0]"),
    (pd.Series(["a", "b"]), '["a", "b"]'),
    (datetime(2026, 11, 20, 11, tzinfo=UTC), "1795172400000"),
    (datetime(2026, 11, 20, 11), "1795172400000"),  # noqa: DTZ001 - without zone is UTC
    (pd.Timestamp("2026-11-20 12:00", tz="Europe/Berlin"), "1795172400000"),
    (np.datetime64("2026-11-20T11:00"), "1795172400000"),
]


@pytest.mark.parametrize(("value", "text"), LITERALS)
def test_values_become_literals(value, text):
    assert literal(value) == text


@pytest.mark.parametrize(
    "value", [None, float("nan"), float("inf"), pd.NaT, pd.NA, [], [[1]], {"a": 1}, object()]
)
def test_what_has_no_literal_is_refused(value):
    with pytest.raises(InvalidParameter, match="cannot write 'x'"):
        literal(value, "x")


@given(st.text())
def test_any_text_comes_back_as_it_went_in(text):
    """Whatever a log line says, it stays one value of the query."""
    pipeline = parse_pipeline(fill_query("filter a in [{{x}}] | limit 1", {"x": text}))
    assert len(pipeline.commands) == 2
    (option,) = pipeline.find(In).args["options"]
    assert literal_value(option) == text


QUERIES = [
    ("filter a = {{x}}", {"x": '" or 1 = 1 | limit 1 #'}, 'filter a = "\\" or 1 = 1 | limit 1 #"'),
    ("filter a = {{ x }} and b={{x}}", {"x": 1}, "filter a = 1 and b=1"),
    ("filter a in {{x}}", {"x": ["p", "q"]}, 'filter a in ["p", "q"]'),
    ("filter a like {{x}} # not {{y}}", {"x": "p"}, 'filter a like "p" # not {{y}}'),
    ("stats count(*) by bin({{x|raw}})", {"x": "5m"}, "stats count(*) by bin(5m)"),
    ("filter a like /{{x|raw}}/", {"x": "b.*c"}, "filter a like /b.*c/"),
    ('filter a like "{{ x | raw }}"', {"x": "b"}, 'filter a like "b"'),
    ("filter {{x|raw}}", {"x": '`{{y}}` = "{{x|raw}}"'}, 'filter `{{y}}` = "{{x|raw}}"'),
    ("parse @message {{x}} as a", {"x": "user=*"}, 'parse @message "user=*" as a'),
    ("fields @message", {}, "fields @message"),
]


@pytest.mark.parametrize(("query", "variables", "filled"), QUERIES)
def test_placeholders_are_filled(query, variables, filled):
    assert fill_query(query, variables) == filled


INSIDE = [
    'filter a = "{{x}}"',
    "filter a = 'b {{x}} c'",
    "filter a like /{{x}}/",
    "fields `{{x}}`",
    "fields a{{x}}",
    "fields {{x}}.b",
]


@pytest.mark.parametrize("query", INSIDE)
def test_a_quoted_value_may_not_stand_inside_quotes_which_it_could_end(query):
    with pytest.raises(MalformedQuery, match="must stand alone") as caught:
        fill_query(query, {"x": 'b" | limit 1'})
    assert query[caught.value.start : caught.value.end] == "{{x}}"


MISTAKES = [
    ("filter a = {{statuss}}", "no variable 'statuss'; did you mean 'status'?"),
    ("filter a = {{nothing}}", "no variable 'nothing'"),
    ("filter a = {{status|sql}}", "unknown 'sql' after 'status'; write |raw"),
    ("filter a = {{status + 1}}", "is not the name of a variable"),
    ("filter a = {{}}", "is not the name of a variable"),
]


@pytest.mark.parametrize(("query", "message"), MISTAKES)
def test_mistakes_are_named_with_their_place(query, message):
    with pytest.raises(MalformedQuery) as caught:
        fill_query(query, {"status": 1})
    assert message in caught.value.message
    assert "^" in str(caught.value)


def test_an_unfinished_text_is_found_in_the_text_as_written():
    with pytest.raises(CwnbError) as caught:
        fill_query('filter a = {{x}} and b = "', {"x": 1})
    assert "{{x}}" in str(caught.value)


def test_words_of_the_line_are_filled_bare():
    variables = {"g": ["/a", "/b c"], "n": "web", "t": datetime(2026, 11, 20, 11, tzinfo=UTC)}
    assert fill_word("{{g}}", variables) == ["/a", "/b c"]
    assert fill_word("/shop/{{n}}", variables) == ["/shop/web"]
    assert fill_word("{{t}}", variables) == ["1795172400000"]
    assert fill_word("-1h", variables) == ["-1h"]


# Queries whose braces stand for themselves where they are in a text, a regex or a name.
WITH_BRACES = [
    "filter `a{{x}}b` = 1 or `a{{x}}b` = {{n}} or `{{}}` = 2 # not {{y}}",
    'filter @logStream in ["s{{1}}", "{{a b}}"]\n| limit {{n}}',
    'filter a = "{{" and b = "}}"',
    "filter a like /{{x}}/ and b like /{{part|raw}}/",
    "fields '{{{{x}}}}' as a",
    "fields a, b",
]


@pytest.mark.parametrize("text", WITH_BRACES)
def test_braces_in_texts_and_names_stand_for_themselves(text):
    written, values = without_braces(text, {"n", "braces"})
    variables = {"n": 3, "part": "p", "braces": "none"}
    expected = text.replace("{{n}}", "3").replace("{{part|raw}}", "p")
    assert fill_query(written, {**variables, **values}) == expected
    assert not {"n", "braces"} & values.keys()


def test_what_is_no_query_keeps_its_braces():
    assert without_braces('filter a = "{{x') == ('filter a = "{{x', {})
    assert without_braces("filter a = '{{x}}") == ("filter a = '{{x}}", {})
