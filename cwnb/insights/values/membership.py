"""Which values of a column are among those of another, by the one equality of the language."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.values import numbers
from cwnb.insights.values.conversion import analyse, to_number
from cwnb.insights.values.equality import booleans_in, equality_key, unless_missing
from cwnb.insights.values.value_types import (
    decode,
    is_structure,
    is_time,
    structures_in,
    without_structures,
)


def distinct(array: pa.Array) -> pa.Array:
    """Give the keys by which `is_among` finds values: of each value one, missing ones left out.

    Maps and lists equal nothing, so they have none.
    """
    if is_structure(array.type):
        return pa.array([], pa.string())
    if (structures := structures_in(array)) is not None:
        array = without_structures(array.filter(pc.invert(structures)))
    keys = equality_key(array)
    if pa.types.is_dictionary(keys.type):
        keys = decode(keys)
    if (booleans := booleans_in(array)) is not None:
        flags = equality_key(to_number(array.filter(booleans)))
        keys = pa.concat_arrays([keys.cast(pa.string()), flags.cast(pa.string())])
    return pc.unique(keys).drop_null()


def is_any_of(array: pa.Array, texts: tuple[str, ...]) -> bool:
    """Tell whether one of these texts is a value of a column of texts; false for other columns."""
    if pa.types.is_dictionary(array.type):
        used = array.dictionary.take(pc.unique(array.indices.drop_null()))
        return is_any_of(used, texts)
    if not pa.types.is_string(array.type):
        return False
    return bool(pc.any(pc.is_in(array, pa.array(texts, pa.string()))).as_py())


def is_among(value: pa.Array, wanted: pa.Array) -> pa.Array:
    """Tell for each value whether its key is one of those that `distinct` gave.

    Missing stays missing; a structure is none of them.
    """
    if pa.types.is_null(value.type):
        return pa.nulls(len(value), pa.bool_())
    if is_structure(value.type):
        return unless_missing(value, value, np.zeros(len(value), dtype=bool))
    if (structures := structures_in(value)) is not None:
        scalars = is_among(without_structures(value), wanted).fill_null(False)
        return unless_missing(value, value, np.asarray(pc.and_not(scalars, structures)))
    if pa.types.is_dictionary(value.type) and len(value.dictionary) <= len(value):
        return is_among(value.dictionary, wanted).take(value.indices)
    found = pc.is_in(*same_keys(equality_key(decode(value)), wanted))
    if (booleans := booleans_in(value)) is not None:
        flags = pc.is_in(*same_keys(equality_key(to_number(value)), wanted))
        found = pc.or_(found, pc.and_(booleans, flags))
    return pc.if_else(value.is_valid(), found, pa.scalar(None, pa.bool_()))


def same_keys(one: pa.Array, other: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Give keys of two columns in one type, so that they are equal where the values are."""
    if one.type != other.type:
        one, other = pc.cast(one, pa.string()), pc.cast(other, pa.string())
    return one, other


def all_numbers(array: pa.Array) -> bool:
    """Tell whether all values of an array are numbers, also in text, or times."""
    if is_time(array.type) or pa.types.is_null(array.type):
        return True
    found = analyse(decode(array))
    return (
        array.null_count == len(array)
        if found is None
        else bool((found.numeric | (found.form == numbers.MISSING)).all())
    )
