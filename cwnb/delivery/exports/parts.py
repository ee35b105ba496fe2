"""Collect the events of each key until there are enough for a file, packed and few in memory."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cwnb.delivery.exports.formats import Format, Piece
    from cwnb.store import Position

# The text of a file.
PART_BYTES = 64 << 20
# Text of one key that is packed at once, and text of all keys that waits to be packed.
_PACK_BYTES = 1 << 20
_WAITING_BYTES = 24 << 20
_THREADS = 2
_JOBS_AHEAD = 6


@dataclass
class Packed:
    """Some events of a key, packed: what a part of a file is made of."""

    text_bytes: int = 0
    events: int = 0
    ambiguous: int = 0
    content: Any = None


@dataclass
class File:
    """A whole file: its key and its bytes, in parts."""

    key: str
    content: list[bytes]
    text_bytes: int
    events: int
    ambiguous: int


@dataclass
class _Buffer:
    """What has been collected of a key. `before`: the position before its first event."""

    before: Position
    waiting: list[Piece] = field(default_factory=list)
    waiting_bytes: int = 0
    packed: list[Packed] = field(default_factory=list)
    text_bytes: int = 0


class Parts:
    """The events that have been read and are not in a file yet."""

    def __init__(self, format: Format) -> None:
        self._format = format
        self._buffers: dict[str, _Buffer] = {}
        self._pool = ThreadPoolExecutor(_THREADS, "cwnb-export-pack")
        self._jobs: deque[Future[None]] = deque()
        self._counting = threading.Lock()
        self._waiting_bytes = 0
        self._packed_bytes = 0

    @property
    def held_bytes(self) -> int:
        """Give how much memory is taken by what was packed, and waits to be."""
        return self._packed_bytes + self._waiting_bytes

    def add(self, pieces: Iterable[Piece], before: Position) -> int:
        """Take the pieces of a page, which begins after a position; give the bytes of text."""
        added = 0
        for piece in pieces:
            buffer = self._buffers.get(piece.key)
            if buffer is None:
                buffer = self._buffers[piece.key] = _Buffer(before)
            buffer.waiting.append(piece)
            buffer.waiting_bytes += piece.text_bytes
            buffer.text_bytes += piece.text_bytes
            self._waiting_bytes += piece.text_bytes
            added += piece.text_bytes
            if buffer.waiting_bytes >= _PACK_BYTES:
                self._pack([buffer])
        if self._waiting_bytes > _WAITING_BYTES:
            self._pack_all()
        return added

    def large(self, text_bytes: int) -> list[str]:
        """Name the keys that have more text than this."""
        return [key for key, buffer in self._buffers.items() if buffer.text_bytes > text_bytes]

    def all_keys(self) -> list[str]:
        """Name all keys that have events here."""
        return list(self._buffers)

    def oldest(self, otherwise: Position) -> Position:
        """Give the position before the first event that is held here."""
        return min((buffer.before for buffer in self._buffers.values()), default=otherwise)

    def take(self, keys: Iterable[str]) -> Iterator[File]:
        """Give the files of these keys, whose events are not held any more."""
        buffers = [(key, self._buffers.pop(key)) for key in keys]
        self._pack([buffer for _, buffer in buffers])
        self._wait(0)
        for key, buffer in buffers:
            held: list[Packed] = []
            size = 0
            for packed in [*buffer.packed, None]:
                if held and (packed is None or size + packed.text_bytes > PART_BYTES):
                    yield self._file(key, held)
                    held, size = [], 0
                if packed is not None:
                    held.append(packed)
                    size += packed.text_bytes

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _file(self, key: str, held: list[Packed]) -> File:
        with self._counting:
            self._packed_bytes -= sum(_size(packed.content) for packed in held)
        return File(
            key,
            self._format.file([packed.content for packed in held]),
            sum(packed.text_bytes for packed in held),
            sum(packed.events for packed in held),
            sum(packed.ambiguous for packed in held),
        )

    def _pack_all(self) -> None:
        some: list[_Buffer] = []
        size = 0
        for buffer in self._buffers.values():
            if buffer.waiting:
                some.append(buffer)
                size += buffer.waiting_bytes
            if size >= _PACK_BYTES:
                self._pack(some)
                some, size = [], 0
        self._pack(some)

    def _pack(self, buffers: list[_Buffer]) -> None:
        """Let a thread pack what waits in some buffers."""
        work = []
        for buffer in buffers:
            for pieces in _groups(buffer.waiting):
                packed = Packed(
                    sum(piece.text_bytes for piece in pieces),
                    sum(piece.events for piece in pieces),
                    sum(piece.ambiguous for piece in pieces),
                )
                buffer.packed.append(packed)
                work.append((packed, [piece.content for piece in pieces]))
            self._waiting_bytes -= buffer.waiting_bytes
            buffer.waiting, buffer.waiting_bytes = [], 0
        if work:
            self._jobs.append(self._pool.submit(self._work, work))
        self._wait(_JOBS_AHEAD)

    def _work(self, work: list[tuple[Packed, list[Any]]]) -> None:
        size = 0
        for packed, contents in work:
            packed.content = self._format.packed(contents)
            size += _size(packed.content)
        with self._counting:
            self._packed_bytes += size

    def _wait(self, left: int) -> None:
        while len(self._jobs) > left:
            self._jobs.popleft().result()


def _groups(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Put pieces together that are packed as one, so that a file can end between any two."""
    some: list[Piece] = []
    size = 0
    for piece in pieces:
        if some and size + piece.text_bytes > PART_BYTES // 8:
            yield some
            some, size = [], 0
        some.append(piece)
        size += piece.text_bytes
    if some:
        yield some


def _size(content: Any) -> int:
    return len(content) if isinstance(content, bytes) else int(content.nbytes)
