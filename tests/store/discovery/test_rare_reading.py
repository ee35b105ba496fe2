"""A rare field out of the texts of all of them: one search, and no value of another name or row."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from cwnb.store.discovery.columns import column, spread
from cwnb.store.discovery.rare import read_rest, values_of

names = st.sampled_from(["a", "aa", "b.a", 'q"', "\\", "é", "}{", '":', "\0", "a\n"])
coded = st.sampled_from(["0x", "01", '0"a":', "0", "17", "199999999999999999999", "22.5", "3true"])
texts = st.one_of(st.none(), st.dictionaries(names, coded, min_size=1, max_size=4))


@given(st.lists(texts, max_size=10), names, st.integers(0, 3))
def test_rare_fields_are_those_of_each_text(
    rows: list[dict[str, str] | None], name: str, cut: int
) -> None:
    written = [None if one is None else orjson.dumps(one).decode() for one in rows]
    rest = pa.array(written, pa.string()).slice(cut)
    held = [(at, one[name]) for at, one in enumerate(rows[cut:]) if one and name in one]
    found = read_rest(rest, name)
    if not held:
        assert found is None
        return
    wanted = column(values_of([value for _, value in held]))
    assert found is not None
    found.validate(full=True)
    assert found.type == wanted.type
    assert found.drop_null().equals(wanted)
    assert np.flatnonzero(np.asarray(found.is_valid())).tolist() == [at for at, _ in held]


@given(
    st.lists(st.one_of(st.none(), st.sampled_from(["", "x", "été", "\0"])), max_size=12),
    st.booleans(),
)
def test_texts_are_spread_as_other_values_are(rows: list[str | None], sliced: bool) -> None:
    present: list[Any] = [one for one in rows if one is not None]
    values = pa.array(["before", *present]).slice(1) if sliced else pa.array(present, pa.string())
    made = spread(values, [at for at, one in enumerate(rows) if one is not None], len(rows))
    made.validate(full=True)
    assert made.to_pylist() == rows
    assert made.null_count == rows.count(None)
