"""What a store keeps of its export tasks: a record for each, and which one is active.

The active task has the slot: a record of its own with a lease, which is renewed often and is small.
A run of a task holds the slot, and has a token in the record of the task; what another run has
taken over is not its any more.
"""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidOperation, LimitExceeded, ResourceNotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.store import Store

PENDING, RUNNING, COMPLETED = "PENDING", "RUNNING", "COMPLETED"
FAILED, CANCELLED, PENDING_CANCEL = "FAILED", "CANCELLED", "PENDING_CANCEL"
ACTIVE = frozenset({PENDING, RUNNING, PENDING_CANCEL})

# The texts of the service, and one of ours.
STARTED = "Started Successfully"
DONE = "Completed successfully"
STOPPED = "Cancelled by user"
INTERRUPTED = "interrupted"
NO_TASK = "The specified export task does not exist."
FINISHED = "The specified export task has already finished"
LIMIT = "Resource limit exceeded."

LEASE_S = 30.0
# A lease that ends later than one given now was given before the clock was set back.
_CLOCK_S = 5.0
_TASKS, _SLOT, _ACTIVE_TASK = "export", "export-slot", "active"


@dataclass
class TaskRecord:
    """An export task as the store keeps it.

    It has the events after position `since` and up to `until`, with times from `start_ms` up to,
    not including, `end_ms`. Files with all its events up to `checkpoint` are there; of the folders
    in `ahead` also with those after it up to a position. `parts`: the numbers of the files of each
    key (a stream or a day). `expected` is None until the events have been counted.
    `follows`: it goes on after another export. `missed`: events after `since` that had expired
    before the task began, if it does.
    """

    id: str
    group: str
    group_id: int
    destination: str
    format: str
    stream_prefix: str
    start_ms: int | None
    end_ms: int | None
    since: list[int]
    until: list[int]
    created_ms: int
    run: str
    state: str = PENDING
    message: str = ""
    completed_ms: int | None = None
    expected: int | None = None
    follows: bool = False
    missed: int = 0
    events: int = 0
    text_bytes: int = 0
    ambiguous: int = 0
    checkpoint: list[int] = field(default_factory=list)
    ahead: dict[str, list[int]] = field(default_factory=dict)
    parts: dict[str, list[int]] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """Give the number of files with events."""
        return sum(map(len, self.parts.values()))


class RunLost(StoreError):
    """The lease of this run has ended, and another run may go on with the task."""


def new_task(store: Store, lease_s: float, **facts: Any) -> TaskRecord:
    """Take the slot for a new task, whose `until` is the present position of the store.

    Raises LimitExceeded while another task is active.
    """
    task_id, run = str(uuid.uuid4()), secrets.token_hex(8)
    _take_slot(store, task_id, run, lease_s)

    def make(_: Any, present: Any) -> dict[str, Any]:
        record = TaskRecord(id=task_id, run=run, until=list(present.position), **facts)
        record.checkpoint = record.since
        return asdict(record)

    made = store.change_kept(_TASKS, task_id, make)
    return TaskRecord(**(made or {}))


def take_over(store: Store, task_id: str, lease_s: float) -> TaskRecord:
    """Take the slot for a task that has failed, to go on with it; raises InvalidOperation."""
    record = find(store, task_id)
    if record.state != FAILED:
        said = FINISHED if record.state not in ACTIVE else "The specified export task is running"
        raise InvalidOperation(f"{said}; only one that has failed can be resumed")
    run = secrets.token_hex(8)
    _take_slot(store, task_id, run, lease_s)

    def take(value: dict[str, Any] | None, _: Any) -> dict[str, Any]:
        return _known(value) | {"run": run, "state": PENDING, "message": "", "completed_ms": None}

    return TaskRecord(**(store.change_kept(_TASKS, task_id, take) or {}))


def find(store: Store, task_id: str) -> TaskRecord:
    """Give a task; one that was left without a lease reads FAILED. Raises ResourceNotFound."""
    seen = _seen(_read(store, task_id), _slot(store))
    if seen.message == INTERRUPTED:
        # Its run may have ended between the two reads: it writes its end before it frees the slot.
        again = _read(store, task_id)
        return seen if again.state in ACTIVE else again
    return seen


def all_of(store: Store) -> list[TaskRecord]:
    """Give all tasks, newest first."""
    kept = store.kept_records(_TASKS)
    slot = _slot(store)
    found = [_seen(TaskRecord(**record.value), slot) for record in kept]
    # Of one millisecond: the one with the later position first.
    return sorted(found, key=lambda task: (task.created_ms, task.until), reverse=True)


def change(
    store: Store, task_id: str, run: str, change: Callable[[TaskRecord], None]
) -> TaskRecord:
    """Change the record of a task in the transaction that looks whether the run still has it.

    Raises RunLost.
    """

    def changed(value: dict[str, Any] | None, _: Any) -> dict[str, Any]:
        record = TaskRecord(**_known(value))
        if record.run != run:
            raise RunLost(f"another process has taken over export task {task_id}")
        change(record)
        return asdict(record)

    return TaskRecord(**(store.change_kept(_TASKS, task_id, changed) or {}))


def renew(store: Store, run: str, lease_s: float) -> bool:
    """Renew the lease of a run, and tell whether it shall be cancelled; raises RunLost."""

    def renewed(value: dict[str, Any] | None, _: Any) -> dict[str, Any]:
        if value is None or value["run"] != run:
            raise RunLost("the lease of this export has ended")
        return value | {"until": time.time() + lease_s}

    slot = store.change_kept(_SLOT, _ACTIVE_TASK, renewed)
    return bool(slot and slot["cancel"])


def cancel_is_asked(store: Store, run: str) -> bool:
    """Tell whether the run shall be cancelled."""
    slot = _slot(store)
    return slot is not None and slot["run"] == run and slot["cancel"]


def ask_to_cancel(store: Store, task_id: str) -> None:
    """Ask the run of a task to end; raises ResourceNotFound, InvalidOperation."""
    if find(store, task_id).state not in ACTIVE:
        raise InvalidOperation(FINISHED)

    def asked(value: dict[str, Any] | None, _: Any) -> dict[str, Any]:
        if value is None or value["task"] != task_id:
            raise InvalidOperation(FINISHED)
        return value | {"cancel": True}

    store.change_kept(_SLOT, _ACTIVE_TASK, asked)


def free_slot(store: Store, run: str) -> None:
    """Let another task be active, if this run still has the slot."""

    def freed(value: dict[str, Any] | None, _: Any) -> dict[str, Any] | None:
        return None if value is not None and value["run"] == run else value

    store.change_kept(_SLOT, _ACTIVE_TASK, freed)


def _take_slot(store: Store, task_id: str, run: str, lease_s: float) -> None:
    def taken(value: dict[str, Any] | None, _: Any) -> dict[str, Any]:
        if value is not None and _holds(value):
            raise LimitExceeded(f"{LIMIT} The export task {value['task']} is active.")
        return {"task": task_id, "run": run, "until": time.time() + lease_s, "lease_s": lease_s,
                "cancel": False}  # fmt: skip

    store.change_kept(_SLOT, _ACTIVE_TASK, taken)


def _slot(store: Store) -> dict[str, Any] | None:
    kept = store.kept_record(_SLOT, _ACTIVE_TASK, None)
    return None if kept is None else kept.value


def _holds(slot: dict[str, Any] | None) -> bool:
    """Tell whether a task has the slot, and its lease has not ended."""
    if slot is None:
        return False
    now = time.time()
    return bool(now < slot["until"] <= now + slot["lease_s"] + _CLOCK_S)


def _read(store: Store, task_id: str) -> TaskRecord:
    kept = store.kept_record(_TASKS, task_id, None)
    if kept is None:
        raise ResourceNotFound(NO_TASK)
    return TaskRecord(**kept.value)


def _seen(record: TaskRecord, slot: dict[str, Any] | None) -> TaskRecord:
    if record.state not in ACTIVE:
        return record
    if slot is None or slot["run"] != record.run or not _holds(slot):
        record.state, record.message = FAILED, INTERRUPTED
    elif slot["cancel"]:
        record.state = PENDING_CANCEL
    return record


def _known(value: dict[str, Any] | None) -> dict[str, Any]:
    if value is None:
        raise ResourceNotFound(NO_TASK)
    return value
