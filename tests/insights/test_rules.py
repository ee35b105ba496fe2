from __future__ import annotations

import re

import pytest
from dialect_tables import FOLDER, Case, read_table
from pipelines import check_pipeline, parse_pipeline

from cwnb.errors import MalformedQuery
from cwnb.insights.ql.dialect import to_text

FIELDS = {"level", "status", "ms", "user.id", "flag", "mixed"}
CASES = read_table("rules")
AGAIN = re.compile(r"stands for another value|bin\(@timestamp, …\) is read as")


def outcome(case: Case) -> str:
    """Give the settled text and the warnings, or the error."""
    pipeline = parse_pipeline(case.query)
    before = pipeline.copy()
    try:
        settled, warnings = check_pipeline(
            pipeline, strict=case.strict, known=FIELDS.__contains__, names=lambda: FIELDS
        )
    except MalformedQuery as error:
        return str(error)
    assert pipeline == before, "the pipeline given stays as it is"
    return "\n".join([to_text(settled), *(f"warning: {warning}" for warning in warnings)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_query_settles(case: Case):
    assert outcome(case) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_settled_query_is_settled(case: Case):
    """What came out once comes out again, and without a word.

    Left out are fields that no event has, and what a text can only say again.
    """
    pipeline = parse_pipeline(case.query)
    try:
        settled, _ = check_pipeline(pipeline, strict=case.strict, known=lambda _: True)
    except MalformedQuery:
        return
    again, warnings = check_pipeline(
        parse_pipeline(to_text(settled)), strict=case.strict, known=lambda _: True
    )
    assert again == settled
    assert not [warning for warning in warnings if not AGAIN.search(warning)]


def test_a_fault_of_a_tree_without_text_has_no_place():
    pipeline = parse_pipeline("limit 0")
    pipeline.meta.clear()
    with pytest.raises(MalformedQuery) as caught:
        check_pipeline(pipeline, strict=False, known=lambda _: True)
    assert str(caught.value) == "limit takes a number from 1 to 100,000"


@pytest.mark.parametrize(
    ("glob", "regex"),
    [
        (r"took (.*)ms", r"/took (?<a>.*)ms/"),
        (r"\d+ *", r"/\d+ */"),
        ("[a-z]+=*", "/[a-z]+=*/"),
        ("v*.", None),
        (r"C:\data\*", None),
        ("[*] f(*)", None),
        ("[INFO]* ?", None),
    ],
)
def test_a_glob_that_looks_like_a_regex_is_run_with_a_warning(glob: str, regex: str | None):
    names = "ab"[: glob.count("*")]
    query = f"parse @message '{glob}' as {', '.join(names)}"
    settled, warnings = check_pipeline(parse_pipeline(query), strict=True, known=lambda _: True)
    assert str(settled.commands[0].args["pattern"].this) == glob
    assert [warning.partition("written ")[2] for warning in warnings] == ([regex] if regex else [])


@pytest.mark.parametrize(
    ("query", "warning"),
    [
        (
            "filter @timestamp > now() - 3600",
            "now() counts seconds and @timestamp milliseconds; write (now() - 3600) * 1000",
        ),
        (
            "filter now() < @ingestionTime",
            "now() counts seconds and @ingestionTime milliseconds; write now() * 1000",
        ),
        (
            "filter now() - toMillis(@timestamp) < 60",
            "now() counts seconds and toMillis(@timestamp) milliseconds; write now() * 1000",
        ),
        (
            "fields now() - @timestamp as age",
            "now() counts seconds and @timestamp milliseconds; write now() * 1000",
        ),
        (
            "stats max(@timestamp) as m by level | filter m + 5 <= now()",
            "now() counts seconds and m milliseconds; write now() * 1000",
        ),
        ("filter @timestamp >= (now() - 3600) * 1000", None),
        ("filter @timestamp >= now() * 1000 - 3600000", None),
        ("filter @timestamp / 1000 > now() - 3600", None),
        ("filter ms > now() - 3600 and queryEndTime() - toMillis(@timestamp) < 5", None),
    ],
)
def test_seconds_beside_milliseconds_are_run_with_a_warning(query: str, warning: str | None):
    _, warnings = check_pipeline(parse_pipeline(query), strict=True, known=lambda _: True)
    assert warnings == ([warning] if warning else [])


@pytest.mark.parametrize(
    ("query", "text", "what"),
    [
        (
            r'filter level = "line1\nline2"',
            r'"line1\nline2"',
            r"line break is written in a regex: /\n/",
        ),
        (r"filter level like '\t'", r"'\t'", r"tab is written in a regex: /\t/"),
        (r'parse @message "bad *\n" as b', r'"bad *\n"', r"line break is written in a regex: /\n/"),
        (r'filter level in ["a", "b\r"]', r'"b\r"', r"carriage return is written in a regex: /\r/"),
        (r'fields split(level, "\n") as a', r'"\n"', r"line break is written in a regex: /\n/"),
        (r'filter level = "C:\\new" or level like "a\"b" or level = "a\\\"n"', None, None),
        (
            r'stats sum(strlen("\n")), count(if(level = "a", "\n", 1)) by level',
            r'"\n"',
            r"line break is written in a regex: /\n/",
        ),
        (r"filter level like /\n/ or level =~ '\d'", None, None),
        (
            r'fields regexReplace(level, /\n/, " ") as a, regexReplace(level, "\n", "") as b',
            None,
            None,
        ),
    ],
)
def test_an_escape_that_is_none_is_run_with_a_warning(
    query: str, text: str | None, what: str | None
):
    _, warnings = check_pipeline(parse_pipeline(query), strict=True, known=lambda _: True)
    assert len(warnings) == (text is not None)
    for warning in warnings:
        assert f"in the text {text} is a backslash and the letter" in warning
        assert warning.endswith(f"a {what}")


@pytest.mark.parametrize(
    ("query", "unknown"),
    [
        ("filter user-agent = 4", ["user", "agent"]),
        ("fields toupper(x-request-id) as y", ["x", "request", "id"]),
        ("filter ms - user-agent > 4", ["user", "agent"]),
        ("filter user - agent = 4 and level-ms > 1", []),
    ],
)
def test_a_name_with_a_dash_is_hinted_at(query: str, unknown: list[str]):
    fields = {*FIELDS, "user-agent", "x-request-id"}
    _, warnings = check_pipeline(
        parse_pipeline(query), strict=True, known=fields.__contains__, names=lambda: fields
    )
    hinted = [warning for warning in warnings if "backticks" in warning]
    if not unknown:
        assert not hinted
        return
    name = "-".join(unknown)
    read = " minus ".join(map(repr, unknown))
    (warning,) = hinted
    assert warning.startswith(f"{name} is read as {read}, and no event has these fields; ")
    assert warning.endswith(f"`{name}` in backticks is the field of that name")


SAMPLES = (FOLDER / "samples.txt").read_text("utf-8").strip().split("\n\n")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.split("\n")[0][2:])
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_sample_settles_without_a_word(sample: str, strict: bool):
    query = sample.partition("\n")[2]
    settled, warnings = check_pipeline(parse_pipeline(query), strict=strict, known=lambda _: True)
    assert not warnings
    assert parse_pipeline(to_text(settled)) == settled
