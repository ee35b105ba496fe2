"""Texts of many values stand in a file as a dictionary, and are read as they were."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from contents import events

from cwnb.store import LoadRecord, Store, event_batch
from cwnb.store.maintenance import compaction
from cwnb.store.segments import encoding, facts, message_file, reader, writer
from cwnb.store.segments.marks import without_marks

pytestmark = pytest.mark.usefixtures("quiet")

ODD = [None, "", "a\0", "a", "é", "日本", "007", "7", "x" * 300]


@pytest.fixture
def small(monkeypatch):
    for module in (facts, writer, compaction, reader, message_file):
        monkeypatch.setattr(module, "MESSAGE_GROUP", 64, raising=False)
        monkeypatch.setattr(module, "FIELDS_GROUP", 192, raising=False)
    monkeypatch.setattr(encoding, "_TEXTS_FOR_DICTIONARY", 50)


def columns(rows: int = 600, values: int = 40) -> dict[str, pa.Array]:
    """Give texts with many rows a value, nearly distinct ones, and texts of few values."""
    numbers = np.random.default_rng(3).integers(0, values, rows).tolist()
    return {
        "user": pa.array([ODD[n] if n < len(ODD) else f"user {n}" for n in numbers], pa.string()),
        "id": pa.array([f"id {n // 2}" for n in range(rows)], pa.string()),
        "number": pa.array(range(rows)),
        "@rest": pa.array([f"user {n}" for n in numbers], pa.string()),
    }


def as_read(part: pa.Table) -> pa.Table:
    read = map(without_marks, part.columns, part.schema)
    return pa.table(list(read), names=part.column_names)


def test_texts_of_many_values_get_a_dictionary_of_each_row_group(monkeypatch):
    monkeypatch.setattr(encoding, "_TEXTS_FOR_DICTIONARY", 50)
    given = columns()
    encoded = encoding.EncodedColumns(given, 192)
    assert encoded.dictionaries == ["user"]
    assert pa.types.is_dictionary(encoded.schema.field("user").type)
    assert encoded.schema.field("id").type == pa.string()
    parts = [as_read(part) for part in encoded.row_groups()]
    assert [len(part) for part in parts] == [192, 192, 192, 24]
    for part in parts:
        codes = part["user"].chunk(0)
        assert set(codes.dictionary.to_pylist()) == set(codes.to_pylist()) - {None}
    whole = pa.concat_tables(part.cast(pa.table(given).schema) for part in parts)
    assert not any(field.nullable for field in encoded.schema if field.name != "@rest")
    assert whole.equals(pa.table(given))


@pytest.mark.parametrize("column", [[], [None] * 500, ["a"] * 20, ["a", None] * 20])
def test_few_texts_stay_as_they_are(column):
    encoded = encoding.EncodedColumns({"f": pa.array(column, pa.string())}, 192)
    assert encoded.dictionaries == []
    assert [as_read(part)["f"].to_pylist() for part in encoded.row_groups()] == [
        column[at : at + 192] for at in range(0, len(column), 192)
    ]


def test_texts_that_would_fill_a_page_stay_as_they_are(monkeypatch):
    monkeypatch.setattr(encoding, "_TEXTS_FOR_DICTIONARY", 50)
    monkeypatch.setattr(encoding, "DICTIONARY_BYTES", 500)
    assert encoding.EncodedColumns(columns(), 192).dictionaries == []


def put(store: Store, start: int, rows: int = 500) -> None:
    users = columns(rows)["user"].to_pylist()
    ids = [f"id {n // 2}" for n in range(rows)]
    texts = [
        json.dumps({"user": user, "id": one} if user is not None else {"id": one})
        for user, one in zip(users, ids, strict=True)
    ]
    with store.loading("/g") as loading:
        loading.add(event_batch(list(range(start, start + rows)), texts, "s"))
        loading.commit(LoadRecord(f"f{start}", "app.log", "s", 10, 4, 4, "tail"))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("encryption", ["default", "none"])
def test_segments_with_and_without_dictionaries_are_read_alike(tmp_path, monkeypatch, encryption):
    with Store.open(tmp_path / "store", encryption=encryption) as store:
        put(store, 0)
        with monkeypatch.context() as before:
            # As earlier versions wrote them.
            before.setattr(encoding, "_dictionaries", lambda *_: None)
            put(store, 1000)
        segments = store.snapshot(["/g"]).groups[0].segments
        # To discovery and the index they are texts, however they stand in the file.
        assert [segment.columns["user"] for segment in segments] == [facts.TEXT] * 2
        if encryption == "none":
            files = (tmp_path / "store").rglob("*.fields.parquet")
            kinds = {pq.read_schema(file).field("user").type for file in files}
            assert len(kinds) == 2
        expected = [
            (when, user, f"id {(when % 1000) // 2}")
            for start in (0, 1000)
            for when, user in enumerate(columns(500)["user"].to_pylist(), start)
        ]

        def found():
            held = events(store, ["/g"], names=["user", "id"])
            return [(when, user, one) for when, _, user, one in held]

        assert found() == expected
        store.compact("/g")
        assert len(store.snapshot(["/g"]).groups[0].segments) == 1
        assert found() == expected
