"""The part of `Logs` that sends events on: live tail, subscriptions, export tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cwnb import arguments
from cwnb.errors import InvalidParameter
from cwnb.events import LOG_STREAM, MESSAGE, POINTER
from cwnb.memo import memo
from cwnb.results.event import read_pointer
from cwnb.results.listings import ACCOUNT_POLICIES, EXPORTS, SUBSCRIPTIONS, listing
from cwnb.window import bound_ms, read_window

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from pandas import DataFrame

    from cwnb.delivery import Deliveries, DeliveryExplanation, Tail, Worker
    from cwnb.delivery.exports import ExportTask, ExportTasks
    from cwnb.results.event import Event
    from cwnb.store import Store
    from cwnb.times import Clock


@dataclass(frozen=True)
class _Row:
    """A row of the listing of subscriptions."""

    group: str
    name: str
    level: str
    state: str
    target: str
    pattern: str
    distribution: str | None
    system_fields: list[str]
    lag: int
    rate: float
    delivered: int
    retries: int
    dropped: int
    passed_over: int
    expired: int
    last_error: str | None
    last_sent_ms: int | None
    created_ms: int


@dataclass(frozen=True)
class _PolicyRow:
    """A row of the listing of account policies."""

    name: str
    type: str
    target: str
    pattern: str
    distribution: str | None
    selection_criteria: str
    created_ms: int
    updated_ms: int


class WaysOut:
    """Follows log groups, sends what becomes visible in them to targets, and exports them."""

    store: Store

    @memo
    def _deliveries(self) -> Deliveries:
        from cwnb.delivery import Deliveries

        return Deliveries(self.store)

    @arguments.named_arguments
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
    ) -> None:
        """Send what becomes visible in a log group from now on, and matches a filter pattern.

        `target`: a function that is called with each message, a dict with `logGroup`, `logStream`
        and `logEvents` (`id`, `timestamp` in epoch milliseconds, `message`); `"module:function"`,
        which later processes find too; `cwnb.LambdaHandler(handler)`, called with the event that a
        Lambda function gets; `cwnb.LogGroup("/errors")`, another group of the store; or the ARN of
        a Kinesis stream, a Firehose stream or a Lambda function, which boto3 reaches (the extra
        `aws`), in the role `role_arn` if one is given. `distribution`, of a Kinesis stream:
        "ByLogStream" keeps the events of a log stream in order, in one shard; "Random" spreads them
        over all shards. `emit_system_fields`: of "@aws.account", "@aws.region" and "@source.log",
        those that each event has in its `extractedFields`.

        Without a `name` a subscription to a function ends with the process. With one it stays, and
        waits until a process attaches a function by subscribing again. A subscription of the same
        name is replaced: it goes on where it was.

        A worker sends, in a process that runs `deliver()` or `cwnb deliver`. What an exception
        interrupts is tried again for a day. Events come at least once. A group has at most
        `per_group` subscriptions, by default the 2 that the service allows. Raises
        MalformedPattern, ResourceNotFound, InvalidParameter.
        """
        group = arguments.one_group(group)
        self._deliveries.subscribe(
            *(group, target, pattern, name),
            role_arn=role_arn,
            distribution=distribution,
            emit_system_fields=emit_system_fields,
            per_group=per_group,
        )

    def unsubscribe(self, group: str, name: str) -> None:
        """End a subscription; raises ResourceNotFound."""
        self._deliveries.unsubscribe(arguments.one_group(group), name)

    def pause(self, group: str, name: str) -> None:
        """Pause a subscription: what becomes visible waits for `resume`."""
        self._deliveries.set_paused(arguments.one_group(group), name, paused=True)

    def resume(self, group: str, name: str) -> None:
        """Let a subscription go on that is paused, or that an error has disabled."""
        self._deliveries.set_paused(arguments.one_group(group), name, paused=False)

    def subscriptions(self) -> DataFrame:
        """Give the subscriptions by group and name, a row each.

        `level` is "account" for that of an account policy, of which each log group has its own.
        `state` is active, paused, retrying, disabled (for ten minutes, after the target has refused
        a message) or "waiting for its function". `distribution` is that of a Kinesis stream. `lag`:
        events of the group that wait to be looked at. `rate`: events a second when some were last
        sent. `delivered`, `dropped` (failed for a day, too large, or refused), `passed_over` (while
        it was disabled) and `expired` count events, `retries` attempts that failed. `last_error`
        has the file and line of the function that raised it; each distinct error is logged once,
        with its traceback, by the logger `cwnb`.
        """
        from cwnb.delivery import shown

        deliveries = self._deliveries
        rows = [
            _Row(
                group=one.group,
                name=one.name,
                level=one.level,
                state=deliveries.state(one),
                target=shown(one.target),
                pattern=one.pattern,
                distribution=one.target.get("distribution"),
                system_fields=one.system_fields,
                lag=deliveries.lag(one),
                rate=one.rate,
                delivered=one.counts.delivered,
                retries=one.counts.retries,
                dropped=one.counts.dropped + one.counts.too_large,
                passed_over=one.counts.passed_over,
                expired=one.counts.expired,
                last_error=one.last_error or None,
                last_sent_ms=one.last_sent_ms or None,
                created_ms=one.created_ms,
            )
            for one in deliveries.all_of()
        ]
        return listing(rows, SUBSCRIPTIONS)

    @arguments.named_arguments
    def put_account_policy(
        self,
        name: str,
        document: dict[str, Any] | str,
        policy_type: str = "SUBSCRIPTION_FILTER_POLICY",
        *,
        selection_criteria: str = "",
    ) -> None:
        """Send what becomes visible from now on in all log groups, also in those that are made.

        >>> logs.put_account_policy("all", {"DestinationArn": on_event, "FilterPattern": "ERROR"},
        ...                         selection_criteria='LogGroupName NOT IN ["/audit"]')

        `document`: a dict or JSON text with `DestinationArn` (an ARN, or what `subscribe` takes
        beside log groups), and perhaps `FilterPattern`, `RoleArn` and `Distribution`.
        `selection_criteria` names the groups that are left out; the group of a Lambda function that
        it sends to is, too. It adds to the subscriptions of groups, has their rows in
        `subscriptions()`, and its messages have a `policyLevel`. There is one at most; one of its
        name is replaced, and groups go on where they were. Raises InvalidParameter,
        MalformedPattern.
        """
        from cwnb.delivery import PolicyDocument, check_policy_type

        check_policy_type(policy_type)
        self._deliveries.put_account_policy(name, PolicyDocument.read(document), selection_criteria)

    def delete_account_policy(self, name: str) -> None:
        """End an account policy for all groups; raises ResourceNotFound."""
        self._deliveries.delete_account_policy(name)

    def account_policies(self) -> DataFrame:
        """Give the account policies, a row each."""
        from cwnb.delivery import shown

        rows = [
            _PolicyRow(
                *(one.name, "SUBSCRIPTION_FILTER_POLICY", shown(one.target), one.pattern),
                *(one.target.get("distribution"), one.selection_criteria),
                *(one.created_ms, one.updated_ms),
            )
            for one in self._deliveries.account_policies()
        ]
        return listing(rows, ACCOUNT_POLICIES)

    @arguments.named_arguments
    def tail(
        self,
        groups: str | Sequence[str],
        pattern: str = "",
        streams: str | Sequence[str] | None = None,
        since: Any = None,
        *,
        follow: bool = True,
    ) -> Tail:
        """Follow log groups: give their events as they become visible, each once.

        >>> for event in logs.tail("/shop/*", "ERROR", since="10m"):
        ...     print(event.timestamp, event.stream, event.message)

        The iteration waits for new events; they come in the order in which they become visible, and
        at the reader's pace. `since` begins with the events since a time, as `query` reads it, in
        order of time; without it only what comes is given. With `follow=False` it ends where it
        would wait. `groups`: a trailing `*` of a name is a prefix, also of groups that are made
        later. Raises ResourceNotFound, MalformedPattern, InvalidParameter.
        """
        from cwnb.delivery import Tail, checked_streams
        from cwnb.filter_pattern import FilterPattern

        named = arguments.group_names(groups)
        if not named:
            raise InvalidParameter("name a log group to follow, as in logs.tail('/shop/*')")
        read, chosen = FilterPattern.parse(pattern), checked_streams(streams)
        since_ms = None if since is None else bound_ms(since, self.store.clock.now_ms())
        follow = arguments.flag("follow", follow)
        return Tail(self.store, named, read, streams=chosen, since_ms=since_ms, follow=follow)

    def deliver(self, *, clock: Clock | None = None) -> Worker:
        """Give the worker that sends what subscriptions wait for, on threads of this process.

        >>> with logs.deliver() as worker:
        ...     worker.wait(10)

        `start()` and `stop()` do what the block does. `clock` is for tests: retries and the ten
        minutes of a disabled subscription follow it.
        """
        from cwnb.delivery import Worker

        return Worker(self._deliveries, clock)

    def explain_delivery(self, group: str, name: str, event: str | Event) -> DeliveryExplanation:
        """Say why an event of the group was or was not sent by a subscription.

        `event`: its `@ptr`, or the event as `event(ptr)` gives it. Raises ResourceNotFound, and
        InvalidParameter for an event of another group.
        """
        from cwnb.delivery import DeliveryExplanation, explain
        from cwnb.results.event import Event

        if not isinstance(event, str | Event):
            raise InvalidParameter(
                f"an event is named by its @ptr, or is what event(ptr) gives, not {event!r:.80}"
            )
        pointer = event if isinstance(event, str) else event[POINTER]
        found = self.event(pointer) if isinstance(event, str) else event  # type: ignore[attr-defined]
        place = read_pointer(pointer)
        group = arguments.one_group(group)
        if (left_out := self._deliveries.left_out_by(group, name)) and (
            place.group_id == self.store.group_id(group)
        ):
            return DeliveryExplanation(False, left_out)
        subscription = self._deliveries.subscription(group, name)
        if place.group_id != subscription.group_id:
            raise InvalidParameter(f"the event is none of log group {group!r}")
        position = self.store.position_of(place.group_id, place.sequence)
        state = self._deliveries.state(subscription)
        return explain(subscription, state, position, found[LOG_STREAM], found[MESSAGE])

    def replay(self, group: str, name: str, start: Any = None, end: Any = None) -> int:
        """Send stored events of a window to the target of a subscription again.

        The messages have `"replay": true`. Its position and its counts stay. `start` and `end` (not
        included) are as those of `query`. Gives the number of events; what the target raises is
        raised. Events that were loaded with `deliver=False` are left out.
        """
        from cwnb.delivery import make_target, replay, stored_payloads
        from cwnb.filter_pattern import FilterPattern

        deliveries = self._deliveries
        subscription = deliveries.subscription(arguments.one_group(group), name)
        function = deliveries.function_of(subscription.group_id, name)
        target = make_target(self.store, subscription.target, function, deliveries.limits)
        if target is None:
            raise InvalidParameter(
                f"no function is attached to the subscription {name!r} in this process; subscribe "
                "with the same name and the function"
            )
        window = read_window(start, end, self.store.clock.now_ms())
        pattern = FilterPattern.parse(subscription.pattern)
        sender = subscription.sender(pattern, is_replay=True)
        return replay(target, stored_payloads(self.store, group, sender, window))

    def lambda_event(
        self,
        group: str,
        pattern: str = "",
        start: Any = None,
        end: Any = None,
        *,
        name: str = "subscription",
    ) -> dict[str, Any]:
        """Give the event that a Lambda function would get of stored events: for a handler's test.

        It has the events of one log stream that match, at most 10,000, those first that came first.
        `name` stands in `subscriptionFilters`. Raises ResourceNotFound, and InvalidParameter where
        no event matches.
        """
        from cwnb.delivery import Sender, lambda_event, stored_payloads
        from cwnb.filter_pattern import FilterPattern

        window = read_window(start, end, self.store.clock.now_ms())
        read = FilterPattern.parse(pattern)
        if not isinstance(name, str):
            raise InvalidParameter(f"the name of a subscription is a text, not {name!r:.80}")
        arguments.unicode_text(name)
        sender = Sender(name, read)
        for payload in stored_payloads(self.store, arguments.one_group(group), sender, window):
            return lambda_event(payload.message())
        raise InvalidParameter(f"no event of log group {group!r} in the window matches the pattern")

    # Export tasks

    @arguments.named_arguments
    def export(
        self,
        group: str,
        destination: str | os.PathLike[str],
        start: Any = None,
        end: Any = None,
        *,
        stream_prefix: str | None = None,
        format: str = "service",
        since: str | None = None,
    ) -> ExportTask:
        """Export the events that a log group has now to a folder or to `s3://bucket/prefix`.

        Runs on a thread; `.wait()` waits for it. `start` and `end` (which is not included) as those
        of `query`. `stream_prefix`: only streams whose names begin so. `format`: "service" is what
        CloudWatch Logs writes (`TASK/STREAM/000000.gz`, a line `TIME MESSAGE` an event); "parquet"
        and "ndjson" are files in folders `day=2026-02-03` with timestamp, ingestionTime, logGroup,
        logStream and message, which `load` reads back as the same events. `since="last"`: only what
        came into the store after the last completed export of the same kind; events that were
        loaded with `deliver=False` have no place in that order, and are only in exports without it.
        Raises ResourceNotFound, InvalidParameter, LimitExceeded while another export is active.
        What goes wrong later is the task's state FAILED and its message, which `wait` raises.
        """
        window = read_window(start, end, self.store.clock.now_ms())
        return self._export_tasks.start(
            arguments.one_group(group),
            destination,
            window,
            stream_prefix=stream_prefix,
            format=format,
            since=since,
        )

    def exports(self) -> DataFrame:
        """Give the export tasks, a row each, newest first.

        Task, group, destination, format, state and its message, events, bytes of text, files, the
        window, when it was created and when it ended.
        """
        return listing(self._export_tasks.all(), EXPORTS)

    def export_task(self, task: str) -> ExportTask:
        """Give an export task by its id, to cancel, wait or resume; raises ResourceNotFound."""
        if not isinstance(task, str):
            raise InvalidParameter(f"an export task is named by its id, a text, not {task!r:.80}")
        return self._export_tasks.find(arguments.unicode_text(task))

    @memo
    def _export_tasks(self) -> ExportTasks:
        from cwnb.delivery.exports import ExportTasks

        return ExportTasks(self.store)

    def end_ways_out(self) -> None:
        """Stop the workers and the exports of this process; `close` does it."""
        if "_deliveries" in vars(self):
            self._deliveries.stop_workers()
        if "_export_tasks" in vars(self):
            self._export_tasks.close()
