"""One pipeline of a query by itself, for tests that need no sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.insights.dialect import parse_query

if TYPE_CHECKING:
    from cwnb.insights.commands import Pipeline


def parse_pipeline(text: str) -> Pipeline:
    """Read a query of one pipeline."""
    query = parse_query(text)
    assert len(query.pipelines) == 1
    return query.answer
