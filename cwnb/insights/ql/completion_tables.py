"""What completion offers anywhere, as tables for an editor that completes without the kernel."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cwnb.events import LOG_CLASSES, SYSTEM_FIELDS
from cwnb.insights.completion import Candidate, KnownField
from cwnb.insights.names import canonical
from cwnb.insights.ql import vocabulary as words
from cwnb.insights.ql.completion import (
    AFTER_CONDITION,
    GROUP_OPTIONS,
    PERIODS,
    SOURCE_ABOUT,
    VALUE_LENGTH,
    command_candidates,
    field_entry,
    function_entry,
    functions_in_order,
)
from cwnb.insights.ql.writer import write_name
from cwnb.insights.tree import GIVEN_COLUMNS
from cwnb.insights.values.periods import UNITS

if TYPE_CHECKING:
    from cwnb.insights.completion import Vocabulary
    from cwnb.insights.functions import Function, Parameter


def completion_tables(vocabulary: Vocabulary) -> dict[str, Any]:
    """Give all that may be offered at a cursor of a query in QL, as JSON has it.

    `commands`, `functions`, `rowFunctions` (where nothing is aggregated), `systemFields` and
    `fields` are lists of candidates, in the order in which they are offered. A command has its
    `keyword`, which its synonyms share; a function its `name` without underscores, and for each of
    its `arguments` whether it is a period, a literal or a value, of which the last stands for all
    that follow; a field its `name` and `values`.
    """
    return {
        "commands": [
            {**asdict(entry), "keyword": words.SYNONYMS.get(entry.text, entry.text)}
            for entry in command_candidates()
        ],
        "functions": [_function(name, function) for name, function in functions_in_order()],
        "rowFunctions": [
            _function(name, function)
            for name, function in functions_in_order(aggregating=False)
            if not function.aggregate
        ],
        "systemFields": [asdict(field_entry(KnownField(name))) for name in SYSTEM_FIELDS],
        "fields": [
            {**asdict(field_entry(field)), "name": field.name, "values": _short(field.values)}
            for field in vocabulary.fields
        ],
        "streams": list(vocabulary.streams),
        "variables": list(vocabulary.variables),
        "periods": list(PERIODS),
        "units": [[unit, f"{spellings[-1]}s"] for unit, (spellings, _) in UNITS.items()],
        "afterCondition": list(AFTER_CONDITION),
        "firstWords": {keyword: list(first) for keyword, first in words.FIRST_WORDS.items()},
        "givenColumns": {
            command.keyword: [write_name(name) for name in columns]
            for command, columns in GIVEN_COLUMNS.items()
        },
        "parseModes": list(words.PARSE_MODES),
        "options": {
            command: {name: list(values) for name, values in options.items()}
            for command, options in words.OPTIONS.items()
        },
        "source": asdict(Candidate(words.SOURCE, "keyword", about=SOURCE_ABOUT)),
        "sourceParts": list(words.SOURCE_PARTS),
        "sourceOptions": words.SOURCE_OPTIONS,
        "groupOptions": list(GROUP_OPTIONS),
        "logClasses": list(LOG_CLASSES),
        "groups": list(vocabulary.groups),
        "tables": [
            {
                "name": name,
                "text": write_name(name),
                "columns": [write_name(column) for column in columns],
            }
            for name, columns in vocabulary.tables
        ],
    }


def _function(name: str, function: Function) -> dict[str, Any]:
    return {
        **asdict(function_entry(name, function)),
        "name": canonical(name),
        "isAggregate": function.aggregate,
        "arguments": [_kind(parameter) for parameter in function.parameters],
    }


def _kind(parameter: Parameter) -> str:
    if parameter.kind == "period":
        return "period"
    return "literal" if parameter.as_written else "value"


def _short(values: tuple[str, ...]) -> list[str]:
    return [value for value in values if len(value) <= VALUE_LENGTH]
