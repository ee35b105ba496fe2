"""What an editor offers at the cursor of a query."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from cwnb.events import SYSTEM_FIELDS
from cwnb.insights import KnownField, Vocabulary, candidates
from cwnb.insights.ql import completion
from cwnb.insights.tree import COMMANDS

TABLE = Path(__file__).parents[1] / "fixtures" / "completion" / "ql.txt"
VOCABULARY = Vocabulary(
    fields=(
        KnownField("level", 1.0, ("text",), ("INFO", "ERROR", 'it\'s "odd"')),
        KnownField("status", 0.5, ("integer",), ("200", "404")),
        KnownField("order.items.0.sku", 0.01, ("text",)),
        KnownField("odd name", 0.001, ("text",)),
    ),
    streams=("i-1", "i-2"),
    variables=("wanted", "group"),
)


def read_cases():
    for block in re.split(r"^# ", TABLE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        query, found, expected = body.partition("\n---")
        assert found, title
        yield pytest.param(query, expected.split("\n")[1:], id=title)


@pytest.mark.parametrize(("query", "expected"), list(read_cases()))
def test_the_candidates_at_a_cursor(query, expected):
    before, after = query.split("¦")
    found = candidates(before, VOCABULARY, after)
    assert before.endswith(found.fragment)
    lines = [line for line in expected if line]
    absent = {line.removeprefix("no ") for line in lines if line.startswith("no ")}
    lines = [line for line in lines if not line.startswith("no ")]
    shown = [f"{candidate.kind} {candidate.text}" for candidate in found.candidates]
    if "…" in lines:
        lines.remove("…")
        assert shown[: len(lines)] == lines
    else:
        assert shown == lines
    assert not absent & {candidate.kind for candidate in found.candidates}


def test_any_beginning_of_any_query_has_an_answer():
    samples = Path(TABLE).parents[1] / "insights" / "samples.txt"
    text = samples.read_text("utf-8")[:6_000]
    for end in range(0, len(text), 3):
        begin = max(0, end - 300)
        candidates(text[begin:end], VOCABULARY)


def test_commands_functions_and_fields_say_how_they_are_used():
    by_text = {c.text: c for c in candidates("fields ", VOCABULARY).candidates}
    assert by_text["substr"].signature == "substr(s, start [, len]) -> text"
    assert by_text["substr"].about.startswith("Give the part from a 0-based character on")
    assert by_text["status"].signature == "integer, 50 % of the events have it"
    assert all(by_text[name].about for name in SYSTEM_FIELDS)
    entries = completion.command_entries()
    assert list(entries) == [command.keyword for command in COMMANDS]
    for keyword, entry in entries.items():
        assert entry.signature.startswith(keyword)
        assert entry.about.endswith(".")


def test_a_long_query_and_many_fields_take_little_time():
    many = Vocabulary(tuple(KnownField(f"field{i}.name", 1.0, ("text",)) for i in range(5_000)))
    query = "fields @message\n" + "| filter level = 'x' and status > 5\n" * 200 + "| filter fi"
    candidates(query, many)
    started = time.perf_counter()
    found = candidates(query, many)
    assert len(found.candidates) == 5_000
    # It takes some 30 ms; a busy machine may need a multiple.
    assert time.perf_counter() - started < 1
