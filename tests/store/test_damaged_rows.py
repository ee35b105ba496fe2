"""Whatever happens to a closed store: the same answers, or an error of cwnb that says so."""

from __future__ import annotations

import random
import shutil

import apsw
import pytest
from contents import events, texts

from cwnb.errors import CwnbError, StoreDamaged
from cwnb.store import LoadRecord, Position, Store, event_batch
from cwnb.store.catalog import segments

pytestmark = pytest.mark.usefixtures("quiet")

FLIPS = 60
GROUPS = ("/g", "/h")


@pytest.fixture(params=["open", "encrypted"])
def closed(request, tmp_path):
    """Give a closed store of two groups alike: two segments, recent batches, streams, a load."""
    encryption = {"open": "none", "encrypted": "default"}[request.param]
    with Store.open(tmp_path / "store", encryption=encryption) as store:
        for group in GROUPS:
            for first in (0, 100):
                store.put(group, event_batch(range(first, first + 50), texts(50), "s"))
                store.flush()
            with store.loading(group) as loading:
                loading.add(event_batch([5, 6], ["loaded", group], "file"))
                loading.commit(LoadRecord("f0f0", "/logs/app.log", "file", 10, 2, 2))
        for group in GROUPS:
            for first in (200, 300):
                store.put(group, event_batch([first], [f"recent in {group}"], f"s{first}"))
        store.set_retention("/h", 3653)
        store.set_now(400)
    # What another process would know of it.
    segments._facts._items.clear()
    return tmp_path / "store"


def all_of(folder):
    """Read all that a store answers with."""
    with Store.open(folder) as store:
        page = store.read_after(Position(0, 0))
        return (
            [store.groups(), store.position(), store.clock.now_ms(), page.events.to_pydict()],
            [
                (events(store, [name], names=["n", "level"]), store.load_records(name))
                for name in GROUPS
            ],
            [store.streams(name) for name in GROUPS],
        )


def check(folder, expected):
    """Tell whether the store says that it is damaged; fail if it answers otherwise than before."""
    try:
        found = all_of(folder)
    except CwnbError:
        return True
    assert found == expected
    return False


@pytest.mark.parametrize("what", ["catalog.sqlite", "*.parquet"])
def test_a_flipped_bit_changes_no_answer(closed, what, tmp_path):
    expected = all_of(closed)
    chance = random.Random(f"{what} {closed}")
    found = 0
    for _ in range(FLIPS):
        copy = shutil.copytree(closed, tmp_path / "copy")
        file = chance.choice(sorted(copy.rglob(what)))
        data = bytearray(file.read_bytes())
        # Free room of a catalog is full of zeros, and nobody reads it.
        at = chance.choice([place for place, byte in enumerate(data) if byte])
        data[at] ^= 1 << chance.randrange(8)
        file.write_bytes(data)
        found += check(copy, expected)
        shutil.rmtree(copy)
    assert found > FLIPS // 10


TAMPERED = {
    "segments moved": "UPDATE segments SET group_id = 3 - group_id",
    "a segment moved": "UPDATE segments SET group_id = 2 WHERE group_id = 1 AND first_ms = 0",
    "segments removed": "DELETE FROM segments WHERE first_ms = 0",
    "a segment doubled": "INSERT INTO segments SELECT 'abc', group_id, first_ms, last_ms, rows,"
    " message_bytes, file_bytes, discovery, wrapped_key, facts, ranges, first_commit, last_commit,"
    " seal FROM segments LIMIT 1",
    "times of segments": "UPDATE segments SET last_ms = first_ms",
    "commits of segments": "UPDATE segments SET last_commit = last_commit + 1",
    "facts swapped": "UPDATE segments SET facts = (SELECT facts FROM segments AS other"
    " WHERE other.group_id != segments.group_id)",
    "runs swapped": "UPDATE segment_runs SET runs = (SELECT runs FROM segment_runs AS other"
    " WHERE other.segment_id != segment_runs.segment_id ORDER BY runs DESC)",
    "runs removed": "DELETE FROM segment_runs",
    "batches moved": "UPDATE batches SET group_id = 3 - group_id",
    "a batch removed": "DELETE FROM batches WHERE id = (SELECT max(id) FROM batches)",
    "a batch renumbered": "UPDATE batches SET id = id + 100 WHERE id = (SELECT max(id) FROM batches)",
    "data swapped": "UPDATE batches SET data = (SELECT data FROM batches AS other"
    " WHERE other.id != batches.id)",
    "data and tokens swapped": "UPDATE batches SET (data, token, data_check) = (SELECT data, token,"
    " data_check FROM batches AS other WHERE other.group_id != batches.group_id)",
    "data of another type": "UPDATE batches SET data = 1.5",
    "times of batches": "UPDATE batches SET first_ms = 1, last_ms = 2",
    "ingestion of batches": "UPDATE batches SET ingestion_ms = ingestion_ms + 1",
    "commits of batches": "UPDATE batches SET commit_number = 1",
    "a group renamed": "UPDATE groups SET name = '/other' WHERE id = 1",
    "retention": "UPDATE groups SET retention_days = 1",
    "a group removed": "DELETE FROM groups WHERE id = 2",
    "events of streams": "UPDATE streams SET events = events + 1",
    "a stream removed": "DELETE FROM streams WHERE name = 'file'",
    "streams moved": "UPDATE streams SET group_id = group_id + 1, name = name || '2' WHERE name = 'file'",
    "a load doubled": "INSERT INTO loads SELECT id + 10, group_id, fingerprint, record, seal"
    " FROM loads",
    "a load removed": "DELETE FROM loads WHERE group_id = 1",
    "loads moved": "UPDATE loads SET group_id = 3 - group_id",
    "counts swapped": "UPDATE meta SET value = (SELECT value FROM meta WHERE key = 'group/1')"
    " WHERE key = 'group/2'",
    "counters": "UPDATE meta SET value = zeroblob(length(value)) WHERE key = 'store'",
    "counters removed": "DELETE FROM meta WHERE key = 'store'",
    "mark removed": "DELETE FROM meta WHERE key = 'sealed'",
    "mark emptied": "UPDATE meta SET value = NULL WHERE key = 'sealed'",
    "a column renamed": "ALTER TABLE segments RENAME COLUMN rows TO lines",
    "an index that lacks rows": "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
    " replace(sql, 'first_ms)', 'last_ms)') WHERE name = 'segments_of_group'",
}


@pytest.mark.parametrize("change", TAMPERED)
def test_rows_that_were_changed_are_damage(closed, change):
    connection = apsw.Connection(str(closed / "catalog.sqlite"))
    connection.execute(TAMPERED[change])
    connection.close()
    with pytest.raises(StoreDamaged):
        all_of(closed)


@pytest.mark.parametrize(
    "change", ["UPDATE batches SET last_ms = 1", "UPDATE segments SET last_ms = 1"]
)
def test_a_damaged_row_does_not_let_living_events_expire(closed, change):
    day = 86_400_000
    with Store.open(closed) as store:
        store.set_now(3653 * day + 100)
        with store.catalog.write() as connection:
            connection.execute(change)
        with pytest.raises(StoreDamaged):
            store.sweep("/h")


def test_a_catalog_that_is_no_database_is_damage_where_there_is_a_store(closed):
    (closed / "catalog.sqlite").write_bytes(b"not a database at all" * 400)
    with pytest.raises(StoreDamaged, match="no file of SQLite"):
        Store.open(closed)
