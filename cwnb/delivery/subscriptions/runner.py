"""One subscription at work: it reads a chunk, sends what matches, and moves the position."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.delivery.subscriptions.faults import FaultLog, sentence, sentence_with_place
from cwnb.delivery.subscriptions.payloads import Payload, payloads_of, position_at
from cwnb.delivery.subscriptions.record import Counts, Lease, Skip, Subscription
from cwnb.delivery.subscriptions.target import Refused, Sent, Target, TooLarge
from cwnb.delivery.subscriptions.targets import CALLABLE, FUNCTION, HANDLER, make_target
from cwnb.errors import InvalidParameter
from cwnb.events import INGESTION_TIME, MESSAGE
from cwnb.filter_pattern import FilterPattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.delivery.subscriptions.limits import Limits
    from cwnb.delivery.subscriptions.record import Records
    from cwnb.store import Page, Position, Present, Store
    from cwnb.times import Clock

# A chunk is what one transaction acknowledges.
CHUNK_EVENTS = 10_000
CHUNK_BYTES = 8 << 20
# Seconds between two looks at the store: while nothing is to be sent, and after all was sent, when
# more is likely to come. Then it is sent together, which holds up writers a third as often.
IDLE_S, FLOWING_S = 0.1, 0.3
# Seconds until the next attempt: the first, and the longest; each is twice the one before.
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.5, 60.0
# The service tries for a day, and leaves a filter for ten minutes whose target refuses messages.
# Source: the user guide's page on subscriptions (SubscriptionFilters).
GIVE_UP_MS = 24 * 3_600_000
DISABLED_MS = 10 * 60_000
LEASE_S = 30.0
# A position that moves over events of other groups is written this seldom.
_QUIET_MS = 60_000
# A lease that ends later than this was given before the clock was set back.
_LATEST_LEASE_S = LEASE_S + 5.0


@dataclass
class _Chunk:
    """A page of events, of which some payloads have still to be sent."""

    page: Page
    before: Position
    form: tuple[str, list[str]]  # pattern and system fields, by which payloads were made
    waiting: deque[Payload]
    counts: Counts = field(default_factory=Counts)
    skips: list[Skip] = field(default_factory=list)
    started_ms: int = 0

    def end(self, subscription: Subscription) -> None:
        """Move a subscription behind the chunk, with what came of its events."""
        subscription.position = self.page.position
        subscription.end_of_failing()
        subscription.counts.add(self.counts)
        for skip in self.skips:
            subscription.skip(skip)


class Ended(Exception):
    """The subscription has been removed, or its group, or another worker has it now."""


class Runner:
    """Sends the events of one subscription in the name of a worker.

    `step` does a little and says whether there is more to do at once, so that tests need no
    threads; where there is not, it is called again after `next_pause_s`. What a step raises beside
    Ended is an error of the store.

    The position moves when a whole chunk is done with, in one transaction that looks whether the
    lease and the old position are still ours: a worker that is killed sends one chunk again, and
    one that was stopped until another took its lease never moves the position.
    """

    def __init__(
        self,
        store: Store,
        records: Records,
        owner: str,
        attached: Callable[[], Callable[..., object] | None],
        *,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self.records = records
        self._store = store
        self._owner = owner
        self._attached = attached
        self._clock = clock
        self._limits = limits
        self._chunk: _Chunk | None = None
        self._target: tuple[Any, Target] | None = None
        self._pattern: FilterPattern | None = None
        self._failing: Payload | None = None  # that failed last
        self._faults = FaultLog()
        # Of the steady clock: when that was, and when the next attempt may be.
        self._failed_at: int | None = None
        self._not_before_ms = 0
        self._looked: Position | None = None  # what came before holds nothing to send
        self._written_ms = clock.steady_ms()
        self._has_moved = False

    def next_pause_s(self) -> float:
        """Give how long to wait after a step that left nothing to do, in seconds; ask once."""
        has_moved, self._has_moved = self._has_moved, False
        return FLOWING_S if has_moved else IDLE_S

    def step(self) -> bool:
        """Go on; tells whether there is more to do at once. Raises Ended."""
        found = self.records.read()
        if found is None:
            raise Ended
        if found.paused:
            return False
        try:
            target = self._target_of(found)
        except InvalidParameter as error:  # a module that was there when it was subscribed
            target = None
            if found.lease.owner == self._owner or _is_free(found.lease):
                self._without_target(found, error)
        if target is None:
            self._chunk = None
            # Another worker may have what this one lacks.
            if found.lease.owner == self._owner:
                self.release()
            return False
        subscription = self._mine(found)
        if subscription is None:
            return False
        if subscription.disabled_until_ms:
            return self._pass_over(subscription)
        chunk = self._chunk
        of_now = (subscription.position, _form(subscription))
        if chunk is None or (chunk.before, chunk.form) != of_now:
            chunk = self._chunk = self._next_chunk(subscription)
            if chunk is None:
                return False
        if subscription.attempts and self._clock.steady_ms() < self._not_before_ms:
            return False
        return self._send(subscription, chunk, target)

    def caught_up(self) -> bool:
        """Tell whether nothing that is visible now waits, but for what cannot be sent now."""
        newest = self._store.position()
        found = self.records.read()
        if found is None or found.paused or found.disabled_until_ms:
            return True
        if not found.attempts and not found.target["name"] and self._attached() is None:
            return True
        if found.lease.owner != self._owner:
            return self._store.events_after(found.position, [found.group_id]) == 0
        reached = max(found.position, self._looked or found.position)
        return self._chunk is None and reached >= newest

    def renew(self) -> None:
        """Make the lease begin anew, if it is ours; raises Ended."""

        def renew(old: Subscription | None, _: Present) -> Subscription | None:
            if old is not None and old.lease.owner == self._owner:
                old.lease.until = time.time() + LEASE_S
            return old

        if self.records.change(renew, durable=False) is None:
            raise Ended

    def release(self) -> None:
        """Give the lease back, so that another worker need not wait for its end."""

        def give(old: Subscription | None, _: Present) -> Subscription | None:
            if old is not None and old.lease.owner == self._owner:
                old.lease = Lease()
            return old

        self.records.change(give)

    def _mine(self, found: Subscription) -> Subscription | None:
        """Give the subscription if this worker may send it; None if another one does."""
        if found.lease.owner == self._owner and found.lease.until > time.time():
            return found

        def take(old: Subscription | None, _: Present) -> Subscription | None:
            if old is not None and (old.lease.owner == self._owner or _is_free(old.lease)):
                old.lease = Lease(self._owner, time.time() + LEASE_S)
            return old

        taken = self.records.change(take, durable=False)
        if taken is None:
            raise Ended
        if taken.lease.owner == self._owner:
            return taken
        self._chunk = None
        return None

    def _target_of(self, subscription: Subscription) -> Target | None:
        attached = self._attached()
        key = (subscription.target, attached)
        if self._target is None or self._target[0] != key:
            target = make_target(self._store, subscription.target, attached, self._limits)
            if target is None:
                return None
            self._target = (key, target)
        return self._target[1]

    def _pattern_of(self, subscription: Subscription) -> FilterPattern:
        if self._pattern is None or self._pattern.text != subscription.pattern:
            self._pattern = FilterPattern.parse(subscription.pattern)
        return self._pattern

    def _next_page(self, subscription: Subscription, begin: Position) -> Page:
        return self._store.read_after(
            begin, [subscription.group_id], limit_rows=CHUNK_EVENTS, limit_bytes=CHUNK_BYTES
        )

    def _next_chunk(self, subscription: Subscription) -> _Chunk | None:
        """Read what comes next; None where nothing does."""
        if self._looked is not None and self._looked >= self._store.position():
            self._note_quiet(subscription)
            return None
        begin = max(subscription.position, self._looked or subscription.position)
        page = self._next_page(subscription, begin)
        if not len(page.events) and not page.expired:
            self._looked = page.position
            self._note_quiet(subscription)
            return None
        pattern = self._pattern_of(subscription)
        found = _matching(pattern, page.events)
        sender = subscription.sender(pattern)
        waiting = deque(payloads_of(subscription.group, sender, found))
        counts = Counts(expired=page.expired)
        started_ms = self._clock.steady_ms()
        return _Chunk(
            *(page, subscription.position, _form(subscription), waiting, counts),
            started_ms=started_ms,
        )

    def _note_quiet(self, subscription: Subscription) -> None:
        """Write the position now and then where only other groups get events."""
        now = self._clock.steady_ms()
        looked, is_time = self._looked, now - self._written_ms >= _QUIET_MS
        if looked is not None and looked > subscription.position and is_time:
            self._move(subscription.position, lambda new: setattr(new, "position", looked))

    def _send(self, subscription: Subscription, chunk: _Chunk, target: Target) -> bool:
        """Send what waits of a chunk, as far as it goes."""
        while chunk.waiting:
            payloads = _first_of_streams(chunk.waiting, target.most)
            try:
                outcomes = target.send(payloads)
            except BaseException as error:  # what a target raises is its own affair
                outcomes = [error] * len(payloads)
            refused, failed = None, None
            for payload, outcome in zip(payloads, outcomes, strict=True):
                if isinstance(outcome, Refused):
                    refused = refused or outcome
                elif isinstance(outcome, TooLarge):
                    _split(chunk, payload)
                elif isinstance(outcome, BaseException):
                    failed = failed or (payload, outcome)
                else:
                    self._note_sent(chunk, payload, outcome)
            if refused is not None:
                return self._disable(subscription, chunk, refused)
            if failed is not None:
                return self._failed(subscription, chunk, *failed)
            if subscription.attempts or self._lease_is_short(subscription):
                break  # what is said of it is written before it goes on
        if chunk.waiting:
            self._move(chunk.before, Subscription.end_of_failing)
            return True
        self._finish(chunk)
        # Where there was no more, a moment's wait makes one transaction of many small puts.
        return not chunk.page.complete

    def _note_sent(self, chunk: _Chunk, payload: Payload, sent: Sent) -> None:
        chunk.waiting.remove(payload)
        if payload is self._failing:
            self._failing = None
        for row in sent.refused:
            _skip_row(chunk, payload, row)
        chunk.counts.delivered += len(payload) - len(sent.refused)
        chunk.counts.payloads += 1
        chunk.counts.bytes += sent.bytes

    def _lease_is_short(self, subscription: Subscription) -> bool:
        return subscription.lease.until - time.time() < LEASE_S / 2

    def _finish(self, chunk: _Chunk) -> None:
        """Move the position behind the chunk."""
        # Should the catalog not take it, all that was sent is still known.
        took_s = max(self._clock.steady_ms() - chunk.started_ms, 1) / 1000

        def end(new: Subscription) -> None:
            chunk.end(new)
            if chunk.counts.delivered:
                new.last_sent_ms = self._clock.now_ms()
                new.rate = chunk.counts.delivered / took_s

        self._move(chunk.before, end)
        self._chunk = None

    def _failed(
        self, subscription: Subscription, chunk: _Chunk, payload: Payload, error: BaseException
    ) -> bool:
        """Note a failure, after which it waits. After a day the payload is dropped."""
        now = self._clock.steady_ms()
        # A payload that fails for the first time in this process goes on with what was counted of
        # the one before it only if that one was not sent, that is, if it is the same.
        is_first = self._failing is None and not chunk.counts.payloads
        is_same = is_first or self._failing is payload
        failing_ms = subscription.failing_ms if is_same else 0
        if self._failing is payload and self._failed_at is not None:
            failing_ms += max(0, now - self._failed_at)
        self._failing, self._failed_at = payload, now
        gives_up = failing_ms > GIVE_UP_MS
        calls = subscription.target["kind"] in {CALLABLE, FUNCTION, HANDLER}
        said = sentence_with_place(error) if calls else sentence(error)
        self._faults.note(subscription, said, error)
        if gives_up:
            chunk.waiting.remove(payload)
            _leave_out(chunk, payload, "dropped")
            self._failing = None

        def note(new: Subscription) -> None:
            new.attempts = new.attempts + 1 if is_same else 1
            new.failing_ms = failing_ms
            new.counts.retries += 1
            new.last_error, new.last_error_ms = said, self._clock.now_ms()
            if gives_up:
                new.end_of_failing()

        self._move(chunk.before, note)
        if gives_up:
            if not chunk.waiting:
                self._finish(chunk)
            return True
        self._not_before_ms = now + _wait_ms(subscription.attempts if is_same else 0)
        return False

    def _disable(self, subscription: Subscription, chunk: _Chunk, error: Refused) -> bool:
        """Leave the target for ten minutes; the rest of the chunk and what comes is passed over."""
        while chunk.waiting:
            _leave_out(chunk, chunk.waiting.popleft(), "passed_over")
        until = self._clock.now_ms() + DISABLED_MS
        self._faults.note(subscription, sentence(error), error)

        def disable(new: Subscription) -> None:
            chunk.end(new)
            new.disabled_until_ms = until
            new.last_error, new.last_error_ms = sentence(error), self._clock.now_ms()

        self._move(subscription.position, disable)
        self._chunk = self._failing = None
        return False

    def _without_target(self, subscription: Subscription, error: InvalidParameter) -> None:
        """Note that the target cannot be made for now; nothing is dropped for that."""
        now = self._clock.steady_ms()
        if not subscription.attempts or now >= self._not_before_ms:
            self._not_before_ms = now + _wait_ms(subscription.attempts)
            self._faults.note(subscription, sentence(error), error)

            def note(old: Subscription | None, _: Present) -> Subscription | None:
                if old is not None and old.position == subscription.position:
                    old.attempts += 1
                    old.last_error, old.last_error_ms = sentence(error), self._clock.now_ms()
                return old

            self.records.change(note)

    def _pass_over(self, subscription: Subscription) -> bool:
        """Once a disabled subscription goes on: pass over what became visible meanwhile."""
        self._chunk = None
        left_ms = subscription.disabled_until_ms - self._clock.now_ms()
        # A pause that ends further away than it is long began before the clock was set back.
        if 0 < left_ms <= DISABLED_MS:
            return False
        page = self._next_page(subscription, subscription.position)
        taken_ms = page.events[INGESTION_TIME].cast(pa.int64()).to_numpy()
        later = np.flatnonzero(taken_ms > subscription.disabled_until_ms)
        passed = page.events.slice(0, int(later[0]) if len(later) else None)
        position, expired = page.position, page.expired
        if len(later):  # the page is read again from there, with those that expired behind it
            before = subscription.position
            position = position_at(passed, -1) if len(passed) else before
            expired = self._store.expired_between(subscription.group_id, before, position)
        found = _matching(self._pattern_of(subscription), passed)

        def move(new: Subscription) -> None:
            new.position = position
            new.counts.passed_over += len(found)
            new.counts.expired += expired
            if len(found):
                new.skip(Skip("passed_over", position_at(found, 0), position_at(found, -1)))
            if page.complete or len(later):
                new.disabled_until_ms = 0

        self._move(subscription.position, move)
        return True

    def _move(self, before: Position, act: Callable[[Subscription], object]) -> None:
        """Change the subscription if the lease and the position are still ours; raises Ended."""
        is_ours = True

        def move(old: Subscription | None, _: Present) -> Subscription | None:
            nonlocal is_ours
            is_ours = old is not None and old.lease.owner == self._owner and old.position == before
            if old is not None and is_ours:
                act(old)
                old.lease.until = time.time() + LEASE_S
            return old

        changed = self.records.change(move, durable=False)
        self._written_ms = self._clock.steady_ms()
        self._has_moved = True
        if changed is None:
            raise Ended
        if not is_ours:
            self._chunk = None  # the next step looks anew at what there is


def _form(subscription: Subscription) -> tuple[str, list[str]]:
    return subscription.pattern, subscription.system_fields


def _matching(pattern: FilterPattern, events: pa.Table) -> pa.Table:
    return events.filter(pa.array(pattern.matches(events[MESSAGE].combine_chunks())))


def _first_of_streams(waiting: deque[Payload], most: int) -> list[Payload]:
    """Give the first payloads that may be sent together: at most one of each log stream."""
    found: dict[str, Payload] = {}
    for payload in waiting:
        if len(found) == most:
            break
        found.setdefault(payload.stream, payload)
    return list(found.values())


def _split(chunk: _Chunk, payload: Payload) -> None:
    """Put the halves of a payload in its place; leave it out if it is a single event."""
    place = chunk.waiting.index(payload)
    del chunk.waiting[place]
    if len(payload) == 1:
        _leave_out(chunk, payload, "too_large")
        return
    for half in reversed(payload.halves()):
        chunk.waiting.insert(place, half)


def _wait_ms(attempts: int) -> int:
    """Give how long to wait after so many failed attempts and one more."""
    return round(1000 * min(_FIRST_RETRY_S * 2.0 ** min(attempts, 10), _LONGEST_RETRY_S))


def _is_free(lease: Lease) -> bool:
    now = time.time()
    return not lease.owner or not now < lease.until <= now + _LATEST_LEASE_S


def _leave_out(chunk: _Chunk, payload: Payload, why: str) -> None:
    """Count the events of a payload as not delivered, and remember which they were."""
    setattr(chunk.counts, why, getattr(chunk.counts, why) + len(payload))
    chunk.skips.append(Skip(why, payload.first, payload.last, payload.stream))


def _skip_row(chunk: _Chunk, payload: Payload, row: int) -> None:
    chunk.counts.dropped += 1
    one = payload.part(row, 1)
    chunk.skips.append(Skip("dropped", one.first, one.last, payload.stream))
