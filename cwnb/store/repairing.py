"""Repair: a new catalog for a store whose own is damaged or gone, made from notes in its segments.

No file of a segment is changed, and the damaged catalog is kept beside the new one. What only the
catalog had is lost, and the report says so.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import ResourceNotFound, StoreDamaged, StoreError, StoreKeyMissing
from cwnb.events import ALL_TIME, INGESTION_TIME, LOG_STREAM, SEQUENCE, TIMESTAMP
from cwnb.store.catalog import Catalog, counters, groups, loads, meta, segments, streams
from cwnb.store.catalog.log_check import find_damage
from cwnb.store.context import CATALOG_FILE, StoreContext
from cwnb.store.disk import make_private_file, named_file_errors, sync
from cwnb.store.ingest.checks import counts_by_stream
from cwnb.store.keys.store_key import StoreKey
from cwnb.store.opening import open_context
from cwnb.store.positions import Runs, Spans
from cwnb.store.processing import Processing
from cwnb.store.segments import note as notes
from cwnb.store.segments.folder import FIELDS, FileName, SegmentFolder
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from cwnb.store.segments.note import Note, SealedNote

# Numbers that the lost catalog may have given out: the new one begins behind them, so that no
# position of a reader is ahead of the store, and no number is given to two events.
_LOST_NUMBERS = 1 << 32
_FILES = 2


@dataclass(frozen=True)
class RepairReport:
    """What a repair brought back, and what it could not.

    `left_out`: segment and reason of each that is not in the new catalog. `lost`: sentences on what
    only the old catalog had. `kept`: where the old catalog is now, if there was one.
    """

    path: str
    groups: int
    segments: int
    events: int
    left_out: list[tuple[str, str]]
    lost: list[str]
    kept: str | None

    def __str__(self) -> str:
        """Give the report as lines for a person."""
        counts = ("event", self.events), ("segment", self.segments), ("log group", self.groups)
        there = ", ".join(f"{count:,} {what}{'s' * (count != 1)}" for what, count in counts)
        lines = [f"{self.path}: brought back {there}"]
        lines += [f"left out: segment {name}: {why}" for name, why in self.left_out]
        lines += self.lost
        if self.kept is not None:
            lines.append(f"the old catalog is kept as {self.kept}")
        return "\n".join(lines)


_LOST = """\
not brought back: events that were not in a segment yet, log groups and streams without events
not brought back: retention; events are kept for ever until it is set again
not brought back: which files were loaded; loading one again stores its events twice
events of loads are not delivered to readers after a position
log groups deleted within the last hour, and a load that was not finished, may be back"""


def repair(path: str | os.PathLike[str]) -> RepairReport:
    """Make a new catalog from the segments of a store; nobody else may use the store meanwhile.

    Raises StoreError where the catalog is whole, StoreDamaged where nothing says what the segments
    are, StoreKeyMissing, ResourceNotFound.
    """
    folder = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    if not (folder / "segments").is_dir():
        raise ResourceNotFound(f"there are no segments of a store in {str(folder)!r}")
    _refuse_what_is_whole(folder)
    segment_folder = SegmentFolder(str(folder))
    left_out: dict[str, str] = {}
    sealed = _sealed_notes(segment_folder, left_out)
    origins = Counter(each.origin for each in sealed.values())
    if not origins:
        raise StoreDamaged(
            f"no segment in {str(folder)!r} says which store it is of, so that no catalog can be "
            "made; put the catalog back from a backup"
        )
    ((origin, _),) = origins.most_common(1)
    sealer = StoreKey(origin.key_id, origin.store_id, str(folder)).sealer()
    found: list[Note] = []
    for name, each in sealed.items():
        if each.origin != origin:
            left_out[name.segment_id] = "is of another store"
            continue
        try:
            found.append(notes.open_note(each, name, segment_folder, sealer))
        except StoreDamaged as error:
            left_out[name.segment_id] = str(error)
    replaced = {name for note in found for name in note.replaces}
    living = [note for note in found if note.facts.id not in replaced]
    with named_file_errors(str(folder)):
        new = folder / f"{CATALOG_FILE}.new-{secrets.token_hex(4)}"
        make_private_file(new)
        try:
            facts = meta.StoreMeta(*origin, sealer.check_value)
            filled = _fill(folder, new, facts, living, left_out)
            kept = _put_in_place(folder, new)
        finally:
            for suffix in ("", "-wal", "-shm"):
                new.with_name(new.name + suffix).unlink(missing_ok=True)
    about = [(name, why) for name, why in left_out.items() if name not in replaced]
    return RepairReport(str(folder), *filled, about, _LOST.splitlines(), kept)


def _refuse_what_is_whole(folder: Path) -> None:
    if (damage := find_damage(folder / f"{CATALOG_FILE}-wal")) is not None:
        raise StoreDamaged(
            f"the log of the catalog in {str(folder)!r} is damaged at byte {damage.position:,}; "
            "opening the store with accept_loss=True keeps more than a repair does"
        )
    try:
        context = open_context(
            folder, encryption="default", create=False, accept_loss=False, clock=None
        )
    except (StoreDamaged, StoreKeyMissing):
        return
    try:
        with context.catalog.read() as connection:
            for group in groups.all_of(connection):
                rows = segments.of_group(connection, group.id)
                for facts in segments.facts_of(rows, context.identity, context.seals):
                    segments.runs_of(connection, facts.id)
                streams.of_group(connection, group.id)
                loads.of_group(connection, group.id)
    except StoreDamaged:
        return
    finally:
        context.catalog.close()
    raise StoreError(f"the catalog of the store {str(folder)!r} is whole; nothing was changed")


def _sealed_notes(folder: SegmentFolder, left_out: dict[str, str]) -> dict[FileName, SealedNote]:
    files = Counter(name._replace(kind=FIELDS) for name, _ in folder.list())
    found = {}
    for name, count in sorted(files.items()):
        try:
            sealed = notes.find(folder, name) if count == _FILES else None
        except (StoreDamaged, OSError) as error:
            left_out[name.segment_id] = str(error)
            continue
        if sealed is not None:
            found[name] = sealed
        elif count == _FILES:
            left_out[name.segment_id] = "an earlier version wrote it, without what a repair needs"
        else:
            left_out[name.segment_id] = "one of its two files is missing"
    return found


def _fill(
    folder: Path,
    file: Path,
    facts: meta.StoreMeta,
    living: list[Note],
    left_out: dict[str, str],
) -> tuple[int, int, int]:
    """Write the new catalog; give how many groups, segments and events are in it."""
    catalog = Catalog(file, read_only=False)
    made: set[int] = set()
    taken = Spans.of(np.array([], np.int64))
    done = events = last_commit = 0
    try:
        catalog.prepare(lambda connection: meta.insert(connection, facts))
        context = StoreContext(str(folder), facts, catalog)
        catalog.seal_rows()
        # Of two segments with the same events the greater one has more of them.
        for note in sorted(living, key=lambda note: (-note.facts.rows, note.facts.id)):
            try:
                columns = _columns(context, note)
            except StoreError as error:
                left_out[note.facts.id] = str(error)
                continue
            spans = Spans.of(np.asarray(columns[SEQUENCE]))
            if taken.meet(spans):
                left_out[note.facts.id] = "its events are in another segment too"
                continue
            taken = taken.joined(spans)
            runs = Runs.none() if note.runs is None else note.runs
            with catalog.write() as connection:
                if note.group.id not in made:
                    groups.insert_again(connection, _group_row(note))
                segments.insert(connection, note.facts, runs)
                _count_streams(connection, note.group.id, columns)
            made.add(note.group.id)
            done, events = done + 1, events + note.facts.rows
            last_commit = max(last_commit, *runs.commit.tolist(), 0)
        newest = int(taken.last.max()) if len(taken.last) else 0
        with catalog.write() as connection:
            counters.change_store(
                connection,
                next_sequence=newest + _LOST_NUMBERS,
                last_commit=last_commit + _LOST_NUMBERS,
            )
    finally:
        catalog.close()  # moves the log into the file
    return len(made), done, events


def _group_row(note: Note) -> groups.GroupRow:
    group_id, name, created_ms, log_type = note.group
    return groups.GroupRow(group_id, name, created_ms, None, Processing(log_type=log_type))


def _columns(context: StoreContext, note: Note) -> dict[str, pa.Array]:
    facts = note.facts
    names = [TIMESTAMP, INGESTION_TIME, LOG_STREAM, SEQUENCE]
    task = SegmentTask(context, note.group.name, "", facts, 0, ALL_TIME, len(facts.row_groups))
    reader = task.open()
    next(iter(reader.message_slices()))  # the other file is there, and opens
    return reader.columns(names)


def _count_streams(connection: Any, group_id: int, columns: dict[str, pa.Array]) -> None:
    time_ms, ingestion = (
        np.asarray(columns[name].cast(pa.int64())) for name in (TIMESTAMP, INGESTION_TIME)
    )
    new = [
        streams.count_events(connection, group_id, counted, int(ingestion.max()))
        for counted in counts_by_stream(time_ms, columns[LOG_STREAM])
    ]
    counters.count(connection, group_id, "streams", sum(new))


def _put_in_place(folder: Path, new: Path) -> str | None:
    file, kept = folder / CATALOG_FILE, None
    if file.exists() and file.stat().st_size:
        kept = folder / f"catalog.damaged-{time.time_ns()}.sqlite"
        log = file.with_name(f"{CATALOG_FILE}-wal")
        if log.exists():
            log.rename(kept.with_name(f"{kept.name}-wal"))
        file.rename(kept)
    for suffix in ("-wal", "-shm"):
        file.with_name(CATALOG_FILE + suffix).unlink(missing_ok=True)
    sync(new)
    new.replace(file)
    sync(folder)
    return None if kept is None else str(kept)
