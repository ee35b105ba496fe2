"""How long events are kept, counted from their own time."""

from __future__ import annotations

from cwnb.errors import InvalidParameter

DAY_MS = 86_400_000

# The values that the service accepts: PutRetentionPolicy in the CloudWatch Logs API reference.
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096),
    *(1827, 2192, 2557, 2922, 3288, 3653),
)


def check_retention(days: int | None) -> int | None:
    """Give the days back; raise InvalidParameter for a value that the service does not accept."""
    if days is None:
        return None
    if isinstance(days, bool) or days not in RETENTION_DAYS:
        allowed = ", ".join(map(str, RETENTION_DAYS))
        raise InvalidParameter(
            f"retention of {days!r} days is not one of {allowed}; None keeps events for ever"
        )
    return days


def cutoff_ms(days: int | None, now_ms: int) -> int:
    """Give the time from which on events are kept; all older ones have expired."""
    return -(2**62) if days is None else now_ms - days * DAY_MS
