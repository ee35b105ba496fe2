"""Read byte streams: detect their compression, decompress them in parts, hash them."""

from __future__ import annotations

import bz2
import hashlib
import lzma
import zlib
from collections import deque
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.sources.blocks import KEPT_BYTES
from cwnb.sources.gzip_members import GzipMembers

if TYPE_CHECKING:
    from cwnb.sources.blocks import Readable

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
# A log that is worth keeping packs 5 to 100 times; gzip's own limit is 1032.
MAX_RATIO = 500.0
# Below this size a bomb is harmless.
RATIO_FREE_BYTES = 256 * 1024 * 1024


def compression_of(head: bytes) -> str | None:
    """Name the compression that a file's first bytes show."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def check_ratio(name: str, unpacked: int, packed: int, max_ratio: float | None) -> None:
    """Raise SourceError if the unpacked bytes are more than `max_ratio` times the packed ones."""
    if max_ratio is None or unpacked <= RATIO_FREE_BYTES:
        return
    if unpacked > max_ratio * max(packed, 1):
        raise SourceError(
            f"{name!r} unpacks to more than {max_ratio:g} times its size, as only a bomb does;"
            " max_ratio=None loads it all the same"
        )


class Counted:
    """Passes a stream on and counts its bytes."""

    # Arrow asks for these two of a file.
    closed = False

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.bytes = 0

    def close(self) -> None:
        """Leave the stream to its owner."""

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        data = self._stream.read(size)
        self.bytes += len(data)
        return data


class Peekable:
    """A stream whose first bytes can be looked at before they are read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._head = b""

    def peek(self, size: int) -> bytes:
        """Give the next bytes without reading past them: fewer only at the end."""
        while len(self._head) < size and (data := self._stream.read(size - len(self._head))):
            self._head += data
        return self._head[:size]

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        if not self._head:
            return self._stream.read(size)
        if size < 0:
            data, self._head = self._head + self._stream.read(-1), b""
        else:
            data, self._head = self._head[:size], self._head[size:]
        return data


class Unpacked:
    """The content of a packed stream; `read` raises SourceError for damage and for a bomb."""

    def __init__(
        self, stream: Readable, compression: str, name: str, max_ratio: float | None
    ) -> None:
        self._packed = Counted(stream)
        self._stream = _opened(self._packed, compression)
        self._compression = compression
        self._name = name
        self._max_ratio = max_ratio
        self.bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        try:
            data: bytes = self._stream.read(size)
        except (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError) as error:
            raise self._damage(error) from error
        self.bytes += len(data)
        check_ratio(self._name, self.bytes, self._packed.bytes, self._max_ratio)
        return data

    def _damage(self, error: Exception) -> SourceError:
        cut = isinstance(error, EOFError) or "Truncated" in str(error)
        how = "is cut off" if cut else f"is damaged ({error})"
        return SourceError(f"{self._name!r} {how}: its {self._compression} data cannot be unpacked")


def _opened(stream: Any, compression: str) -> Any:
    if compression == "gzip":
        return GzipMembers(stream)
    if compression == "bzip2":
        return bz2.BZ2File(stream)
    if compression == "xz":
        return lzma.LZMAFile(stream)
    # Arrow's reader, unlike zstandard's own, says when a frame is cut off.
    return pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd")


class Fingerprinted:
    """Passes content on and keeps its SHA-256 and size: the same content is known again.

    Its end is where the end was first seen: of a file that grows while it is read, nothing counts
    as loaded that no reader was given.
    """

    def __init__(self, stream: Readable, digest: Any = None, size: int = 0) -> None:
        self._stream = stream
        self._digest = digest or hashlib.sha256()
        # The last pieces, not hashed yet: their end may be left to a later load.
        self._late: deque[bytes] = deque()
        self._late_bytes = 0
        self.bytes = size
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        data = b"" if self._ended else self._stream.read(size)
        self._ended = self._ended or not data
        self._late.append(data)
        self._late_bytes += len(data)
        self.bytes += len(data)
        while self._late_bytes - len(self._late[0]) >= KEPT_BYTES:
            self._hash_first()
        return data

    def drain(self) -> None:
        """Read to the end, because the fingerprint is that of the whole content."""
        while self.read(1 << 20):
            pass

    def leave(self, size: int) -> None:
        """Let the content end before the last `size` bytes, which are at most KEPT_BYTES."""
        late = b"".join(self._late)
        self._late = deque([late[: len(late) - size]])
        self._late_bytes -= size
        self.bytes -= size

    @property
    def fingerprint(self) -> str:
        """Give the digest of what has been read so far, in hex."""
        while self._late:
            self._hash_first()
        return str(self._digest.hexdigest())

    def _hash_first(self) -> None:
        data = self._late.popleft()
        self._digest.update(data)
        self._late_bytes -= len(data)


def prefix_digest(stream: Readable, size: int, digest: Any = None) -> Any:
    """Hash the next `size` bytes; the digest can go on from there."""
    digest = digest or hashlib.sha256()
    while size > 0 and (data := stream.read(min(size, 1 << 20))):
        digest.update(data)
        size -= len(data)
    return digest


_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)


def encoding_of(head: bytes) -> tuple[str | None, int]:
    """Name the encoding that a byte order mark shows, and give the mark's length."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    # UTF-16 without its mark: text in Latin letters has a NUL in every other byte.
    even, odd = head[0:2000:2], head[1:2000:2]
    if len(odd) >= 8:
        if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
            return "utf-16-le", 0
        if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
            return "utf-16-be", 0
    return None, 0


class Recoded:
    """A stream in another encoding, read as UTF-8."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        import codecs

        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._done = False

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        while not self._done:
            data = self._stream.read(size)
            self._done = not data or size < 0
            text = self._decoder.decode(data, final=self._done)
            if text:
                # A lone surrogate of UTF-16 is no character; it becomes U+FFFD as it is decoded.
                return text.encode("utf-8", "replace")
        return b""
