"""A new catalog, filled from the notes in segments and from what is whole of the old catalog."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import StoreDamaged, StoreError
from cwnb.events import ALL_TIME, INGESTION_TIME, LOG_STREAM, SEQUENCE, TIMESTAMP
from cwnb.store.catalog import Catalog, batches, counters, groups, loads, meta, segments, streams
from cwnb.store.context import StoreContext
from cwnb.store.ingest import recent
from cwnb.store.ingest.checks import counts_by_stream
from cwnb.store.ingest.load_records import open_record
from cwnb.store.positions import Runs, Spans
from cwnb.store.processing import Processing
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from pathlib import Path

    from cwnb.store.catalog.salvage import Salvage
    from cwnb.store.segments.note import Note

# Numbers that the lost catalog may have given out: the new one begins behind them, so that no
# position of a reader is ahead of the store, and no number is given to two events.
_LOST_NUMBERS = 1 << 32
# Log groups that a sentence names.
_NAMED = 8


class NewCatalog:
    """Fills a new catalog from notes of segments, and from what is whole of the old one."""

    def __init__(self, folder: Path, file: Path, facts: meta.StoreMeta, old: Salvage) -> None:
        self.groups: dict[int, groups.GroupRow] = {}
        self.segments = self.events = 0
        self.said: list[str] = []
        self._old = old
        self._taken = Spans.of(np.array([], np.int64))
        self._last_commit = 0
        self._catalog = Catalog(file, read_only=False)
        self._catalog.prepare(lambda connection: meta.insert(connection, facts))
        self._context = StoreContext(str(folder), facts, self._catalog)
        self._catalog.seal_rows()

    def run(self, notes: list[Note], left_out: dict[str, str]) -> None:
        """Write the new catalog; what is left out gets its reason."""
        try:
            self._take_segments(notes, left_out)
            batches_back = self._take_batches()
            loads_back = self._take_loads()
            self._jump()
        finally:
            self._catalog.close()  # moves the log into the file
        unset = [
            group.name for number, group in self.groups.items() if number not in self._old.groups
        ]
        self.said.append(
            f"brought back from the old catalog: {batches_back:,} of the puts that were not in a "
            f"segment yet, and {loads_back:,} records of loaded files; there may have been more"
        )
        if unset:
            self.said.append(
                f"not brought back: retention of {', '.join(unset[:_NAMED])}"
                f"{' and others' if len(unset) > _NAMED else ''}; events are kept for ever"
            )

    def _take_segments(self, notes: list[Note], left_out: dict[str, str]) -> None:
        """Take the segments that no readable one replaces."""
        replaced_by: dict[str, set[str]] = {}
        for note in notes:
            for name in note.replaces:
                replaced_by.setdefault(name, set()).add(note.facts.id)
        # Of two segments with the same events the greater one has more of them.
        waiting = sorted(notes, key=lambda note: (-note.facts.rows, note.facts.id))
        failed: set[str] = set()
        while free := [n for n in waiting if not replaced_by.get(n.facts.id, set()) - failed]:
            for note in free:
                if (why := self._take_segment(note)) is not None:
                    failed.add(note.facts.id)
                    left_out[note.facts.id] = why
            taken = {note.facts.id for note in free}
            waiting = [note for note in waiting if note.facts.id not in taken]

    def _take_segment(self, note: Note) -> str | None:
        """Take a segment, or say why it cannot be."""
        try:
            columns = _columns(self._context, note)
        except StoreError as error:
            return str(error)
        spans = Spans.of(np.asarray(columns[SEQUENCE]))
        if self._taken.meet(spans):
            return "its events are in another segment too"
        self._taken = self._taken.joined(spans)
        runs = note.runs or self._old.runs.get(note.facts.id) or Runs.none()
        group_id, name, created_ms, log_type = note.group
        row = groups.GroupRow(group_id, name, created_ms, None, Processing(log_type=log_type))
        with self._catalog.write() as connection:
            self._make_group(connection, self._old.groups.get(group_id, row))
            segments.insert(connection, note.facts, runs)
            ingestion_ms = int(np.asarray(columns[INGESTION_TIME].cast(pa.int64())).max())
            time_ms = np.asarray(columns[TIMESTAMP].cast(pa.int64()))
            _count_streams(connection, group_id, time_ms, columns[LOG_STREAM], ingestion_ms)
        self.segments, self.events = self.segments + 1, self.events + note.facts.rows
        self._last_commit = max(self._last_commit, *runs.commit.tolist(), 0)
        return None

    def _take_batches(self) -> int:
        """Take the batches whose events are in no segment."""
        done = 0
        with self._catalog.write() as connection:
            for old in self._old.groups.values():
                self._make_group(connection, old)
            for batch in self._old.batches:
                spans = Spans(np.array([batch.id]), np.array([batch.id + batch.events - 1]))
                group = self.groups.get(batch.group_id)
                if group is None or self._taken.meet(spans):
                    continue
                try:
                    columns = recent.decode(batch, self._context.sealer(), group.name)
                except StoreDamaged:
                    continue
                self._taken = self._taken.joined(spans)
                batches.insert(connection, batch, time.time(), group.retention_days)
                counters.count_batches(connection, 1)
                _count_streams(
                    connection,
                    group.id,
                    np.asarray(columns.column(0)),
                    columns.column(1),
                    batch.ingestion_ms,
                )
                self.events += batch.events
                self._last_commit = max(self._last_commit, batch.commit)
                done += 1
        return done

    def _take_loads(self) -> int:
        """Take the records of loads whose events are all there."""
        done = 0
        with self._catalog.write() as connection:
            for group_id, fingerprint, sealed in self._old.loads:
                if (there := self.groups.get(group_id)) is None:
                    continue
                try:
                    record = open_record(sealed, group_id, there.name, self._context.sealer())
                except StoreDamaged:
                    continue
                if record.spans and all(self._taken.cover(*span) for span in record.spans):
                    loads.insert(connection, group_id, fingerprint, sealed)
                    done += 1
        return done

    def _make_group(self, connection: Any, group: groups.GroupRow) -> None:
        if group.id not in self.groups:
            groups.insert_again(connection, group)
            self.groups[group.id] = group

    def _jump(self) -> None:
        newest = int(self._taken.last.max()) if len(self._taken.last) else 0
        with self._catalog.write() as connection:
            counters.change_store(
                connection,
                next_sequence=newest + _LOST_NUMBERS,
                last_commit=self._last_commit + _LOST_NUMBERS,
            )


def _columns(context: StoreContext, note: Note) -> dict[str, pa.Array]:
    facts = note.facts
    names = [TIMESTAMP, INGESTION_TIME, LOG_STREAM, SEQUENCE]
    task = SegmentTask(context, note.group.name, "", facts, 0, ALL_TIME, len(facts.row_groups))
    reader = task.open()
    next(iter(reader.message_slices()))  # the other file is there, and opens
    return reader.columns(names)


def _count_streams(
    connection: Any, group_id: int, time_ms: Any, stream: pa.Array, ingestion_ms: int
) -> None:
    new = [
        streams.count_events(connection, group_id, counted, ingestion_ms)
        for counted in counts_by_stream(time_ms, stream)
    ]
    counters.count(connection, group_id, "streams", sum(new))
