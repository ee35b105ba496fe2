"""What an editor offers at the cursor of a query."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from cwnb.events import SYSTEM_FIELDS
from cwnb.insights import KnownField, Vocabulary, candidates, page_at, parse
from cwnb.insights.names import known_functions
from cwnb.insights.ql import completion, pages
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
    groups=("/shop/web", "/shop/app"),
    tables=(("hosts", ("host_id", "owner", "odd column")), ("odd table", ("a",))),
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
    assert list(entries) == list(dict.fromkeys(command.keyword for command in COMMANDS))
    for keyword, entry in entries.items():
        assert entry.signature.startswith(keyword)
        assert entry.about.endswith(".")


def test_a_long_query_and_many_fields_take_little_time():
    many = Vocabulary(tuple(KnownField(f"field{i}.name", 1.0, ("text",)) for i in range(5_000)))
    query = "fields @message\n" + "| filter level = 'x' and status > 5\n" * 200 + "| filter fi"
    candidates(query, many)
    took = []
    for _ in range(3):
        started = time.thread_time()
        found = candidates(query, many)
        took.append(time.thread_time() - started)
        assert len(found.candidates) == 5_000
    # It takes some 30 ms of processor time. The least of three counts: Python's collection of
    # the objects that all tests before left takes seconds and may fall into one of them.
    assert min(took) < 1


def test_every_command_function_and_field_has_a_page():
    for command in COMMANDS:
        assert command.guide is not None
        assert command.guide.source
        assert command in map(type, parse(command.guide.example).answer.commands)
        assert command.guide.example in (page_at(command.keyword, VOCABULARY) or "")
    for function in known_functions().values():
        page = page_at(f"fields {function.name}", VOCABULARY, "(") or ""
        assert page.startswith(function.usage)
        assert max(map(len, page.splitlines())) <= 80
    assert "404" in (page_at("fields stat", VOCABULARY, "us") or "")


@pytest.mark.parametrize(
    ("query", "begin"),
    [
        ("| parse¦ x", "parse [value]"),
        ("where¦ x", "filter condition"),
        ("stats topk(3, ¦", "topk(k, field)"),
        ("stats topk(3, x¦", "topk(k, field)"),
        ("stats sum(abs(¦", "abs(a)"),
        ("limit ¦", "limit n"),
        ("fields @ti¦mestamp", "@timestamp"),
        ("fields level¦", "level\n\ntext, 100 % of the events"),
    ],
)
def test_the_page_at_a_cursor(query, begin):
    before, after = query.split("¦")
    assert (page_at(before, VOCABULARY, after) or "").startswith(begin)


@pytest.mark.parametrize("query", ["fields nothing¦", "nothing¦", "filter a = 'lev¦el'", "# sor¦t"])
def test_what_is_not_known_has_no_page(query):
    before, after = query.split("¦")
    assert page_at(before, VOCABULARY, after) in {None, pages.command_page("filter")}
