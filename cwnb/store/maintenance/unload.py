"""Unload: take the events of one load out of a group again, and the records of its files."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from cwnb.errors import InvalidParameter, ResourceNotFound, StoreError
from cwnb.events import SEQUENCE
from cwnb.store.catalog import groups, loads, removed, segments, streams
from cwnb.store.claims import claim, clean
from cwnb.store.ingest.checks import counts_by_stream
from cwnb.store.ingest.load_records import open_record
from cwnb.store.maintenance import compaction
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.positions import Spans
from cwnb.store.segments.files import SegmentFiles
from cwnb.store.segments.writer import SegmentWriter, WorkLost

if TYPE_CHECKING:
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.claims import Work
    from cwnb.store.context import StoreContext
    from cwnb.store.positions import Runs
    from cwnb.store.records import LoadRecord
    from cwnb.store.segments.facts import SegmentFacts

# Seconds to wait for others that are merging segments of the load, and between two looks.
_PATIENCE_S = 60.0
_PAUSE_S = 0.1
_LONGEST_ID = 40


def unload(context: StoreContext, name: str, load_id: str) -> int:
    """Take a load back; give how many events went. See `Store.unload`."""
    clean(context)
    with context.catalog.read() as connection:
        group = groups.known(connection, name)
        sealed = loads.numbered(connection, group.id)
    sealer = context.sealer()
    records = {
        number: open_record(record, group.id, name, sealer) for number, record in sealed.items()
    }
    mine = {number: record for number, record in records.items() if record.load_id == load_id}
    _check(name, load_id, mine, records)
    spans = Spans.of(np.array([], np.int64))
    for record in mine.values():
        first, last = np.array(record.spans, np.int64).reshape(-1, 2).T
        # Files that were published together have the same stretches.
        if len(first) and not spans.meet(Spans(first, last)):
            spans = spans.joined(Spans(first, last))
    work, chosen, group = _claimed(context, group, spans)
    return _Unloading(context, work, group, spans).run(chosen, list(mine))


def _check(
    name: str, load_id: str, mine: dict[int, LoadRecord], records: dict[int, LoadRecord]
) -> None:
    if not load_id or not mine:
        raise ResourceNotFound(
            f"log group {name!r} has no load {load_id[:_LONGEST_ID]!r} that can be taken back; "
            "loads of earlier versions have no name, and their events cannot be told from others"
        )
    fingerprints = {record.fingerprint for record in mine.values()}
    for number, record in records.items():
        if number not in mine and record.after in fingerprints:
            raise InvalidParameter(
                f"load {record.load_id!r} goes on in {record.name!r} where load {load_id!r} ended; "
                "take that one back first"
            )


def _claimed(
    context: StoreContext, group: GroupRow, spans: Spans
) -> tuple[Work, list[SegmentFacts], GroupRow]:
    """Claim the segments that have events of the load."""
    has_some: dict[str, bool] = {}
    until = time.monotonic() + _PATIENCE_S
    while True:
        with context.catalog.write() as connection:
            found = groups.with_id(connection, group.id)
            if found is None:
                raise WorkLost(f"log group {group.name!r} has been deleted meanwhile")
            rows = segments.of_group(connection, group.id)
            there = segments.facts_of(rows, context.identity, context.seals)
            new = [facts for facts in there if facts.id not in has_some]
            if not new:
                chosen = [facts for facts in there if has_some[facts.id]]
                free = segments.unclaimed(connection, group.id, context.identity)
                if {facts.id for facts in chosen} <= {facts.id for facts in free}:
                    work = claim(context, connection, group.id, "unload")
                    work.claim_segments(connection, [facts.id for facts in chosen])
                    return work, chosen, found
        if time.monotonic() > until:
            raise StoreError(
                f"others have been working on the segments of log group {group.name!r} for "
                f"{_PATIENCE_S:.0f} s; nothing was changed; try again"
            )
        for facts in new:
            has_some[facts.id] = spans.meet(_sequences(context, facts, group.name))
        if not new:
            time.sleep(_PAUSE_S)


def _sequences(context: StoreContext, facts: SegmentFacts, group: str) -> Spans:
    numbers = list(range(len(facts.row_groups)))
    columns, _ = SegmentFiles(context, facts, group).fields([SEQUENCE], numbers)
    return Spans.of(np.asarray(columns[SEQUENCE]))


class _Unloading:
    """Writes segments once more without the events of a load, and publishes them together."""

    def __init__(self, context: StoreContext, work: Work, group: GroupRow, spans: Spans) -> None:
        self._context = context
        self._work = work
        self._group = group
        self._spans = spans
        self._writer: SegmentWriter | None = None
        self._removed = 0
        self._streams: Counter[str] = Counter()
        self._expired: list[Runs] = []

    def run(self, chosen: list[SegmentFacts], numbers: list[int]) -> int:
        """Do it; `numbers`: of the load's records. Gives how many events went."""
        context, group_id = self._context, self._group.id
        try:
            with self._work.kept_alive():
                made = [self._without(facts) for facts in chosen]
            with context.catalog.write() as connection:
                self._work.end(connection)
                for facts, runs in filter(None, made):
                    segments.insert(connection, facts, runs)
                for runs in self._expired:
                    removed.add(connection, group_id, runs)
                loads.remove(connection, group_id, numbers)
                for name, events in self._streams.items():
                    streams.uncount_events(connection, group_id, name, events)
        except BaseException:
            self._work.failed(self._writer)
            raise
        return self._removed

    def _without(self, facts: SegmentFacts) -> tuple[SegmentFacts, Runs] | None:
        context, group = self._context, self._group
        cutoff = cutoff_ms(group.retention_days, context.clock.now_ms())
        writer = self._writer = SegmentWriter(
            context, group.note, self._work.new_segment(), facts.processing
        )
        for block in compaction.blocks(context, facts, group.name, cutoff):
            gone = self._spans.hold(block.sequence)
            self._removed += int(gone.sum())
            if gone.any():
                removed = block.filter(gone)
                for counted in counts_by_stream(removed.time_ms, removed.stream):
                    self._streams[counted.name] += counted.events
            writer.add(block.filter(~gone))
        with context.catalog.read() as connection:
            before = segments.runs_of(connection, facts.id)
        if not writer.rows:
            writer.close()
            writer.remove()
            self._expired.append(before.without(self._spans))
            return None
        made = writer.finish(before, (facts.id,))
        self._expired.append(before.without(self._spans).without(writer.spans))
        return made, before.that_hold(writer.spans)
