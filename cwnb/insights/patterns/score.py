"""Score patterns and fields: which patterns behave unusually, which fields tell rows apart.

Time is divided into SLOTS equal slots, of which the last RECENT are compared with those before.
A pattern is an anomaly in one of three ways, each with a score from 0 to 1:

* `new`: n events, and none before: n / (n + 1).
* `frequency`: a recent slot has c events, where those before have m on average, with standard
  deviation s: z = |c - m| / max(s, √m, 1) is at least THRESHOLD; z / (z + THRESHOLD).
* `http`: HTTP error codes (400 to 599) in a larger share p of the n recent events than the share q
  of the k before: z = (p - q) / √(r (1 - r) (1/n + 1/k)), with r the share of all, is at least
  THRESHOLD, with at least MINIMUM_ERRORS of them; z / (z + THRESHOLD).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

SLOTS = 24
RECENT = 6
THRESHOLD = 4.0
MINIMUM_ERRORS = 5
# `status=503`, `"statusCode": 503`, `HTTP/1.1" 503`, read by RE2.
HTTP_ERROR = (
    r"""(?i)(?:status|code|http/[0-9.]+)(?:_?code)?["']?(?:\s*[=:]\s*|\s+)["']?[45][0-9]{2}\b"""
)


@dataclass(frozen=True)
class Anomaly:
    """The kind of an anomaly, its score and a sentence about it."""

    kind: str
    score: float
    sentence: str


def anomaly_of(events: Any, errors: Any, *, known_before: bool) -> Anomaly | None:
    """Give the anomaly of a pattern with the largest score, or None.

    `events` and `errors` have how many events, and HTTP errors among them, lie in each slot.
    `known_before`: any pattern has events before the recent slots; else all would be new.
    """
    found = [
        _errors(events, errors),
        _new(events) if known_before else None,
        _frequency(events),
    ]
    return max(filter(None, found), key=lambda anomaly: anomaly.score, default=None)


def _new(events: Any) -> Anomaly | None:
    count = int(events[-RECENT:].sum())
    if not count or events[:-RECENT].sum():
        return None
    sentence = f"{_events(count)} in the last quarter of the time, and none before"
    return Anomaly("new", count / (count + 1), sentence)


def _frequency(events: Any) -> Anomaly | None:
    before, recent = events[:-RECENT], events[-RECENT:]
    if not before.sum():
        return None
    mean = float(before.mean())
    distance = np.abs(recent - mean) / max(float(before.std()), mean**0.5, 1.0)
    at = int(distance.argmax())
    z = float(distance[at])
    if z < THRESHOLD:
        return None
    slot = SLOTS - RECENT + at + 1
    sentence = f"{_events(int(recent[at]))} in slot {slot} of {SLOTS}, where {mean:.4g} are usual"
    return Anomaly("frequency", z / (z + THRESHOLD), sentence)


def _errors(events: Any, errors: Any) -> Anomaly | None:
    n, k = int(events[-RECENT:].sum()), int(events[:-RECENT].sum())
    recent, before = int(errors[-RECENT:].sum()), int(errors[:-RECENT].sum())
    if not k or recent < MINIMUM_ERRORS:
        return None
    share = (recent + before) / (n + k)
    spread = (share * (1 - share) * (1 / n + 1 / k)) ** 0.5
    rise = recent / n - before / k
    if rise <= 0 or rise < THRESHOLD * spread:
        return None
    z = rise / spread
    sentence = (
        f"{recent / n:.3g} of its events have an HTTP error code in the last quarter of the time, "
        f"{before / k:.3g} before"
    )
    return Anomaly("http", z / (z + THRESHOLD), sentence)


def _events(count: int) -> str:
    return f"{count:,} event{'s' * (count != 1)}"
