"""`min` and `max` of values that differ and sort alike do not depend on the order of tasks."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.events import ALL_TIME, TYPE_BOOLEAN, TYPE_INTEGER, TYPE_STRING, mixed_type
from cwnb.insights.context import QueryValues
from cwnb.insights.engine.aggregates.extremes import Maximum, Minimum
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.grouping import Groups
from cwnb.insights.engine.order import RowOrder

_MIXED = [("false", TYPE_STRING), ("false", TYPE_BOOLEAN), ("1", TYPE_STRING), ("1", TYPE_INTEGER)]
_PLAIN = {
    "double": (pa.float64(), st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, float("-inf")])),
    "text": (pa.string(), st.sampled_from(["1", "1.0", "01", "false", "a", ""])),
    "boolean": (pa.bool_(), st.booleans()),
}


def _column(kind: str, data: st.DataObject) -> pa.Array:
    if kind == "mixed":
        rows = data.draw(st.lists(st.none() | st.sampled_from(_MIXED), max_size=4))
        held = [
            None if row is None else dict(zip(("text", "type"), row, strict=True)) for row in rows
        ]
        return pa.array(held, mixed_type())
    arrow, rows = _PLAIN[kind]
    return pa.array(data.draw(st.lists(st.none() | rows, max_size=4)), arrow)


@pytest.mark.parametrize("kind", ["double", "text", "mixed", "several"])
@pytest.mark.parametrize("made", [Minimum, Maximum])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_tasks_are_merged_alike_in_any_order(kind: str, made: type, data: st.DataObject) -> None:
    states, maps = [], []
    for _ in range(3):
        own = (
            data.draw(st.sampled_from(["mixed", "text", "boolean"])) if kind == "several" else kind
        )
        column = _column(own, data)
        codes = np.array(
            data.draw(st.lists(st.integers(0, 1), min_size=len(column), max_size=len(column))),
            dtype=np.int64,
        )
        groups = Groups(codes, np.bincount(codes, minlength=2))
        order = RowOrder(Batch(len(column), QueryValues(0, ALL_TIME)), in_memory=True)
        states.append(made().partial(column, groups, order))
        maps.append(np.arange(2))
    found = set()
    for some in permutations(range(3)):
        merged = made().merge([states[i] for i in some], [maps[i] for i in some], 2)
        found.add(repr(made().final(merged, 2).to_pylist()))
    assert len(found) == 1
