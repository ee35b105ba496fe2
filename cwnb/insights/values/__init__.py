"""What values mean in the language: conversion, comparison, equality, order, of Arrow columns."""

from __future__ import annotations

from cwnb.insights.values.arithmetic import arithmetic, negate
from cwnb.insights.values.conversion import (
    in_calendar,
    joined,
    text_of,
    to_boolean,
    to_double,
    to_mixed,
    to_number,
    to_text,
    to_time,
    unify,
)
from cwnb.insights.values.equality import compare, equality_key, is_in
from cwnb.insights.values.membership import (
    all_numbers,
    distinct,
    is_among,
    is_any_of,
    same_keys,
)
from cwnb.insights.values.number_columns import (
    as_numbers,
    column_of_numbers,
    fits_double,
    number_column,
    range_of,
)
from cwnb.insights.values.numbers import is_number
from cwnb.insights.values.ordering import natural_keys, ranks, sort_order
from cwnb.insights.values.value_types import (
    MIXED,
    STRUCTURE,
    TIME,
    Value,
    broadcast,
    decode,
    holds_structures,
    is_mixed,
    is_structure,
    is_text,
    is_time,
    mixed_array,
    structures_in,
    texts_of_structures,
    without_structures,
)

__all__ = [
    "MIXED",
    "STRUCTURE",
    "TIME",
    "Value",
    "all_numbers",
    "arithmetic",
    "as_numbers",
    "broadcast",
    "column_of_numbers",
    "compare",
    "decode",
    "distinct",
    "equality_key",
    "fits_double",
    "holds_structures",
    "in_calendar",
    "is_among",
    "is_any_of",
    "is_in",
    "is_mixed",
    "is_number",
    "is_structure",
    "is_text",
    "is_time",
    "joined",
    "mixed_array",
    "natural_keys",
    "negate",
    "number_column",
    "range_of",
    "ranks",
    "same_keys",
    "sort_order",
    "structures_in",
    "text_of",
    "texts_of_structures",
    "to_boolean",
    "to_double",
    "to_mixed",
    "to_number",
    "to_text",
    "to_time",
    "unify",
    "without_structures",
]
