"""What the service would charge for a query: it counts the bytes of all events in the window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.results.result import QueryResult

# The price of Logs Insights in dollars a GB, of US East (N. Virginia), as it was in June 2026. The
# prices of all Regions are on https://aws.amazon.com/cloudwatch/pricing/.
PRICE_PER_GB = 0.005
PRICE_REGION = "us-east-1"
_GB = 10**9
_LEAST = 0.000_001  # dollars; less is not told exactly


def bytes_in_window(result: QueryResult) -> int:
    """Give the bytes of the messages that the groups of a query have in its window, about.

    Those that were skipped because nothing in them could pass the filters count as well: the
    service scans them. The command `estimate` gives the same number.
    """
    from cwnb.insights import events_read, message_bytes

    total = sum(
        message_bytes(source.scan([], window, []).tasks, window)
        for source, window in events_read(result.query, result.events.context)
    )
    return max(total, int(result.statistics.get("bytesScanned") or 0))


def charge_text(count: int, price_per_gb: float, region: str) -> str:
    """Say what scanning so many bytes would cost, with two digits that are not 0."""
    cost = count / _GB * price_per_gb
    amount = f"about ${cost:,.2f}"
    if 0 < cost < _LEAST:
        amount = f"less than ${_LEAST:f}"
    elif _LEAST <= cost < 1:
        amount = f"about ${cost:.{max(2, 1 - math.floor(math.log10(cost)))}f}"
    return f"{amount} at the service ({region}, ${price_per_gb:g} per GB)"
