"""Which segments are worth rewriting, and what goes into the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import INGESTION_TIME, LOG_STREAM, MESSAGE, RAW, SEQUENCE, TIMESTAMP
from cwnb.store.segments.facts import (
    FIELDS_GROUP,
    MAX_MESSAGE_BYTES,
    MAX_ROWS,
    MESSAGE_GROUP,
    REST,
    TEXT,
    SegmentFacts,
)
from cwnb.store.segments.files import SegmentFiles
from cwnb.store.segments.writer import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cwnb.store.context import StoreContext
    from cwnb.store.processing import Processing

# Merging only neighbours of about one size (within this factor) rewrites each event a few times in
# all, not with every small segment that comes.
_TIER_FACTOR = 8


def choose(
    segments: Sequence[SegmentFacts],
    cutoff_ms: int,
    least: int,
    most_rows: int | None = None,
    *,
    renew: bool = True,
) -> list[SegmentFacts]:
    """Give the segments to rewrite into one, or none: small neighbours, else an outdated one.

    The latter only with `renew`. Small are those of about one size; with `most_rows` all that have
    no more, of any size.
    """
    small = [
        facts
        for facts in segments
        if facts.rows <= min(MAX_ROWS // 2, most_rows or MAX_ROWS)
        and facts.message_bytes <= MAX_MESSAGE_BYTES // 2
        and facts.last_ms >= cutoff_ms
    ]
    # Events that were processed in different ways stay apart: a segment records one way.
    tiers: dict[tuple[int, Processing], list[SegmentFacts]] = {}
    for facts in small:
        tier = _tier(facts) if most_rows is None else 0
        tiers.setdefault((tier, facts.processing), []).append(facts)
    for _, members in sorted(
        tiers.items(), key=lambda item: (item[0][0], item[0][1].log_type or "")
    ):
        run = _first_run(members, least)
        if run:
            return run
    outdated = [facts for facts in segments if facts.is_stale and renew]
    return outdated[:1]


def expired_share(facts: SegmentFacts, cutoff_ms: int) -> float:
    """Estimate which part of a segment has expired, from the times of its row groups."""
    gone = 0.0
    for part in facts.row_groups:
        if part.last_ms < cutoff_ms:
            gone += part.rows
        elif part.first_ms < cutoff_ms:
            gone += part.rows * (cutoff_ms - part.first_ms) / (part.last_ms - part.first_ms)
    return gone / facts.rows


def blocks(
    context: StoreContext, facts: SegmentFacts, group: str, cutoff_ms: int
) -> Iterator[Block]:
    """Give the events of a segment that have not expired, with their fields."""
    from cwnb.store.discovery import Discovered

    files = SegmentFiles(context, facts, group)
    system = [TIMESTAMP, INGESTION_TIME, LOG_STREAM, SEQUENCE]
    fresh = not facts.is_stale
    fields = [*facts.columns, *([REST] if facts.has_rest else [])] if fresh else []
    for number, part in enumerate(facts.row_groups):
        if part.last_ms < cutoff_ms:
            continue
        columns, _ = files.fields([*system, *fields], [number])
        start = number * FIELDS_GROUP // MESSAGE_GROUP
        messages, _ = files.messages(
            [MESSAGE, RAW], list(range(start, start - (-part.rows // MESSAGE_GROUP)))
        )
        columns |= messages
        time = np.asarray(columns[TIMESTAMP].cast(pa.int64()))
        if first := int(np.searchsorted(time, cutoff_ms)):
            columns = {name: column.slice(first) for name, column in columns.items()}
        raw = columns[RAW]
        found = (
            Discovered(
                {name: _discovered(columns[name], code) for name, code in facts.columns.items()},
                columns.get(REST),
                facts.capped if number == 0 else 0,
            )
            if fresh
            else facts.processing.discover(columns[MESSAGE])
        )
        yield Block(
            np.asarray(columns[TIMESTAMP].cast(pa.int64())),
            np.asarray(columns[SEQUENCE]),
            np.asarray(columns[INGESTION_TIME].cast(pa.int64())),
            columns[LOG_STREAM],
            columns[MESSAGE],
            None if raw.null_count == len(raw) else raw,
            np.asarray(pc.binary_length(columns[MESSAGE])),
            found,
        )


def _discovered(column: pa.Array, code: str) -> pa.Array:
    """Give a column as discovery gave it; texts may stand in the file as a dictionary."""
    encoded = code == TEXT and pa.types.is_dictionary(column.type)
    return column.cast(pa.string()) if encoded else column


def _tier(facts: SegmentFacts) -> int:
    return int(np.log(max(facts.rows, 1)) / np.log(_TIER_FACTOR))


def _first_run(members: list[SegmentFacts], least: int) -> list[SegmentFacts]:
    run: list[SegmentFacts] = []
    rows = size = 0
    for facts in members:
        rows, size = rows + facts.rows, size + facts.message_bytes
        if rows > MAX_ROWS or size > MAX_MESSAGE_BYTES:
            if len(run) >= least:
                break
            run, rows, size = [], facts.rows, facts.message_bytes
        run.append(facts)
    return run if len(run) >= least else []
