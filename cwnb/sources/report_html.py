"""The report of a load as HTML for notebooks: every value is text, whatever it contains."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from cwnb.plurals import counted
from cwnb.sources.report_text import (
    count_text,
    few,
    notes_of,
    refused_reasons,
    size_text,
    time_text,
    untimed_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.sources.report import FileReport, LoadReport

# A notebook file keeps its outputs, so a cell shows this many; `report.files` has all.
FILES_SHOWN = 20
# Lines of notes and of files that were not loaded.
_LINES_SHOWN = 10

_SOURCE = """
.cwnb-load {
  --cwnb-ink: var(--jp-ui-font-color1, var(--vscode-editor-foreground, #1f2328));
  --cwnb-soft: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #6b7280));
  --cwnb-line: var(--jp-border-color2, var(--vscode-widget-border, #d0d7de));
  color: var(--cwnb-ink); font-size: 13px; line-height: 1.45; max-width: 100%;
}
.cwnb-load .cwnb-load-summary { color: var(--cwnb-soft); margin: 2px 0 6px; }
.cwnb-load .cwnb-load-summary b { color: var(--cwnb-ink); font-weight: 600; }
.cwnb-load .cwnb-load-check {
  border: 1px solid #b7791f; border-left-width: 4px; border-radius: 3px;
  background: rgba(221,160,40,.13); padding: 5px 10px; margin: 4px 0 8px; max-width: 100ch;
}
.cwnb-load ul { margin: 2px 0 0; padding-left: 18px; }
.cwnb-load .cwnb-load-notes { color: var(--cwnb-soft); margin: 6px 0 2px; max-width: 100ch; }
.cwnb-load .cwnb-load-scroll { overflow-x: auto; max-width: 100%; padding-bottom: 2px; }
.cwnb-load .cwnb-load-scroll::-webkit-scrollbar { height: 9px; }
.cwnb-load .cwnb-load-scroll::-webkit-scrollbar-thumb {
  background: var(--cwnb-line); border-radius: 5px;
}
.cwnb-load.cwnb-own.cwnb-own table {
  border-collapse: collapse; border: 0; margin: 0; width: auto; table-layout: auto;
  font-size: 12.5px;
}
.cwnb-load.cwnb-own.cwnb-own table th, .cwnb-load.cwnb-own.cwnb-own table td {
  text-align: left; vertical-align: top; padding: 3px 14px 3px 6px; border: 0;
  white-space: nowrap; font-variant-numeric: tabular-nums; max-width: none;
}
.cwnb-load.cwnb-own.cwnb-own table thead th {
  box-shadow: inset 0 -1px var(--cwnb-line); font-weight: 600; color: var(--cwnb-ink);
}
.cwnb-load.cwnb-own.cwnb-own table .cwnb-number { text-align: right; }
"""
_CSS = re.sub(r"\s*\n\s*", "", re.sub(r"(?<=[:,{};])\s+|\s+(?=[{}])", "", _SOURCE))


def report_html(report: LoadReport) -> str:
    """Show what was loaded: counts, then what to check, then a line for each file, then notes."""
    good = [file for file in report.files if file.error is None]
    # The last two classes keep MathJax from reading `$a … $b` in a name as a formula.
    return (
        '<div class="cwnb-load cwnb-own tex2jax_ignore mathjax_ignore">'
        f"<style>{_CSS}</style>{_summary(report)}"
        f"{_box(_to_check(report, good))}{_table(good)}{_notes(report, good)}</div>"
    )


def _summary(report: LoadReport) -> str:
    if not report.events:
        return f'<div class="cwnb-load-summary"><b>nothing new</b> in {_text(report.group)}</div>'
    parts = [
        f"<b>{counted(report.events, 'event')}</b> into <b>{_text(report.group)}</b>",
        f"{time_text(report.first_ms)} to {time_text(report.last_ms)} UTC",
        size_text(report.bytes),
        f"{report.seconds:,.1f} s",
        f"load {_text(report.id)}" if report.id else "",
    ]
    return f'<div class="cwnb-load-summary">{" · ".join(filter(None, parts))}</div>'


def _to_check(report: LoadReport, good: list[FileReport]) -> list[str]:
    """Give what the user should look at before the events are asked anything."""
    lines = [untimed_text(good)]
    lines += [
        f"{counted(count, 'record')} refused: {reason} (at {places})"
        for count, reason, places in refused_reasons(report)
    ]
    lines += [f"not loaded: {error}" for _, error in report.errors[:_LINES_SHOWN]]
    if (more := len(report.errors) - _LINES_SHOWN) > 0:
        lines.append(f"{counted(more, 'more file')} not loaded, in report.errors")
    return [line for line in lines if line]


def _box(lines: list[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f'<div class="cwnb-load-check" role="note"><b>check this</b><ul>{items}</ul></div>'


def _notes(report: LoadReport, good: list[FileReport]) -> str:
    notes = [*report.notes, *notes_of(good, several=len(report.files) > 1)]
    if not notes:
        return ""
    shown = notes[:_LINES_SHOWN]
    if more := len(notes) - len(shown):
        shown.append(f"… and {counted(more, 'more note')}")
    items = "".join(f"<li>{_text(note)}</li>" for note in shown)
    return f'<div class="cwnb-load-notes">notes<ul>{items}</ul></div>'


def _streams(file: FileReport) -> str:
    """Name the streams of a file, but not the one that is called as the file is."""
    names = sorted(file.streams)
    return "" if names == [file.name.rpartition("/")[2]] else few(names)


# Heading, whether it is a number, and what a file has there; empty columns are left out.
_COLUMNS: tuple[tuple[str, bool, Callable[[FileReport], str]], ...] = (
    ("file", False, lambda file: file.name),
    ("format", False, lambda file: file.format),
    ("packed", False, lambda file: file.compression or ""),
    ("times", False, lambda file: file.time_form or ""),
    ("zone", False, lambda file: file.zone or ""),
    ("stream", False, _streams),
    ("lines", True, lambda file: count_text(file.lines)),
    ("blank", True, lambda file: count_text(file.blank)),
    ("events", True, lambda file: f"{file.events:,}" if file.loaded else ""),
    ("without a time", True, lambda file: count_text(file.untimed)),
    ("over the field limit", True, lambda file: count_text(file.capped)),
    ("refused", True, lambda file: count_text(file.refused_count)),
    ("first (UTC)", False, lambda file: time_text(file.first_ms)),
    ("last (UTC)", False, lambda file: time_text(file.last_ms)),
)


def _table(files: list[FileReport]) -> str:
    if not files:
        return ""
    shown = files[:FILES_SHOWN]
    columns = [
        (name, number, cells)
        for name, number, give in _COLUMNS
        if any(cells := [give(file) for file in shown])
    ]
    head = "".join(_cell("th", name, number) for name, number, _ in columns)
    rows = zip(
        *([_cell("td", text, number) for text in cells] for _, number, cells in columns),
        strict=True,
    )
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    more = len(files) - len(shown)
    below = (
        f'<div class="cwnb-load-notes">… and {more:,} more in report.files</div>' if more else ""
    )
    return (
        '<div class="cwnb-load-scroll">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{below}"
    )


def _cell(tag: str, text: str, number: bool) -> str:
    # Front ends take the style sheet out of notebooks that they do not trust; attributes stay.
    side = 'class="cwnb-number" align="right"' if number else 'style="text-align:left"'
    return f"<{tag} {side}>{_text(text)}</{tag}>"


def _text(text: str) -> str:
    """Escape text for HTML; what is invisible or turns the reading direction becomes its number."""
    shown = "".join(c if c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in text)
    return escape(shown)
