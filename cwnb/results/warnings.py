"""What a user should know about the fields of an answer."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from cwnb.events import RAW, SEQUENCE, SYSTEM_FIELDS
from cwnb.insights.commands import Field, Pipeline, Stats

if TYPE_CHECKING:
    from cwnb.events import Source
    from cwnb.insights.engine import Outcome


def warn_of_fields(pipeline: Pipeline, outcome: Outcome, source: Source) -> list[str]:
    """Name the fields that no event has, with the nearest that some have, and the mixed ones."""
    warnings = [
        f"field {name!r} holds values of several types; each is compared as what it is, and the "
        "column shows their text"
        for name in outcome.mixed
    ]
    made: set[str] = set()
    asked: dict[str, None] = {}
    for command in pipeline.commands:
        for field in command.find_all(Field):
            name = field.name
            if name not in made and not any(name.startswith(f"{stem}.") for stem in made):
                asked[name] = None
        made |= command.writes()
        if isinstance(command, Stats):
            break
    # Aliases that a `stats` uses again within itself are made, not asked for.
    unknown = [
        name
        for name in asked
        if name not in {*SYSTEM_FIELDS, SEQUENCE, RAW, *made} and not source.has_field(name)
    ]
    if not unknown:
        return warnings
    known = sorted({*source.field_names(), *SYSTEM_FIELDS, *made})
    for name in unknown:
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        warnings.append(f"no event has a field {name!r}{hint}")
    return warnings
