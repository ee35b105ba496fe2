"""The functions of Logs Insights: one table for grammar, engine, completion and docs."""

from __future__ import annotations

from cwnb.insights.functions import (  # noqa: F401  (importing a module enters its functions)
    addresses,
    aggregates,
    datetimes,
    general,
    numeric,
    strings,
    structures,
)
from cwnb.insights.functions.registry import (
    FUNCTIONS,
    Context,
    Function,
    Parameter,
    aggregate,
    call,
    function,
)
from cwnb.insights.functions.structures import access, dump, typed

__all__ = [
    "FUNCTIONS",
    "Context",
    "Function",
    "Parameter",
    "access",
    "aggregate",
    "call",
    "dump",
    "function",
    "typed",
]
