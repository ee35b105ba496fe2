"""The report of a load as lines of text, and the texts that its HTML has too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.sources.report import FileReport, LoadReport

# Places of refused records that are named for each reason.
_PLACES_NAMED = 5


def rows_of(report: LoadReport) -> list[tuple[str, str]]:
    """Give a report as pairs of a name and a text, empty values left out."""
    good = [file for file in report.files if file.error is None]
    rows = [
        ("no times", untimed_text(good)),
        ("group", report.group),
        ("load", report.id if report.events else ""),
        ("files", good[0].name if len(good) == 1 else f"{len(good):,}"),
        ("format", ", ".join(report.formats)),
        ("packed", ", ".join(sorted({f.compression for f in good if f.compression}))),
        ("times", ", ".join(sorted({f.time_form for f in good if f.time_form}))),
        ("zone", ", ".join(sorted({f.zone for f in good if f.zone}))),
        ("stream", few(report.streams)),
        ("events", f"{report.events:,}"),
        ("from", _moment(report.first_ms)),
        ("to", _moment(report.last_ms)),
        ("lines", count_text(report.lines)),
        ("blank lines", count_text(report.blank)),
        ("without a time", count_text(report.untimed)),
        ("over the field limit", count_text(report.capped)),
        ("size", size_text(report.bytes) if report.bytes else ""),
        ("speed", f"{report.events_per_second:,.0f} events/s" if report.events else ""),
        ("refused", count_text(report.refused_count)),
    ]
    rows += [
        ("", f"{count:,} x {reason} (at {places})")
        for count, reason, places in refused_reasons(report)
    ]
    rows += [("note", note) for note in report.notes]
    rows += [("note", note) for note in notes_of(good, several=len(report.files) > 1)]
    rows += [("not loaded", f"{name}: {error}") for name, error in report.errors]
    return [(name, text) for name, text in rows if text]


def untimed_text(files: list[FileReport]) -> str:
    """Say of which files most records have no time; that is the first thing to know of a load."""
    without = [file for file in files if file.untimed * 2 > file.events]
    if not without:
        return ""
    count, events = sum(f.untimed for f in without), sum(f.events for f in without)
    where = "" if len(files) == 1 else f" in {few([file.name for file in without])}"
    remedy = "time_field and time_format say where it stands"
    if fields := list(dict.fromkeys(name for file in without for name in file.time_fields)):
        verb = "holds" if len(fields) == 1 else "hold"
        remedy = (
            f"{few(list(map(repr, fields)))} {verb} times, and time_field names the one to read"
        )
    return (
        f"{count:,} of {events:,} records{where} have no time of their own, so they have that of"
        f" the record before or of the file; {remedy}"
    )


def refused_reasons(report: LoadReport) -> list[tuple[int, str, str]]:
    """Give each reason to refuse records: how many, why, and where the first of them are."""
    several = len(report.files) > 1
    found = []
    for reason, count in report.refused_by_reason.most_common():
        places = [
            f"{file}:{number}" if several else str(number)
            for file, number, why in report.refused
            if why == reason
        ][:_PLACES_NAMED]
        more = ", …" * (count > len(places))
        found.append((count, reason, f"{', '.join(places)}{more}"))
    return found


def notes_of(files: list[FileReport], *, several: bool) -> list[str]:
    """Give the notes of files, each once, and before it the files that have it."""
    names: dict[str, list[str]] = {}
    for file in files:
        for note in file.notes:
            names.setdefault(note, []).append(file.name)
    if not several:
        return list(names)
    return [f"{few(which)}: {note}" for note, which in names.items()]


def few(names: list[str]) -> str:
    """Join the first three of some names, and count the others."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def count_text(number: int) -> str:
    """Write a count, and nothing for 0."""
    return f"{number:,}" if number else ""


def time_text(when_ms: int | None) -> str:
    """Write a time in UTC, with milliseconds."""
    if when_ms is None:
        return ""
    try:
        moment = datetime.fromtimestamp(when_ms // 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{when_ms} ms"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{when_ms % 1000:03d}"


def size_text(count: float) -> str:
    """Write a number of bytes with a unit, in powers of a thousand."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return ""


def _moment(when_ms: int | None) -> str:
    return f"{time_text(when_ms)} UTC" if when_ms is not None else ""
