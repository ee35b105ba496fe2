"""`parse` by glob, regex and multi, against Python's `re`."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.errors import MalformedQuery
from cwnb.insights.text import extraction
from cwnb.insights.text.every_match import parse_multi
from cwnb.insights.text.extraction import parse_glob, parse_regex

LINES = pa.array(
    [
        "user=ann op=pay took 5ms",
        "user= op= took ms",
        None,
        "nothing",
        "",
        "user=é\nop=x op=y took ms!",
    ]
)


def by_re(rows: list[str | None], pattern: str) -> list[list[str | None]]:
    """Match a glob as the reference says: a lazy group for each `*`, the last one greedy."""
    if "*" not in pattern:
        pattern += "*"
    literals = [re.escape(literal) for literal in pattern.split("*")]
    last = "(.*)" if pattern.endswith("*") else "(.*?)"
    middles = ["(.*?)"] * (len(literals) - 2) + [last]
    expression = literals[0] + "".join(
        m + lit for m, lit in zip(middles, literals[1:], strict=True)
    )
    matches = [None if row is None else re.search(expression, row, re.DOTALL) for row in rows]
    return [
        [None if match is None else match.group(i) for match in matches]
        for i in range(1, len(literals))
    ]


@pytest.mark.parametrize(
    ("pattern", "columns"),
    [
        (
            "user=* op=* took *ms",
            [["ann", "", None, None, None, "é\nop=x"], ["pay", "", None, None, None, "y"],
             ["5", "", None, None, None, ""]],
        ),
        ("user=*", [["ann op=pay took 5ms", " op= took ms", None, None, None, "é\nop=x op=y took ms!"]]),
        ("* took *", [["user=ann op=pay", "user= op=", None, None, None, "user=é\nop=x op=y"],
                      ["5ms", "ms", None, None, None, "ms!"]]),
        ("took ", [["5ms", "ms", None, None, None, "ms!"]]),
        ("user=**ms", [["", "", None, None, None, ""], ["ann op=pay took 5", " op= took ", None, None, None, "é\nop=x op=y took "]]),
        ("*", [["user=ann op=pay took 5ms", "user= op= took ms", None, "nothing", "", "user=é\nop=x op=y took ms!"]]),
    ],
)  # fmt: skip
def test_globs(pattern: str, columns: list[list[str | None]]) -> None:
    count = max(1, pattern.count("*"))
    found = parse_glob(LINES, pattern, count)
    assert [column.to_pylist() for column in found] == columns
    assert columns == by_re(LINES.to_pylist(), pattern)


rows = st.lists(st.one_of(st.none(), st.text("ab=* \né.", max_size=12)), max_size=8)


@settings(max_examples=300, deadline=None)
@given(rows, st.text("ab=*é .", max_size=7), st.booleans(), st.integers(0, 3), st.data())
def test_globs_match_as_re_does(
    texts: list[str | None], pattern: str, search: bool, skip: int, data: st.DataObject
) -> None:
    count = max(1, pattern.count("*"))
    needed = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "_search_is_faster", lambda *_: search)
        text = pa.array(texts, pa.string()).slice(skip)
        found = parse_glob(text, pattern, count)
        some = parse_glob(text, pattern, count, needed)
    for column in found:
        column.validate(full=True)
    assert [column.to_pylist() for column in found] == by_re(texts[skip:], pattern)
    for column, whole, is_needed in zip(some, found, needed, strict=True):
        assert column.equals(whole) if is_needed else column.null_count == len(column)


def test_glob_count_must_fit() -> None:
    with pytest.raises(MalformedQuery, match="2 wildcards"):
        parse_glob(LINES, "a*b*", 1)


def test_named_groups() -> None:
    found = parse_regex(LINES, r"user=(?<user>\w+) op=(?P<op>\w+)")
    assert {name: column.to_pylist() for name, column in found.items()} == {
        "user": ["ann", None, None, None, None, None],
        "op": ["pay", None, None, None, None, None],
    }


def test_unnamed_groups_count_only_without_named_ones() -> None:
    both = parse_regex(LINES, r"(user)=(?<user>\w+)")
    assert list(both) == ["user"]
    plain = parse_regex(LINES, r"(us)er=(?:x|(\w+))")
    assert [column.to_pylist()[0] for column in plain.values()] == ["us", "ann"]


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        (r"a(?<x>b)?", "ac", None),
        (r"a(?<x>b)?", "ab", "b"),
        (r"a(?<x>b*)", "ac", ""),
        (r"a(?<x>b*)?", "ac", ""),
        (r"a(?:(?<x>b*)c|d)", "ad", None),
        (r"a(?:(?<x>b*)c|d)", "ac", ""),
        (r"a(?:-(?<x>\d+))*", "a-1-2", "2"),
        (r"a(?:-(?<x>\d+))*", "a", None),
        (r"(?<x>)a", "a", ""),
        (r"z(?<x>b)?", "a", None),
    ],
)
def test_groups_that_take_no_part_are_missing(pattern: str, text: str, value: str | None) -> None:
    assert parse_regex(pa.array([text]), pattern)["x"].to_pylist() == [value]


def matches_of(expression: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """Give the matches that RE2 replaces: no empty one where the one before ended."""
    found: list[re.Match[str]] = []
    place = 0
    while place <= len(text) and (match := expression.search(text, place)):
        again = not match[0] and found and match.start() == found[-1].end()
        place = match.end() + bool(again)
        found += [] if again else [match]
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.text("ab=1 \n\x01é", max_size=10)), max_size=6),
    st.sampled_from(
        [r"(?P<k>[ab])=(?P<v>1)", r"(?P<k>a)|(?P<v>1)", r"(?P<k>[ab]+)", r"(?m)^(?P<k>.)",
         r"\b(?P<k>\w)", r"(?P<k>a)(?P<v>b)?", r"(?P<k>x*)a", r"(?P<k>a)=?(?P<v>1*)?",
         r"(?P<k>b|)(?P<v>1|)a", r"(?:(?P<k>1*)=)?(?P<v>[ab])", r"\b(?P<k>\w*)?=", r"(?P<k>a?)|1",
         r"(?m)^(?P<k>a*)?(?P<v>=)?$", r"(?P<k>a?)(?P<v>(?P<w>b*)1)?", r"(?P<k>é*)?(?P<v>a)"]
    ),
)  # fmt: skip
def test_multi_gives_every_match(texts: list[str | None], pattern: str) -> None:
    expression = re.compile(pattern, re.ASCII)
    names = sorted(expression.groupindex, key=expression.groupindex.__getitem__)
    wanted = []
    for i, text in enumerate(texts):
        matches = [] if text is None else matches_of(expression, text)
        wanted += [(i, *[m[name] for name in names]) for m in matches]
        if not matches:
            wanted.append((i, *[None] * len(names)))
    numbers, columns = parse_multi(pa.array(texts, pa.string()), pattern)
    assert list(columns) == names
    got = zip(numbers.tolist(), *[c.to_pylist() for c in columns.values()], strict=True)
    assert list(got) == wanted


def test_multi_of_many_groups() -> None:
    pattern = "".join(f"(?<g{i}>.)" for i in range(10))
    with pytest.raises(MalformedQuery, match="at most 9 groups"):
        parse_multi(LINES, pattern)


def test_nothing_to_parse() -> None:
    empty = pa.array([], pa.string())
    assert [len(c) for c in parse_glob(empty, "a*b*", 2)] == [0, 0]
    assert [len(c) for c in parse_regex(empty, "(?<a>x)(?<b>y)?").values()] == [0, 0]
    numbers, columns = parse_multi(empty, "(?<a>x)")
    assert (len(numbers), len(columns["a"])) == (0, 0)
    nulls = pa.nulls(2, pa.string())
    assert parse_glob(nulls, "a*", 1)[0].to_pylist() == [None, None]
    assert parse_multi(nulls, "(?<a>x)")[1]["a"].to_pylist() == [None, None]
