"""The worker: threads of this process that send the events of subscriptions."""

from __future__ import annotations

import math
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self

from cwnb.delivery.subscriptions.account_policies import PolicyRecord
from cwnb.delivery.subscriptions.runner import IDLE_S, LEASE_S, Ended, Runner
from cwnb.delivery.subscriptions.waiting import Waited, waited
from cwnb.errors import InvalidParameter, StoreError
from cwnb.times import Clock

if TYPE_CHECKING:
    from cwnb.delivery.subscriptions.deliveries import Deliveries
    from cwnb.delivery.subscriptions.record import KeptRecord, RecordOfProcess
    from cwnb.store import Position

# Where a subscription is kept (in the catalog or in the process), its group and its name.
Key = tuple[str, int, str]
# Seconds between two looks whether there are other subscriptions.
_LOOK_EVERY_S = 0.5
_AFTER_FAILURE_S = 1.0


class Worker:
    """Sends what subscriptions wait for, as long as it runs; one thread for each of them.

    >>> with logs.deliver() as worker:
    ...     worker.wait(10)      # until all that was there has been sent

    Several workers, in this process or in others, share the subscriptions by leases: each is sent
    by one of them. A subscription whose target fails or hangs holds up no other one.
    """

    def __init__(self, deliveries: Deliveries, clock: Clock | None = None) -> None:
        self._deliveries = deliveries
        self._clock = clock or Clock()
        host = socket.gethostname()
        self.owner = f"{host}:{os.getpid()}:{secrets.token_hex(8)}"
        self._runners: dict[Key, tuple[Runner, threading.Thread]] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        # The position up to which no group of a policy has events that wait.
        self._quiet: Position | None = None
        self._keeper: threading.Thread | None = None

    def __repr__(self) -> str:
        state = "running" if self.running else "not running"
        found = self._deliveries.all_of()
        said = ", ".join(f"{one.name} {self._deliveries.state(one)}" for one in found)
        return f"<Worker {state}: {said or 'no subscriptions'}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Begin; gives the worker itself."""
        if not self.running:
            self._stop = threading.Event()
            self._runners, self._failure = {}, None
            self._deliveries.clock = self._clock
            self._deliveries.add_worker(self)
            self._look()
            self._keeper = threading.Thread(
                target=self._guarded, args=(self._keep,), name="cwnb-deliver", daemon=True
            )
            self._keeper.start()
        return self

    def stop(self) -> None:
        """End once each thread has done with the payload that it is sending.

        A function that hangs is waited for. Raises what the store has raised meanwhile, once.
        """
        self._stop.set()
        for thread in [self._keeper, *(thread for _, thread in self._threads())]:
            # A target may close the store, or stop the worker, that calls it.
            if thread is not None and thread is not threading.current_thread():
                thread.join()
        with self._lock:
            ended, self._runners = list(self._runners.values()), {}
        for runner, _ in ended:
            try:
                runner.release()
            except StoreError as error:  # the lease then ends by itself
                self._failure = self._failure or error
        self._raise_failure()

    @property
    def running(self) -> bool:
        """Tell whether it has been started and not stopped."""
        return self._keeper is not None and not self._stop.is_set()

    def wait(self, timeout: float | None = None) -> Waited:
        """Wait until all that is visible now has been sent or left out; tells whether it has.

        `timeout` in seconds. What it gives is true or false, and shows which subscriptions are not
        done and why. Those that are paused or disabled, or whose function no process has attached,
        are not waited for.
        """
        if self._keeper is None:
            raise InvalidParameter(
                "the worker has not been started: write 'with logs.deliver() as worker', or start()"
            )
        is_number = isinstance(timeout, int | float) and not math.isnan(timeout)
        if timeout is not None and not is_number:
            raise InvalidParameter(f"a timeout is a number of seconds, not {timeout!r:.80}")
        end = None if timeout is None else time.monotonic() + timeout
        while not self._stop.is_set():
            self._raise_failure()
            self._look()
            busy = [runner for runner, _ in self._threads() if not runner.caught_up()]
            if not busy or (end is not None and time.monotonic() >= end):
                return self._waited(busy)
            self._stop.wait(IDLE_S / 2)
        return replace(self._waited([]), done=False)

    def _waited(self, busy: list[Runner]) -> Waited:
        found = [one for runner in busy if (one := runner.records.read()) is not None]
        return waited(self._deliveries, found, self.owner)

    def _threads(self) -> list[tuple[Runner, threading.Thread]]:
        with self._lock:
            return list(self._runners.values())

    def _look(self) -> None:
        """Begin with subscriptions that are new, and with groups of policies that have events."""
        position, waits = self._deliveries.store.position(), False
        for records in self._deliveries.records():
            of_policy = isinstance(records, PolicyRecord)
            if of_policy and self._quiet == position:
                continue
            found = records.read()
            if found is None:
                continue
            key = (type(records).__name__, found.group_id, found.name)
            with self._lock:
                is_there = key in self._runners
            waits |= of_policy and is_there
            if is_there or (of_policy and not self._deliveries.lag(found)):
                continue
            waits |= of_policy
            with self._lock:
                if key not in self._runners and not self._stop.is_set():
                    self._begin(key, records)
        self._quiet = None if waits else position

    def _begin(self, key: Key, records: KeptRecord | RecordOfProcess | PolicyRecord) -> None:
        runner = Runner(
            self._deliveries.store,
            records,
            self.owner,
            partial(self._deliveries.function_of, *key[1:]),
            clock=self._clock,
            limits=self._deliveries.limits,
        )
        thread = threading.Thread(
            target=self._guarded,
            args=(lambda: self._run(key, runner),),
            name=f"cwnb-deliver-{key[2]}",
            daemon=True,
        )
        self._runners[key] = (runner, thread)
        thread.start()

    def _run(self, key: Key, runner: Runner) -> None:
        failed: StoreError | None = None
        while not self._stop.is_set():
            try:
                more = runner.step()
            except Ended:
                with self._lock:
                    self._runners.pop(key, None)
                return
            except StoreError as error:  # such as a full disk: it may go on when there is room
                self._failure = failed = error
                self._stop.wait(_AFTER_FAILURE_S)
                continue
            if failed is not None and self._failure is failed:
                self._failure = failed = None
            if not more and key[0] == PolicyRecord.__name__ and self._has_ended(key, runner):
                return
            if not more:
                self._stop.wait(runner.next_pause_s())

    def _has_ended(self, key: Key, runner: Runner) -> bool:
        """End with a group of a policy that has no events: there may be thousands of groups."""
        try:
            found = runner.records.read()
            if found is None or self._deliveries.lag(found):
                return False
            runner.release()
        except StoreError:
            return False
        with self._lock:
            self._runners.pop(key, None)
        return True

    def _keep(self) -> None:
        """Renew leases while targets are waited for, and look for new subscriptions."""
        renewed = time.monotonic()
        while not self._stop.wait(_LOOK_EVERY_S):
            with suppress(StoreError):  # those that send see it too
                self._look()
            if time.monotonic() - renewed < LEASE_S / 4:
                continue
            renewed = time.monotonic()
            for runner, _ in self._threads():
                with suppress(Ended, StoreError):
                    runner.renew()

    def _guarded(self, act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except BaseException as error:  # it is raised where somebody waits
            self._failure = error
            self._stop.set()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
