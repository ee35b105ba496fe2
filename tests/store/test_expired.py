"""Events that expired before a reader came to them are counted, also when they are removed."""

from __future__ import annotations

import random

import pytest
from contents import messages

from cwnb.errors import StoreDamaged
from cwnb.store import LoadRecord, Position, Store, event_batch
from cwnb.store.catalog import removed
from cwnb.store.positions import START, Runs, Spans
from cwnb.times import Clock

DAY_S = 86_400
NOW_MS = 1_795_000_000_000


@pytest.fixture
def clock():
    return Clock(NOW_MS)


@pytest.fixture
def store(tmp_path, clock, quiet):
    with Store.open(tmp_path / "store", clock=clock) as opened:
        yield opened


def put(store, *messages, group="/g", age_s=0):
    times = [store.clock.now_ms() - age_s * 1_000] * len(messages)
    store.put(group, event_batch(times, messages, "s"))


def load(store, name, texts, times, group="/g"):
    with store.loading(group, load_id=name) as loading:
        loading.add(event_batch(times, texts, "s"))
        loading.commit(LoadRecord(name, name, "s", 1, 1, 1))


def read(store, position=START, groups=("/g",), **limits):
    """Read all that follows a position; give the messages, how many expired, and the position."""
    found, expired = [], 0
    while True:
        page = store.read_after(position, list(groups), **limits)
        found += page.events["@message"].to_pylist()
        expired, position = expired + page.expired, page.position
        if page.complete:
            return found, expired, position


@pytest.mark.parametrize("maintenance", ["none", "flush", "compaction"])
def test_a_sweep_between_two_reads(store, clock, maintenance):
    store.create_group("/g", retention_days=1)
    put(store, "read")
    assert read(store)[0] == ["read"]
    position = store.position()
    put(store, "late 1", "late 2")
    if maintenance != "none":
        store.flush()
    put(store, "late 3")
    clock.advance(DAY_S - 10)
    put(store, "kept")
    if maintenance == "compaction":
        store.flush()
        store.compact()
    clock.advance(100)
    before = read(store, position)
    store.sweep()
    if maintenance == "compaction":
        store.compact()
    assert read(store, position) == before
    assert before[:2] == (["kept"], 3)
    assert read(store, store.position())[1] == 0
    store.flush()
    clock.advance(2 * DAY_S)
    store.sweep()
    assert messages(store, "/g") == []
    assert read(store, position)[:2] == ([], 4)
    assert read(store)[:2] == ([], 5)


def test_a_page_counts_those_that_lie_in_it(store, clock):
    store.create_group("/g", retention_days=1)
    for number in range(6):
        put(store, f"m{number}", age_s=DAY_S - 10 if number in {0, 1, 4} else 0)
    store.flush()
    store.compact()
    clock.advance(100)
    store.sweep()
    first = store.read_after(START, ["/g"], limit_rows=2)
    assert (first.events["@message"].to_pylist(), first.expired) == (["m2", "m3"], 2)
    second = store.read_after(first.position, ["/g"])
    assert (second.events["@message"].to_pylist(), second.expired) == (["m5"], 1)


def test_what_was_unloaded_or_deleted_did_not_expire(store, clock):
    store.create_group("/g", retention_days=1)
    now = clock.now_ms()
    put(store, "old", age_s=DAY_S - 10)
    load(store, "a", ["a1", "a2"], [now - (DAY_S - 10) * 1_000, now])
    load(store, "b", ["b1"], [now])
    store.flush()
    store.compact()
    clock.advance(100)
    store.unload("/g", "a")
    store.sweep()
    assert read(store)[:2] == (["b1"], 1)
    store.delete_group("/g")
    store.create_group("/g")
    assert read(store)[:2] == ([], 0)


@pytest.mark.parametrize("seed", range(20))
def test_a_late_reader_counts_what_was_published_in_any_history(store, clock, seed):
    chance = random.Random(seed)
    published = {"/g": 0, "/h": 0}
    for group in published:
        store.create_group(group, retention_days=1)
    reader = (START, 0)
    for step in range(40):
        group, many = chance.choice(list(published)), chance.randint(1, 5)
        texts = [f"{step}.{number}" for number in range(many)]
        ages = [chance.randint(0, DAY_S - 1) for _ in texts]
        times = [clock.now_ms() - age * 1_000 for age in ages]
        act = chance.choice(["put", "put", "load", "flush", "compact", "sweep", "wait", "read"])
        if act == "put":
            store.put(group, event_batch(times, texts, "s"))
            published[group] += many
        elif act == "load":
            load(store, f"l{step}", texts, times, group)
            published[group] += many
        elif act == "wait":
            clock.advance(chance.randint(1, DAY_S // 2))
        elif act == "read" and published["/g"]:
            page = store.read_after(reader[0], ["/g"], limit_rows=chance.randint(1, 4))
            reader = page.position, reader[1] + len(page.events) + page.expired
        elif act != "read":
            getattr(store, act)()
    for group, count in published.items():
        found, expired, _ = read(store, groups=[group])
        assert len(found) + expired == count
        group_id = store.group_id(group)
        assert store.expired_between(group_id, START, store.position()) == expired
    found, expired, _ = read(store, reader[0])
    assert reader[1] + len(found) + expired == published["/g"]


def test_runs_without_spans():
    chance = random.Random(1)
    for _ in range(300):
        places = sorted(chance.sample(range(60), 20))
        commits = [chance.randint(1, 3) for _ in range(10)]
        runs = Runs.of(places[::2], places[1::2], commits)
        out = set(chance.sample(range(60), chance.randint(0, 40)))
        spans = Spans.of(_array(sorted(out)))
        wanted = {n: c for n, c in _events(runs).items() if n not in out}
        assert _events(runs.without(spans)) == wanted
    assert len(Runs.none().without(spans)) == 0


def _array(numbers):
    import numpy as np

    return np.array(numbers, np.int64)


def _events(runs):
    return {
        number: commit
        for first, last, commit in zip(runs.first, runs.last, runs.commit, strict=True)
        for number in range(first, last + 1)
    }


def test_of_too_many_runs_the_newest_are_kept(store, monkeypatch):
    store.create_group("/g")
    monkeypatch.setattr(removed, "MOST_RUNS", 2)
    group_id = store.group_id("/g")
    with store.catalog.write() as connection:
        for number in (5, 1, 9):
            removed.add(connection, group_id, Runs.of([number], [number], [number]))
        assert removed.between(connection, group_id, START, Position(10, 10)) == 2
        assert removed.between(connection, group_id, Position(5, 5), Position(10, 10)) == 1


def test_a_record_that_was_changed_is_damage(store, clock):
    store.create_group("/g", retention_days=1)
    put(store, "old")
    clock.advance(2 * DAY_S)
    store.sweep()
    with store.catalog.write() as connection:
        connection.execute("UPDATE meta SET value = x'00' WHERE key LIKE 'removed/%'")
    with pytest.raises(StoreDamaged):
        read(store)
