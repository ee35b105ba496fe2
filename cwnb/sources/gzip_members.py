"""Unpack gzip in large steps, which leave the interpreter to other threads meanwhile."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cwnb.sources.blocks import Readable

# Packed bytes that are given to zlib at a time. Python's own reader takes 8 KB in some versions,
# and after each step it may have to wait for the interpreter.
_STEP_BYTES = 256 * 1024
# zlib reads the header of gzip, and checks the checksum and the size at the end.
_GZIP = 16 + zlib.MAX_WBITS


class GzipMembers:
    """The content of gzip data: of all its members, one after another, zeros behind each left out.

    Raises zlib.error for damage, and EOFError where the data is cut off.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._packed = b""
        self._member: Any = None
        self._begins = True

    def read(self, size: int = -1, /) -> bytes:
        """Give `size` bytes, fewer only at the end; all that is left where it is negative."""
        parts: list[bytes] = []
        left = size
        while left:
            # zlib takes 0 for "no limit".
            data = self._unpack(max(left, 0))
            if not data:
                break
            parts.append(data)
            left -= len(data) if size > 0 else 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _unpack(self, most: int) -> bytes:
        """Give some bytes; none at the end."""
        data = b""
        while not data and self._has_packed():
            if self._member is None:
                self._member = zlib.decompressobj(_GZIP)
            data = self._member.decompress(self._packed, most)
            self._packed = self._member.unconsumed_tail
            if self._member.eof:
                self._packed, self._member = self._member.unused_data, None
                self._begins = False
        return data

    def _has_packed(self) -> bool:
        """Read more packed bytes if there are none; False at the end."""
        while True:
            if self._member is None and not self._begins:
                self._packed = self._packed.lstrip(b"\0")
            if self._packed:
                return True
            self._packed = self._stream.read(_STEP_BYTES)
            if not self._packed:
                if self._member is not None:
                    raise EOFError("the end of the compressed data is missing")
                return False
