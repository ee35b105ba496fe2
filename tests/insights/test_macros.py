"""Calls of saved queries: their texts take the place of the calls, and errors point to these."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import cwnb
from cwnb.errors import MalformedQuery
from cwnb.insights import expanded
from cwnb.store import SavedQuery

SAVED = {
    "errors": SavedQuery(
        "errors",
        "filter level = {{level}} and n > {{least}}",
        parameters={"level": "ERROR", "least": 0},
    ),
    "ops/by level": SavedQuery(
        "ops/by level", "stats count(*) as c by {{by|raw}}", [], {"by": "n"}
    ),
    "levels": SavedQuery(
        "levels", "filter level in {{ wanted }}", [], {"wanted": ["INFO", "WARN"]}
    ),
    "open": SavedQuery("open", "limit {{n}}", [], {"n": None}),
    "wrong": SavedQuery("wrong", "filter level = = 3"),
    "twice": SavedQuery("twice", "$errors() | fields n"),
    "self": SavedQuery("self", "fields n | $self()"),
    "noted": SavedQuery("noted", "fields n # of all"),
    "long": SavedQuery("long", "fields n # " + "x" * 6_000),
}


def find(name: str) -> SavedQuery:
    from cwnb.errors import ResourceNotFound

    if name not in SAVED:
        raise ResourceNotFound(f"no saved query is named {name!r}")
    return SAVED[name]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("fields n", "fields n"),
        ("$errors()", 'filter level = "ERROR" and n > 0'),
        ("$errors('INFO', 3) | fields n", "filter level = 'INFO' and n > 3 | fields n"),
        ("$errors(least = -1.5)", 'filter level = "ERROR" and n > -1.5'),
        ('$errors(least=1, level="a, ) b")', 'filter level = "a, ) b" and n > 1'),
        ("fields n | $open(n = 3)", "fields n | limit 3"),
        ("$levels()", 'filter level in ["INFO", "WARN"]'),
        ("$levels(['a', 2])", "filter level in ['a', 2]"),
        ('$`ops/by level`(by="level")', "stats count(*) as c by level"),
        ("$errors() | $open(2)", 'filter level = "ERROR" and n > 0 | limit 2'),
        ("filter a = '$errors()' # $errors()", "filter a = '$errors()' # $errors()"),
        ("filter a like /b$/", "filter a like /b$/"),
        ("$noted() | limit 1", "fields n # of all\n | limit 1"),
    ],
)
def test_a_call_is_the_text_of_the_saved_query(query: str, text: str) -> None:
    assert expanded(query, find) == text


@pytest.mark.parametrize(
    ("query", "error", "column"),
    [
        ("fields n | $erors()", "no saved query is named 'erors'", 12),
        ("$errors", r"write \$errors\(\) to call the saved query", 1),
        ("$errors(1", r"the call of \$errors is not closed", 1),
        ("$errors(1, 2, 3)", r"'errors' has 2 parameters \(level, least\)", 15),
        ("$errors(lvl = 1)", "'errors' has no parameter 'lvl'; did you mean 'level'", 9),
        ("$errors(x = 1)", "'errors' has no parameter 'x'; it has level, least", 9),
        ("$open(1, 2)", r"'open' has 1 parameter \(n\)", 10),
        ('$errors(level: "INFO")', 'lists of these; write level="INFO"', 9),
        ("$errors(level=WARN)", 'lists of these; write level="WARN"', 9),
        ("$errors(out of memory)", 'lists of these; write "out of memory"', 9),
        ("$errors(1, level = 2)", "the parameter 'level' has two values", 12),
        ("$errors(n)", 'a saved query takes texts, numbers, .*; write "n"', 9),
        ("$errors(1 + 1)", r"a saved query takes texts, numbers, .* of these \(line", 9),
        ("$errors(1,)", "a value is missing here", 11),
        ("$open()", "the parameter 'n' of 'open' has no value and no default", 1),
        ("$twice()", "'twice' calls 'errors', and a saved query cannot call another", 1),
        ("$self()", "'self' calls itself, and a saved query cannot call another", 1),
        ("$long() | $long()", "the query has 12,0.. characters with its saved queries written", 1),
    ],
)
def test_a_call_that_is_wrong_is_refused_at_its_place(query: str, error: str, column: int) -> None:
    with pytest.raises(MalformedQuery, match=error) as caught:
        expanded(query, find)
    assert f"(line 1, column {column})" in str(caught.value)


FRAME = pd.DataFrame({"n": [1, 2, 3], "level": ["ERROR", "INFO", "ERROR"]})


def ask(query: str, **options: Any) -> Any:
    return cwnb.query(query, FRAME, saved=SAVED, **options)


def test_a_frame_is_asked_with_saved_queries() -> None:
    assert ask("$errors(least = 1) | display n").df["n"].tolist() == [3]
    assert cwnb.query("$q(2)", FRAME, saved={"q": "filter n = {{x}} | display n"}).df.size == 1
    with pytest.raises(MalformedQuery, match="no saved quer"):
        cwnb.query("$q(2)", FRAME)


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("$wrong()", 1),
        ("fields n | $wrong() | limit 3", 12),
        ("$errors() | filtr n", 13),
        ("$errors() | stats count(*) as c | filter nope > 1", 42),
        ("$errors() | fields ipv4ToNumber(n, n)", 20),
    ],
)
def test_an_error_points_into_what_was_written(query: str, column: int) -> None:
    with pytest.raises(MalformedQuery) as caught:
        ask(query)
    assert f"(line 1, column {column})" in str(caught.value)
    assert query in str(caught.value)
    if "wrong" in query:
        assert "filter level = = 3" in str(caught.value)
