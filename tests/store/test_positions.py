"""Positions: each event is read once, in the order in which events became visible."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack

import numpy as np
import pytest
from contents import messages

from cwnb.errors import InvalidParameter, ResourceNotFound, StoreDamaged
from cwnb.store import LoadRecord, Position, event_batch
from cwnb.store.catalog import segments
from cwnb.store.positions import START, Runs, Spans

DAY = 86_400_000


def record(name):
    return LoadRecord(name, name, "s", 1, 1, 1)


def load(store, group, texts, **options):
    with store.loading(group, **options) as loading:
        loading.add(event_batch(range(len(texts)), texts, "s"))
        loading.commit(record(texts[0]))


def read_all(store, position=START, groups=None, **limits):
    """Read page after page; give the events, each (commit, sequence, group, message)."""
    found = []
    while True:
        page = store.read_after(position, groups, **limits)
        columns = [
            page.events[name].to_pylist() for name in ("@commit", "@sequence", "group", "@message")
        ]
        assert len(page.events) <= limits.get("limit_rows", 10_000)
        found += zip(*columns, strict=True)
        assert page.position > position or page.complete
        position = page.position
        if page.complete:
            assert position == store.position()
            return found


def texts_of(found):
    return [message for *_, message in found]


@pytest.mark.usefixtures("quiet")
class TestOrder:
    def test_what_was_published_first_is_read_first(self, store):
        with store.loading("/g") as early:
            early.add(event_batch([5, 1], ["load 1", "load 2"], "s"))
            store.put("/g", event_batch([9], ["put"], "s"))
            seen = store.position()
            early.commit(record("early"))
        assert messages(store, "/g") == ["load 2", "load 1", "put"]
        assert texts_of(read_all(store)) == ["put", "load 1", "load 2"]
        commits, sequences = zip(*[event[:2] for event in read_all(store)], strict=True)
        assert commits == (1, 2, 2)
        assert sequences[0] > sequences[1]  # which is why sequence numbers alone would not do
        assert texts_of(read_all(store, seen)) == ["load 1", "load 2"]
        store.flush()
        store.compact()
        assert store.groups()[0].segments == 1
        assert texts_of(read_all(store)) == ["put", "load 1", "load 2"]
        assert texts_of(read_all(store, seen)) == ["load 1", "load 2"]

    def test_a_position_is_after_everything_that_is_visible(self, store):
        assert store.position() == (0, 0)
        assert len(store.read_after(store.position()).events) == 0
        store.put("/g", event_batch([1], ["x"], "s"))
        before = store.position()
        assert len(store.read_after(before).events) == 0
        store.put("/g", event_batch([1], ["y"], "s"))
        assert before < store.position()
        assert texts_of(read_all(store, before)) == ["y"]

    def test_all_that_a_delivery_needs_is_there(self, store):
        store.set_now(7_000)
        store.put("/g", event_batch([5], [b"\xff!"], "i-1"))
        for work in (lambda: None, store.flush):
            work()
            (event,) = store.read_after(START).events.to_pylist()
            assert event["@timestamp"].timestamp() * 1000 == 5
            assert event["@ingestionTime"].timestamp() * 1000 == 7_000
            del event["@timestamp"], event["@ingestionTime"]
            assert event == {
                "group": "/g",
                "@logStream": "i-1",
                "@message": "\ufffd!",
                "@raw": b"\xff!",
                "@commit": 1,
                "@sequence": 1,
            }

    def test_events_that_are_not_to_be_delivered_never_are(self, store):
        store.put("/g", event_batch([1], ["a"], "s"))
        load(store, "/g", ["quiet 1", "quiet 2"], deliver=False)
        store.put("/g", event_batch([1], ["b"], "s"))
        for work in (lambda: None, store.flush, store.compact):
            work()
            assert texts_of(read_all(store)) == ["a", "b"]
        assert store.groups()[0].segments == 1
        assert len(messages(store, "/g")) == 4

    def test_groups_are_chosen_by_name(self, store):
        for number, group in enumerate(["/shop/web", "/other", "/shop/app", "/shop/web"]):
            store.put(group, event_batch([1], [f"{number}"], "s"))
        assert texts_of(read_all(store, groups=["/shop/*"])) == ["0", "2", "3"]
        assert texts_of(read_all(store, groups=["/other"])) == ["1"]
        assert texts_of(read_all(store)) == ["0", "1", "2", "3"]
        with pytest.raises(ResourceNotFound, match="did you mean '/other'"):
            store.read_after(START, ["/othr"])

    def test_a_deleted_group_is_gone(self, store):
        store.put("/a", event_batch([1], ["in a"], "s"))
        store.put("/b", event_batch([1], ["in b"], "s"))
        store.flush("/a")
        store.delete_group("/a")
        assert texts_of(read_all(store)) == ["in b"]
        store.put("/a", event_batch([1], ["again"], "s"))
        assert texts_of(read_all(store)) == ["in b", "again"]

    def test_expired_events_are_not_read(self, store):
        store.set_now(10 * DAY)
        store.put("/g", event_batch([n * DAY for n in range(10)], map(str, range(10)), "s"))
        store.flush()
        store.put("/g", event_batch([DAY, 9 * DAY], ["old", "new"], "s"))
        store.set_retention("/g", 3)
        wanted = ["7", "8", "9", "new"]
        assert texts_of(read_all(store)) == wanted
        assert texts_of(read_all(store, limit_rows=1)) == wanted
        store.sweep()
        assert texts_of(read_all(store, limit_rows=2)) == wanted

    def test_a_position_ahead_of_the_store_is_said(self, store, tmp_path):
        store.put("/g", event_batch([1], ["x"], "s"))
        commit, sequence = store.position()
        for ahead in [(commit + 1, 0), (commit, sequence + 1)]:
            with pytest.raises(InvalidParameter, match="ahead of the store"):
                store.read_after(Position(*ahead))

    def test_pages_are_small_in_bytes_too(self, store):
        store.put("/g", event_batch(range(100), ["x" * 10_000] * 100, "s"))
        store.flush()
        store.put("/g", event_batch(range(100), ["x" * 10_000] * 100, "s"))
        page = store.read_after(START, limit_bytes=100_000)
        assert len(page.events) == 10
        assert len(read_all(store, limit_bytes=100_000)) == 200
        assert len(store.read_after(START, limit_bytes=1).events) == 1
        for limits in ({"limit_rows": 0}, {"limit_bytes": 0}):
            with pytest.raises(InvalidParameter):
                store.read_after(START, **limits)

    @pytest.mark.parametrize("limit", range(1, 12))
    def test_pages_that_end_where_a_segment_or_a_put_does(self, store, limit):
        for number in range(4):
            store.put("/a", event_batch(range(5), [f"{number}.{n}" for n in range(5)], "s"))
            store.put("/b", event_batch([1], [f"b {number}"], "s"))
            store.flush("/a")
        for number in range(4, 8):
            store.put("/a", event_batch(range(5), [f"{number}.{n}" for n in range(5)], "s"))
            store.put("/b", event_batch([1], [f"b {number}"], "s"))
        wanted = []
        for number in range(8):
            wanted += [*(f"{number}.{n}" for n in range(5)), f"b {number}"]
        assert texts_of(read_all(store, limit_rows=limit)) == wanted
        in_a = [text for text in wanted if text[0] != "b"]
        assert texts_of(read_all(store, groups=["/a"], limit_rows=limit)) == in_a
        in_b = [text for text in wanted if text[0] == "b"]
        assert texts_of(read_all(store, groups=["/b"], limit_rows=limit)) == in_b
        store.flush()
        assert texts_of(read_all(store, groups=["/a"], limit_rows=limit)) == in_a
        assert len(store.read_after(START, limit_rows=limit).events) == limit

    def test_a_segment_that_is_replaced_while_it_is_read(self, store, monkeypatch):
        from cwnb.store import read_after

        for number in range(3):
            store.put("/g", event_batch([number], [str(number)], "s"))
            store.flush()
        events_of = read_after._events
        tries = []

        def replaced(context, plan):
            if not tries:
                store.compact()
                later = time.time() + 10_000
                with monkeypatch.context() as patch:
                    patch.setattr("cwnb.store.claims.time.time", lambda: later)
                    store.sweep()
            tries.append(1)
            return events_of(context, plan)

        monkeypatch.setattr(read_after, "_events", replaced)
        assert texts_of(read_all(store)) == ["0", "1", "2"]
        assert len(tries) > 1


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("seed", range(6))
def test_each_event_once_and_in_order_whatever_happens_between(store, seed):
    """Random work on three groups, a reader with pages of random size, and the list of commits."""
    chance = random.Random(seed)
    published, seen, position, number = [], [], START, 0
    with ExitStack() as stack:
        open_loads = []

        def texts():
            nonlocal number
            number += 1
            return [f"{number}.{n}" for n in range(chance.randint(1, 30))]

        def batch(some):
            return event_batch([chance.randint(0, 1000) for _ in some], some, "s")

        for _ in range(150):
            group = chance.choice(["/a", "/b", "/c"])
            act = chance.choice(
                ["put"] * 6 + ["begin", "publish", "publish", "flush", "compact", "sweep", "read"]
            )
            if act == "put":
                some = texts()
                store.put(group, batch(some))
                published += some
            elif act == "begin":
                deliver = chance.random() < 0.7
                loading = stack.enter_context(store.loading(group, deliver=deliver))
                open_loads.append((loading, deliver, []))
            elif act == "publish" and open_loads:
                loading, deliver, some = open_loads.pop(chance.randrange(len(open_loads)))
                more = texts()
                loading.add(batch(more))
                loading.commit(record(f"{number}"))
                published += some + more if deliver else []
            elif act == "read":
                page = store.read_after(position, limit_rows=chance.randint(1, 40))
                seen += page.events["@message"].to_pylist()
                position = page.position
            elif act in {"flush", "compact", "sweep"}:
                getattr(store, act)()
            for loading, _, some in open_loads:
                if chance.random() < 0.3:
                    more = texts()
                    loading.add(batch(more))
                    some.extend(more)
        rest = read_all(store, position, limit_rows=chance.randint(1, 60))
    assert seen + texts_of(rest) == published
    assert texts_of(read_all(store)) == published


WRITER = """
import random, sys, time
from cwnb.store import LoadRecord, Store, event_batch
from cwnb.store.maintenance import background
background._TICK_S = 0.1
background._COMPACT_S = 0.3
background._WORTH_BATCHES = 4
background._MERGE_AT = 2
store, me, end = Store.open(sys.argv[1]), sys.argv[2], time.time() + float(sys.argv[3])
chance, count, quiet = random.Random(me), 0, []
def batch(size):
    global count
    texts = [f"{me}-{count + n}" for n in range(size)]
    count += size
    return event_batch([chance.randint(0, 10**6) for _ in texts], texts, me), texts
while time.time() < end:
    if chance.random() < 0.8:
        events, _ = batch(chance.randint(1, 50))
        assert store.put(chance.choice(["/a", "/b"]), events).refused == []
    else:
        deliver = chance.random() < 0.8
        with store.loading(chance.choice(["/a", "/b"]), deliver=deliver) as loading:
            for _ in range(chance.randint(1, 4)):
                events, texts = batch(chance.randint(1, 2000))
                loading.add(events)
                quiet += [] if deliver else [f"{count - len(texts)}:{count}"]
                for _ in range(3):
                    store.put("/a", batch(2)[0])
                    time.sleep(chance.uniform(0, 0.05))
            loading.commit(LoadRecord(f"{me}{count}", "f", me, 1, 1, 1))
    time.sleep(0.002)
store.close()
print(count, *quiet)
"""


def test_a_reader_sees_each_event_of_four_writing_processes_once(store, start):
    """Puts, loads that begin early and publish late, flushes and compactions, all at once."""
    store.create_group("/a")
    store.create_group("/b")
    seconds = 12
    writers = [start(WRITER, store.path, f"w{number}", seconds) for number in range(4)]
    position, seen, pages = START, [], 0
    chance = random.Random(1)
    while any(writer.poll() is None for writer in writers):
        page = store.read_after(position, limit_rows=chance.choice([1, 7, 100, 10_000]))
        found = page.events
        order = list(zip(found["@commit"].to_pylist(), found["@sequence"].to_pylist(), strict=True))
        assert order == sorted(order)
        assert not order or (order[0] > position and order[-1] <= page.position)
        seen += found["@message"].to_pylist()
        position, pages = page.position, pages + 1
        store.flush() if chance.random() < 0.05 else None
    answers = [writer.communicate() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, answers
    seen += texts_of(read_all(store, position))
    wanted, quiet = set(), set()
    for number, (out, _) in enumerate(answers):
        count, *undelivered = out.split()
        wanted |= {f"w{number}-{n}" for n in range(int(count))}
        for first, end in (map(int, some.split(":")) for some in undelivered):
            quiet |= {f"w{number}-{n}" for n in range(first, end)}
    assert len(seen) == len(set(seen)), "an event was read twice"
    assert set(seen) == wanted - quiet
    assert len(wanted) > 1000
    assert quiet
    assert pages > 20
    assert texts_of(read_all(store)) == seen
    held = [facts.id for group in store.snapshot(["/a", "/b"]).groups for facts in group.segments]
    with store.catalog.read() as connection:
        assert max(len(segments.runs_of(connection, name)) for name in held) > 10, "none is merged"
    assert sum(group.events for group in store.groups()) == len(wanted)


class TestRuns:
    def test_neighbours_of_one_commit_are_one_run(self):
        runs = Runs.of([10, 1, 4, 7], [12, 3, 6, 9], [2, 1, 1, 2])
        assert (runs.first.tolist(), runs.last.tolist(), runs.commit.tolist()) == (
            [1, 7],
            [6, 12],
            [1, 2],
        )

    def test_commit_none_is_no_run(self):
        assert len(Runs.of([1, 5], [4, 9], [0, 0])) == 0
        assert Runs.none().commits_of(np.array([1, 2])).tolist() == [0, 0]

    @pytest.mark.parametrize(("first", "last"), [([1, 3], [3, 5]), ([1, 2], [9, 3]), ([5], [4])])
    def test_runs_that_overlap_are_refused(self, first, last):
        with pytest.raises(ValueError, match="overlap"):
            Runs.of(first, last, [1] * len(first))

    def test_the_issues_example(self):
        """A segment merged from a load that took 1 and 2 early and a put that was between."""
        runs = Runs.of([65538, 1, 65537], [65538, 2, 65537], [2, 3, 1])
        assert runs.commits_of(np.array([65538, 1, 2, 65537, 3])).tolist() == [2, 3, 3, 1, 0]

    @pytest.mark.parametrize("count", [0, 1, 2, 1000])
    def test_runs_come_back_as_they_were_packed(self, count):
        random = np.random.default_rng(count)
        edges = np.cumsum(random.integers(1, 1 << 40, 2 * count))
        commit = random.integers(1, 1 << 40, count)
        runs = Runs.of(edges[::2], edges[1::2], commit)
        again = Runs.unpack(runs.pack(), "5e6")
        for name in ("first", "last", "commit"):
            assert (getattr(runs, name) == getattr(again, name)).all()

    def test_many_small_puts_take_little_room(self):
        numbers = np.arange(400_000)
        assert len(Runs.of(numbers, numbers, numbers + 7).pack()) < 2_000

    @pytest.mark.parametrize(
        "bad", [b"", b"\x01", b"\xff" * 40, Runs.of([1], [2], [3]).pack()[:-1]]
    )
    def test_damaged_runs_are_said(self, bad):
        with pytest.raises(StoreDamaged, match="commits of segment 5e6"):
            Runs.unpack(bad, "5e6")

    def test_spans_are_unbroken(self):
        spans = Spans.of(np.array([5, 1, 2, 9, 6, 3]))
        assert (spans.first.tolist(), spans.last.tolist()) == ([1, 5, 9], [3, 6, 9])
        assert Spans.of(np.array([], np.int64)).first.tolist() == []

    def test_runs_without_events_are_left_out(self):
        runs = Runs.of([1, 10, 20], [5, 15, 25], [1, 2, 3])
        assert runs.that_hold(Spans.of(np.array([5, 6, 21]))).commit.tolist() == [1, 3]


def test_a_load_through_the_front_door_can_stay_undelivered(tmp_path):
    import cwnb

    with cwnb.open(tmp_path / "store") as logs:
        logs.load([{"time": 1_700_000_000_000, "message": "quiet"}], group="/g", deliver=False)
        logs.load([{"time": 1_700_000_000_000, "message": "loud"}], group="/g")
        assert len(messages(logs.store, "/g")) == 2
        (text,) = texts_of(read_all(logs.store))
        assert "loud" in text
