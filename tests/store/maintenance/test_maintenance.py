from __future__ import annotations

import os
import time

import pytest
from contents import between, events, messages, scan

from cwnb.errors import AlreadyLoaded, SnapshotExpired, StoreError
from cwnb.events import ALL_TIME
from cwnb.store import LoadRecord, Store, claims, discovery, event_batch
from cwnb.store.maintenance import background
from cwnb.store.segments.writer import SegmentWriter, WorkLost
from cwnb.times import Clock

DAY = 86_400_000
RECORD = LoadRecord("f0", "app.log", "s", 10, 4, 4)


def segments(store, group="/g"):
    return store.snapshot([group]).groups[0].segments


def fill(store, times, group="/g"):
    store.put(group, event_batch(times, [f"at {when}" for when in times], "s"))
    store.flush(group)


@pytest.fixture
def parquet(tmp_path):
    return lambda: {path.name.split(".")[0] for path in (tmp_path / "store").rglob("*.parquet")}


@pytest.mark.usefixtures("quiet")
class TestRetention:
    @pytest.fixture
    def store(self, tmp_path):
        with Store.open(tmp_path / "store") as opened:
            opened.set_now(10 * DAY)
            yield opened

    def test_expired_events_are_hidden_from_every_read_at_once(self, store):
        fill(store, list(range(0, 10 * DAY, DAY)))
        store.put("/g", event_batch([DAY, 8 * DAY], ["old", "new"], "s"))
        store.set_retention("/g", 3)
        wanted = ["at 604800000", "at 691200000", "new", "at 777600000"]
        assert messages(store, "/g") == wanted
        assert len(events(store, ["/g"], between(0, 9 * DAY))) == 3
        (group,) = store.groups()
        assert (group.events, group.first_ms) == (4, 7 * DAY)
        store.set_retention("/g", None)
        assert len(messages(store, "/g")) == 12

    def test_a_cut_segment_counts_its_living_events(self, store):
        fill(store, list(range(0, 10 * DAY, DAY)))
        store.set_retention("/g", 3)
        assert (store.groups()[0].events, store.groups()[0].last_ms) == (3, 9 * DAY)

    def test_a_sweep_takes_expired_segments_and_batches(self, store, parquet):
        fill(store, [0, DAY])
        fill(store, [8 * DAY, 9 * DAY])
        store.put("/g", event_batch([DAY], ["old"], "s"))
        store.set_retention("/g", 3)
        store.sweep()
        assert len(segments(store)) == 1
        assert len(parquet()) == 2  # queries that run may still read the old one
        store.set_retention("/g", None)
        assert messages(store, "/g") == ["at 691200000", "at 777600000"]

    def test_a_sweep_rewrites_a_segment_of_which_the_larger_part_has_expired(self, store):
        fill(store, list(range(0, 10 * DAY, DAY)))
        store.set_retention("/g", 7)
        before = segments(store)
        store.sweep()
        assert segments(store) == before
        store.set_retention("/g", 3)
        store.sweep()
        (after,) = segments(store)
        assert (after.rows, after.first_ms) == (3, 7 * DAY)

    def test_the_clock_of_the_package_decides(self, tmp_path, store):
        fill(store, [9 * DAY])
        store.set_retention("/g", 1)
        with Store.open(tmp_path / "store", clock=Clock(9 * DAY + 1)) as other:
            assert messages(other, "/g") == ["at 777600000"]
        with Store.open(tmp_path / "store", clock=Clock(11 * DAY)) as other:
            assert messages(other, "/g") == []


@pytest.mark.usefixtures("quiet")
class TestFiles:
    def test_replaced_files_stay_an_hour(self, store, parquet, monkeypatch):
        fill(store, [1])
        fill(store, [2])
        snapshot = store.snapshot(["/g"])
        store.compact()
        assert len(parquet()) == 3
        (old, _) = snapshot.scan([], ALL_TIME, []).tasks
        assert old.open().columns(["@message"])["@message"].to_pylist() == ["at 2"]
        later = time.time() + claims.GRACE_S + 1
        monkeypatch.setattr(claims.time, "time", lambda: later)
        store.sweep()
        assert len(parquet()) == 1
        with pytest.raises(SnapshotExpired):
            old.open().columns(["@message"])
        assert messages(store, "/g") == ["at 1", "at 2"]

    def test_a_deleted_group_leaves_nothing_after_an_hour(self, store, parquet, monkeypatch):
        fill(store, [1])
        store.delete_group("/g")
        store.create_group("/h")
        later = time.time() + claims.GRACE_S + 1
        monkeypatch.setattr(claims.time, "time", lambda: later)
        store.sweep()
        assert parquet() == set()

    def test_files_that_nobody_knows_go_when_they_are_old(self, store, tmp_path, parquet):
        fill(store, [1])
        (known,) = parquet()
        for name, age in (("01d", 4000), ("2e3", 10)):
            stray = tmp_path / "store" / "segments" / "1" / f"{name}.fields.parquet"
            stray.write_bytes(b"x")
            os.utime(stray, (time.time() - age,) * 2)
        store.sweep()
        assert parquet() == {known, "2e3"}


@pytest.mark.usefixtures("quiet")
class TestClaims:
    def test_a_claim_that_ran_out_is_lost_and_cleaned_up(self, store, parquet, monkeypatch):
        store.put("/g", event_batch([1], ["x"], "s"))
        finish = SegmentWriter.finish

        def interrupted(writer, *args):
            made = finish(writer, *args)
            claims.clean(store.context)  # as another process does
            return made

        with monkeypatch.context() as patch:
            patch.setattr(claims, "LEASE_S", -1.0)
            patch.setattr(SegmentWriter, "finish", interrupted)
            store.flush()
        assert (segments(store), messages(store, "/g"), parquet()) == ((), ["x"], set())
        store.flush()
        assert len(segments(store)) == 1
        assert messages(store, "/g") == ["x"]

    def test_living_claims_are_left_alone(self, store, tmp_path, parquet):
        with store.loading("/g") as loading:
            loading.add(event_batch([1], ["x"], "s"))
            loading._drain(0)
            with Store.open(tmp_path / "store") as other:
                other.sweep()
                other.flush()
                assert messages(other, "/g") == []
            assert len(parquet()) == 1
            loading.commit(RECORD)
        assert messages(store, "/g") == ["x"]

    def test_a_load_that_lost_its_claim_publishes_nothing(self, store, parquet, monkeypatch):
        with store.loading("/g") as loading:
            loading.add(event_batch([1], ["x"], "s"))
            loading._drain(0)
            later = time.time() + 2 * claims.LEASE_S
            with monkeypatch.context() as patch:
                patch.setattr(claims.time, "time", lambda: later)
                claims.clean(store.context)
            with pytest.raises(WorkLost):
                loading.commit(RECORD)
        assert not store.has_group("/g")
        store.sweep()
        assert parquet() == set()

    def test_a_group_deleted_under_a_flush(self, store, monkeypatch, parquet):
        store.put("/g", event_batch([1], ["x"], "s"))
        finish = SegmentWriter.finish

        def interrupted(writer, *args):
            made = finish(writer, *args)
            store.delete_group("/g")
            return made

        monkeypatch.setattr(SegmentWriter, "finish", interrupted)
        store.flush()
        assert store.groups() == []
        assert parquet() == set()

    def test_the_same_content_is_loaded_once_by_two_at_once(self, store):
        with store.loading("/g") as first, store.loading("/g") as second:
            first.add(event_batch([1], ["x"], "s"))
            second.add(event_batch([1], ["x"], "s"))
            first.commit(RECORD, unique=True)
            with pytest.raises(AlreadyLoaded):
                second.commit(RECORD, unique=True)
        assert messages(store, "/g") == ["x"]
        with store.loading("/g") as again:
            again.add(event_batch([1], ["y"], "s"))
            again.commit(RECORD)
        assert len(messages(store, "/g")) == 2

    def test_processes_do_each_piece_of_work_once(self, store, start, tmp_path):
        for number in range(6):
            fill(store, [number, 10 * DAY + number])
            fill(store, [number], "/old")
        for number in range(6):
            store.put("/g", event_batch([5], [f"recent {number}"], "s"))
        store.set_now(10 * DAY)
        store.set_retention("/old", 1)
        code = """
import sys
from cwnb.store import Store
from cwnb.store.maintenance.flush import flush
from cwnb.store.maintenance.rewriting import compact, sweep
store = Store.open(sys.argv[1])
print("ready", flush=True)
while not __import__("os").path.exists(sys.argv[2]): pass
ids = [group.id for group in store.groups()]
print(*[sum(work(store.context, group) for group in ids) for work in (flush, sweep, compact)])
"""
        running = [start(code, tmp_path / "store", tmp_path / "go") for _ in range(3)]
        for process in running:
            assert process.stdout.readline() == "ready\n"
        (tmp_path / "go").touch()
        answers = [process.communicate() for process in running]
        assert not any(err for _, err in answers), answers
        done = [tuple(map(int, out.split())) for out, _ in answers]
        assert sum(flushed for flushed, _, _ in done) == 6
        assert sum(swept for _, swept, _ in done) == 6
        assert messages(store, "/old") == []
        left = len(segments(store))
        assert sum(merged for _, _, merged in done) >= 7 - left
        wanted = [f"at {when}" for n in range(6) for when in (n, 10 * DAY + n)]
        assert sorted(messages(store, "/g")) == sorted(wanted + [f"recent {n}" for n in range(6)])


class TestByItself:
    def test_small_puts_become_few_segments(self, store, monkeypatch):
        monkeypatch.setattr(background, "_TICK_S", 0.02)
        monkeypatch.setattr(background, "_COMPACT_S", 0.0)
        monkeypatch.setattr(background, "_WORTH_BATCHES", 5)
        monkeypatch.setattr(background, "FLUSH_BATCHES", 10)
        for number in range(300):
            store.put("/g", event_batch([number], [str(number)], "s"))
        end = time.monotonic() + 20
        while time.monotonic() < end:
            (group,) = store.groups()
            if group.recent_batches < 5 and group.segments <= 30:
                break
            time.sleep(0.05)
        assert group.recent_batches < 5
        assert group.segments <= 30
        assert messages(store, "/g") == [str(number) for number in range(300)]

    def test_expired_segments_go(self, store, monkeypatch):
        fill(store, [1, 2])
        store.put("/g", event_batch([3], ["x"], "s"))
        store.set_now(10 * DAY)
        store.set_retention("/g", 1)
        store.close()
        monkeypatch.setattr(background, "_TICK_S", 0.02)
        monkeypatch.setattr(background, "_SWEEP_S", 0.0)
        with Store.open(store.path) as again:
            again.put("/h", event_batch([3], ["x"], "s"))
            end = time.monotonic() + 20
            while segments(again) and time.monotonic() < end:
                time.sleep(0.02)
            assert segments(again) == ()

    def test_a_failure_is_raised_once_before_the_next_call_does_anything(self, store, monkeypatch):
        monkeypatch.setattr(background, "_TICK_S", 0.02)
        monkeypatch.setattr(background, "_WORTH_BATCHES", 1)
        failed = []

        def fail(*_):
            failed.append(1)
            raise StoreError("the flush failed")

        monkeypatch.setattr(background.flushing, "flush", fail)
        store.put("/g", event_batch([1], ["x"], "s"))
        end = time.monotonic() + 20
        while not failed and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.1)
        with pytest.raises(StoreError, match="the flush failed"):
            store.put("/g", event_batch([2], ["y"], "s"))
        assert messages(store, "/g") == ["x"]
        store.put("/g", event_batch([2], ["y"], "s"))
        assert messages(store, "/g") == ["x", "y"]
        assert len(failed) == 1  # not again at once

    @pytest.mark.usefixtures("quiet")
    def test_a_flush_that_fails_inside_a_put_does_not_fail_the_put(self, store, monkeypatch):
        def fail(*_):
            raise StoreError("the flush failed")

        monkeypatch.setattr(background.flushing, "flush", fail)
        monkeypatch.setattr(background, "FLUSH_BYTES", 1)
        monkeypatch.setattr(background, "_LOOK_PUTS", 1)
        assert store.put("/g", event_batch([1], ["long enough"], "s")).accepted == 1
        with pytest.raises(StoreError, match="the flush failed"):
            store.groups()
        assert messages(store, "/g") == ["long enough"]

    @pytest.mark.usefixtures("quiet")
    def test_a_put_flushes_when_the_thread_does_not_keep_up(self, store, monkeypatch):
        monkeypatch.setattr(background, "FLUSH_BATCHES", 10)
        monkeypatch.setattr(background, "_LOOK_PUTS", 4)
        for number in range(44):
            store.put("/g", event_batch([number], ["x"], "s"))
        assert store.groups()[0].recent_batches < 40
        assert scan(store, "/g").skipped_rows == 0
        assert len(messages(store, "/g")) == 44

    def test_small_loads_become_few_segments_at_the_latest_when_the_store_is_closed(
        self, store, monkeypatch
    ):
        monkeypatch.setattr(background, "_TICK_S", 1e6)
        for number in range(20):
            with store.loading("/g") as loading:
                loading.add(event_batch([number], [str(number)], "s"))
                loading.commit()
            assert len(segments(store)) < 3 * background._MERGE_AT
        assert len(segments(store)) >= background._FEW
        store.close()
        with Store.open(store.path) as again:
            assert len(segments(again)) == 1
            assert messages(again, "/g") == [str(number) for number in range(20)]

    def test_a_small_load_does_not_rewrite_a_large_store(self, store, monkeypatch):
        monkeypatch.setattr(background, "_TICK_S", 1e6)
        for first in range(0, 500, 100):
            store.put("/g", event_batch(range(first, first + 100), ["x"] * 100, "s"))
            store.flush()
        store.background._written.clear()
        with store.loading("/g") as loading:
            loading.add(event_batch([7], ["loaded"], "s"))
            loading.commit()
        store.close()
        with Store.open(store.path) as again:
            assert len(segments(again)) == 6

    def test_neither_a_load_nor_closing_renews_an_outdated_store(self, store, monkeypatch):
        monkeypatch.setattr(background, "_TICK_S", 1e6)
        for first in range(0, 300, 100):
            store.put("/g", event_batch(range(first, first + 100), ["x"] * 100, "s"))
            store.flush()
        store.background._written.clear()
        monkeypatch.setattr(discovery, "VERSION", discovery.VERSION + 1)
        with store.loading("/g") as loading:
            loading.add(event_batch([7], ["loaded"], "s"))
            loading.commit()
        assert sum(facts.is_stale for facts in segments(store)) == 3
        store.close()
        with Store.open(store.path) as again:
            assert sum(facts.is_stale for facts in segments(again)) == 3
            again.compact("/g")
            assert not any(facts.is_stale for facts in segments(again))
            assert len(messages(again, "/g")) == 301

    def test_another_thread_may_close_the_store_at_the_same_moment(self, store):
        class Emptied(dict):
            def popitem(self):
                self.clear()
                return super().popitem()

        store.put("/g", event_batch([1], ["x"], "s"))
        store.background._written = Emptied({1: 1})
        store.close()
        with Store.open(store.path) as again:
            assert messages(again, "/g") == ["x"]

    def test_a_process_that_is_idle_merges_what_it_has_written(self, store, monkeypatch):
        monkeypatch.setattr(background, "_TICK_S", 0.02)
        monkeypatch.setattr(background, "_IDLE_S", 0.0)
        for number in range(6):
            store.put("/g", event_batch([number], [str(number)], "s"))
            store.flush()
        end = time.monotonic() + 20
        while time.monotonic() < end and len(segments(store)) > 3:
            time.sleep(0.02)
        assert len(segments(store)) <= 3
        assert messages(store, "/g") == [str(number) for number in range(6)]
