"""The report of a load: lines, events and refused records, of each file and in total."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any

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
    compression: str | None = None
    encoding: str | None = None
    bytes: int = 0
    lines: int = 0
    blank: int = 0
    records: int = 0
    events: int = 0
    untimed: int = 0
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
        good = [file for file in self.files if file.error is None]
        rows = [
            ("no times", _untimed(good)),
            ("group", self.group),
            ("load", self.id if self.events else ""),
            ("files", _files(good)),
            ("format", ", ".join(self.formats)),
            ("packed", ", ".join(sorted({f.compression for f in good if f.compression}))),
            ("times", ", ".join(sorted({f.time_form for f in good if f.time_form}))),
            ("stream", _few(self.streams)),
            ("events", f"{self.events:,}"),
            ("from", _time(self.first_ms)),
            ("to", _time(self.last_ms)),
            ("lines", _count(self.lines)),
            ("blank lines", _count(self.blank)),
            ("without a time", _count(self.untimed)),
            ("over the field limit", _count(self.capped)),
            ("size", _size(self.bytes)),
            ("speed", f"{self.events_per_second:,.0f} events/s" if self.events else ""),
            ("refused", _count(self.refused_count)),
        ]
        several = len(self.files) > 1
        for reason, count in self.refused_by_reason.most_common():
            places = [
                f"{file}:{number}" if several else str(number)
                for file, number, why in self.refused
                if why == reason
            ]
            more = ", …" if count > len(places[:5]) else ""
            rows.append(("", f"{count:,} x {reason} (at {', '.join(places[:5])}{more})"))
        rows += [("note", note) for note in self.notes]
        rows += [("note", note) for note in _notes_of(good, several=several)]
        rows += [("not loaded", f"{name}: {error}") for name, error in self.errors]
        return [(name, text) for name, text in rows if text]

    def __str__(self) -> str:
        rows = self.rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)

    def __repr__(self) -> str:
        bad = f", {len(self.errors)} not loaded" if self.errors else ""
        return (
            f"<LoadReport {self.group!r}: {self.events:,} events from {len(self.files)} files,"
            f" {self.refused_count:,} refused{bad}>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002
        cells = "".join(
            f'<tr><th style="text-align:left;font-weight:600">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for name, text in self.rows()
        )
        return {"text/plain": str(self), "text/html": f"<table><tbody>{cells}</tbody></table>"}


def _untimed(files: list[FileReport]) -> str:
    """Say of which files most records have no time; that is the first thing to know of a load."""
    without = [file for file in files if file.untimed * 2 > file.events]
    if not without:
        return ""
    count, events = sum(f.untimed for f in without), sum(f.events for f in without)
    where = "" if len(files) == 1 else f" in {_few([file.name for file in without])}"
    return (
        f"{count:,} of {events:,} records{where} have no time of their own, so they have that of"
        " the record before or of the file; time_field and time_format say where it stands"
    )


def _files(files: list[FileReport]) -> str:
    if len(files) == 1:
        return files[0].name
    return f"{len(files):,}"


def _notes_of(files: list[FileReport], *, several: bool) -> list[str]:
    """Give the notes of files, each once, and before it the files that have it."""
    names: dict[str, list[str]] = {}
    for file in files:
        for note in file.notes:
            names.setdefault(note, []).append(file.name)
    if not several:
        return list(names)
    return [f"{_few(which)}: {note}" for note, which in names.items()]


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _time(when_ms: int | None) -> str:
    if when_ms is None:
        return ""
    try:
        moment = datetime.fromtimestamp(when_ms // 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{when_ms} ms"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{when_ms % 1000:03d} UTC"


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return ""
