"""The keys of stores and what is done with them: sealing, wrapping, fingerprints.

A store has one key. It lives in the user's key ring, never in the store's folder, so that a copied
folder says nothing. Keys derived from it seal recent batches and values in the catalog, wrap the
random key of each segment, and make fingerprints that mean nothing without it.
"""

from __future__ import annotations

import base64
import fcntl
import hmac
import json
import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cwnb.errors import StoreDamaged, StoreKeyMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

_NONCE = 12  # bytes, the size that GCM is made for
_opened: dict[tuple[str, str], bytes] = {}


def ring_file() -> Path:
    """Give the file that holds this user's keys; `CWNB_CONFIG_DIR` moves it."""
    if folder := os.environ.get("CWNB_CONFIG_DIR"):
        return Path(folder) / "keys.json"
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "cwnb" / "keys.json"


def create_key(store_path: str) -> str:
    """Add a new random key to the ring and give its id."""
    key_id = secrets.token_hex(8)
    entry = {"key": base64.b64encode(secrets.token_bytes(32)).decode(), "made_for": store_path}
    with _locked_ring() as file:
        ring = _read_ring(file)
        ring[key_id] = entry
        _write_ring(file, ring)
    return key_id


def find_key(key_id: str, store_path: str) -> bytes:
    """Give the key of this id; raise StoreKeyMissing, which says where it looked."""
    file = ring_file()
    if (found := _opened.get((str(file), key_id))) is not None:
        return found
    entry = _read_ring(file).get(key_id)
    if entry is None:
        raise StoreKeyMissing(
            f"the store {store_path!r} needs key {key_id!r}, which is not in the key ring "
            f"{str(file)!r}; copy that key's entry from the machine that made the store"
        )
    key = base64.b64decode(entry["key"])
    _opened[str(file), key_id] = key
    return key


class Sealer:
    """Seals with one store's key; what was sealed for one place opens in no other."""

    def __init__(self, key_id: str, store_id: str, store_path: str) -> None:
        key = find_key(key_id, store_path)
        self.key_id = key_id
        self._store = store_id.encode()
        self._seal = AESGCM(_derive(key, b"seal"))
        self._wrap = AESGCM(_derive(key, b"wrap"))
        self._fingerprint = _derive(key, b"fingerprint")

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypt data for a place, such as `batch/5f3a`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._seal.encrypt(nonce, data, self._about(place))

    def open(self, sealed: bytes, place: str, what: str) -> bytes:
        """Give back what was sealed for the place; StoreDamaged speaks of `what`."""
        try:
            return self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._about(place))
        except (InvalidTag, ValueError):
            raise StoreDamaged(f"{what} is damaged: it fails its check") from None

    def wrap(self, key: bytes, place: str) -> bytes:
        """Encrypt the key of a segment."""
        nonce = os.urandom(_NONCE)
        return nonce + self._wrap.encrypt(nonce, key, self._about(place))

    def unwrap(self, wrapped: bytes, place: str, what: str) -> bytes:
        """Give back the key of a segment."""
        try:
            return self._wrap.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], self._about(place))
        except (InvalidTag, ValueError):
            raise StoreDamaged(f"the key of {what} is damaged: it fails its check") from None

    def fingerprint(self, text: str) -> str:
        """Give a digest that nobody can compare with that of a known file without the key."""
        return hmac.digest(self._fingerprint, text.encode(), "sha256").hex()

    def _about(self, place: str) -> bytes:
        return self._store + b"/" + place.encode()


class OpenSealer(Sealer):
    """Seals nothing: for stores made with `encryption="none"`."""

    def __init__(self) -> None:
        self.key_id = ""
        self._fingerprint = b"open"

    def seal(self, data: bytes, place: str) -> bytes:  # noqa: ARG002
        """Give the data back."""
        return data

    def open(self, sealed: bytes, place: str, what: str) -> bytes:  # noqa: ARG002
        """Give the data back."""
        return sealed

    def wrap(self, key: bytes, place: str) -> bytes:
        """Refuse: an open store has no segment keys."""
        raise NotImplementedError

    def unwrap(self, wrapped: bytes, place: str, what: str) -> bytes:
        """Refuse: an open store has no segment keys."""
        raise NotImplementedError


def _derive(key: bytes, purpose: bytes) -> bytes:
    # One key for each purpose, so that no nonce of one can meet that of another.
    return hmac.digest(key, b"cwnb " + purpose, "sha256")


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
    folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
