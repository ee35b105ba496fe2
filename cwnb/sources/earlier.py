"""Compare a file with earlier loads: the same content, or a file that has grown since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cwnb.errors import SourceError
from cwnb.sources.unpacking import prefix_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from cwnb.sources.blocks import Readable
    from cwnb.sources.openers import Input
    from cwnb.store import LoadRecord

# Formats whose further lines can be read without the ones before.
TAIL_FORMATS = ("text", "ndjson", "cri")
# An earlier load is found by a digest of the first bytes of its content: of the first 1,024 bytes,
# or of 64 if it is shorter than that.
_HEADS = (1024, 64)
HEAD_BYTES, START_BYTES = max(_HEADS), min(_HEADS)


def head_of(first: bytes, size: int) -> str:
    """Give the digest by which content is found again; "" if it is too short.

    `first`: its first bytes; `size`: bytes of the whole content.
    """
    length = next((length for length in _HEADS if length <= size), 0)
    return hashlib.sha256(first[:length]).hexdigest() if length else ""


def may_begin_alike(one: LoadRecord, other: LoadRecord) -> bool:
    """Tell whether two contents of files have the same first bytes, as far as their records tell.

    Rows in memory have no such bytes: they are the same or they are not.
    """
    states = [json.loads(record.tail_state or "{}") for record in (one, other)]
    if not all("start" in state for state in states):
        return False
    name = "head" if min(one.bytes, other.bytes) >= HEAD_BYTES else "start"
    first, second = (state[name] for state in states)
    return not first or not second or first == second


@dataclass(frozen=True)
class Tail:
    """Where a grown file goes on: after `record`, with the digest of what was before."""

    record: LoadRecord
    digest: Any

    @property
    def state(self) -> dict[str, Any]:
        """Give what the earlier load wrote down: format, last time, whether its line had ended."""
        state: dict[str, Any] = json.loads(self.record.tail_state or "{}")
        return state

    def check(self, item: Input, format: str) -> None:
        """Raise SourceError where the tail cannot be loaded by itself."""
        state = self.state
        if not state.get("plain"):
            why = f"a {state.get('format', 'file')} file cannot be loaded by its tail"
        elif state["format"] != format:
            why = f"it was loaded as {state['format']!r} then"
        else:
            return
        raise SourceError(
            f"{item.name!r} has grown since it was loaded, but {why};"
            " again=True loads all of it once more"
        )


class Earlier:
    """The loads of a group by the fingerprint of their content."""

    def __init__(self, records: list[LoadRecord]) -> None:
        self._by_fingerprint: dict[str, LoadRecord] = {}
        self._sizes: set[int] = set()
        self._sizes_by_name: dict[str, set[int]] = {}
        self._sizes_by_head: dict[str, set[int]] = {}
        for record in records:
            self.add(record)

    def add(self, record: LoadRecord) -> None:
        """Remember a load, also one that has just been committed."""
        self._by_fingerprint[record.fingerprint] = record
        if (head := json.loads(record.tail_state or "{}").get("head")) is not None:
            self._sizes_by_head.setdefault(head, set()).add(record.bytes)
        else:  # written by an earlier version
            self._sizes.add(record.bytes)
            self._sizes_by_name.setdefault(record.name, set()).add(record.bytes)

    def same(self, fingerprint: str) -> LoadRecord | None:
        """Find the load of the same content; None for an empty file."""
        record = self._by_fingerprint.get(fingerprint)
        return record if record is not None and record.bytes else None

    def events(self, record: LoadRecord) -> int:
        """Count the events of a file that grew: those of a load and of all that it went on from."""
        total, found = 0, {record.fingerprint}
        while True:
            total += record.events
            before = self._by_fingerprint.get(record.after)
            if before is None or before.fingerprint in found:
                return total
            found.add(before.fingerprint)
            record = before

    def beginning(
        self,
        item: Input,
        size: int | None,
        first: bytes,
        opened: Callable[[], AbstractContextManager[Readable]],
    ) -> Tail | None:
        """Find the longest earlier load that a file's content is, or that it begins with.

        `size`: of the content, None if it is packed; `first`: its first bytes; `opened` opens it
        once more, unpacked. The file may have another name by now, as after a rotation, so loads of
        the same first bytes are compared, and a new file is not read twice.
        """
        sizes = self._sizes_by_name.get(item.key, set()) | (self._sizes & {size})
        for length in (*_HEADS, 0):
            if len(first) >= length:
                sizes |= self._sizes_by_head.get(head_of(first, length), set())
        found: Tail | None = None
        ends = sorted(end for end in sizes if end > 0 and (size is None or end <= size))
        if not ends:
            return found
        with opened() as raw:
            digest, at = None, 0
            for end in ends:
                digest = prefix_digest(raw, end - at, digest)
                at = end
                record = self.same(digest.hexdigest())
                # A load without events (of a header alone) does not matter: nothing would be loaded
                # twice.
                if record is not None and record.bytes == end and record.events:
                    found = Tail(record, digest.copy())
        return found
