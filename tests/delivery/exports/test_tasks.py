"""Export tasks: their states, one at a time, what goes wrong, and what goes on."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from exported import texts

import cwnb
from cwnb.delivery.exports import ExportTasks, records, running
from cwnb.delivery.exports.destinations import Folder
from cwnb.errors import (
    ExportFailed,
    InvalidOperation,
    InvalidParameter,
    LimitExceeded,
    ResourceNotFound,
)
from cwnb.events import ALL_TIME
from cwnb.times import Clock

DAY = 1_770_076_800_000
UNKNOWN = "0f3c1d5b-7a9e-4c2d-8b6a-1f0e9d8c7b6a"


def lines(folder):
    return sorted(line for text in texts(folder).values() for line in text.splitlines())


def put(logs, start, count=10, stream="s"):
    logs.put("/g", stream, [(DAY + n, f"event {n}") for n in range(start, start + count)])


@pytest.fixture
def paused(monkeypatch):
    """Hold exports behind their first page until the event is set."""
    go_on = threading.Event()
    check = running.ExportRun._check

    def wait(self):
        if self._record.state == "RUNNING":
            while not go_on.wait(0.01):
                check(self)
        check(self)

    monkeypatch.setattr(running.ExportRun, "_check", wait)
    yield go_on
    go_on.set()


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_task_is_active_at_a_time(logs, tmp_path, paused):
    put(logs, 0)
    task = logs.export("/g", tmp_path / "out")
    until(lambda: task.state == "RUNNING")
    assert task.message == "Started Successfully"
    with cwnb.open(logs.store.path) as other:
        with pytest.raises(
            LimitExceeded, match=r"^Resource limit exceeded\. The export task .* is active\.$"
        ) as error:
            other.export("/g", tmp_path / "out")
        assert error.value.code == "LimitExceededException"
        assert other.export_task(task.id).state == "RUNNING"
        with pytest.raises(InvalidOperation, match="is running"):
            other.export_task(task.id).resume()
        with pytest.raises(TimeoutError):
            other.export_task(task.id).wait(0.2)
        paused.set()
        assert other.export_task(task.id).wait(20).state == "COMPLETED"
    frame = logs.exports()
    assert frame["state"].tolist() == ["COMPLETED"]
    assert frame["events"].tolist() == [10]
    assert frame["completed"][0] >= frame["created"][0]


def test_cancelling_from_another_process(logs, tmp_path, paused):
    put(logs, 0)
    task = logs.export("/g", tmp_path / "out")
    until(lambda: task.state == "RUNNING")
    with cwnb.open(logs.store.path) as other:
        other.export_task(task.id).cancel()
        assert other.export_task(task.id).state in {"PENDING_CANCEL", "CANCELLED"}
    assert task.wait(20).state == "CANCELLED"
    assert task.message == "Cancelled by user"
    with pytest.raises(InvalidOperation, match="The specified export task has already finished"):
        task.cancel()
    with pytest.raises(InvalidOperation, match="only one that has failed can be resumed"):
        task.resume()
    with pytest.raises(ResourceNotFound, match=r"The specified export task does not exist\."):
        logs.export_task(UNKNOWN)
    paused.set()
    assert logs.export("/g", tmp_path / "out").wait().state == "COMPLETED"


def test_an_object_that_is_closed_leaves_a_task_to_resume(logs, tmp_path, paused):
    put(logs, 0)
    with cwnb.open(logs.store.path) as other:
        task_id = other.export("/g", tmp_path / "out").id
    task = logs.export_task(task_id)
    assert (task.state, task.message) == ("FAILED", "interrupted")
    put(logs, 10)
    paused.set()
    assert task.resume().wait(20).info.events == 10


def test_a_lease_that_ran_out_frees_the_slot(logs, tmp_path, monkeypatch):
    put(logs, 0)
    monkeypatch.setattr(running.ExportRun, "start", lambda _: None)
    dead = ExportTasks(logs.store, lease_s=0.3).start("/g", tmp_path / "out", ALL_TIME)
    assert dead.state == "PENDING"
    until(lambda: dead.state == "FAILED")
    assert dead.message == "interrupted"
    monkeypatch.undo()
    assert logs.export("/g", tmp_path / "out").wait().state == "COMPLETED"
    assert logs.export_task(dead.id).resume().wait().info.events == 10


def test_a_run_that_lost_its_lease_writes_nothing(logs, tmp_path, paused):
    put(logs, 0)
    late = ExportTasks(logs.store).start("/g", tmp_path / "out", ALL_TIME)
    until(lambda: late.state == "RUNNING")
    run = late._tasks.run_of(late.id)
    records.free_slot(logs.store, run._record.run)
    with cwnb.open(logs.store.path) as other:
        again = other.export_task(late.id).resume()
        paused.set()
        again.wait(20)
        until(run.ended.is_set)
        assert again.state == "COMPLETED"
    assert isinstance(run.error, records.RunLost)
    assert len(lines(tmp_path / "out")) == 10
    assert not list((tmp_path / "out").rglob("*.part"))


def test_since_last_takes_what_came_later(logs, tmp_path):
    put(logs, 0)
    first = logs.export("/g", tmp_path / "out", since="last").wait()
    for timeout in ("x", float("nan")):
        with pytest.raises(InvalidParameter, match="a timeout is a number of seconds"):
            first.wait(timeout)
    assert first.info.events == 10
    put(logs, 10)
    with logs.store.loading("/g") as loading:
        from cwnb.store import event_batch

        loading.add(event_batch([5], ["an old time"], "s"))
        loading.commit()
    second = logs.export("/g", tmp_path / "out", since="last").wait()
    assert len(lines(tmp_path / "out" / second.id)) == 11
    assert logs.export("/g", tmp_path / "out", since="last").wait().info.events == 0
    assert logs.export("/g", tmp_path / "elsewhere", since="last").wait().info.events == 21
    assert (
        logs.export("/g", tmp_path / "out", since="last", format="ndjson").wait().info.events == 21
    )
    with pytest.raises(InvalidParameter, match=r"unknown beginning 'lst'; did you mean 'last'\?"):
        logs.export("/g", tmp_path / "out", since="lst")
    with pytest.raises(InvalidParameter, match="takes no start and no end"):
        logs.export("/g", tmp_path / "out", since="last", start="-1h")


def test_since_last_goes_by_positions_where_the_clock_was_set_back(tmp_path):
    clock = Clock(DAY)
    with cwnb.open(tmp_path / "s", encryption="none", clock=clock) as logs:

        def exported():
            return logs.export("/g", tmp_path / "out", since="last").wait().info.events

        put(logs, 0)
        assert exported() == 10
        clock.advance(-3600)
        put(logs, 10)
        assert exported() == 10
        assert exported() == 0


@pytest.mark.parametrize(
    ("group", "options", "error"),
    [
        ("/absent", {}, "no log group is named '/absent'"),
        ("/g", {"format": "servise"}, "unknown export format 'servise'; did you mean 'service'?"),
        ("/g", {"format": ["ndjson"]}, r"unknown export format \['ndjson'\]"),
        ("/g", {"stream_prefix": 5}, "a prefix of streams is a text, not 5"),
        ("/g", {"start": "2026-01-02", "end": "2026-01-01"}, "the window ends"),
        ("/g", {"perfix": "x"}, r"export\(\) has no argument 'perfix'"),
    ],
)
def test_what_is_refused(logs, tmp_path, group, options, error):
    put(logs, 0)
    with pytest.raises((ResourceNotFound, InvalidParameter), match=error):
        logs.export(group, tmp_path / "out", **options)
    assert len(logs.exports()) == 0
    assert not (tmp_path / "out").exists()


def test_a_destination_in_the_store(logs):
    put(logs, 0)
    with pytest.raises(InvalidParameter, match="lies in the store's own folder"):
        logs.export("/g", Path(logs.store.path) / "out")


def test_a_deleted_group_fails(logs, tmp_path, paused):
    put(logs, 0)
    task = logs.export("/g", tmp_path / "out")
    until(lambda: task.state == "RUNNING")
    logs.delete_group("/g")
    put(logs, 0)
    run = task._tasks.run_of(task.id)
    paused.set()
    until(run.ended.is_set)
    again = task if task.state == "FAILED" else logs.export_task(task.id)
    if again.state == "FAILED":  # the first page may have been the last
        assert again.message == "The specified log group does not exist."
    gone = logs.export("/g", tmp_path / "out2")
    gone.wait()
    logs.delete_group("/g")
    with pytest.raises(ResourceNotFound):
        logs.export("/g", tmp_path / "out2")


def test_a_group_deleted_before_the_first_page(logs, tmp_path, monkeypatch):
    put(logs, 0)
    check = Folder.check

    def delete(self, **options):
        check(self, **options)
        logs.delete_group("/g")

    monkeypatch.setattr(Folder, "check", delete)
    task = logs.export("/g", tmp_path / "out")
    with pytest.raises(ExportFailed, match=r"The specified log group does not exist\."):
        task.wait(20)


def test_events_that_expire_meanwhile_are_counted(tmp_path, monkeypatch):
    clock = [DAY]
    monkeypatch.setattr(Clock, "now_ms", lambda _: clock[0])
    with cwnb.open(tmp_path / "store", encryption="none") as logs:
        logs.create_group("/g", retention_days=1)
        put(logs, 0, 10)
        write_files = running.ExportRun._write_files

        def later(self, destination):
            clock[0] = DAY + 86_400_000 + 4
            write_files(self, destination)

        monkeypatch.setattr(running.ExportRun, "_write_files", later)
        task = logs.export("/g", tmp_path / "out").wait()
        assert task.message == (
            "Completed successfully; 4 events expired meanwhile and are not in it"
        )
        assert len(lines(tmp_path / "out")) == 6


@pytest.mark.parametrize(("swept", "before"), [(False, 10), (True, 10), (True, 0)])
def test_events_that_expired_between_two_exports_are_counted(tmp_path, swept, before):
    clock = Clock(DAY)
    with cwnb.open(tmp_path / "store", encryption="none", clock=clock) as logs:
        logs.create_group("/g", retention_days=1)
        put(logs, 0, before)
        logs.export("/g", tmp_path / "out", since="last").wait()
        put(logs, 10, 3)
        logs.flush()
        clock.advance(2 * 86_400)
        if swept:
            logs.sweep()
        logs.put("/g", "s", [(clock.now_ms(), "new")])
        task = logs.export("/g", tmp_path / "out", since="last").wait()
        assert task.message == (
            "Completed successfully; 3 events came after the last export and had expired before "
            "this one"
        )
        assert task.info.events == 1
        task = logs.export("/g", tmp_path / "out", since="last").wait()
        assert task.message == "Completed successfully"


def test_files_that_were_removed_are_written_again(logs, tmp_path, monkeypatch):
    put(logs, 0)
    put(logs, 0, stream="t")
    finish = running.ExportRun._finish
    monkeypatch.setattr(running.ExportRun, "_finish", lambda *_: 1 / 0)
    task = logs.export("/g", tmp_path / "out")
    with pytest.raises(ExportFailed, match="ZeroDivisionError"):
        task.wait(20)
    monkeypatch.setattr(running.ExportRun, "_finish", finish)
    (tmp_path / "out" / task.id / "s" / "000000.gz").unlink()
    (tmp_path / "out" / task.id / "t" / "000001.gz").write_bytes(b"a stray")
    task.resume().wait(20)
    assert sorted(texts(tmp_path / "out" / task.id)) == ["s/000000.gz", "t/000000.gz"]
    assert task.info.events == 20


def test_keys_that_are_ahead_come_once(logs, tmp_path, monkeypatch):
    """A large stream is written alone; the small one beside it waits, also over a resumption."""
    monkeypatch.setattr(running, "_PAGE_ROWS", 7)
    monkeypatch.setattr(running, "PART_BYTES", running._PAGE_BYTES + 500)
    for n in range(12):
        put(logs, 10 * n, 10, "large")
        put(logs, n, 1, "small")
    write, calls = running.ExportRun._write, []

    def fail(self, destination, keys, position):
        write(self, destination, keys, position)
        calls.append(list(keys))
        if len(calls) in {2, 4}:
            raise OSError(5, "gone")

    monkeypatch.setattr(running.ExportRun, "_write", fail)
    task = logs.export("/g", tmp_path / "out")
    for _ in range(2):
        with pytest.raises(ExportFailed, match="gone"):
            task.wait(20)
        task.resume()
    task.wait(20)
    assert ["large"] in calls
    found = texts(tmp_path / "out" / task.id)
    assert len(found) > 4
    of = {stream: b"".join(t for name, t in found.items() if name.startswith(stream)).splitlines()
          for stream in ("large", "small")}  # fmt: skip
    assert [line.split()[-1] for line in of["large"]] == [str(n).encode() for n in range(120)]
    assert len(of["small"]) == 12
    assert task.info.events == 132
