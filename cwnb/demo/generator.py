"""All events of the demo, group by group, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cwnb.demo import app, network, payments, shop, thumbnail, traffic, trail, web
from cwnb.events import EventBatch

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 7


def batches(seed: int = SEED) -> Iterator[tuple[str, EventBatch]]:
    """Give each group's name and its events, about 200,000 in all, sorted by time.

    Every group draws from a stream of random numbers of its own, so that a change of one leaves
    the others as they are.
    """
    customers = traffic.requests(np.random.default_rng([seed, 0]))
    rngs = {group: np.random.default_rng([seed, n + 1]) for n, group in enumerate(shop.GROUPS)}
    for group, rng in rngs.items():
        if group == shop.WEB:
            drawn = web.lines(rng, customers)
        elif group == shop.APP:
            drawn = app.lines(rng, customers)
        elif group == shop.PAYMENTS:
            drawn = payments.lines(rng, customers)
        elif group == shop.THUMBNAIL:
            drawn = thumbnail.lines(rng)
        elif group == shop.VPC:
            drawn = network.lines(rng)
        else:
            drawn = trail.lines(rng)
        times, streams, messages = drawn
        kept = np.flatnonzero(times < shop.NOW_MS)
        rows = kept[np.argsort(times[kept], kind="stable")]
        yield (
            group,
            EventBatch(
                time_ms=times[rows].astype(np.int64),
                stream=pa.array(streams, pa.string()).dictionary_encode().take(pa.array(rows)),
                message=pa.array(messages, pa.string()).take(pa.array(rows)),
            ),
        )
