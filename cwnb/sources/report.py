"""The report of a load: lines, events and refused records, of each file and in total."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cwnb.sources.report_html import report_html
from cwnb.sources.report_text import rows_of

# Refused records that are kept with their numbers; further ones are only counted, by reason.
REFUSED_KEPT = 100


@dataclass
class FileReport:
    """What became of one file, object or member of an archive.

    `records` = `events` + the sum of `refused_by_reason`. `refused` gives the first hundred as
    (line number, reason); in a JSON array or a table the number is the record's. Times are epoch
    milliseconds.
    """

    name: str
    stream: str = ""
    format: str = ""
    time_form: str | None = None
    zone: str | None = None
    compression: str | None = None
    encoding: str | None = None
    bytes: int = 0
    lines: int = 0
    blank: int = 0
    records: int = 0
    events: int = 0
    untimed: int = 0
    time_fields: dict[str, None] = field(default_factory=dict)
    first_ms: int | None = None
    last_ms: int | None = None
    capped: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    refused_by_reason: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    loaded: bool = False
    streams: set[str] = field(default_factory=set)

    def refuse(self, number: int, reason: str) -> None:
        """Count a record that becomes no event."""
        self.refused_by_reason[reason] += 1
        if len(self.refused) < REFUSED_KEPT:
            self.refused.append((number, reason))

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def count(self, stream: str, first_ms: int, last_ms: int, events: int) -> None:
        """Count events of one stream."""
        self.streams.add(stream)
        self.events += events
        self.first_ms = first_ms if self.first_ms is None else min(self.first_ms, first_ms)
        self.last_ms = last_ms if self.last_ms is None else max(self.last_ms, last_ms)

    def clear(self) -> None:
        """Forget all counts: nothing of this file was loaded now."""
        self.loaded = False
        self.bytes = self.lines = self.blank = self.records = 0
        self.events = self.untimed = self.capped = 0
        self.first_ms = self.last_ms = None
        self.refused.clear()
        self.refused_by_reason.clear()
        self.streams.clear()
        self.time_fields.clear()
        self.notes.clear()

    @property
    def refused_count(self) -> int:
        """Give how many records became no event."""
        return sum(self.refused_by_reason.values())


@dataclass
class LoadReport:
    """What a load did: sums over its files, and each file's own report in `files`.

    `id` names the load: `logs.unload(report)` takes it back, in a terminal `cwnb unload ID`.

    >>> report = logs.load("access.log.gz", group="/shop/web")
    >>> report.events, report.refused_by_reason, report.files[0].format
    """

    group: str
    files: list[FileReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    id: str = ""

    def _sum(self, name: str) -> int:
        return sum(getattr(file, name) for file in self.files if file.error is None)

    @property
    def events(self) -> int:
        """Give how many events are new in the group."""
        return self._sum("events")

    @property
    def records(self) -> int:
        """Give how many records the files had: events and refused ones."""
        return self._sum("records")

    @property
    def lines(self) -> int:
        """Give how many lines were read, blank ones too."""
        return self._sum("lines")

    @property
    def blank(self) -> int:
        """Give how many blank lines there were between records."""
        return self._sum("blank")

    @property
    def bytes(self) -> int:
        """Give the size of the content, unpacked."""
        return self._sum("bytes")

    @property
    def untimed(self) -> int:
        """Give how many events had no time of their own."""
        return self._sum("untimed")

    @property
    def capped(self) -> int:
        """Give how many events had more fields than are discovered (200)."""
        return self._sum("capped")

    @property
    def refused_count(self) -> int:
        """Give how many records became no event."""
        return self._sum("refused_count")

    @property
    def refused(self) -> list[tuple[str, int, str]]:
        """Give the first refused records as (file, line or record number, reason)."""
        return [(file.name, *item) for file in self.files for item in file.refused]

    @property
    def refused_by_reason(self) -> Counter[str]:
        """Count the refused records by reason."""
        total: Counter[str] = Counter()
        for file in self.files:
            if file.error is None:
                total.update(file.refused_by_reason)
        return total

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Give the files that could not be loaded, with the reason."""
        return [(file.name, file.error) for file in self.files if file.error is not None]

    @property
    def first_ms(self) -> int | None:
        """Give the time of the oldest event, or None."""
        return min((f.first_ms for f in self.files if f.first_ms is not None), default=None)

    @property
    def last_ms(self) -> int | None:
        """Give the time of the newest event, or None."""
        return max((f.last_ms for f in self.files if f.last_ms is not None), default=None)

    @property
    def formats(self) -> list[str]:
        """Name the formats that the files had."""
        return sorted({file.format for file in self.files if file.format})

    @property
    def streams(self) -> list[str]:
        """Name the streams that events went to."""
        return sorted(set().union(*(file.streams for file in self.files)))

    @property
    def events_per_second(self) -> float:
        """Give the speed of the whole load."""
        return self.events / self.seconds if self.seconds > 0 else 0.0

    def rows(self) -> list[tuple[str, str]]:
        """Give the report as pairs of a name and a text, empty values left out."""
        return rows_of(self)

    def __str__(self) -> str:
        rows = self.rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)

    def __repr__(self) -> str:
        bad = f", {len(self.errors)} not loaded" if self.errors else ""
        files = "1 file" if len(self.files) == 1 else f"{len(self.files):,} files"
        return (
            f"<LoadReport {self.group!r}: {self.events:,} events from {files},"
            f" {self.refused_count:,} refused{bad}>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002
        return {"text/plain": str(self), "text/html": report_html(self)}
