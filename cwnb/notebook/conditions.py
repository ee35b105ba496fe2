"""Write the condition that finds the rows with a value, or the rows with another one."""

from __future__ import annotations

import math
import re
from typing import Any

from cwnb.errors import InvalidParameter
from cwnb.events import EXACT_DOUBLE
from cwnb.insights import structure_text
from cwnb.notebook.placeholders import literal

_INFINITE = {math.inf: "1e999", -math.inf: "-1e999"}


def is_value(expression: str, value: Any, name: str) -> str:
    """Write that an expression has this value; None stands for a missing one.

    `name` is the field that an error names: the expression may be a longer one of it.
    """
    if value is None:
        return f"not ispresent({expression})"
    return f"{_compared(expression, value)} = {written(value, name)}"


def is_other_value(expression: str, value: Any, name: str) -> str:
    """Write that an expression has another value than this one, and has one; as `is_value`."""
    if value is None:
        return f"ispresent({expression})"
    return f"{_compared(expression, value)} != {written(value, name)}"


def written(value: Any, name: str) -> str:
    """Write a value so that the language reads the same one; raises InvalidParameter."""
    if isinstance(value, list | dict):
        value = structure_text(value)
    if isinstance(value, float) and math.isinf(value):
        return _INFINITE[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_DOUBLE:
        value = int(value)  # as people write it
    if not isinstance(value, str) or "{{" not in value:
        text = literal(value, name)
        if text.startswith("["):
            raise InvalidParameter(f"cannot write {name!r}, a {type(value).__name__}, as one value")
        return text
    # A cell would fill in the `{{name}}` that a text contains, so no two braces stand together.
    parts = re.split(r"(?<=\{)(?=\{)", value)
    return f"concat({', '.join(literal(part, name) for part in parts)})"


def comparable(expression: str) -> str:
    """Write the value of a field that may be a list or map: these have their JSON text instead.

    A list or map equals nothing in the language, and `stats` does not group by one.
    """
    return f"coalesce(jsonStringify({expression}), {expression})"


def _compared(expression: str, value: Any) -> str:
    is_structure = isinstance(value, list | dict) and not expression.startswith("coalesce(")
    return f"jsonStringify({expression})" if is_structure else expression
