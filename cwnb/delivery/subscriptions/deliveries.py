"""The subscriptions of a store as a process knows them: made, changed, listed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from cwnb.delivery import system_fields
from cwnb.delivery.subscriptions import aws, targets
from cwnb.delivery.subscriptions.account_policies import (
    AccountPolicies,
    AccountPolicy,
    Document,
    PolicyRecord,
)
from cwnb.delivery.subscriptions.limits import Limits
from cwnb.delivery.subscriptions.record import (
    FAMILY,
    KeptRecord,
    RecordOfProcess,
    Records,
    Subscription,
    check_name,
)
from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.filter_pattern import FilterPattern
from cwnb.nearest import suggestion
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cwnb.store import Present, Store

# Functions that a policy sends to belong to no group.
_OF_POLICY = 0


class StopsWork(Protocol):
    """A worker, as far as the end of the store needs to know it."""

    def stop(self) -> None:
        """End its threads."""
        ...


class Deliveries:
    """Makes, changes and finds the subscriptions of a store.

    Those in the catalog are the same for all processes. Functions that were handed in are only
    known to this one, and so are subscriptions to functions without a name.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.limits = Limits()
        # That of the worker: leases and errors are of the real time, whatever "now" the store has.
        self.clock = Clock()
        self._functions: dict[tuple[int, str], Callable[..., object]] = {}
        self._of_process: dict[tuple[int, str], RecordOfProcess] = {}
        self._lock = threading.RLock()
        self._workers: list[StopsWork] = []
        self._policies = AccountPolicies(store)

    def add_worker(self, worker: StopsWork) -> None:
        """Know a worker of this process, which the end of the store stops."""
        self._workers.append(worker)

    def stop_workers(self) -> None:
        """Stop the workers that this process has begun."""
        while self._workers:
            self._workers.pop().stop()

    def subscribe(
        self,
        group: str,
        target: Any,
        pattern: str = "",
        name: str | None = None,
        *,
        role_arn: str | None = None,
        distribution: str | None = None,
        emit_system_fields: Sequence[str] | None = None,
        per_group: int | None = None,
    ) -> Subscription:
        """Send what becomes visible in a group from now on and matches; see `Logs.subscribe`."""
        if not isinstance(pattern, str):
            raise InvalidParameter(f"a filter pattern is a text, not {pattern!r:.80}")
        FilterPattern.parse(pattern)
        emits = system_fields.checked(emit_system_fields, system_fields.OF_SUBSCRIPTIONS)
        kept_target, function = targets.described(target, role_arn, distribution)
        called = "" if function is None else getattr(function, "__name__", "a function")
        if called:
            kept_target["called"] = called
        ends_with_process = name is None and function is not None
        group_id = self.store.group_id(group)
        if name is None:
            name = self._free_name(group_id, _name_of(kept_target), function)
        key = (group_id, check_name(name))
        if any(policy.name == name for policy in self.account_policies()):
            raise InvalidParameter(
                f"an account policy has the name {name!r}; give the subscription another one"
            )
        most = self.limits.per_group if per_group is None else per_group
        if type(most) is not int or most < 1:
            raise InvalidParameter(f"per_group is a number from 1 on, not {most!r:.80}")
        if kept_target["kind"] == targets.GROUP and not self.store.has_group(kept_target["name"]):
            raise ResourceNotFound(
                f"the target, log group {kept_target['name']!r}, does not exist; "
                "logs.create_group() makes it"
            )
        if kept_target["kind"] in aws.KINDS:
            aws.check_reachable(kept_target, self.limits, self.clock.now_ms())
        with self._lock:
            if ends_with_process and key in self._of_process:
                records: Records = self._of_process[key]
            elif ends_with_process:
                if KeptRecord(self.store, name, group_id).read() is not None:
                    raise InvalidParameter(
                        f"log group {group!r} has a subscription {name!r} in its catalog; say "
                        f"name={name!r} to attach the function to it, or another name"
                    )
                records = RecordOfProcess(self.store, name, group_id)
            else:
                if key in self._of_process:
                    # Its runner ends; the one in the catalog begins now.
                    self._of_process.pop(key).change(lambda _, __: None)
                records = KeptRecord(self.store, name, group_id)

            # Read before the transaction, inside which nothing else can read the catalog.
            of_process = [one for held in self._of_process.values() if (one := held.read())]

            def put(old: Subscription | None, present: Present) -> Subscription:
                kept = [Subscription.read(record.value) for record in present.all_of(FAMILY)]
                others = [one for one in kept + of_process if (one.group_id, one.name) != key]
                of_group = [one for one in others if one.group_id == group_id]
                _refuse_too_many(group, name, of_group, most)
                _refuse_cycle(group, kept_target, others)
                if old is None:
                    old = Subscription(name, group, group_id, {}, begin=present.position)
                    old.position = present.position
                    old.created_ms = self.store.clock.now_ms()
                if old.pattern != pattern:
                    old.pattern_since = old.position
                old.target, old.pattern, old.system_fields = kept_target, pattern, emits
                old.paused, old.disabled_until_ms, old.last_error = False, 0, ""
                old.end_of_failing()
                return old

            made = records.change(put)
            if made is None:
                raise ResourceNotFound(f"log group {group!r} has been deleted")
            if isinstance(records, RecordOfProcess):
                self._of_process[key] = records
            if function is not None:
                self._functions[key] = function
            else:
                self._functions.pop(key, None)
        return made

    def unsubscribe(self, group: str, name: str) -> None:
        """End a subscription; raises ResourceNotFound."""
        with self._lock:
            records = self.find(group, name)
            if isinstance(records, PolicyRecord):
                raise InvalidParameter(
                    f"{name!r} is an account policy, of which log group {group!r} is one of those "
                    "that it covers; delete_account_policy() ends it for all, and pause() for one"
                )
            records.change(lambda _, __: None)
            key = (self.store.group_id(group), name)
            self._of_process.pop(key, None)
            self._functions.pop(key, None)

    def set_paused(self, group: str, name: str, *, paused: bool) -> None:
        """Pause a subscription, or let it go on; what comes meanwhile waits.

        To go on also ends the ten minutes that an error has disabled it for.
        """

        def change(old: Subscription | None, _: Present) -> Subscription | None:
            if old is not None:
                old.paused = paused
                if not paused:
                    old.disabled_until_ms = 0
                    old.end_of_failing()
            return old

        self.find(group, name).change(change)

    def put_account_policy(self, name: str, document: Document, criteria: str) -> None:
        """Make or replace an account policy; see `Logs.put_account_policy`."""
        for records in self.records():
            if records.name == name and not isinstance(records, PolicyRecord):
                raise InvalidParameter(
                    f"a subscription of a log group has the name {name!r}; give the policy another"
                )
        if document.target["kind"] in aws.KINDS:
            aws.check_reachable(document.target, self.limits, self.clock.now_ms())
        with self._lock:
            self._policies.put(name, document, criteria)
            if document.function is not None:
                self._functions[_OF_POLICY, name] = document.function
            else:
                self._functions.pop((_OF_POLICY, name), None)

    def delete_account_policy(self, name: str) -> None:
        """Delete an account policy; raises ResourceNotFound."""
        self.account_policy(name)
        with self._lock:
            self._policies.delete(name)
            self._functions.pop((_OF_POLICY, name), None)

    def account_policies(self) -> list[AccountPolicy]:
        """Give the account policies."""
        return self._policies.all_of()

    def account_policy(self, name: str) -> AccountPolicy:
        """Give an account policy; raises ResourceNotFound with the nearest name."""
        there = {policy.name: policy for policy in self.account_policies()}
        if not isinstance(name, str) or name not in there:
            near = suggestion(str(name), there, cutoff=0.5)
            raise ResourceNotFound(f"there is no account policy {name!r}{near}")
        return there[name]

    def left_out_by(self, group: str, name: str) -> str:
        """Say why an account policy does not cover a group; an empty text if there is none."""
        for policy in self.account_policies():
            if policy.name == name and (why := policy.refusal(group)):
                return f"the account policy {name!r} does not send it: {why}"
        return ""

    def find(self, group: str, name: str) -> Records:
        """Give where a subscription is kept; raises ResourceNotFound with the nearest name."""
        group_id = self.store.group_id(group)
        there = {one.name: one for one in self.records() if one.group_id == group_id}
        if isinstance(name, str) and name in there:
            return there[name]
        names = list(there)
        near = suggestion(str(name), names, cutoff=0.5) or (
            f"; it has {', '.join(map(repr, names))}" if names else "; it has none"
        )
        raise ResourceNotFound(f"log group {group!r} has no subscription {name!r}{near}")

    def subscription(self, group: str, name: str) -> Subscription:
        """Give a subscription; raises ResourceNotFound with the nearest name."""
        found = self.find(group, name).read()
        if found is None:
            raise ResourceNotFound(f"log group {group!r} has no subscription {name!r}")
        return found

    def records(self) -> list[KeptRecord | RecordOfProcess | PolicyRecord]:
        """Give where all subscriptions are kept that there are now."""
        kept = [
            KeptRecord(self.store, found.name, found.group_id)
            for found in self.store.kept_records(FAMILY)
            if found.group_id is not None
        ]
        with self._lock:
            of_process = [one for one in self._of_process.values() if one.read() is not None]
        return [*kept, *of_process, *self._policies.records()]

    def all_of(self) -> list[Subscription]:
        """Give all subscriptions, by group and name."""
        found = [records.read() for records in self.records()]
        there = [each for each in found if each is not None]
        return sorted(there, key=lambda each: (each.group, each.name))

    def function_of(self, group_id: int, name: str) -> Callable[..., object] | None:
        """Give the function that this process has attached to a subscription, or None."""
        return self._functions.get((group_id, name)) or self._functions.get((_OF_POLICY, name))

    def state(self, subscription: Subscription) -> str:
        """Say in a word what a subscription does; see `Logs.subscriptions`."""
        now_ms = self.clock.now_ms()
        if subscription.paused:
            return "paused"
        if subscription.disabled_until_ms > now_ms:
            return "disabled"
        if subscription.attempts:
            return "retrying"
        needs = subscription.target["kind"] in {targets.CALLABLE, targets.HANDLER}
        is_here = self.function_of(subscription.group_id, subscription.name) is not None
        if needs and not subscription.target["name"] and not is_here:
            return "waiting for its function"
        return "active"

    def lag(self, subscription: Subscription) -> int:
        """Give how many events of the group wait to be looked at, at most."""
        return self.store.events_after(subscription.position, [subscription.group_id])

    def _free_name(self, group_id: int, name: str, function: Callable[..., object] | None) -> str:
        """Give a name that no other function without a name has; a lambda has none of its own."""
        if function is None or "<lambda>" not in name:
            return name
        number, free = 1, name
        while self._functions.get((group_id, free), function) is not function:
            number += 1
            free = f"{name} {number}"
        return free


def _refuse_too_many(group: str, name: str, others: list[Subscription], most: int) -> None:
    if len(others) >= most:
        raise InvalidParameter(
            f"log group {group!r} has {len(others)} subscriptions beside {name!r} already "
            f"({', '.join(sorted(one.name for one in others))}), and {most} is the most; end one "
            f"of them, or say per_group={len(others) + 1}"
        )


def _refuse_cycle(group: str, target: dict[str, Any], others: list[Subscription]) -> None:
    """Refuse a target that would send the group's events back to it."""
    if target["kind"] != targets.GROUP:
        return
    goes_to: dict[str, set[str]] = {}
    for each in others:
        if each.target["kind"] == targets.GROUP:
            goes_to.setdefault(each.group, set()).add(each.target["name"])
    way, reached = [[target["name"]]], {target["name"]}
    while way:
        path = way.pop()
        if path[-1] == group:
            said = " to ".join(repr(name) for name in [group, *path])
            raise InvalidParameter(f"its events would come back: from {said}")
        new = goes_to.get(path[-1], set()) - reached
        reached |= new
        way += [[*path, name] for name in new]


def _name_of(target: dict[str, Any]) -> str:
    """Give the name of a subscription that was given none."""
    said = target["name"] or target.get("called") or "function"
    return str(said).replace(":", ".").replace("*", "")[:512]
