"""Account policies: one subscription for all log groups that its criteria select.

Source: PutAccountPolicy in the CloudWatch Logs API reference, type SUBSCRIPTION_FILTER_POLICY.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cwnb.delivery.subscriptions import aws, targets
from cwnb.delivery.subscriptions.record import Subscription, check_name
from cwnb.errors import InvalidParameter
from cwnb.filter_pattern import FilterPattern, SelectionCriteria
from cwnb.nearest import unknown
from cwnb.store import Position

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.store import Present, Store

FAMILY = "account-policy"
# What is kept of the subscription of one log group.
GROUP_FAMILY = "policy-subscription"
SUBSCRIPTION_POLICY = "SUBSCRIPTION_FILTER_POLICY"
# Types that the service has, of which the others are not there yet.
_OTHER_TYPES = (
    *("DATA_PROTECTION_POLICY", "FIELD_INDEX_POLICY", "TRANSFORMER_POLICY"),
    *("METRIC_EXTRACTION_POLICY", "RETENTION_POLICY"),
)
_TARGET, _ROLE, _PATTERN, _DISTRIBUTION = (
    *("DestinationArn", "RoleArn", "FilterPattern", "Distribution"),
)
_MEMBERS = (_TARGET, _ROLE, _PATTERN, _DISTRIBUTION)
_FORM = "subscription policy"


@dataclass(frozen=True)
class Document:
    """What a policy document says, checked: a target as the catalog keeps it, and a pattern."""

    target: dict[str, Any]
    function: Callable[..., object] | None
    pattern: str

    @classmethod
    def read(cls, document: Any) -> Document:
        """Read a dict or JSON text; raises InvalidParameter and MalformedPattern."""
        members = document
        if isinstance(document, str):
            try:
                members = json.loads(document)
            except (ValueError, RecursionError):
                raise InvalidParameter(
                    f"the policy document is not JSON: {document!r:.80}"
                ) from None
        if not isinstance(members, dict):
            raise InvalidParameter(
                f"a policy document is a dict or JSON text of one, not {document!r:.80}"
            )
        for name in members:
            if name not in _MEMBERS:
                raise InvalidParameter(unknown("member of the policy document", name, _MEMBERS))
        if members.get(_TARGET) is None:
            raise InvalidParameter(
                "the policy document has no DestinationArn, which says where events go"
            )
        target = members[_TARGET]
        if isinstance(target, targets.LogGroup):
            raise InvalidParameter(
                "an account policy does not send to a log group of the store, because that would "
                "be one of those that it sends from"
            )
        kept, function = targets.described(target, members.get(_ROLE), members.get(_DISTRIBUTION))
        if function is not None:
            kept["called"] = getattr(function, "__name__", "a function")
        pattern = members.get(_PATTERN, "")
        if not isinstance(pattern, str):
            raise InvalidParameter(f"a filter pattern is a text, not {pattern!r:.80}")
        FilterPattern.parse(pattern)
        return cls(kept, function, pattern)


@dataclass
class AccountPolicy:
    """A policy as the catalog keeps it.

    `criteria` has those that were ever in force, oldest first, each with the position since when:
    a group that is selected gets the events after the position from which on it was always
    selected. `number` grows whenever the policy is put again.
    """

    name: str
    target: dict[str, Any]
    pattern: str
    criteria: list[tuple[str, Position]] = field(default_factory=list)
    number: int = 0
    created_ms: int = 0
    updated_ms: int = 0

    @classmethod
    def read(cls, value: dict[str, Any]) -> AccountPolicy:
        """Read what `asdict` gave."""
        criteria = [(text, Position(*since)) for text, since in value["criteria"]]
        return cls(**{**value, "criteria": criteria})

    @property
    def selection_criteria(self) -> str:
        """Give the criteria that are in force."""
        return self.criteria[-1][0]

    def refusal(self, group: str) -> str:
        """Say why a log group is not covered; an empty text if it is."""
        if not _selects(self.selection_criteria, group):
            return f"its criteria leave the log group out: {self.selection_criteria}"
        if group == self._own_group:
            return "it is of the function that the policy sends to, whose own events are left out"
        return ""

    @property
    def _own_group(self) -> str | None:
        # Source: the user guide's page on account-level subscription filters, recursion.
        if self.target["kind"] != aws.LAMBDA:
            return None
        return f"/aws/lambda/{self.target['name'].split(':')[6]}"

    def begin(self, group: str) -> Position:
        """Give the position after which the events of a group are sent."""
        begin = self.criteria[-1][1]
        for text, since in reversed(self.criteria):
            if not _selects(text, group):
                break
            begin = since
        return begin

    def subscription(
        self, group: str, group_id: int, stored: dict[str, Any] | None
    ) -> Subscription:
        """Give the subscription of a group, with what is stored of its progress."""
        begin = self.begin(group)
        found = None if stored is None else Subscription.read(stored)
        if found is None or found.begin < begin:
            # Nothing was sent yet, or the criteria have left the group out meanwhile.
            found = Subscription(self.name, group, group_id, {}, begin=begin, position=begin)
            found.pattern, found.created_ms = self.pattern, self.created_ms
            found.policy_number = self.number
        if found.policy_number != self.number:
            found.paused, found.disabled_until_ms, found.last_error = False, 0, ""
            found.end_of_failing()
        if found.pattern != self.pattern:
            found.pattern_since = found.position
        found.target, found.pattern = self.target, self.pattern
        found.policy_number = self.number
        return found


class PolicyRecord:
    """The subscription of one log group by an account policy; its progress is kept for the group.

    Nothing is written before there is something to say, so a policy covers groups as they are made.
    """

    def __init__(self, store: Store, name: str, group: str, group_id: int) -> None:
        self.store = store
        self.name = name
        self.group = group
        self.group_id = group_id

    def read(self) -> Subscription | None:
        """Give it; None if the policy has been deleted, or leaves the group out."""
        policy = self._policy()
        if policy is None or self.store.group_name(self.group_id) is None:
            return None
        found = self.store.kept_record(GROUP_FAMILY, self.name, self.group_id)
        stored = None if found is None else found.value
        return policy.subscription(self.group, self.group_id, stored)

    def change(
        self,
        change: Callable[[Subscription | None, Present], Subscription | None],
        *,
        durable: bool = True,
    ) -> Subscription | None:
        """Change it in one transaction."""
        policy = self._policy()

        def values(old: dict[str, Any] | None, present: Present) -> dict[str, Any] | None:
            if policy is None:
                return None
            found = policy.subscription(self.group, self.group_id, old)
            changed = change(found, present)
            return None if changed is None else changed.value()

        value = self.store.change_kept(
            GROUP_FAMILY, self.name, values, group=self.group_id, durable=durable
        )
        return None if value is None else Subscription.read(value)

    def _policy(self) -> AccountPolicy | None:
        """Give the policy, if it covers the group."""
        found = self.store.kept_record(FAMILY, self.name, None)
        policy = None if found is None else AccountPolicy.read(found.value)
        return None if policy is None or policy.refusal(self.group) else policy


class AccountPolicies:
    """The account policies of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all_of(self) -> list[AccountPolicy]:
        """Give them by name."""
        return [AccountPolicy.read(found.value) for found in self._store.kept_records(FAMILY)]

    def records(self) -> list[PolicyRecord]:
        """Give where the subscriptions of groups are kept, of all groups that are covered now."""
        policies = self.all_of()
        if not policies:
            return []
        return [
            PolicyRecord(self._store, policy.name, group, group_id)
            for policy in policies
            for group_id, group in self._store.group_ids(["*"])
            if not policy.refusal(group)
        ]

    def put(self, name: str, document: Document, criteria: str) -> None:
        """Make a policy, or put it in the place of that of its name; raises InvalidParameter."""
        check_name(name, "an account policy")
        for group in SelectionCriteria.parse(criteria, _FORM).values:
            if "*" in group:
                raise InvalidParameter(
                    f"the criteria name whole log groups, and none has a '*' in its name: {group!r}"
                )

        def put(old: dict[str, Any] | None, present: Present) -> dict[str, Any]:
            others = [one.name for one in present.all_of(FAMILY) if one.name != name]
            if others:
                raise InvalidParameter(
                    f"there is a subscription policy of the account already, {others[0]!r}, and "
                    "one is the most; delete_account_policy() removes it"
                )
            now_ms = self._store.clock.now_ms()
            policy = (
                AccountPolicy(name, {}, "", created_ms=now_ms)
                if old is None
                else AccountPolicy.read(old)
            )
            policy.target, policy.pattern = document.target, document.pattern
            if not policy.criteria or policy.selection_criteria != criteria:
                policy.criteria.append((criteria, present.position))
            policy.number, policy.updated_ms = policy.number + 1, now_ms
            return asdict(policy)

        self._store.change_kept(FAMILY, name, put)

    def delete(self, name: str) -> None:
        """Delete a policy, and what is kept for its groups."""
        self._store.change_kept(FAMILY, name, lambda _, __: None)
        for found in self._store.kept_records(GROUP_FAMILY):
            if found.name == name:
                self._store.change_kept(
                    GROUP_FAMILY, name, lambda _, __: None, group=found.group_id
                )


def check_type(policy_type: Any) -> None:
    """Raise InvalidParameter for a type of policy that is none, or that is not there yet."""
    if policy_type in _OTHER_TYPES:
        raise InvalidParameter(
            f"account policies of type {policy_type!r} are not there; {SUBSCRIPTION_POLICY!r} is"
        )
    if policy_type != SUBSCRIPTION_POLICY:
        raise InvalidParameter(
            unknown("type of account policy", policy_type, (SUBSCRIPTION_POLICY, *_OTHER_TYPES))
        )


@lru_cache(maxsize=64)
def _criteria(text: str) -> SelectionCriteria:
    return SelectionCriteria.parse(text, _FORM)


def _selects(text: str, group: str) -> bool:
    return _criteria(text).select({"LogGroupName": group})
