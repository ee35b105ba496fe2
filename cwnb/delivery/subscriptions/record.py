"""What the catalog keeps of a subscription, and where it is kept."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cwnb.delivery.subscriptions.payloads import Sender
from cwnb.errors import InvalidParameter
from cwnb.store import Position, Present

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.filter_pattern import FilterPattern
    from cwnb.store import Store

FAMILY = "subscription"
START = Position(0, 0)
# Stretches of positions that were not delivered, of which the newest are remembered.
MOST_SKIPS = 1_000
# The service's rule for the name of a filter (API PutSubscriptionFilter): 1 to 512 characters
# without `:` and `*`.
_NAME = re.compile(r"[^:*]{1,512}")


@dataclass
class Counts:
    """What became of the events of a subscription; `payloads` and `bytes` are of what was sent.

    `passed_over`: while the subscription was disabled after an error. `dropped`: failed for longer
    than a day. `too_large`: more than the target takes of one event. `expired`: their retention
    ended before they were sent.
    """

    delivered: int = 0
    payloads: int = 0
    bytes: int = 0
    retries: int = 0
    dropped: int = 0
    too_large: int = 0
    passed_over: int = 0
    expired: int = 0

    def add(self, other: Counts) -> None:
        """Add what another one has."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Skip:
    """Events that matched and were not delivered: from one position to another, and why.

    `why` is the name of a member of Counts, `stream` the log stream; None for those of all.
    """

    why: str
    first: Position
    last: Position
    stream: str | None = None

    def holds(self, position: Position, stream: str) -> bool:
        """Tell whether an event is one of them."""
        return self.first <= position <= self.last and self.stream in {None, stream}


@dataclass
class Lease:
    """Which worker sends, and until when nobody else may, as epoch seconds of the real clock."""

    owner: str = ""
    until: float = 0.0


@dataclass
class Subscription:
    """What of a log group is sent where, and how far that is.

    Events up to `position` are done with; those up to `begin` came before the subscription.
    `target` is what a target is made of again: a dict with its `kind`. `failing_ms` is for how long
    the first payload behind the position has been failing, in `attempts` attempts.
    """

    name: str
    group: str
    group_id: int
    target: dict[str, Any]
    pattern: str = ""
    created_ms: int = 0
    begin: Position = START
    position: Position = START
    pattern_since: Position = START  # events before it were judged by another pattern
    paused: bool = False
    disabled_until_ms: int = 0
    attempts: int = 0
    failing_ms: int = 0
    last_error: str = ""
    last_error_ms: int = 0
    last_sent_ms: int = 0
    rate: float = 0.0  # events a second, over the last stretch in which some were sent
    counts: Counts = field(default_factory=Counts)
    skips: list[Skip] = field(default_factory=list)
    lease: Lease = field(default_factory=Lease)
    system_fields: list[str] = field(default_factory=list)
    policy_number: int = 0  # of an account policy that it belongs to; 0 if it belongs to none

    def sender(self, pattern: FilterPattern, *, is_replay: bool = False) -> Sender:
        """Give what its messages say of it; `pattern` is its own, parsed."""
        fields = tuple(self.system_fields)
        return Sender(self.name, pattern, fields, is_policy=self.is_policy, is_replay=is_replay)

    @property
    def level(self) -> str:
        """Say whether it was made for its group or for the account."""
        return "account" if self.is_policy else "group"

    @property
    def is_policy(self) -> bool:
        """Tell whether it is that of an account policy for one of its groups."""
        return self.policy_number > 0

    @classmethod
    def read(cls, value: dict[str, Any]) -> Subscription:
        """Read what `value` gave."""
        skips = [
            Skip(why, Position(*first), Position(*last), stream)
            for why, first, last, stream in value["skips"]
        ]
        return cls(
            **{
                **value,
                "begin": Position(*value["begin"]),
                "position": Position(*value["position"]),
                "pattern_since": Position(*value["pattern_since"]),
                "counts": Counts(**value["counts"]),
                "skips": skips,
                "lease": Lease(**value["lease"]),
            }
        )

    def value(self) -> dict[str, Any]:
        """Give it as JSON values."""
        skips = [[skip.why, skip.first, skip.last, skip.stream] for skip in self.skips]
        return {**asdict(self), "skips": skips}

    def skip(self, skip: Skip) -> None:
        """Remember that events were not delivered."""
        before = self.skips[-1] if self.skips else None
        if before and (before.why, before.stream) == (skip.why, skip.stream) == (
            "passed_over",
            None,
        ):
            before.last = skip.last
        else:
            self.skips.append(skip)
        del self.skips[:-MOST_SKIPS]

    def end_of_failing(self) -> None:
        """Forget how long the first payload has been failing, for it is done with."""
        self.attempts = self.failing_ms = 0


def check_name(name: Any, of: str = "a subscription") -> str:
    """Give the name of a subscription back; raise InvalidParameter where it is none."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not name.isprintable():
        raise InvalidParameter(
            f"the name of {of} has 1 to 512 characters without ':' and '*', not {name!r:.80}"
        )
    return name


class Records(Protocol):
    """Where a subscription is kept."""

    def read(self) -> Subscription | None:
        """Give it; None if it has been removed, or its group."""
        ...

    def change(
        self,
        change: Callable[[Subscription | None, Present], Subscription | None],
        *,
        durable: bool = True,
    ) -> Subscription | None:
        """Change it in one transaction; None removes it.

        One that is not `durable` holds writers up less, and a crash of the machine may undo it:
        then a worker does again what it did.
        """
        ...


class KeptRecord:
    """A subscription in the catalog: it goes on in later processes."""

    def __init__(self, store: Store, name: str, group_id: int) -> None:
        self.store = store
        self.name = name
        self.group_id = group_id

    def read(self) -> Subscription | None:
        """Give it; None if it has been removed, or its group."""
        found = self.store.kept_record(FAMILY, self.name, self.group_id)
        return None if found is None else Subscription.read(found.value)

    def change(
        self,
        change: Callable[[Subscription | None, Present], Subscription | None],
        *,
        durable: bool = True,
    ) -> Subscription | None:
        """Change it in one transaction; None removes it."""

        def values(old: dict[str, Any] | None, present: Present) -> dict[str, Any] | None:
            changed = change(None if old is None else Subscription.read(old), present)
            return None if changed is None else changed.value()

        value = self.store.change_kept(
            FAMILY, self.name, values, group=self.group_id, durable=durable
        )
        return None if value is None else Subscription.read(value)


class RecordOfProcess:
    """A subscription that ends with the process; it goes with its group as others do."""

    def __init__(self, store: Store, name: str, group_id: int) -> None:
        self.store = store
        self.name = name
        self.group_id = group_id
        self._held: Subscription | None = None
        self._lock = threading.RLock()

    def read(self) -> Subscription | None:
        """Give it; None if it has been removed, or its group."""
        with self._lock:
            if self._held is not None and self.store.group_name(self.group_id) is None:
                self._held = None
            return None if self._held is None else Subscription.read(self._held.value())

    def change(
        self,
        change: Callable[[Subscription | None, Present], Subscription | None],
        *,
        durable: bool = True,  # noqa: ARG002 - nothing here outlives the process
    ) -> Subscription | None:
        """Change it, a thread at a time; None removes it."""
        with self._lock:
            there = Present(self.group_id, self.store.position(), all_of=self.store.kept_records)
            self._held = change(self.read(), there)
            return self.read()
