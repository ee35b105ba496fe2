"""Repair: a new catalog for a store whose own is damaged or gone, made from notes in its segments.

No file of a segment is changed, and the damaged catalog is kept beside the new one. What only the
catalog had is lost, and the report says so.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cwnb.errors import ResourceNotFound, StoreDamaged, StoreError, StoreKeyMissing
from cwnb.store.catalog import groups, loads, meta, segments, streams
from cwnb.store.catalog.log_check import find_damage
from cwnb.store.catalog.row_seals import RowSeals
from cwnb.store.catalog.salvage import Salvage, salvage
from cwnb.store.context import CATALOG_FILE
from cwnb.store.disk import make_private_file, named_file_errors, sync
from cwnb.store.keys.store_key import StoreKey
from cwnb.store.new_catalog import NewCatalog
from cwnb.store.opening import open_context
from cwnb.store.segments import note as notes
from cwnb.store.segments.folder import FIELDS, FileName, SegmentFolder

if TYPE_CHECKING:
    from cwnb.store.segments.note import Note, SealedNote

_FILES = 2
# Names of files beside the catalog while this works: the new one, and a copy of the old one.
_BESIDE = ("new", "old")


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
not brought back: saved queries, and the history of queries
loading a file whose record is not back stores its events twice
readers after a position get no events of a load whose commit is not known any more
log groups deleted and loads taken back within the last hour may be back
so may a load that was not finished, and events that had expired"""


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
    with named_file_errors(str(folder)):
        new, old = (folder / f"{CATALOG_FILE}.{kind}-{secrets.token_hex(4)}" for kind in _BESIDE)
        make_private_file(new)
        try:
            facts = meta.StoreMeta(*origin, sealer.check_value)
            seals = RowSeals(facts.store_id, lambda: sealer.row_key)
            filling = NewCatalog(folder, new, facts, _salvaged(folder, old, seals))
            filling.run(found, left_out)
            kept = _put_in_place(folder, new)
        finally:
            for file in (new, old):
                for suffix in ("", "-wal", "-shm"):
                    file.with_name(file.name + suffix).unlink(missing_ok=True)
    return RepairReport(
        str(folder),
        len(filling.groups),
        filling.segments,
        filling.events,
        list(left_out.items()),
        [*filling.said, *_LOST.splitlines()],
        kept,
    )


def _salvaged(folder: Path, copy: Path, seals: RowSeals) -> Salvage:
    """Read what is whole of the old catalog, from a copy of it."""
    file = folder / CATALOG_FILE
    if not file.exists():
        return Salvage()
    make_private_file(copy)
    shutil.copyfile(file, copy)
    log = file.with_name(f"{CATALOG_FILE}-wal")
    if log.exists():
        shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
    return salvage(copy, seals)


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
