"""Backup: a copy of a store as it is at one moment, while others go on writing to it."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter, NotAStore, StoreDamaged
from cwnb.store.catalog import Catalog, claims, groups, segments
from cwnb.store.context import CATALOG_FILE, StoreContext
from cwnb.store.disk import make_private_file, named_file_errors, sync
from cwnb.store.segments.folder import FIELDS, MESSAGE, FileName, SegmentFolder

if TYPE_CHECKING:
    from collections.abc import Iterator


def backup(context: StoreContext, target: str | os.PathLike[str], *, link: bool = False) -> None:
    """Copy a store into a new or empty folder; the copy opens with the same key.

    Writers go on: the copy has what was durable when its catalog was copied, and no claims. `link`
    makes hard links of the segments, which takes no time and no room where the folder is on the
    same disk, and is no help when that disk fails. Raises NotAStore, StoreDamaged, StoreFull.
    """
    folder = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow links
    if Path(context.path) in {folder, *folder.parents}:
        raise InvalidParameter(f"{str(folder)!r} lies in the folder of the store itself")
    with named_file_errors(str(folder)):
        _make_folder(folder)
        # The catalog gets its name at the end, so that half a backup is no store.
        new = folder / f"{CATALOG_FILE}.new-{secrets.token_hex(4)}"
        try:
            make_private_file(new)
            context.catalog.copy_to(new)
            ours = SegmentFolder(str(folder))
            for name in _files(folder, new, context):
                _copy(context.folder, ours, name, link=link)
            sync(folder / "segments")
            new.rename(folder / CATALOG_FILE)
            sync(folder)
        except BaseException:
            new.unlink(missing_ok=True)
            shutil.rmtree(folder / "segments", ignore_errors=True)
            raise


def _make_folder(folder: Path) -> None:
    try:
        there = os.listdir(folder) if folder.exists() else []  # noqa: PTH208
        if there:
            raise NotAStore(f"the folder {str(folder)!r} is not empty; name a new or empty folder")
        (folder / "segments").mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
    except (FileExistsError, NotADirectoryError):
        raise NotAStore(f"{str(folder)!r} cannot be a folder: a file is in the way") from None


def _files(folder: Path, new: Path, context: StoreContext) -> Iterator[FileName]:
    """Take claims and trash out of the new catalog, and name the files that it needs."""
    catalog = Catalog(new, read_only=False)
    copy = StoreContext(str(folder), context.facts, catalog)
    try:
        catalog.seal_rows()
        with catalog.write() as connection:
            claims.forget_all(connection)
            found = [
                facts
                for group in groups.all_of(connection)
                for facts in segments.facts_of(
                    segments.of_group(connection, group.id), copy.identity, copy.seals
                )
            ]
    finally:
        catalog.close()  # moves the log into the file
    for facts in found:
        for kind in (FIELDS, MESSAGE):
            yield FileName(facts.group_id, facts.id, kind)


def _copy(source: SegmentFolder, target: SegmentFolder, name: FileName, *, link: bool) -> None:
    try:
        target.take_over(source, name, link=link)
    except FileNotFoundError:
        raise StoreDamaged(
            f"{source.described(name)!r} is missing; it was removed while the backup was made, or "
            "the store is damaged; make the backup again, which says which"
        ) from None
