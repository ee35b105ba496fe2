"""Make the demo's store: once, and again if it is old or broken."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cwnb.errors import NotAStore, StoreDamaged, StoreKeyMissing, StoreTooNew
from cwnb.store_folder import STORE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.logs import Logs

DEFAULT_PATH = ".cwnb-demo"
# Raised with every change of what the generator makes, so that an older store is made anew.
VERSION = 1
_STAMP = "demo.json"
_MAKING = ".making-"


def ensure(
    path: str | os.PathLike[str] | None = None, *, progress: Callable[[int], object] | None = None
) -> Logs:
    """Open the demo's store, and make it first if it is not there (a few seconds).

    `path`: by default the store that `CWNB_STORE` names if that is a demo's, as `cwnb lab` has it,
    else `./.cwnb-demo`. A store of an older version of the demo is replaced; a folder that is no
    demo's store is left alone, and NotAStore says so. `progress` is told how many events came in.
    """
    import cwnb

    target = _target(path)
    _remove_unfinished(target)
    version = _stamp(target)
    if version is None and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise NotAStore(
            f"{str(target)!r} is not a store of the demo; move it away or name another folder"
        )
    if version == VERSION:
        # A stamp without its key or with a broken file: it is only the demo, so make it again.
        with contextlib.suppress(StoreKeyMissing, StoreDamaged, StoreTooNew, NotAStore):
            return cwnb.open(target)
    _make(target, progress)
    return cwnb.open(target)


def _target(path: str | os.PathLike[str] | None) -> Path:
    if path is not None:
        return Path(path)
    named = os.environ.get(STORE_VARIABLE)
    return Path(named) if named and _stamp(Path(named)) is not None else Path(DEFAULT_PATH)


def _stamp(folder: Path) -> int | None:
    """Read the version of a finished demo store; None where there is none."""
    try:
        return int(json.loads((folder / _STAMP).read_text())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(target: Path, progress: Callable[[int], object] | None) -> None:
    """Make the store beside its place and rename it, so that it is there whole or not at all."""
    import cwnb

    unfinished = target.with_name(f"{target.name}{_MAKING}{os.getpid()}")
    try:
        with contextlib.closing(cwnb.open(unfinished)) as logs:
            _fill(logs, progress)
        (unfinished / _STAMP).write_text(json.dumps({"version": VERSION}) + "\n")
        if target.exists():
            shutil.rmtree(target)
        try:
            unfinished.rename(target)
        except OSError:
            # Another process was first; its store is as good as this one.
            if _stamp(target) != VERSION:
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fill(logs: Logs, progress: Callable[[int], object] | None) -> None:
    from cwnb.demo import shop
    from cwnb.demo.generator import SEED, batches
    from cwnb.store import LoadRecord

    store = logs.store
    store.set_now(shop.NOW_MS)
    for group, batch in batches():
        store.create_group(group, retention_days=shop.RETENTION_DAYS[group])
        with store.loading(group) as loading:
            loading.add(batch)
            name = f"demo{group}"
            size = batch.message.nbytes
            record = LoadRecord(
                fingerprint=f"demo-{VERSION}-{SEED}",
                name=name,
                stream="",
                bytes=size,
                events=len(batch),
                lines=len(batch),
                loaded_ms=shop.NOW_MS,
            )
            loading.commit(record)
        if progress:
            progress(len(batch))


def _remove_unfinished(target: Path) -> None:
    """Remove what makers that were killed have left; a living one keeps its folder."""
    for folder in target.parent.glob(f"{target.name}{_MAKING}*"):
        maker = folder.name.rpartition("-")[2]
        if not maker.isdigit() or not _alive(int(maker)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
