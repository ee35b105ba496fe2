"""Compare a file with earlier loads: the same content, or a file that has grown since."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cwnb.errors import SourceError
from cwnb.sources.unpacking import Fingerprinted, prefix_digest

if TYPE_CHECKING:
    from cwnb.sources.openers import Input
    from cwnb.store import LoadRecord

# Formats whose further lines can be read without the ones before.
TAIL_FORMATS = ("text", "ndjson")


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

    def check(self, item: Input, format: str, sample: bytes) -> None:
        """Raise SourceError where the tail cannot be loaded by itself."""
        state = self.state
        if not state.get("plain"):
            why = f"a {state.get('format', 'file')} file cannot be loaded by its tail"
        elif state["format"] != format:
            why = f"it was loaded as {state['format']!r} then"
        elif not state["ended"] and not sample.startswith((b"\n", b"\r\n")):
            why = "its last line was unfinished then"
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
        for record in records:
            self.add(record)

    def add(self, record: LoadRecord) -> None:
        """Remember a load, also one that has just been committed."""
        self._by_fingerprint[record.fingerprint] = record
        self._sizes.add(record.bytes)
        self._sizes_by_name.setdefault(record.name, set()).add(record.bytes)

    def same(self, fingerprint: str) -> LoadRecord | None:
        """Find the load of the same content; an empty file is like no other."""
        record = self._by_fingerprint.get(fingerprint)
        return record if record is not None and record.bytes else None

    def knows(self, key: str) -> bool:
        """Tell whether a file of this name was loaded."""
        return key in self._sizes_by_name

    def beginning(self, item: Input) -> Tail | None:
        """Find the longest earlier load that an unpacked file is, or that it begins with.

        Only loads of the same size or of the same name are compared, so a new file is not read
        twice.
        """
        size = item.size or 0
        sizes = {end for end in self._sizes_by_name.get(item.key, ()) if end < size}
        sizes |= self._sizes & {size}
        found: Tail | None = None
        if not sizes - {0}:
            return found
        with closing(item.open()) as raw:
            digest, at = None, 0
            for end in sorted(sizes - {0}):
                digest = prefix_digest(raw, end - at, digest)
                at = end
                record = self.same(digest.hexdigest())
                if record is not None and record.bytes == end:
                    found = Tail(record, digest.copy())
        return found

    def same_packed(self, item: Input, content: Fingerprinted) -> LoadRecord | None:
        """Find the load of the same content for a packed file whose name is known; reads it all."""
        if not self.knows(item.key):
            return None
        content.drain()
        return self.same(content.fingerprint)
