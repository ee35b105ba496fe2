"""Documents of one shape fit a schema alike, so one of them is looked at for all."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwnb.store.discovery.census import Census
from cwnb.store.discovery.schema import DEPTH_LIMIT, shape_of

_SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, "", "a"])
_KEYS = st.sampled_from(["a", "b", "c"])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner),
    max_leaves=8,
)
_DOCUMENTS = st.dictionaries(_KEYS, _VALUES)


@given(st.lists(_DOCUMENTS, min_size=1, max_size=4), st.lists(_DOCUMENTS, max_size=12))
def test_what_has_one_shape_fits_alike(learnt, documents) -> None:
    census = Census()
    for document in learnt:
        census.learn(document)
    schema, _ = census.settle(len(learnt))
    fits: dict[object, bool] = {}
    for document in (*learnt, *documents):
        assert fits.setdefault(shape_of(document), schema.fits(document)) == schema.fits(document)


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_the_shape_of_a_deep_document_has_an_end(opening) -> None:
    deep = orjson.loads(opening * 900 + "1" + {"[": "]"}.get(opening, "}") * 900)
    deeper = orjson.loads(opening * 901 + "1" + {"[": "]"}.get(opening, "}") * 901)
    assert shape_of(deep) == shape_of(deeper)
    assert DEPTH_LIMIT < 900
