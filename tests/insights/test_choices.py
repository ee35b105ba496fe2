"""`case` of constants gives what it gives of columns that hold these constants."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.insights import values
from cwnb.insights.functions.general import choose
from cwnb.insights.values.value_types import decode

_CONSTANTS = st.one_of(
    st.lists(st.sampled_from(["", "a", "b", "1", "é", "\0", None]), min_size=1, max_size=4),
    st.lists(st.sampled_from([1, 0, -0.0, 2.5, 2**53 + 1, None]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", 1, 2.5, True, None]), min_size=1, max_size=4),
)


@settings(deadline=None)
@given(_CONSTANTS, st.integers(0, 1), st.lists(st.integers(0, 15), max_size=12))
def test_constants_and_columns_are_chosen_alike(constants, without, bits):
    scalars = [pa.scalar(constant) for constant in constants]
    count = max(len(constants) - without, 0)
    conditions = [np.array([bool(bit >> i & 1) for bit in bits], dtype=bool) for i in range(count)]
    rows = len(bits)
    expected = choose(conditions, [values.broadcast(one, rows) for one in scalars], rows)
    found = choose(conditions, scalars, rows)
    found.validate(full=True)
    assert len(found) == rows
    assert repr(decode(found).to_pylist()) == repr(expected.to_pylist())
    if rows:
        assert decode(found).type == expected.type
