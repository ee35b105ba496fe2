"""What is done with a store's key: sealing, wrapping, fingerprints."""

from __future__ import annotations

import hmac
import os
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cwnb.errors import StoreDamaged

_NONCE = 12  # bytes, the size that GCM is made for


class Sealer:
    """Seals with one store's key.

    Each ciphertext is bound to the place it was made for (additional authenticated data), such as
    `batch/3/5f3a`: it cannot be opened as that of another place.
    """

    def __init__(self, key: bytes, store_id: str) -> None:
        self._store = store_id.encode()
        self._seal = AESGCM(_derive(key, b"seal"))
        self._wrap = AESGCM(_derive(key, b"wrap"))
        self._fingerprint = _derive(key, b"fingerprint")
        # Tells two keys apart without telling anything of them.
        self.check_value = _derive(key, b"check")
        self.row_key = _derive(key, b"rows")

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypt data for a place."""
        nonce = os.urandom(_NONCE)
        return nonce + self._seal.encrypt(nonce, data, self._about(place))

    def open(self, sealed: bytes, place: str, what: str) -> bytes:
        """Decrypt what was sealed for the place; the text of StoreDamaged names `what`."""
        try:
            return self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._about(place))
        except (InvalidTag, ValueError):
            raise StoreDamaged(f"{what} is damaged: it fails its check") from None

    def wrap(self, key: bytes, place: str) -> bytes:
        """Encrypt the key of a segment."""
        nonce = os.urandom(_NONCE)
        return nonce + self._wrap.encrypt(nonce, key, self._about(place))

    def unwrap(self, wrapped: bytes, place: str, what: str) -> bytes:
        """Decrypt the key of a segment."""
        try:
            return self._wrap.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], self._about(place))
        except (InvalidTag, ValueError):
            raise StoreDamaged(f"the key of {what} is damaged: it fails its check") from None

    def fingerprint(self, text: str) -> str:
        """Give a digest that cannot be compared with that of a known file without the key."""
        return hmac.digest(self._fingerprint, text.encode(), "sha256").hex()

    def content_check(self, sealed: bytes) -> str:  # noqa: ARG002
        """Give nothing: what was sealed has its own check."""
        return ""

    def _about(self, place: str) -> bytes:
        return self._store + b"/" + place.encode()


class OpenSealer(Sealer):
    """Seals nothing: for stores made with `encryption="none"`."""

    def __init__(self) -> None:
        self._fingerprint = b"open"
        self.check_value = b""
        self.row_key = b""

    def seal(self, data: bytes, place: str) -> bytes:  # noqa: ARG002
        """Give the data back."""
        return data

    def open(self, sealed: bytes, place: str, what: str) -> bytes:  # noqa: ARG002
        """Give the data back."""
        return sealed

    def content_check(self, sealed: bytes) -> str:
        """Give the checksum of the data."""
        return content_check(sealed)

    def wrap(self, key: bytes, place: str) -> bytes:
        """Refuse: an open store has no segment keys."""
        raise NotImplementedError

    def unwrap(self, wrapped: bytes, place: str, what: str) -> bytes:
        """Refuse: an open store has no segment keys."""
        raise NotImplementedError


def content_check(data: bytes) -> str:
    """Give a checksum of data that an open store keeps."""
    return blake2b(data, digest_size=16).hexdigest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    # One key for each purpose, so that no nonce of one can meet that of another.
    return hmac.digest(key, b"cwnb " + purpose, "sha256")
