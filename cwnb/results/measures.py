"""The columns of numbers that a chart draws, and why others cannot be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cwnb.errors import InvalidParameter
from cwnb.insights import write_name
from cwnb.nearest import suggestion
from cwnb.results.inks import PALETTE
from cwnb.results.rendering import numbers

if TYPE_CHECKING:
    from pandas import DataFrame

    from cwnb.results.series import Array
    from cwnb.results.shape import Shape

# More columns of numbers than this are no chart.
_MOST_MEASURES = 100
# With larger numbers, or only smaller ones, matplotlib's arithmetic leaves the range of doubles.
_LARGEST, _SMALLEST = 1e300, 1e-280
_NAMED = 5


def with_measures(df: DataFrame, found: Shape, value: str | None) -> tuple[Shape, str]:
    """Give the shape with the measures that are drawn, and a note on those that are left out.

    `value` is the one that was asked for; by default they are the first eight. Raises
    InvalidParameter where there is no number to draw.
    """
    if value is not None:
        if value not in found.measures:
            there = f"there are {_named(found.measures)}"
            near = suggestion(str(value), found.measures, otherwise=there)
            raise InvalidParameter(f"no column of numbers {value!r}{near}")
        measures: tuple[str, ...] = (value,)
    else:
        measures = found.measures
    if not measures:
        raise InvalidParameter(
            f"cannot draw a result without a column of numbers; it has {_named(df.columns)}; "
            "stats count(*) by … makes one"
        )
    if len(measures) > _MOST_MEASURES:
        raise InvalidParameter(
            f"cannot draw {len(measures):,} columns of numbers in one chart; name one, as in "
            f"value={measures[0]!r}"
        )
    drawn = measures[: len(PALETTE)]
    note = (
        f"the first {len(drawn)} of {len(measures)} columns" if len(drawn) < len(measures) else ""
    )
    if all(np.isnan(floats(df, name)).all() for name in drawn):
        raise InvalidParameter(f"cannot draw {_named(drawn)}: all values are missing")
    return replace(found, measures=drawn), note


def floats(df: DataFrame, name: str) -> Array:
    """Give a column of numbers as floats, NaN where missing.

    Raises InvalidParameter for numbers that have no place on an axis.
    """
    found = numbers(df[name])
    assert found is not None, "shape() names columns of numbers only"
    if np.isinf(found).any():
        raise InvalidParameter(
            f"cannot draw {name!r}: it has infinite values; filter them out, as in "
            f"{write_name(name)} < 1e300"
        )
    if (np.abs(found) > _LARGEST).any():
        raise InvalidParameter(f"cannot draw {name!r}: it has values beyond 1e300; filter them out")
    sizes = np.abs(found[np.abs(found) > 0])
    if len(sizes) and sizes.max() < _SMALLEST:
        raise InvalidParameter(f"cannot draw {name!r}: all its values are below 1e-280")
    return found


def _named(names: object) -> str:
    listed = [repr(str(name)) for name in names]  # type: ignore[attr-defined]
    return ", ".join(listed[:_NAMED]) + ", …" * (len(listed) > _NAMED)
