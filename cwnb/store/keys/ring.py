"""The key ring: a file in the user's configuration folder that holds the keys of stores."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import pwd
import secrets
import stat
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter, StoreError, StoreKeyMissing
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
    config = os.environ.get("XDG_CONFIG_HOME", "")
    # Its standard has a relative path ignored (XDG Base Directory Specification).
    if not config.startswith("/"):
        config = f"{_home()}/.config"
    return f"{config}/cwnb/keys.json"


def _home() -> str:
    home = os.environ.get("HOME", "")
    if home.startswith("/"):
        return home
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        raise StoreKeyMissing(
            "this user has no home folder for the key ring; set CWNB_CONFIG_DIR to a folder for it"
        ) from None


def create_key(store_path: str) -> str:
    """Add a new random key to the ring and give its id."""
    key_id = secrets.token_hex(8)
    add_key(key_id, secrets.token_bytes(_KEY_BYTES), store_path)
    return key_id


def add_key(key_id: str, key: bytes, store_path: str) -> None:
    """Add a key to the ring; raise InvalidParameter if it has another one under this id."""
    with _locked_ring() as file:
        ring = _read_ring(file)
        entry = {"key": base64.b64encode(key).decode(), "made_for": store_path}
        if (there := ring.get(key_id)) is None:
            ring[key_id] = entry
            _write_ring(file, ring)
        elif there.get("key") != entry["key"]:
            raise InvalidParameter(
                f"the key ring {str(file)!r} has another key under the id {key_id!r}; it was left "
                "as it is"
            )


def read_key(key_id: str, store_path: str, *, warn: bool = True) -> bytes:
    """Read the key of this id from the ring; raise StoreKeyMissing, which says where it looked.

    `warn` says so if the ring is open to other users.
    """
    file = ring_file()
    entry = _read_ring(file, warn=warn).get(key_id)
    if entry is None:
        raise StoreKeyMissing(
            f"the store {store_path!r} needs key {key_id!r}, which is not in the key ring "
            f"{str(file)!r}; write it into a file by 'cwnb key export' where the store "
            "was made, and add it here by 'cwnb key import'"
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
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        lock = os.open(file.with_suffix(".lock"), flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(lock)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or str(error)
        raise StoreError(
            f"the key ring {str(file)!r} cannot be written: {why.lower()}; "
            "set CWNB_CONFIG_DIR to a folder that this user may write"
        ) from error


def _read_ring(file: Path, *, warn: bool = True) -> dict[str, dict[str, str]]:
    try:
        with file.open("rb") as opened:
            if warn:
                _warn_if_others_may_read(file, os.fstat(opened.fileno()).st_mode)
            text = opened.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreKeyMissing(
            f"the key ring {str(file)!r} cannot be read: {error.strerror}"
        ) from None
    try:
        ring: dict[str, dict[str, str]] | None = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        ring = None
    if not isinstance(ring, dict):
        raise StoreKeyMissing(f"the key ring {str(file)!r} is damaged")
    return ring


def _warn_if_others_may_read(file: Path, mode: int) -> None:
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(
            f"the key ring {str(file)!r} is open to other users; run: chmod 600 {file}",
            stacklevel=2,
        )


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
