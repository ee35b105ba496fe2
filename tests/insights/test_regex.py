"""RE2 patterns: what is refused, how alternations are taken apart, and that they find the same."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.errors import MalformedQuery
from cwnb.insights.text import regex
from cwnb.insights.text.every_match import _matches_nothing
from cwnb.regex import groups, literal_of, reason_of_refusal, required_texts, search

TEXT = pa.array(
    ["GET /a 200", "ERROR at foo", None, "a.b\nERR", "é", "", "bar foo ERROR", "[x](y)"]
)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a(?=b)", "look-ahead"),
        ("a(?!b)", "look-ahead"),
        ("(?<=a)b", "look-behind"),
        ("(?<!a)b", "look-behind"),
        (r"(a)\1", "back-reference"),
        (r"(?<n>a)\k<n>", "back-reference"),
        (r"(?P<n>a)(?P=n)", "back-reference"),
        ("a{2000}", "up to 1000"),
        ("[a", "a class is not closed"),
        ("(a", "a group is not closed"),
        ("a**", "repeats what is repeated"),
        (r"\8", "back-reference"),
    ],
)
def test_refused_with_the_reason(pattern: str, words: str) -> None:
    with pytest.raises(MalformedQuery, match=words) as caught:
        regex.to_re2(pattern)
    assert isinstance(caught.value, regex.InvalidRegex)


@pytest.mark.parametrize(
    ("pattern", "re2"),
    [
        ("(?<user>a+)", "(?P<user>a+)"),
        ("(?P<user>a+)", "(?P<user>a+)"),
        (r"\(?<x", r"\(?<x"),
        ("[(?<]", "[(?<]"),
        ("[]a(?=]", "[]a(?=]"),
        (r"[^]\](?!]", r"[^]\](?!]"),
        ("[[:alpha:](?=]", "[[:alpha:](?=]"),
        (r"\Q(?=\1\E", r"\Q(?=\1\E"),
        (r"\x{41}\pL\p{Greek}", r"\x{41}\pL\p{Greek}"),
        ("(?i)a|b", "(?i)a|b"),
        (r"\\1", r"\\1"),
    ],
)
def test_translated(pattern: str, re2: str) -> None:
    assert regex.to_re2(pattern) == re2
    assert regex.to_re2(re2) == re2


@pytest.mark.parametrize(
    ("pattern", "plan"),
    [
        ("foo|bar", ("foo", "bar")),
        ("(?s)foo.*|bar", ("(?s)foo.*", "(?s)bar")),
        (r"\[x\]|GET /a|bar?", (r"\[x\]", "GET /a", "bar?")),
        ("ERROR|Exception", ("ERROR|Exception",)),
        ("(?i)foo|bar", ("(?i)foo|bar",)),
        ("foo|(?i)bar", ("foo|(?i)bar",)),
        ("foo(?i-s)x|bar", ("foo(?i-s)x|bar",)),
        ("foo(?i:x)|bar", ("foo(?i:x)", "bar")),
        ("^foo|bar$", ("^foo|bar$",)),
        ("foo|[ab]ar", ("foo|[ab]ar",)),
        ("(foo|bar)", ("(foo|bar)",)),
        ("foo|b", ("foo|b",)),
        ("foo|", ("foo|",)),
        (r"foo\|bar", (r"foo\|bar",)),
        ("f[o|b]|bar", ("f[o|b]|bar",)),
    ],
)
def test_alternations_split_where_that_is_faster(pattern: str, plan: tuple[str, ...]) -> None:
    assert search._plan(pattern) == plan


part = st.sampled_from(
    ["foo", "ERROR", "bar", r"a\.b", "[a-f]o", "^GET", "200$", "(?:x|é)", "ER+", ""]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(part, min_size=1, max_size=4), st.sampled_from(["", "(?i)", "(?s)", "(?m)"]))
def test_finds_what_one_pass_finds(parts: list[str], flags: str) -> None:
    pattern = flags + "|".join(parts)
    wanted = pc.match_substring_regex(TEXT, pattern).to_pylist()
    assert regex.matches(TEXT, pattern).to_pylist() == wanted
    assert regex.matches(TEXT.dictionary_encode(), pattern).to_pylist() == wanted


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.text(r"ab\.*+?()[]{}^$|é-\Q\E 0", max_size=6)), max_size=5),
    st.text(r"ab\.*+?()[]{}^$|é-\Q\E 0", max_size=3),
)
def test_contains_is_literal(rows: list[str | None], literal: str) -> None:
    column = pa.array(rows, pa.string())
    wanted = [None if row is None else literal in row for row in rows]
    assert regex.contains(column, literal).to_pylist() == wanted


def test_contains_ignoring_case_and_constants() -> None:
    assert regex.contains(TEXT, "error", ignore_case=True).to_pylist()[1] is True
    assert regex.contains(pa.scalar("a*b"), "*").as_py() is True
    assert regex.matches(pa.scalar(None, pa.string()), "a").as_py() is None
    assert regex.contains(pa.array(["a\0b", "ab"]), "\0").to_pylist() == [True, False]


def test_literal_of() -> None:
    assert literal_of(r"a\.b\/c") == "a.b/c"
    assert literal_of("a.b") is None
    assert literal_of(r"\d") is None


def test_groups_that_may_take_no_part() -> None:
    found = groups(r"(?P<a>x)(?P<b>y)?(?:(?P<c>z)|(?P<d>\w*))(?P<e>(?P<f>q)*){0,2}(?<g>w+)")
    optional = {g.name for g in found if g.optional}
    assert optional == {"b", "c", "d", "e", "f"}
    assert {g.name for g in found if _matches_nothing(g.body)} == {"d", "e"}


PIECES = st.recursive(
    st.sampled_from(
        [*"abcdé", r"\.", r"\d", "[ab]", "[^a]", ".", "^", "$", r"\b", r"\x61", r"\Qa.b\E", "ab"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(st.sampled_from(["(", "(?:", "(?P<n>", "(?i:"]), inner).map(
            lambda parts: f"{parts[0]}{parts[1]})"
        ),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "??", "{"])).map(
            lambda parts: f"(?:{parts[0]}){parts[1]}"
        ),
        st.tuples(st.sampled_from("abc"), st.sampled_from(["?", "*", "+", "{2}", "{0,1}"])).map(
            "".join
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(["", "", "(?i)", "(?s)"]),
    st.lists(PIECES, min_size=1, max_size=3).map("|".join),
    st.lists(st.text("abcABCdé1.{", max_size=10), min_size=1, max_size=30),
)
def test_what_a_regex_matches_has_the_texts_that_it_requires(
    flags: str, pattern: str, texts: list[str]
) -> None:
    re2 = flags + pattern
    if reason_of_refusal(re2) is not None:
        return
    required = required_texts(re2)
    matching = pa.array(texts).filter(search.matches(pa.array(texts), re2)).to_pylist()
    for text in matching:
        folded = text.casefold() if required.ignore_case else text
        for clause in required.clauses:
            wanted = {one.casefold() for one in clause} if required.ignore_case else clause
            assert any(one in folded for one in wanted), (re2, text, clause)


@pytest.mark.parametrize(
    ("re2", "clauses"),
    [
        ("needle", [{"needle"}]),
        ("ab+cd?e", [{"ab"}, {"c"}, {"e"}]),
        ("a{2}bc|x", [{"bc", "x"}]),
        ("one (two|three).*four", [{"one "}, {"two", "three"}, {"four"}]),
        ("one|", []),
        (r"\x41bc\pNde\012f", [{"bc"}, {"de"}, {"f"}]),
        (r"\Qa.b\Ecd", [{"cd"}]),
        ("ab(?i)cd", []),
        ("(?i:ab)cd", [{"cd"}]),
        ("x{ab", [{"ab"}]),
        ("a{|", []),
        ("a{2|b", []),
        ("a(?:a){|", []),
    ],
)
def test_the_texts_that_a_regex_requires(re2: str, clauses: list[set[str]]) -> None:
    assert [set(clause) for clause in required_texts(re2).clauses] == clauses
