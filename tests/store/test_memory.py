"""What stays in memory between queries: never out of date, no more than allowed, gone with its key."""

from __future__ import annotations

import os
import threading
import time
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from contents import messages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from key_changes import change_ring, replace_key
from memory_states import kind_of, no_memory

import cwnb
from cwnb.errors import InvalidParameter, StoreDamaged
from cwnb.insights.engine.run import Run
from cwnb.logs import Logs
from cwnb.store import memory as store_memory
from cwnb.store.memory import MEMORY, Memory
from cwnb.times import Clock

pytestmark = pytest.mark.usefixtures("quiet")

NOW_MS = 1_795_161_600_000
HOUR_MS = 3_600_000
QUERIES = (
    "stats count(*) as n, sum(a) as s by b",
    "filter a > 2 | parse @message '\"b\": *,' as c | stats count(*) by c, b | sort b",
    "filter @message like 'x' | fields a, b, now() as t | sort a desc | limit 3",
    "fields a + 1 as a2 | filter a2 in [2, 3] | limit 20",
)


def part(*words: Any) -> SimpleNamespace:
    """Stand in for the context of a store."""
    gone = []
    key = SimpleNamespace(is_in_ring=lambda: not gone, gone=gone)
    return SimpleNamespace(identity=words, key=key, catalog=SimpleNamespace(is_closed=False))


def asked(logs: Logs) -> list[Any]:
    found: list[Any] = []
    for query in QUERIES:
        for window in ({}, {"start": NOW_MS - 5 * HOUR_MS, "end": NOW_MS - 2 * HOUR_MS}):
            answer = logs.query(query, "/g", **window)
            found.append((answer.df.astype(str).to_dict("list"), answer.warnings))
    return found


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            "put put put late flush compact retention delete_group load unload sweep wait".split()
        ),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(OPERATIONS)
@pytest.mark.timeout(180)
def test_what_is_kept_is_never_stale(tmp_path_factory, operations):
    clock = Clock(NOW_MS)
    with cwnb.open(tmp_path_factory.mktemp("s") / "store", clock=clock) as logs:
        put(logs, 3, NOW_MS)
        for operation, number in operations:
            asked(logs)
            operate(logs, clock, operation, number)
            kept = asked(logs)
            with no_memory():
                assert asked(logs) == kept, operation


def put(logs, number, latest_ms):
    events = [
        (latest_ms - i * HOUR_MS, f'{{"a": {i % 5}, "b": "x{number}", "c": null}}')
        for i in range(number)
    ]
    logs.put("/g", f"s{number % 2}", events)


def operate(logs, clock, operation, number):
    now_ms = clock.now_ms()
    if operation in {"put", "late"}:
        put(logs, number, now_ms if operation == "put" else now_ms - number * HOUR_MS)
    elif operation == "load":
        times = [now_ms - i * HOUR_MS for i in range(number)]
        logs.load(pd.DataFrame({"timestamp": times, "a": 3, "b": "x"}), group="/g")
    elif operation == "unload":
        for load in logs.store.load_records("/g"):
            logs.unload(load.load_id, group="/g")
    elif operation == "retention":
        logs.set_retention("/g", 1)
    elif operation == "delete_group":
        logs.delete_group("/g")
        put(logs, number, now_ms)
    elif operation == "wait":
        clock.advance(number * 3 * HOUR_MS / 1000)
    else:
        logs.flush("/g")
        {"flush": logs.flush, "compact": logs.compact, "sweep": logs.sweep}[operation]("/g")


@pytest.mark.parametrize("change", [dict.clear, replace_key])
def test_what_is_kept_goes_with_the_key(store, change):
    logs = Logs(store)
    put(logs, 5, NOW_MS)
    logs.flush("/g")
    put(logs, 5, NOW_MS)
    asked(logs)
    assert {kind_of(key) for key in MEMORY._items} == {"answer", "rows", "made", "column"}
    put_back = change_ring(change)
    end = time.monotonic() + 5
    while MEMORY.nbytes:
        assert time.monotonic() < end, "something is still there"
        time.sleep(0.05)
    put_back()


def test_what_is_kept_goes_with_the_store(store):
    logs = Logs(store)
    put(logs, 5, NOW_MS)
    asked(logs)
    assert any(held.store == store.context.identity for held in MEMORY._items.values())
    store.close()
    assert not any(held.store == store.context.identity for held in MEMORY._items.values())


def test_a_file_that_was_damaged_is_noticed_although_its_columns_are_kept(tmp_path):
    with cwnb.open(tmp_path / "store", encryption="none", clock=Clock(NOW_MS)) as logs:
        put(logs, 5, NOW_MS)
        logs.flush("/g")
        asked(logs)
        (file,) = (tmp_path / "store").rglob("*.fields.parquet")
        data = file.read_bytes()
        file.write_bytes(data[:4] + b"\0" * 300 + data[304:])
        with pytest.raises(StoreDamaged, match=file.name):
            logs.query(QUERIES[0], "/g")
        file.unlink()
        with pytest.raises(StoreDamaged, match="is missing"):
            logs.query(QUERIES[0], "/g")


def test_a_compaction_leaves_no_columns_in_memory(store):
    logs = Logs(store)
    for _ in range(2):
        put(logs, 5, NOW_MS)
        logs.flush("/g")
    MEMORY.forget(store.context.identity)
    assert not MEMORY.nbytes
    logs.compact("/g")
    assert not MEMORY.nbytes
    assert len(messages(store, "/g")) == 10


def test_the_oldest_goes_where_there_is_no_room(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("cwnb.store.memory.time.monotonic", lambda: now[0])
    memory, owner = Memory(10_000), part("a")
    for number in range(3):
        memory.put(number, str(number), 2_500, owner)
        now[0] += 1
    assert memory.get(0) == "0"
    now[0] += 10
    memory.put(3, "3", 2_500, owner)
    assert [memory.get(number) for number in range(4)] == ["0", None, "2", "3"]
    assert memory.nbytes <= 10_000
    memory.put("large", "x", 20_000, owner)
    assert memory.get("large") is None


def test_what_was_used_just_now_stays_where_there_is_no_room(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("cwnb.store.memory.time.monotonic", lambda: now[0])
    memory, owner = Memory(10_000), part("a")
    for _ in range(2):  # the second pass finds what the first has left
        found = [memory.get(number) for number in range(20)]
        for number in range(20):
            memory.put(number, number, 1_500, owner)
    assert sum(one is not None for one in found) == 4


def test_what_is_unused_goes(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("cwnb.store.memory.time.monotonic", lambda: now[0])
    memory, owner = Memory(10_000), part("a")
    memory.put("used", 1, 1, owner)
    memory.put("unused", 1, 1, owner)
    now[0] += store_memory.UNUSED_S - 1
    assert memory.get("used") == 1
    now[0] += 2
    assert memory.drop_old() == 1
    assert memory.get("used") == 1


def test_a_smaller_budget_holds_at_once():
    memory = Memory(10_000)
    for number in range(5):
        memory.put(number, number, 1_000, part("a"))
    memory.set_budget(4_000)
    assert 0 < memory.nbytes <= 4_000
    memory.set_budget(0)
    assert memory.nbytes == 0


def test_a_store_whose_key_is_gone_alone_loses_what_is_kept():
    memory, one, other = Memory(10_000), part("a"), part("b")
    memory.put(1, 1, 1, one)
    memory.put(2, 2, 1, other)
    one.key.gone.append(True)
    assert memory.drop_old() == 1
    assert (memory.get(1), memory.get(2)) == (None, 2)


@pytest.mark.parametrize("text", ["much", "-1x", "nan"])
def test_a_budget_that_is_no_number_is_named(monkeypatch, text):
    monkeypatch.setenv("CWNB_CACHE_MB", text)
    with pytest.raises(InvalidParameter, match="CWNB_CACHE_MB is a number of megabytes"):
        _ = Memory().budget


def test_the_budget_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("CWNB_CACHE_MB", "1.5")
    assert Memory().budget == 1_572_864
    monkeypatch.setenv("CWNB_CACHE_MB", "")
    assert Memory().budget == store_memory.DEFAULT_BYTES


def test_several_threads_and_a_fork():
    memory, failed = Memory(50_000), []

    def work(own):
        try:
            for number in range(2_000):
                memory.put((own, number % 40), own, 900, part(own))
                assert memory.get((own, number % 40)) in {own, None}
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    child = os.fork()
    if child == 0:
        memory.put("child", 1, 1, part("a"))
        os._exit(0 if memory.get("child") == 1 and len(memory._items) == 1 else 1)
    for thread in threads:
        thread.join()
    assert not failed
    assert os.waitpid(child, 0)[1] == 0
    assert memory.nbytes <= 50_000
    assert memory.nbytes == sum(held.nbytes for held in memory._items.values())


def test_users_set_the_budget():
    before = MEMORY.budget
    try:
        cwnb.set_cache_budget(1_000)
        assert MEMORY.budget == 1_000
        for wrong in (-1, 1.5, True, "64"):
            with pytest.raises(InvalidParameter, match="'nbytes' is a number of bytes"):
                cwnb.set_cache_budget(wrong)
    finally:
        cwnb.set_cache_budget(before)


@pytest.mark.parametrize("is_recent", [True, False])
def test_a_kept_part_of_a_column_does_not_hold_all_of_it(store, is_recent):
    logs = Logs(store)
    logs.put("/g", "s", [(NOW_MS + i, f"{i:>1000}") for i in range(1_000)])
    if not is_recent:
        logs.flush("/g")
    logs.query("fields @message as m | stats count(*) by m", "/g", NOW_MS, NOW_MS + 10)
    made = [held for key, held in MEMORY._items.items() if kind_of(key) == "made"]
    (column,) = [held for held in made if hasattr(held.value, "array")]
    array = column.value.array
    assert len(array) == 10
    assert array.get_total_buffer_size() <= column.nbytes < 20_000
    (groups,) = [held for held in made if hasattr(getattr(held.value, "value", 0), "shown")]
    (key,) = groups.value.value.shown
    assert key.get_total_buffer_size() <= groups.nbytes < 25_000


@pytest.mark.parametrize(
    "query", ["stats count(*) as n by b | filter n > 0", "sort a desc | limit 3"]
)
def test_the_rows_so_far_are_those_that_were_kept(store, monkeypatch, query):
    logs = Logs(store)
    put(logs, 5, NOW_MS)
    said = []
    outcome = Run._outcome

    def looked_at(run, batch, *arguments):
        if not said:
            said.append(None)
            said.append(run.rows_so_far().columns)
        return outcome(run, batch, *arguments)

    monkeypatch.setattr(Run, "_outcome", looked_at)
    for _ in range(2):  # the second time from memory
        said.clear()
        answer = logs.start(query, "/g").result()
        assert said[1] == answer.outcome.columns
        assert answer.outcome.rows


def test_nothing_is_kept_of_a_store_that_was_closed():
    memory, owner = Memory(10_000), part("a")
    owner.catalog.is_closed = True
    memory.put(1, 1, 1, owner)
    assert memory.nbytes == 0


def test_threads_that_ask_while_another_one_puts(store):
    logs = Logs(store)
    put(logs, 9, NOW_MS)
    logs.flush("/g")
    put(logs, 9, NOW_MS)
    past = {"start": NOW_MS - 20 * HOUR_MS, "end": NOW_MS + 1}
    with no_memory():
        wanted = [logs.query(query, "/g", **past).df.to_dict("list") for query in QUERIES[:2]]
    wrong, done = [], threading.Event()

    def ask(own):
        counted = 0
        try:
            while not done.is_set():
                for query, right in zip(QUERIES[:2], wanted, strict=True):
                    found = logs.query(query, "/g", **past).df.to_dict("list")
                    assert found == right, query
                now = logs.query("stats count(*) as n", "/g").df["n"][0]
                assert now >= counted
                counted = now
        except BaseException as error:
            wrong.append((own, error))

    threads = [threading.Thread(target=ask, args=(own,)) for own in range(3)]
    for thread in threads:
        thread.start()
    for number in range(20):
        put(logs, 1, NOW_MS + (number + 1) * HOUR_MS)
        if number % 5 == 4:
            logs.flush("/g")
            logs.compact("/g")
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert logs.query("stats count(*) as n", "/g").df["n"][0] == 38
