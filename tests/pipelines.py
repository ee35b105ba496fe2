"""One pipeline of a query by itself, for tests that need no sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.insights.ql.dialect import parse_query
from cwnb.insights.ql.restrictions import restrict
from cwnb.insights.resolve.command_checks import check_names
from cwnb.insights.to_pandas.commands import UNSAID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cases import Case

    from cwnb.insights.tree import Pipeline


def parse_pipeline(text: str) -> Pipeline:
    """Read a query of one pipeline."""
    query = parse_query(text)
    assert len(query.pipelines) == 1
    return query.answer


def check_pipeline(
    pipeline: Pipeline,
    *,
    strict: bool,
    known: Callable[[str], bool],
    names: Callable[[], Iterable[str]] = tuple,
) -> tuple[Pipeline, list[str]]:
    """Check one pipeline of events whose fields are known; gives it and its warnings."""
    checked = pipeline.copy()
    warnings: list[str] = []
    restrict(checked, warnings, strict=strict)
    check_names(checked, warnings, strict=strict, known=known, names=names, columns=None)
    return checked, warnings


def is_unsaid(case: Case) -> bool:
    """Tell whether plain pandas has no words for a case: it has a mark, or a command without."""
    if case.cannot_say:
        return True
    commands = parse_query(case.query).answer.commands
    return any(type(command) in UNSAID for command in commands)
