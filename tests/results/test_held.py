"""The rows that a browser holds: how many, how they are cut, and how they sort."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

import cwnb
from cwnb.errors import MalformedQuery
from cwnb.results import held
from cwnb.results.arrow_columns import data_frame, portable_column
from cwnb.results.held import CHARACTERS_HELD, FIRST_BYTES, FIRST_ROWS, MOST_BYTES, PART_BYTES
from cwnb.results.rendering import rendered
from cwnb.times import Clock

NOW_MS = 1_795_172_400_000


def held_rows(tz="UTC", **columns):
    """Hold an answer of these columns."""
    arrays = {name: pa.array(values) for name, values in columns.items()}
    rows = len(next(iter(arrays.values())))
    df = data_frame({name: portable_column(array) for name, array in arrays.items()}, rows)
    outcome = SimpleNamespace(columns=arrays, rows=rows)
    return held.HeldRows(SimpleNamespace(df=df, outcome=outcome, tz=tz))


def all_texts(rows):
    """Give all texts, a list for each column, and the sizes of the messages they came in."""
    parts = [rows.first, *rows.rest(rows.first.end)]
    texts = [[] for _ in rows.columns]
    for part in parts:
        assert part.begin == len(texts[0])
        for column, more in zip(texts, json.loads(part.texts), strict=True):
            column.extend(more)
        assert part.end == len(texts[0])
    return texts, [len(part.texts) for part in parts]


def test_the_first_500_rows_come_at_once_and_all_rows_in_order():
    rows = held_rows(n=list(range(1_234)), text=[f"row {n}" for n in range(1_234)])
    assert (rows.first.begin, rows.first.end) == (0, FIRST_ROWS)
    texts, _ = all_texts(rows)
    assert texts == [[str(n) for n in range(1_234)], [f"row {n}" for n in range(1_234)]]


def test_parts_with_a_long_value_say_so():
    long, longest = "🙂" * CHARACTERS_HELD, "x" * (CHARACTERS_HELD + 1)
    assert not held_rows(text=[long, None]).first.has_cut
    assert held_rows(text=[None, longest]).first.has_cut
    rows = held_rows(text=["a"] * FIRST_ROWS + [longest])
    assert [part.has_cut for part in (rows.first, *rows.rest(FIRST_ROWS))] == [False, True]


def test_wide_first_rows_are_fewer():
    rows = held_rows(text=["\x01" * 1_500] * 600)  # six bytes each in JSON
    assert 0 < rows.first.end < FIRST_ROWS
    assert len(rows.first.texts) + 4 * rows.first.end <= FIRST_BYTES
    assert rows.first.end == FIRST_BYTES // (9_002 + 1 + 4)
    assert len(all_texts(rows)[0][0]) == 600


def test_one_row_may_be_too_large_for_the_first_message_and_still_comes():
    large = held_rows(**{f"c{i}": ["\x01" * 3_000] for i in range(200)})
    assert large.first.end == 0
    texts, sizes = all_texts(large)
    assert len(texts) == 200
    assert max(sizes) <= PART_BYTES


def test_no_message_has_more_than_4_mb_and_all_together_32():
    # Short rows first, so that the size of the others cannot be guessed from them.
    rows = held_rows(text=["short"] * 500 + ["é" * 1_000] * 29_500)
    texts, sizes = all_texts(rows)
    assert max(sizes) <= PART_BYTES
    total = sum(sizes) + 4 * len(texts[0])
    assert MOST_BYTES - 10_000 < total <= MOST_BYTES
    assert rows.all_rows == 30_000 > len(texts[0])


def test_at_most_100_000_rows_are_held(monkeypatch):
    monkeypatch.setattr(held, "MOST_ROWS", 2_000)
    rows = held_rows(n=list(range(2_500)))
    assert rows.all_rows == 2_500
    assert len(all_texts(rows)[0][0]) == 2_000


def test_of_10_000_columns_200_are_held():
    rows = held_rows(**{f"c{i}": [i] for i in range(10_000)})
    assert rows.all_columns == 10_000
    assert [column.name for column in rows.columns] == [f"c{i}" for i in range(200)]
    assert [texts[0] for texts in json.loads(rows.first.texts)] == list(map(str, range(200)))
    assert len(list(rows.ranks(1))) == 200


def test_long_values_are_cut_and_marked():
    cells = ["x" * CHARACTERS_HELD, "x" * (CHARACTERS_HELD + 1), "é" * 1_000_000, None, ""]
    [texts], _ = all_texts(held_rows(text=cells))
    cut = "x" * CHARACTERS_HELD + "…"
    assert texts == [cells[0], cut, "é" * CHARACTERS_HELD + "…", None, ""]


def test_texts_are_those_of_a_table():
    start = datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC)
    columns = {
        "when": pa.array([start, None, start + timedelta(days=20_000)], pa.timestamp("ms", "UTC")),
        "n": pa.array([2**53 + 1, None, -1]),
        "share": pa.array([0.123456, 1e20, None]),
        "good": pa.array([True, None, False]),
    }
    rows = held_rows(**columns)
    shown = rows._result.df
    texts, _ = all_texts(rows)
    for name, column in zip(columns, texts, strict=True):
        assert ["" if text is None else text for text in column] == rendered(shown[name])
    assert [column.kind for column in rows.columns] == ["time", "number", "number", "text"]


def test_times_are_shown_in_the_zone_that_their_title_names():
    rows = held_rows("Asia/Seoul", when=pa.array([NOW_MS], pa.timestamp("ms", "UTC")))
    assert rows.columns[0].title == "when (Asia/Seoul)"
    assert all_texts(rows)[0] == [["2026-11-20 20:00:00.000"]]


def test_no_rows_and_no_columns():
    empty = held_rows(text=pa.array([], pa.string()))
    assert (empty.first.end, list(empty.rest(0)), list(empty.ranks(0))) == (0, [], [b""])
    nothing = held.HeldRows(
        SimpleNamespace(df=data_frame({}, 0), outcome=SimpleNamespace(columns={}, rows=0), tz="UTC")
    )
    assert (nothing.columns, nothing.first.end, list(nothing.rest(0))) == ([], 0, [])


def some_values(random_of):
    """Give the values of an event as a program might log them: mixed types, missing, lists."""
    number = random_of.choice([9, 10, 2**53, 2**53 + 1, -1, 0])
    text = random_of.choice(["9", "10", "a9", "a10", "", "01", "1e3", "x", "é", "Ä"])
    event = {
        "number": number,
        "share": random_of.choice([0.5, 10, -0.25, 1e300]),
        "text": text,
        "mixed": random_of.choice([number, text, True, 0.5, {"a": 1}]),
        "list": random_of.choice([[1, 2], [1, 10], [], ["b"]]),
        "good": random_of.choice([True, False]),
    }
    return {name: value for name, value in event.items() if random_of.random() < 0.8}


FIELDS = "@timestamp number share text mixed mixed.a list list.0 good missing".split()


@pytest.mark.parametrize("seed", range(3))
def test_ranks_sort_as_the_language_does(tmp_path, seed):
    random_of = random.Random(seed)
    shown = f"fields @ptr, {', '.join(f'{field} as c{i}' for i, field in enumerate(FIELDS))}"
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
        logs.put("/g", "s", [(NOW_MS - n, json.dumps(some_values(random_of))) for n in range(300)])
        plain = logs.query(f"{shown} | limit 1000", "/g")
        ranks = [np.frombuffer(one, "<i4") for one in held.HeldRows(plain).ranks(len(plain))]
        for place, name in enumerate(FIELDS):
            if name in {"mixed", "list"}:
                with pytest.raises(MalformedQuery, match="a list or map cannot be sorted"):
                    logs.query(f"{shown} | sort c{place}", "/g")
                # The browser sorts them by their JSON text, a rank for each.
                texts = plain.df[f"c{place}"]
                lists = texts.str.startswith(("[", "{")).fillna(value=False)
                found = set(zip(texts[lists], ranks[1 + place][lists], strict=True))
                assert len(found) == texts[lists].nunique() == len({rank for _, rank in found}) > 0
                assert min(rank for _, rank in found) > 0
                continue
            for way in ("asc", "desc"):
                wanted = logs.query(f"{shown} | sort c{place} {way} | limit 1000", "/g")
                keys = ranks[1 + place] if way == "asc" else -ranks[1 + place]
                got = plain.df["@ptr"].iloc[np.argsort(keys, kind="stable")]
                assert got.tolist() == wanted.df["@ptr"].tolist(), (name, way)
