"""What came of waiting for a worker: whether all was sent, and what holds up the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cwnb.delivery.subscriptions.deliveries import Deliveries
    from cwnb.delivery.subscriptions.record import Subscription

_DISABLED = "disabled"
_NOT_WAITED_FOR = frozenset({"paused", _DISABLED, "waiting for its function"})


@dataclass(frozen=True, repr=False)
class Waited:
    """Tells whether all was sent that a worker could send: it is true or false, as `done`.

    `held_up` has a sentence for each subscription that it still waited for when the time was over,
    `left` one for each that was not waited for: it is disabled, or has events and is paused, or no
    process has attached its function.
    """

    done: bool
    held_up: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.done

    def __repr__(self) -> str:
        """Write a line for each subscription that has not sent all, below the answer."""
        first = "all has been sent" if self.done else "not all has been sent"
        if self.done and self.left:
            first = "all has been sent that can be"
        return "\n".join([first, *(f"  {text}" for text in (*self.held_up, *self.left))])


def waited(deliveries: Deliveries, busy: Iterable[Subscription], owner: str) -> Waited:
    """Give what came of waiting; `busy`: the subscriptions that were still waited for."""
    held_up = tuple(_reason(deliveries, one, owner) for one in busy)
    left = tuple(
        _reason(deliveries, one, owner)
        for one in deliveries.all_of()
        if (state := deliveries.state(one)) in _NOT_WAITED_FOR
        and (deliveries.lag(one) or state == _DISABLED)
    )
    return Waited(not held_up, held_up, left)


def _reason(deliveries: Deliveries, one: Subscription, owner: str) -> str:
    state = deliveries.state(one)
    if state == "active":
        other = one.lease.owner not in {"", owner}
        state = "another worker sends it" if other else "it is sending"
    waiting = f"{counted(deliveries.lag(one), 'event')} to look at"
    if state == _DISABLED:
        waiting = f"{counted(one.counts.passed_over, 'event')} passed over, {waiting}"
    if state in {"retrying", _DISABLED} and one.last_error:
        state = f"{state} after {one.last_error}"
    return f"{one.name} of {one.group}: {state}; {waiting}"
