"""The grams that an index is made of: those of a part of a text are among those of the text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.store.segments import gram_tables
from cwnb.store.segments.gram_tables import GramTables, place_of, plain_runs
from cwnb.store.segments.grams import GRAM_BYTES, GramFinder, bytes_of, hashes_of

# Texts of which hypothesis finds the odd ones: repeated, short, not ASCII, with quotes and NUL.
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text("ab", max_size=60),
    st.text('0123456789abcdef"\0', max_size=80),
    st.text("aaaé", max_size=40).map(lambda text: text * 7),
)


def hashes(text: str, stretch: int) -> set[int]:
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    return {h for part in GramFinder(stretch).hashes(data) for h in part.tolist()}


@given(TEXTS, TEXTS, TEXTS, st.integers(GRAM_BYTES, 40))
def test_a_text_that_holds_another_has_its_grams(
    before: str, text: str, after: str, stretch: int
) -> None:
    whole = before + text + after
    found = hashes(whole, stretch)
    assert found == set(hashes_of(whole).tolist())
    assert set(hashes_of(text).tolist()) <= found


@given(TEXTS)
def test_letters_of_ascii_have_the_same_grams_in_both_cases(text: str) -> None:
    upper = "".join(one.upper() if one.isascii() else one for one in text)
    assert hashes_of(upper).tolist() == hashes_of(text).tolist()


@given(st.text(st.characters(max_codepoint=0x7E, exclude_characters='"\x02'), min_size=10))
def test_ten_bytes_without_a_quote_have_a_gram(text: str) -> None:
    assert len(hashes_of(text))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_the_bytes_of_a_slice_are_those_of_its_texts(kind: Any) -> None:
    texts = pa.array(["one", "", "zwölf", "\0", "end"], kind)
    assert bytes_of(texts.slice(1, 3)).tobytes() == "zwölf\0".encode()
    assert not len(bytes_of(texts.slice(1, 1)))
    assert not len(bytes_of(pa.array([], kind)))


@settings(deadline=None, max_examples=30)
@given(st.lists(TEXTS, max_size=30), st.integers(1, 7), st.integers(1, 3000), st.data())
def test_each_row_group_has_a_bit_at_the_places_of_its_grams(
    texts: list[str], rows: int, places: int, data: st.DataObject
) -> None:
    tables = GramTables()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gram_tables, "MESSAGE_GROUP", rows)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(texts)), max_size=3)))
        for start, end in zip([0, *cuts], [*cuts, len(texts)], strict=True):
            chunk = pa.array(texts[start:end], pa.string())
            tables.add(pa.chunked_array([chunk], pa.string()))
        tables.finish()
    groups = -(-len(texts) // rows)
    assert tables.groups == groups
    if not groups:
        return
    parts = list(tables.rows(places, 16))
    assert {len(part) for part in parts} == {16 * groups // 8}
    bits = np.unpackbits(np.frombuffer(b"".join(parts), np.uint8), bitorder="little")
    bits = bits.reshape(-1, groups)
    for row, text in enumerate(texts):
        assert bits[place_of(hashes_of(text), places), row // rows].all()


def test_characters_that_a_writer_of_json_may_escape_cut_a_value() -> None:
    assert plain_runs("a b-c_d.e:f") == ["a b-c_d.e:f"]
    assert plain_runs("x\"y\\z/1<2>3&4'5é6\t7+8=9`0\x7fA") == [*"xyz1234567890A"]
    assert plain_runs("") == plain_runs("é/") == []


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        (r'{"a":"b"}', False),
        (r'{"a":"\u00e9\u003c\u0026\u002f\"\\\/\n"}', False),
        (r'{"a":"\u0061"}', True),
        (r'{"a":"\u005F"}', True),
        (r'{"a":"\u005f"}', True),
        (r'{"a":"\u005c"}', False),
        ("u0061", False),
        ("\\", False),
    ],
)
def test_needless_escapes_are_marked(text: str, *, marked: bool) -> None:
    tables = GramTables()
    tables.add(pa.chunked_array([pa.array(["x" * 70_000, text, "y"])]))
    tables.finish()
    (part,) = tables.rows(7, 8)
    assert bool(part[0] >> 7) is marked
