"""Put events into a store in any batches: how they came must not change an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def put_in_batches(
    logs: Any,
    group: str,
    events: Sequence[tuple[int, str]],
    cuts: Iterable[tuple[int, bool]],
    *,
    compacted: bool,
) -> None:
    """Put events into a group in batches of these sizes, each flushed or not, and then the rest."""
    rest = list(events)
    for size, flushed in cuts:
        if rest:
            logs.put(group, "s", rest[:size])
            rest = rest[size:]
        if flushed:
            logs.flush(group)
    if rest:
        logs.put(group, "s", rest)
    if compacted:
        logs.compact(group)
