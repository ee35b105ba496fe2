"""Why an event was delivered to a subscription, or was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.delivery.subscriptions.record import MOST_SKIPS, Subscription
from cwnb.filter_pattern import explain_pattern

if TYPE_CHECKING:
    from cwnb.store import Position

_SKIPPED = {
    "dropped": "it failed for longer than a day, or the target refused it, and was dropped",
    "too_large": "it is larger than the target takes of one event, and was dropped",
    "passed_over": "it was passed over: the target refused it, or it became visible in the ten "
    "minutes after the target had refused something",
}


@dataclass(frozen=True)
class DeliveryExplanation:
    """What became of an event: `delivered` is True or False, None while it waits or is not known.

    `reason` says why in a sentence.
    """

    delivered: bool | None
    reason: str

    def __repr__(self) -> str:
        words = {True: "delivered: ", False: "not delivered: ", None: ""}
        return f"{words[self.delivered]}{self.reason}"


def explain(
    subscription: Subscription,
    state: str,
    position: Position | None,
    stream: str,
    message: str,
) -> DeliveryExplanation:
    """Say what became of an event of the group; `position` is None where it has none."""
    named = f"the subscription {subscription.name!r}"
    if position is None:
        return DeliveryExplanation(
            False,
            "the event has no position: it was loaded with deliver=False, or by a version of cwnb "
            "from before subscriptions",
        )
    if position <= subscription.begin and subscription.is_policy:
        return DeliveryExplanation(
            False,
            f"it was there before the account policy {subscription.name!r} was made, or came to "
            "cover the log group",
        )
    if position <= subscription.begin:
        return DeliveryExplanation(
            False, f"it was there before {named}, which sends what comes after it was made"
        )
    if position <= subscription.pattern_since:
        return DeliveryExplanation(
            None,
            f"{named} had another pattern when it was past the event; what became of it then is "
            "not known any more",
        )
    found = explain_pattern(subscription.pattern, message)
    if not found:
        return DeliveryExplanation(False, f"its message does not match the pattern\n{found!r}")
    if position > subscription.position:
        return DeliveryExplanation(None, f"not yet delivered: {_waits(subscription, state)}")
    for skip in reversed(subscription.skips):
        if skip.holds(position, stream):
            error = f" ({subscription.last_error})" if subscription.last_error else ""
            return DeliveryExplanation(False, f"{_SKIPPED[skip.why]}{error}")
    if len(subscription.skips) == MOST_SKIPS and position < subscription.skips[0].first:
        return DeliveryExplanation(
            True,
            f"{named} is past it; of events that were left out so long ago nothing is known",
        )
    return DeliveryExplanation(True, f"{named} has sent it")


def _waits(subscription: Subscription, state: str) -> str:
    """Say what an event waits for."""
    error = f": {subscription.last_error}" if subscription.last_error else ""
    said = {
        "paused": "the subscription is paused",
        "disabled": f"an error has disabled the subscription for ten minutes{error}",
        "retrying": f"it, or what comes before it, fails and is tried again{error}",
        "waiting for its function": (
            "no process has attached its function: call logs.subscribe() with the same name and "
            "the function, and logs.deliver()"
        ),
    }
    return said.get(
        state, "no worker has come to it yet: logs.deliver() or 'cwnb deliver' runs one"
    )
