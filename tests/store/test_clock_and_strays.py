"""Clocks that are set back, writers that are stopped for too long, and what they leave behind."""

from __future__ import annotations

import os

import pytest
from contents import messages

from cwnb.errors import StoreError, StoreFull
from cwnb.store import Store, claims, event_batch
from cwnb.store.catalog import Catalog
from cwnb.store.disk import no_space
from cwnb.store.maintenance import background
from cwnb.store.segments import message_file, writer

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def clock(monkeypatch):
    """Give a function that moves the clock of leases and of the trash."""

    class Clock:
        now = claims.time.time()

        @classmethod
        def move(cls, seconds):
            cls.now += seconds

    monkeypatch.setattr(claims.time, "time", lambda: Clock.now)
    return Clock


def files(store):
    return sorted(file.name for file in (store.context.folder._path).rglob("*.parquet"))


def load(store):
    with store.loading("/g") as loading:
        loading.add(event_batch([1], ["x"], "s"))
        loading.commit()


def claimed(store, kind="flush"):
    with store.catalog.write() as connection:
        return claims.claim(store.context, connection, 1, kind)


def test_a_lease_from_before_the_clock_was_set_back_holds_nothing_up(store, clock):
    store.put("/g", event_batch([1], ["x"], "s"))
    clock.move(86_400)
    claimed(store)
    clock.move(-86_400)
    store.flush()
    assert len(files(store)) == 2
    with store.catalog.read() as connection:
        assert not claims.claims.any_expired(connection, 0, 2**60)


@pytest.mark.parametrize("step", [-3, 0, 3])
def test_a_lease_outlives_the_small_steps_of_a_time_service(store, clock, step):
    store.put("/g", event_batch([1], ["x"], "s"))
    work = claimed(store)
    clock.move(step)
    claims.clean(store.context)
    work.renew()


def test_trash_from_before_the_clock_was_set_back_is_removed(store, clock):
    clock.move(30 * 86_400)
    for number in range(2):
        store.put("/g", event_batch([number], ["x"], "s"))
        store.flush()
    store.compact()
    assert len(files(store)) == 6
    clock.move(-30 * 86_400)
    store.sweep()
    assert len(files(store)) == 2


def test_batches_from_the_future_are_flushed(store, monkeypatch, clock):
    store.put("/g", event_batch([1], ["x"], "s"))
    monkeypatch.setattr(claims.time, "time", lambda: clock.now - 86_400)
    store.background._round(store.context)
    assert len(files(store)) == 2


@pytest.fixture
def stopped(store, monkeypatch, clock):
    """Stop a writer between its two files for longer than its lease, while others clean up."""
    finish = message_file.MessageFile.finish

    def finish_and_wait(self):
        finish(self)
        monkeypatch.setattr(message_file.MessageFile, "finish", finish)
        clock.move(10 * claims.LEASE_S)
        with Store.open(store.path):
            pass  # cleans up

    monkeypatch.setattr(message_file.MessageFile, "finish", finish_and_wait)


def test_a_flush_that_was_stopped_past_its_lease_leaves_no_file(store, stopped):
    store.put("/g", event_batch([1], ["x"], "s"))
    store.flush()
    assert files(store) == []
    assert messages(store, "/g") == ["x"]
    store.flush()
    assert len(files(store)) == 2


def test_a_load_that_was_stopped_past_its_lease_says_so_and_leaves_no_file(store, stopped):
    with pytest.raises(StoreError, match="ran out"):
        load(store)
    assert files(store) == []


@pytest.fixture
def full(monkeypatch):
    """Let the disk be full from the moment the fields of a segment are written."""
    write = Catalog.write
    disk = {"full": False}

    def no_room(self, *_):
        disk["full"] = True
        raise OSError(28, "No space left on device")

    def write_if_there_is_room(self):
        if disk["full"]:
            raise no_space(str(self.file.parent))
        return write(self)

    monkeypatch.setattr(writer.SegmentWriter, "_write_fields", no_room)
    monkeypatch.setattr(Catalog, "write", write_if_there_is_room)


@pytest.mark.parametrize("act", ["flush", "load"])
def test_half_a_segment_is_removed_although_the_catalog_cannot_be_written(store, full, act):
    if act == "flush":
        store.put("/g", event_batch([1], ["x"], "s"))
        with pytest.raises(StoreFull):
            store.flush()
    else:
        with pytest.raises(StoreFull):
            load(store)
    assert files(store) == []


def test_files_stay_when_it_is_not_known_whether_they_were_published(store, monkeypatch):
    """After an error of the commit, the log may hold the transaction or not."""
    store.put("/g", event_batch([1], ["x"], "s"))
    end = claims.Work.end

    def end_and_fail(self, connection):
        end(self, connection)

        def refuse(_):
            raise no_space(store.path)

        monkeypatch.setattr(Catalog, "write", refuse)
        raise no_space(store.path)

    monkeypatch.setattr(claims.Work, "end", end_and_fail)
    with pytest.raises(StoreFull):
        store.flush()
    assert len(files(store)) == 2


def test_the_background_removes_half_a_segment_that_nothing_knows(store, clock, monkeypatch):
    for number in range(2):
        store.put("/g", event_batch([number], ["x"], "s"))
        store.flush()
    known = files(store)
    folder = store.context.folder._path / "1"
    (folder / "abc.message.parquet").write_bytes(b"half")
    for kind in ("fields", "message"):
        (folder / f"def.{kind}.parquet").write_bytes(b"whole")
    new = folder / "0123.message.parquet"
    new.write_bytes(b"being written")
    later = claims.time.time() + claims.GRACE_S - 60
    os.utime(new, (later, later))
    clock.move(claims.GRACE_S + 60)
    monkeypatch.setattr(background, "_SWEEP_S", -1.0)
    store.background._round(store.context)
    pair = ["def.fields.parquet", "def.message.parquet"]
    assert files(store) == sorted([*known, *pair, "0123.message.parquet"])
    store.sweep()
    assert files(store) == sorted([*known, "0123.message.parquet"])
