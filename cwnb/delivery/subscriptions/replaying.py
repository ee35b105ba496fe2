"""Stored events as a subscription would send them: sent again, or for the test of a handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cwnb.delivery.subscriptions.payloads import payloads_of
from cwnb.delivery.subscriptions.runner import CHUNK_BYTES, CHUNK_EVENTS
from cwnb.delivery.subscriptions.target import Refused, TooLarge
from cwnb.errors import InvalidParameter
from cwnb.events import MESSAGE, TIMESTAMP
from cwnb.store import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.delivery.subscriptions.payloads import Payload, Sender
    from cwnb.delivery.subscriptions.target import Target
    from cwnb.events import Window
    from cwnb.store import Store


def stored_payloads(store: Store, group: str, sender: Sender, window: Window) -> Iterator[Payload]:
    """Give the events of a window that match, as payloads, in the order in which they came."""
    group_id = store.group_id(group)
    position, complete = Position(0, 0), False
    while not complete:
        page = store.read_after(
            position, [group_id], limit_rows=CHUNK_EVENTS, limit_bytes=CHUNK_BYTES
        )
        position, complete = page.position, page.complete
        times = page.events[TIMESTAMP].cast(pa.int64()).to_numpy()
        inside = (times >= window.start_ms) & (times < window.end_ms)
        inside &= np.asarray(sender.pattern.matches(page.events[MESSAGE].combine_chunks()))
        found = page.events.filter(pa.array(inside))
        yield from payloads_of(group, sender, found)


def replay(target: Target, payloads: Iterator[Payload]) -> int:
    """Send payloads to a target, and give how many events it took. What fails is raised."""
    sent = 0
    for payload in payloads:
        waiting = [payload]
        while waiting:
            one = waiting.pop()
            (outcome,) = target.send([one])
            if isinstance(outcome, TooLarge):
                waiting += reversed(one.halves()) if len(one) > 1 else []
            elif isinstance(outcome, Refused):
                raise InvalidParameter(f"the target refuses what is sent: {outcome}")
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                sent += len(one) - len(outcome.refused)
    return sent
