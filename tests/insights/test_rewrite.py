"""Rules of rewriting: what a query is before, and after.

Each table of tests/fixtures/rewrite is read as tests/insights/dialect_tables.py says. The scan, the
first line of what is run, is compared where a case states it.
"""

from __future__ import annotations

import pytest
from dialect_tables import Case, read_table

from cwnb.insights.ql.dialect import parse_query, to_text
from cwnb.insights.resolve.complete import complete_pipeline
from cwnb.insights.rewrite import rewrite

RULES = [case for table in ("filters", "limits", "scans") for case in read_table(table, "rewrite")]
DEFAULTS = read_table("defaults", "rewrite")


def completed(query: str, *, is_answer: bool = True) -> str:
    return to_text(complete_pipeline(parse_query(query).answer, is_answer=is_answer))


def rewritten(query: str) -> list[str]:
    """Give the scan and the commands; without the limit that an answer has by default."""
    pipeline = complete_pipeline(parse_query(query).answer, is_answer=False)
    return [line.rstrip() for line in to_text(rewrite(pipeline)).split("\n")]


def reads_again(case: Case) -> bool:
    """Tell whether what comes out can be read as a query.

    A query may not name @sequence, and a key's alias would be computed once more.
    """
    return "@sequence" not in case.expected and "sort s as s" not in case.expected


def by_title(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.title)


@by_title(DEFAULTS)
def test_what_is_left_unsaid_is_written_out(case: Case) -> None:
    assert completed(case.query) == case.expected


@by_title([case for case in DEFAULTS if reads_again(case)])
def test_what_is_complete_stays_as_it_is(case: Case) -> None:
    assert completed(case.expected) == case.expected


@by_title(RULES)
def test_a_query_is_rewritten(case: Case) -> None:
    scan, *commands = rewritten(case.query)
    expected = case.expected.split("\n")
    if expected[0].startswith("# scan"):
        assert scan == expected.pop(0)
    else:
        expected[0] = f"| {expected[0]}"
    assert commands == expected


@by_title([case for case in RULES if reads_again(case)])
def test_what_was_rewritten_stays_as_it_is(case: Case) -> None:
    once = rewritten(case.query)
    assert rewritten("\n".join(once[1:])) == once


def test_titles_are_unique() -> None:
    titles = [case.title for case in [*RULES, *DEFAULTS]]
    assert len(titles) == len(set(titles))
