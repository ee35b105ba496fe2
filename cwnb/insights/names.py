"""Look up names as users type them: functions in any spelling, suggestions for unknown names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cwnb.errors import MalformedQuery
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from cwnb.insights.functions import Function


def canonical(name: str) -> str:
    """Give the key of a function's name: `count_distinct` and `countDistinct` are one."""
    return name.lower().replace("_", "")


@cache
def known_functions() -> dict[str, Function]:
    """Give the table of functions by canonical name; loaded when the first query is read."""
    from cwnb.insights.engine import aggregates  # noqa: F401  (importing enters the aggregations)
    from cwnb.insights.functions import FUNCTIONS

    return FUNCTIONS


@cache
def row_forms() -> dict[str, Function]:
    """Give what the names of some aggregations mean outside the list of `stats`, by name."""
    from cwnb.insights.functions import ROW_FORMS

    return ROW_FORMS


def function_named(name: str, *, row_form: bool = False) -> Function:
    """Give the entry of a function by canonical name; raises MalformedQuery for an unknown one."""
    functions = row_forms() if row_form else known_functions()
    if name not in functions:
        near = suggestion(name, (function.name for function in functions.values()))
        raise MalformedQuery(f"unknown function {name!r}{near}")
    return functions[name]
