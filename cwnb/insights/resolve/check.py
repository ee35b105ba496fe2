"""Check a query before it runs: first the rules of its language, then every name in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cwnb.insights.inputs import columns_of_input, fields_of_input
from cwnb.insights.languages import language_named
from cwnb.insights.resolve.arguments import check_arguments
from cwnb.insights.resolve.command_checks import check_names
from cwnb.insights.resolve.complete import complete
from cwnb.insights.resolve.joins import Earlier
from cwnb.insights.tree import Answer, Call, Query, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.events import Sources


def check(query: Query, sources: Sources, *, strict: bool) -> tuple[Query, list[str]]:
    """Give the query as it is to run, checked, and the warnings that go with the answer.

    `sources` say which fields the events of each pipeline have. The query given stays as it is.
    Raises MalformedQuery, and ResourceNotFound for log groups that are not there.
    """
    language = language_named(query.language)
    checked = Query(pipelines=[], language=query.language)
    checked.meta.update(query.meta)
    warnings: list[str] = []
    outside = _names_outside(query)
    before: list[Earlier] = []
    for place, written in enumerate(query.pipelines):
        pipeline = written.copy()
        # A pipeline may read the answers of earlier ones, so the columns of these must be known.
        earlier = complete(checked, sources).pipelines
        before = [replace(one, completed=done) for one, done in zip(before, earlier, strict=True)]
        fields = fields_of_input(pipeline.input, sources, earlier)
        for call in find(pipeline, Call):
            check_arguments(call, pipeline.meta.get("text"))
        language.restrict(pipeline, warnings, strict=strict)
        check_names(
            pipeline,
            warnings,
            strict=strict or not language.lenient,
            known=_known(fields),
            names=fields.field_names,
            cut_events=fields.cut_events,
            columns=columns_of_input(pipeline.input, sources, earlier),
            earlier=before,
            outside=outside.get(place, set()),
        )
        checked.append("pipelines", pipeline)
        before.append(Earlier(pipeline, pipeline, _known(fields), fields.field_names))
    return checked, list(dict.fromkeys(warnings))


def _names_outside(query: Query) -> dict[int, set[str]]:
    """Give for each pipeline inside a command the names that the query around it makes."""
    found: dict[int, set[str]] = {}
    if len(query.pipelines) == 1:
        return found
    for pipeline in query.pipelines:
        made: set[str] = set()
        for command in pipeline.commands:
            for answer in find(command, Answer):
                found[answer.place] = set(made)
            made |= command.writes()
    return found


def _known(fields: Any) -> Callable[[str], bool]:
    """Give what tells whether an event may have a field, also one that is a list or map."""
    return lambda name: fields.has_field(name) or fields.has_children(name)
