"""The functions of Logs Insights: one table for grammar, engine, completion and docs.

Importing this room enters the functions that work row by row; `engine.aggregates` enters those of
`stats`. `names.known_functions` gives the table with both.
"""

from __future__ import annotations

from cwnb.insights.functions import (  # noqa: F401  (importing a module enters its functions)
    addresses,
    datetimes,
    general,
    hashes,
    numeric,
    strings,
    structures,
)
from cwnb.insights.functions.calling import Context, call, coerce
from cwnb.insights.functions.registry import (
    FUNCTIONS,
    ROW_FORMS,
    Function,
    Parameter,
    Reads,
    aggregation,
    function,
)
from cwnb.insights.functions.structures import access

__all__ = [
    "FUNCTIONS",
    "ROW_FORMS",
    "Context",
    "Function",
    "Parameter",
    "Reads",
    "access",
    "aggregation",
    "call",
    "coerce",
    "function",
]
