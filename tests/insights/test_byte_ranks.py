"""Ranks of byte strings are those that Python's order of `bytes` gives."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from cwnb.insights.values.byte_ranks import byte_ranks

_PARTS = st.sampled_from([b"", b"\0", b"a", b"ab", b"\xff", b"12345678", b"12345678\0"])
_VALUES = st.none() | st.binary(max_size=20) | st.lists(_PARTS, max_size=4).map(b"".join)


@given(st.lists(_VALUES, max_size=30), st.integers(0, 3))
def test_ranks_are_those_of_bytes(values: list[bytes | None], cut: int) -> None:
    array = pa.array(values, pa.binary())[cut:]
    kept = values[cut:]
    distinct = sorted({one for one in kept if one is not None})
    expected = [0 if one is None else distinct.index(one) + 1 for one in kept]
    assert byte_ranks(array).tolist() == expected
