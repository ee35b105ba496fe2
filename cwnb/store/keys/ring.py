"""The key ring: a file in the user's configuration folder that holds the keys of stores."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cwnb.errors import StoreKeyMissing
from cwnb.store.disk import sync

if TYPE_CHECKING:
    from collections.abc import Iterator


_KEY_BYTES = 32


def ring_file() -> Path:
    """Give the file that holds this user's keys; `CWNB_CONFIG_DIR` moves it."""
    return Path(ring_path())


def ring_path() -> str:
    """Give the same as text; every put asks, and making a `Path` takes longer than all the rest."""
    if folder := os.environ.get("CWNB_CONFIG_DIR"):
        return f"{folder}/keys.json"
    if not (config := os.environ.get("XDG_CONFIG_HOME")):
        home = os.path.expanduser("~")  # noqa: PTH111 - takes a fifth of the time of Path.home()
        if not home.startswith("/"):
            raise StoreKeyMissing(
                "there is no home folder to keep the keys of stores in; name a folder by the "
                "environment variable CWNB_CONFIG_DIR"
            )
        config = f"{home}/.config"
    return f"{config}/cwnb/keys.json"


def create_key(store_path: str) -> str:
    """Add a new random key to the ring and give its id."""
    key_id = secrets.token_hex(8)
    entry = {
        "key": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode(),
        "made_for": store_path,
    }
    with _locked_ring() as file:
        ring = _read_ring(file)
        ring[key_id] = entry
        _write_ring(file, ring)
    return key_id


def read_key(key_id: str, store_path: str) -> bytes:
    """Read the key of this id from the ring; raise StoreKeyMissing, which says where it looked."""
    file = ring_file()
    entry = _read_ring(file).get(key_id)
    if entry is None:
        raise StoreKeyMissing(
            f"the store {store_path!r} needs key {key_id!r}, which is not in the key ring "
            f"{str(file)!r}; copy that key's entry from the machine that made the store"
        )
    try:
        key = base64.b64decode(entry["key"], validate=True)
    except (ValueError, KeyError, TypeError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise StoreKeyMissing(
            f"the entry of key {key_id!r} in the key ring {str(file)!r} is damaged"
        )
    return key


@contextmanager
def _locked_ring() -> Iterator[Path]:
    file = ring_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(lock)


def _read_ring(file: Path) -> dict[str, dict[str, str]]:
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreKeyMissing(
            f"the key ring {str(file)!r} cannot be read: {error.strerror}"
        ) from None
    try:
        ring: dict[str, dict[str, str]] = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError):
        raise StoreKeyMissing(f"the key ring {str(file)!r} is damaged") from None
    return ring


def _write_ring(file: Path, ring: dict[str, dict[str, str]]) -> None:
    # A crash leaves the old ring or the new one, whole: losing it would lose every store.
    handle, name = tempfile.mkstemp(dir=file.parent, prefix="keys.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(json.dumps({"keys": ring}, indent=1).encode())
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync(file.parent)
