"""Where the events of a load go, and how the user wants its files to be read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.sources.clocks import Reading
from cwnb.sources.exports import ExportedStreams
from cwnb.sources.unpacking import MAX_RATIO

if TYPE_CHECKING:
    from cwnb.sources.bundle import Bundle
    from cwnb.sources.earlier import Earlier
    from cwnb.sources.layouts import Layout
    from cwnb.sources.openers import Input
    from cwnb.sources.report import FileReport
    from cwnb.store import LoadRecord


@dataclass(frozen=True)
class Target:
    """Where events go and how they are read: the store, the group, and the user's options."""

    store: Any
    group: str
    earlier: Earlier
    bundle: Bundle
    alone: bool
    stream: str | None = None
    format: str | None = None
    zone: str | int | None = None
    pattern: str | None = None
    time_field: str | None = None
    time_format: Layout | None = None
    unwrap: bool = False
    again: bool = False
    complete: bool = False
    max_ratio: float | None = MAX_RATIO
    exported: ExportedStreams = field(default_factory=ExportedStreams)
    # Files of which another process may have loaded the beginning meanwhile.
    once_more: list[tuple[Input, FileReport]] = field(default_factory=list)

    def reading(self, modified_ms: int | None) -> Reading:
        """Give the zone, and the time that stands in for the file's where it has none."""
        now_ms = self.store.clock.now_ms()
        file_ms = modified_ms if modified_ms is not None else now_ms
        return Reading(file_ms, self.zone, self.time_field, self.time_format)

    def reading_options(self) -> dict[str, Any]:
        """Give the user's options that change what is read of a file, as JSON can keep them."""
        options = {
            "format": self.format,
            "tz": self.zone,
            "pattern": self.pattern,
            "time_field": self.time_field,
            "time_format": self.time_format.core if self.time_format is not None else None,
            "unwrap": self.unwrap or None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def other_options(self, record: LoadRecord) -> list[str]:
        """Name the options that are not what they were when this content was loaded.

        None for loads of earlier versions, which did not keep them.
        """
        before = json.loads(record.tail_state or "{}").get("options")
        now = self.reading_options()
        if before is None:
            return []
        names = [*now, *(name for name in before if name not in now)]
        return [name for name in names if now.get(name) != before.get(name)]

    def stream_for(self, name: str, report: FileReport) -> str:
        """Give the stream's name: the user's, or the file's with what it may not have as `_`."""
        if self.stream is not None:
            return self.stream
        clean = re.sub("[:*]", "_", name)[-512:] or "stream"
        if clean != name:
            report.notes.append(f"the stream is called {clean!r}: a name has no ':' and no '*'")
        return clean
