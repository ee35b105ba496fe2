from __future__ import annotations

import pytest
from dialect_tables import FOLDER, Case, read_table

from cwnb.errors import MalformedQuery
from cwnb.insights.dialect import parse_query, to_text
from cwnb.insights.rules import settle

FIELDS = {"level", "status", "ms", "user.id", "flag", "mixed"}
CASES = read_table("rules")


def outcome(case: Case) -> str:
    """Give the settled text and the warnings, or the error."""
    pipeline = parse_query(case.query)
    before = pipeline.copy()
    try:
        settled, warnings = settle(
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
    """What came out once comes out again, and without a word (but for fields that no event has)."""
    pipeline = parse_query(case.query)
    try:
        settled, _ = settle(pipeline, strict=case.strict, known=lambda _: True)
    except MalformedQuery:
        return
    again, warnings = settle(
        parse_query(to_text(settled)), strict=case.strict, known=lambda _: True
    )
    assert again == settled
    assert not warnings


def test_a_fault_of_a_tree_without_text_has_no_place():
    pipeline = parse_query("limit 0")
    pipeline.meta.clear()
    with pytest.raises(MalformedQuery) as caught:
        settle(pipeline, strict=False, known=lambda _: True)
    assert str(caught.value) == "limit takes a number from 1 to 100,000"


SAMPLES = (FOLDER / "samples.txt").read_text("utf-8").strip().split("\n\n")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.split("\n")[0][2:])
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_sample_settles_without_a_word(sample: str, strict: bool):
    query = sample.partition("\n")[2]
    settled, warnings = settle(parse_query(query), strict=strict, known=lambda _: True)
    assert not warnings
    assert parse_query(to_text(settled)) == settled
