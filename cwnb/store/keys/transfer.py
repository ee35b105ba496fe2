"""A key in a file that a passphrase protects, to be carried to another machine."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from cwnb.errors import InvalidParameter, SourceError
from cwnb.store.disk import make_private_file, named_file_errors, sync
from cwnb.store.keys.ring import add_key, read_key

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = "cwnb key 1"
# Takes 64 MB and some 0.2 s. Source: RFC 7914, with twice the cost of its examples for files.
_COST, _BLOCK, _PARALLEL = 1 << 16, 8, 1
_SALT_BYTES, _NONCE_BYTES = 16, 12
_LONGEST_FILE = 10_000


def export_key(key_id: str, store_path: str, file: Path, passphrase: str) -> None:
    """Write a key of the ring into a new file that only the passphrase opens.

    Raises StoreKeyMissing, and InvalidParameter for a file that exists or an empty passphrase.
    """
    if not passphrase:
        raise InvalidParameter("the passphrase is empty; whoever has the file would have the key")
    key = read_key(key_id, store_path)
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    head = {"format": _FORMAT, "key_id": key_id, "made_for": store_path}
    sealed = AESGCM(_derived(passphrase, salt)).encrypt(nonce, key, _about(head))
    text = {name: b64encode(data).decode() for name, data in _parts(salt, nonce, sealed).items()}
    with named_file_errors(str(file.parent)):
        try:
            make_private_file(file)
        except FileExistsError:
            raise InvalidParameter(f"{str(file)!r} exists already; name a new file") from None
        except FileNotFoundError:
            raise InvalidParameter(f"there is no folder {str(file.parent)!r}") from None
        file.write_text(json.dumps(head | text, indent=1) + "\n")
        sync(file)


def import_key(file: Path, passphrase: str) -> str:
    """Add the key in a file to the ring, and give its id; a key that is there stays as it is.

    Raises SourceError for a file that holds no key, InvalidParameter for a wrong passphrase or
    another key under the same id.
    """
    head, salt, nonce, sealed = _read(file)
    try:
        key = AESGCM(_derived(passphrase, salt)).decrypt(nonce, sealed, _about(head))
    except (InvalidTag, ValueError):
        raise InvalidParameter(
            f"the passphrase does not open {str(file)!r}: it is another one, or the file is damaged"
        ) from None
    add_key(head["key_id"], key, head["made_for"])
    return head["key_id"]


def _read(file: Path) -> tuple[dict[str, str], bytes, bytes, bytes]:
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST_FILE)
    except OSError as error:
        raise SourceError(f"{str(file)!r} cannot be read: {error.strerror}") from None
    try:
        found = json.loads(text)
        head = {name: found[name] for name in ("format", "key_id", "made_for")}
        salt, nonce, sealed = (
            b64decode(found[name], validate=True) for name in ("salt", "nonce", "sealed")
        )
    except (ValueError, KeyError, TypeError):
        raise SourceError(f"{str(file)!r} is no key that 'cwnb key export' wrote") from None
    if head["format"] != _FORMAT or not all(isinstance(value, str) for value in head.values()):
        raise SourceError(f"{str(file)!r} is no key that this version of cwnb can read")
    return head, salt, nonce, sealed


def _parts(salt: bytes, nonce: bytes, sealed: bytes) -> dict[str, bytes]:
    return {"salt": salt, "nonce": nonce, "sealed": sealed}


def _derived(passphrase: str, salt: bytes) -> bytes:
    scrypt = Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK, p=_PARALLEL)
    return scrypt.derive(passphrase.encode())


def _about(head: dict[str, str]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()
