"""Read a stream ahead in a thread, so that one block is unpacked while another one is parsed."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from cwnb.sources.blocks import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from cwnb.sources.blocks import Readable

# Pieces of BLOCK_BYTES that are read ahead.
_PIECES = 2


class Ahead:
    """Passes a stream on and reads some megabytes ahead; `read` raises what the stream raises.

    The thread begins after the first megabytes: most files are small. A context manager, which
    waits for the thread; so the stream must be one whose `read` never waits for long. `tell` is
    called at each `read`, in the thread of its caller.
    """

    def __init__(self, stream: Readable, tell: Callable[[], None] | None = None) -> None:
        self._stream = stream
        self._tell = tell
        self._alone_bytes = BLOCK_BYTES
        self._pool = ThreadPoolExecutor(1, "cwnb-unpack")
        self._coming: deque[Future[bytes]] = deque()
        self._piece, self._at = b"", 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(BLOCK_BYTES), b""))
        if self._alone_bytes > 0:
            data = self._stream.read(size)
            self._alone_bytes -= len(data)
        else:
            data = self._next(size)
        if self._tell is not None:
            self._tell()
        return data

    def _next(self, size: int) -> bytes:
        if self._at >= len(self._piece):
            while len(self._coming) < _PIECES:
                self._coming.append(self._pool.submit(self._stream.read, BLOCK_BYTES))
            self._piece, self._at = self._coming.popleft().result(), 0
            self._coming.append(self._pool.submit(self._stream.read, BLOCK_BYTES))
        data = self._piece[self._at : self._at + size]
        self._at += len(data)
        return data
