"""Answers as HTML, for notebooks: every value is text, whatever it contains."""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

from cwnb.plurals import counted
from cwnb.results.rendering import is_number, render
from cwnb.results.static_fallback import with_view
from cwnb.results.style import CSS
from cwnb.results.visible import mark, one_line, visible
from cwnb.results.zones import UTC_NAME, shown_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandas import DataFrame

# A notebook file stores its outputs, so a cell shows this much; `result.df` has everything.
ROWS_SHOWN = 50
COLUMNS_SHOWN = 60
# Characters: a text longer than `_WHOLE_UP_TO`, or of several lines, is folded to its first
# `_BEGIN`, of which a browser shows two lines. Opened, it shows up to `_TEXT_SHOWN`.
_WHOLE_UP_TO = 100
_BEGIN = 220
_LINES = 2
_TEXT_SHOWN = 5_000
_UNBROKEN = 48  # shorter texts, such as names and addresses, are not broken over two lines
_PRETTY_INDENT = "  "
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def result_html(result: Any, *, rows: int = ROWS_SHOWN, reasons: Sequence[str] = ()) -> str:
    """Show a result: what was scanned, warnings in a box, and the first rows, or none for 0.

    `reasons`: sentences that say why there are no rows, in the place of these.
    """
    if reasons:
        table = "".join(map(_note, reasons))
    elif rows == 0 and len(result.df):
        table = f'<div class="cwnb-more">{rows_left_out(len(result.df))}</div>'
    else:
        table = table_html(result.df, rows=rows, tz=result.tz)
    return block("".join([summary_html(result), *_warnings(result.warnings), table]))


def rows_left_out(count: int) -> str:
    """Say that a notebook keeps none of the rows."""
    setting = "%config Cwnb.save_rows = 0"
    return f"{counted(count, 'row')} in .df; {setting} keeps them out of the notebook"


def summary_html(result: Any) -> str:
    """Show in one line how many rows came out of how many events, bytes and milliseconds."""
    first, *rest = summary(len(result.df), result.statistics, result.window)
    text = " · ".join([f"<b>{escape(first)}</b>", *(escape(part) for part in rest)])
    return f'<div class="cwnb-summary">{text}</div>'


def summary(rows: int, statistics: dict[str, Any], window: str = "") -> list[str]:
    """Give the parts of the line above a table: `8 rows`, `1.2 MB scanned`, …, the window."""
    parts = [counted(rows, "row")]
    scanned = int(statistics.get("recordsScanned") or 0)
    matched = int(statistics.get("recordsMatched") or 0)
    parts.append(f"{matched:,} of {counted(scanned, 'record')} matched")
    if "bytesScanned" in statistics:
        parts.append(f"{bytes_text(statistics['bytesScanned'])} scanned")
    if skipped := int(statistics.get("estimatedRecordsSkipped") or 0):
        parts.append(f"{counted(skipped, 'record')} skipped")
    if statistics.get("elapsedMs") is not None:
        parts.append(elapsed_text(statistics["elapsedMs"]))
    if window:
        parts.append(window)
    return parts


def bytes_text(count: float) -> str:
    """Write a number of bytes with a unit: `1.2 MB`, in powers of a thousand."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def elapsed_text(elapsed_ms: float) -> str:
    """Write a duration with a unit: `45 ms`, `1.3 s`."""
    return f"{elapsed_ms:.0f} ms" if elapsed_ms < 999.5 else f"{elapsed_ms / 1000:.1f} s"


def table_html(
    df: DataFrame, *, rows: int = ROWS_SHOWN, columns: int = COLUMNS_SHOWN, tz: str = UTC_NAME
) -> str:
    """Show the first rows of a frame, times in a zone; what is left out is counted underneath."""
    if df.shape[1] == 0 or len(df) == 0:
        return '<div class="cwnb-more">no rows</div>'
    shown = shown_in(df.iloc[:rows, :columns], tz)
    numeric = [is_number(shown.iloc[:, i]) for i in range(shown.shape[1])]
    head = "".join(
        _cell("th", _text(one_line(str(name))), right)
        for name, right in zip(shown.columns, numeric, strict=True)
    )
    cells = [
        [_cell("td", _value_html(value), right) for value in shown.iloc[:, i].tolist()]
        for i, right in enumerate(numeric)
    ]
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*cells, strict=True))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="cwnb-scroll">{table}</div>{_left_out(df, shown)}'


def explanation_html(
    steps: Iterable[dict[str, Any]],
    *,
    title: str = "",
    warnings: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """Show a pipeline as it ran, one row per step.

    A step has `text`, and, where they were measured, `rows_in`, `rows_out`, `ms` and `bytes`.
    `notes` stand below.
    """
    columns = {"rows_in": "rows in", "rows_out": "rows out", "ms": "ms", "bytes": "bytes read"}
    rows = list(steps)
    used = {key: name for key, name in columns.items() if any(r.get(key) is not None for r in rows)}
    head = _cell("th", "command as run", False) + "".join(
        _cell("th", name, True) for name in used.values()
    )
    body = "".join(
        f"<tr>{_cell('td', _code(str(row['text'])), False)}"
        + "".join(_cell("td", escape(_measured(key, row.get(key))), True) for key in used)
        + "</tr>"
        for row in rows
    )
    above = f'<div class="cwnb-summary">{escape(title)}</div>' if title else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    below = "".join(map(_note, notes))
    shown = f'<div class="cwnb-scroll">{table}</div>'
    return block(f"{above}{''.join(_warnings(warnings))}{shown}{below}")


def event_html(table: DataFrame) -> str:
    """Show one event: a line per field, its name and its value."""
    return block(table_html(table, rows=len(table)))


def line_html(text: str) -> str:
    """Show one line of text, such as the name of the variable that a magic has stored."""
    return block(f'<div class="cwnb-summary">{escape(visible(text))}</div>')


def code_html(text: str, code: str, *, view: str = "") -> str:
    """Show a line of text, and below it code to be copied; see `with_view` for `view`."""
    said = f'<div class="cwnb-summary">{escape(visible(text))}</div>'
    html = block(f"{said}<pre>{_text(code)}</pre>")
    return with_view(html, view) if view else html


def block(inside: str) -> str:
    """Give HTML with the look of our outputs; `inside` is escaped already."""
    # The last two classes keep MathJax from reading `$HOME … $PATH` as a formula.
    classes = "cwnb-result cwnb-own tex2jax_ignore mathjax_ignore"
    return f'<div class="{classes}"><style>{CSS}</style>{inside}</div>'


def _note(text: str) -> str:
    return f'<div class="cwnb-more">{_text(visible(text))}</div>'


def _warnings(warnings: Sequence[str]) -> list[str]:
    if not warnings:
        return []
    items = "".join(f"<li>{_text(visible(warning))}</li>" for warning in warnings)
    word = "warning" if len(warnings) == 1 else counted(len(warnings), "warning")
    return [f'<div class="cwnb-warnings" role="note"><b>{word}</b><ul>{items}</ul></div>']


def _cell(tag: str, inside: str, right: bool) -> str:
    # JupyterLab and GitHub take the style sheet out of notebooks that they do not trust; these
    # attributes stay, and each outweighs the default of one of them.
    side = 'class="cwnb-number" align="right"' if right else 'style="text-align:left"'
    return f"<{tag} {side}>{inside}</{tag}>"


def _value_html(value: Any) -> str:
    text = render(value)
    if not text:
        return ""
    if not isinstance(value, str):
        return f'<span class="cwnb-plain">{_text(text)}</span>'
    if len(text) <= _WHOLE_UP_TO and "\n" not in text:
        return _code(text)
    return _folded(text)


def _folded(text: str) -> str:
    """Show the beginning, and the whole (JSON indented) when the reader opens it."""
    lines = text.split("\n")[:_LINES]
    begin = "\n".join(lines)[:_BEGIN].rstrip()
    whole = indented(text) if len(text) <= _TEXT_SHOWN else text[:_TEXT_SHOWN]
    rest = len(text) - _TEXT_SHOWN
    more = f'<div class="cwnb-more">… {rest:,} more characters</div>' if rest > 0 else ""
    return (
        f'<details><summary><span class="cwnb-begin">{_code(f"{begin}…")}</span></summary>'
        f"{_code(whole)}{more}</details>"
    )


def indented(text: str) -> str:
    """Indent a JSON object or array by adding white space alone: values stay as written.

    Any other text stays as it is.
    """
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    pieces: list[str] = []
    depth = 0
    tokens = _JSON_TOKEN.findall(text)
    for i, piece in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else ""
        if piece in "{[" and following not in "}]":
            depth += 1
            pieces.append(f"{piece}\n{_PRETTY_INDENT * depth}")
        elif piece == ",":
            pieces.append(f",\n{_PRETTY_INDENT * depth}")
        elif piece == ":":
            pieces.append(": ")
        else:
            pieces.append(piece)
        if following and following in "}]" and piece not in "{[":
            depth -= 1
            pieces.append(f"\n{_PRETTY_INDENT * depth}")
    return "".join(pieces)


def _code(text: str) -> str:
    # `bdi` keeps right-to-left text from reordering what stands beside it.
    short = " cwnb-short" * (len(text) <= _UNBROKEN and "\n" not in text)
    return f'<bdi class="cwnb-text{short}">{_text(text)}</bdi>'


def _text(text: str) -> str:
    """Escape text for HTML and mark its odd characters; line ends and tabs stay."""
    # Escaping comes first, because it neither adds nor removes an odd character.
    return visible(
        escape(text.replace("\r\n", "\n")),
        keep="\n\t",
        shown=lambda c: f'<span class="cwnb-odd" title="U+{ord(c):04X}">{mark(c)}</span>',
    )


def _left_out(df: DataFrame, shown: DataFrame) -> str:
    parts = []
    if more := len(df) - len(shown):
        parts.append(counted(more, "more row"))
    if more := df.shape[1] - shown.shape[1]:
        parts.append(counted(more, "more column"))
    if not parts:
        return ""
    return f'<div class="cwnb-more">… {" and ".join(parts)} in <code>.df</code></div>'


def _measured(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key == "bytes":
        return bytes_text(value)
    return f"{value:,.1f}" if key == "ms" else f"{value:,}"
