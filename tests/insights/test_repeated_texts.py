"""Work that is done once per text gives what it gives row by row, however the texts come."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.insights.values import numbers, repeated
from cwnb.insights.values.repeated import encoded_if_repeated

WORDS = [
    "10.0.0.1",
    "10.4.0.1",
    "300.1.1.1",
    "::1",
    "é-0",
    "a\0b",
    "",
    "7",
    "1.0",
    "-0.0",
    "web-1-a",
]
NUMBER_WORDS = st.sampled_from(
    ["1", "1.5", "1.2.3.4", "0x10", "1e400", "+7", ".", "5.", "1e5", "-", "9" * 25, "1.5.", "e5"]
)


@pytest.fixture
def _encodes_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "_FEWEST_ROWS", 2)


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.sampled_from(WORDS)), max_size=60),
    st.integers(0, 5),
    st.sampled_from([0.01, 0.2, 1.0]),
)
@example([None] * 20, 0, 1.0)
def test_a_dictionary_of_repeated_texts_has_the_same_texts(
    texts: list[str | None], cut: int, most: float
) -> None:
    column = pa.array(texts * 300, pa.string()).slice(cut)
    encoded = encoded_if_repeated(column, most)
    if encoded is None:
        return
    assert encoded.dictionary_decode().equals(column)
    assert len(encoded.dictionary) == len(set(encoded.dictionary.to_pylist())) <= most * len(column)


def test_only_texts_that_repeat_are_encoded() -> None:
    def column(different: int) -> pa.Array:
        return pa.array([f"text {n * 7919 % different}" for n in range(100_000)])

    assert encoded_if_repeated(column(5_000), 0.2) is not None
    assert encoded_if_repeated(column(60_000), 0.2) is None
    assert encoded_if_repeated(column(100_000), 1.0) is None
    assert encoded_if_repeated(pa.nulls(100_000, pa.string()), 1.0) is None


QUERIES = [
    "filter isValidIpV4(a) and not isIpv4InSubnet(a, '10.0.0.0/14') | stats count(*) as n, count_distinct(a) as d by a",
    "filter isValidIp(a) or isPrivateIP(a) or isPublicIP(b) | stats count(*) as n by a, b",
    "filter not isReservedIP(a) or ipv4ToNumber(a) > 5 | fields a, b",
    r"parse a /^(?<one>.*?)(?<two>-\d)?(?<three>-[a-z])?$/ | stats count(*) as n, count(two) as m, max(three) as k by one",
    "parse a '*.*' as x, y | filter ispresent(x) | fields strlen(y) as l | stats max(l) as m, count_distinct(y) as d by x",
    "parse a csv as p, q | stats count(*) as n by p, q",
]


@pytest.mark.usefixtures("_encodes_few_rows")
@pytest.mark.parametrize("query", QUERIES)
@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(
        st.tuples(*[st.one_of(st.none(), st.sampled_from(WORDS))] * 2), min_size=1, max_size=30
    )
)
def test_answers_do_not_depend_on_how_texts_are_held(
    query: str, rows: list[tuple[str | None, str | None]]
) -> None:
    plain = pa.table(
        {
            name: pa.array(column, pa.string())
            for name, column in zip("ab", zip(*rows, strict=True), strict=True)
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeated, "_FEWEST_ROWS", 10**9)
        expected = answer(query, plain)
    assert answer(query, plain) == expected


def answer(query: str, table: pa.Table) -> list[Any]:
    found = cwnb.query(query, pa.concat_tables([table] * 3).to_pandas())
    return sorted(map(repr, found.df.itertuples(index=False, name=None)))


@given(st.lists(st.one_of(st.none(), NUMBER_WORDS, st.text(max_size=3)), max_size=200))
def test_numbers_among_texts_that_only_look_like_some(words: list[str | None]) -> None:
    column = pa.array(words, pa.string())
    found = numbers.from_text(column)
    told = [word is not None and numbers.is_number(word) for word in words]
    assert (found.numeric.tolist() if found is not None else [False] * len(words)) == told
