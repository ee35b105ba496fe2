"""Export tasks as users hold them: begin one, look at it, wait for it, cancel it, resume it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cwnb.delivery.exports import records
from cwnb.delivery.exports.destinations import destination_name, open_destination
from cwnb.delivery.exports.formats import check_format
from cwnb.delivery.exports.running import ExportRun
from cwnb.errors import ExportFailed, InvalidParameter
from cwnb.events import ALL_TIME
from cwnb.nearest import unknown
from cwnb.plurals import counted

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from cwnb.delivery.exports.records import TaskRecord
    from cwnb.events import Window
    from cwnb.store import Store

LAST = "last"
_LOOK_S = 0.1


@dataclass(frozen=True)
class ExportInfo:
    """An export task as `exports` lists it. `text_bytes`: of all lines, not packed."""

    id: str
    group: str
    destination: str
    format: str
    stream_prefix: str
    state: str
    message: str
    events: int
    text_bytes: int
    files: int
    start_ms: int | None
    end_ms: int | None
    created_ms: int
    completed_ms: int | None


class ExportTasks:
    """The export tasks of a store, of which one is active at a time."""

    def __init__(self, store: Store, *, lease_s: float = records.LEASE_S) -> None:
        self._store = store
        self._lease_s = lease_s
        self._runs: dict[str, ExportRun] = {}

    def start(
        self,
        group: str,
        destination: str | os.PathLike[str],
        window: Window,
        *,
        stream_prefix: str | None = None,
        format: str = "service",
        since: str | None = None,
    ) -> ExportTask:
        """Begin a task that exports what is visible now; see `Logs.export`."""
        check_format(format)
        where = destination_name(destination)
        open_destination(where).close()
        inside = Path(self._store.path).resolve()
        try:
            in_store = "://" not in where and Path(where).resolve().is_relative_to(inside)
        except (OSError, RuntimeError) as error:  # such as links that lead to each other
            raise InvalidParameter(f"{where!r} is no destination: {error}") from None
        if in_store:
            raise InvalidParameter(f"the destination {where!r} lies in the store's own folder")
        if stream_prefix is not None and not (
            isinstance(stream_prefix, str) and stream_prefix.isprintable()
        ):
            raise InvalidParameter(f"a prefix of streams is a text, not {stream_prefix!r:.80}")
        group_id = self._store.group_id(group)
        facts: dict[str, Any] = {
            "group": group,
            "group_id": group_id,
            "destination": where,
            "format": format,
            "stream_prefix": stream_prefix or "",
            "start_ms": None if window.start_ms <= ALL_TIME.start_ms else window.start_ms,
            "end_ms": None if window.end_ms >= ALL_TIME.end_ms else window.end_ms,
        }
        after = self._after_last(since, facts)
        created = {
            "since": after or [0, 0],
            "follows": after is not None,
            "created_ms": self._store.clock.now_ms(),
        }
        return self._run(records.new_task(self._store, self._lease_s, **facts, **created))

    def find(self, task_id: str) -> ExportTask:
        """Give a task; raises ResourceNotFound."""
        records.find(self._store, task_id)
        return ExportTask(self, task_id)

    def all(self) -> list[ExportInfo]:
        """Tell about all tasks, newest first."""
        return [_info(record) for record in records.all_of(self._store)]

    def close(self) -> None:
        """End the tasks that this process runs; they can be resumed."""
        for run in self._runs.values():
            run.give_up()
        self._runs.clear()

    def _after_last(self, since: str | None, facts: dict[str, Any]) -> list[int] | None:
        """Give the position of the last export, after which this one begins; None if it is none."""
        if since is None:
            return None
        if since != LAST:
            raise InvalidParameter(unknown("beginning", since, [LAST]))
        if facts["start_ms"] is not None or facts["end_ms"] is not None:
            raise InvalidParameter(
                "since='last' goes by what came into the store, so it takes no start and no end"
            )
        # The furthest one, which is not the newest where the clock was set back.
        return max(
            (
                task.until
                for task in records.all_of(self._store)
                if task.state == records.COMPLETED
                and all(
                    getattr(task, name) == value for name, value in facts.items() if name != "group"
                )
            ),
            default=None,
        )

    def _run(self, record: TaskRecord) -> ExportTask:
        run = self._runs[record.id] = ExportRun(self._store, record, self._lease_s)
        run.start()
        return ExportTask(self, record.id)

    # For ExportTask

    def record(self, task_id: str) -> TaskRecord:
        """Give what the store keeps of a task."""
        return records.find(self._store, task_id)

    def run_of(self, task_id: str) -> ExportRun | None:
        """Give the run of a task, if this process has one."""
        return self._runs.get(task_id)

    def cancel(self, task_id: str) -> None:
        """Ask the process that runs a task to end it."""
        records.ask_to_cancel(self._store, task_id)
        if (run := self._runs.get(task_id)) is not None:
            run.cancel()

    def resume(self, task_id: str) -> None:
        """Go on with a task that has failed."""
        self._run(records.take_over(self._store, task_id, self._lease_s))


class ExportTask:
    """An export task: it runs on a thread of the process that began it.

    >>> task = logs.export("/shop/web", "s3://archive/logs")
    >>> task.wait()
    <ExportTask 0f9c…: COMPLETED, Completed successfully: 1,250,000 events in 12 files>

    If that process ends, or is killed, the task reads FAILED, `interrupted`; `resume` goes on where
    it was.
    """

    def __init__(self, tasks: ExportTasks, task_id: str) -> None:
        self._tasks = tasks
        self.id = task_id

    def __repr__(self) -> str:
        info = self.info
        return (
            f"<ExportTask {info.id}: {info.state}, {info.message}: "
            f"{counted(info.events, 'event')} in {counted(info.files, 'file')}>"
        )

    @property
    def info(self) -> ExportInfo:
        """What `exports` lists of it."""
        return _info(self._tasks.record(self.id))

    @property
    def state(self) -> str:
        """PENDING, RUNNING, COMPLETED, FAILED, CANCELLED or PENDING_CANCEL."""
        return self._tasks.record(self.id).state

    @property
    def message(self) -> str:
        """Why it is in this state, in the service's text where it has one."""
        return self._tasks.record(self.id).message

    @property
    def counts(self) -> tuple[int, int | None]:
        """Events that have been read so far, and how many there are; None before they are counted.

        Of a task that another process runs, the events that are in files.
        """
        run = self._tasks.run_of(self.id)
        if run is not None:
            return run.events, run.expected
        record = self._tasks.record(self.id)
        return record.events, record.expected

    @property
    def progress(self) -> float:
        """The share of the events that have been read, from 0 to 1."""
        done, expected = self.counts
        if expected:
            return min(done / expected, 1.0)
        return 1.0 if self.state == records.COMPLETED else 0.0

    def cancel(self) -> None:
        """End it; the files that are whole stay.

        Raises InvalidOperation if it has ended.
        """
        self._tasks.cancel(self.id)

    def resume(self) -> ExportTask:
        """Go on with a task that has failed, in this process; its position stays.

        Raises InvalidOperation if it has not failed, and LimitExceeded while another is active.
        """
        self._tasks.resume(self.id)
        return self

    def wait(
        self, timeout: float | None = None, on_wait: Callable[[], None] | None = None
    ) -> ExportTask:
        """Wait until it has ended, at most `timeout` seconds; raises ExportFailed with the reason.

        `on_wait` is called some times a second. Raises TimeoutError when the time is over. One that
        was cancelled is no error.
        """
        is_number = isinstance(timeout, int | float) and not math.isnan(timeout)
        if timeout is not None and not is_number:
            raise InvalidParameter(f"a timeout is a number of seconds, not {timeout!r:.80}")
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            run = self._tasks.run_of(self.id)
            if self._has_ended(run):
                break
            if on_wait is not None:
                on_wait()
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"the export still runs after {timeout:g} s")
        record = self._tasks.record(self.id)
        if record.state in {records.COMPLETED, records.CANCELLED}:
            return self
        cause = None if run is None else run.error
        raise ExportFailed(f"export task {self.id} has failed: {record.message}") from cause

    def _has_ended(self, run: ExportRun | None) -> bool:
        """Tell whether it has ended by now, or a moment later."""
        if run is not None:
            return run.ended.wait(_LOOK_S)
        if self.state not in records.ACTIVE:
            return True
        time.sleep(_LOOK_S)
        return False


def _info(record: TaskRecord) -> ExportInfo:
    names = ExportInfo.__dataclass_fields__
    return ExportInfo(**{name: getattr(record, name) for name in names})
