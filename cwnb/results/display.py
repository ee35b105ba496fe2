"""A result as text, and as what a notebook shows and keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.results.emptiness import reasons_beside_warnings
from cwnb.results.html import ROWS_SHOWN, result_html, rows_left_out, summary
from cwnb.results.static_fallback import with_view

if TYPE_CHECKING:
    from cwnb.results.result import QueryResult


def result_text(result: QueryResult, *, rows: int = ROWS_SHOWN) -> str:
    """Write what was scanned, the warnings, and the first rows; with `rows=0` none of them.

    For an answer without rows, one line more says why, unless a warning has said it.
    """
    lines = [" · ".join(summary(len(result), result.statistics, result.window))]
    lines += [f"warning: {warning}" for warning in result.warnings]
    lines += reasons_beside_warnings(result)
    if rows == 0 and len(result):
        return "\n".join([*lines, rows_left_out(len(result))])
    return "\n".join([*lines, result.to_text(max_rows=rows)])


def mime_bundle(result: QueryResult, *, rows: int = ROWS_SHOWN, view: str = "") -> dict[str, str]:
    """Give the result in the forms that a notebook keeps, each with at most `rows` rows.

    `view` names the live view that follows in the cell: the HTML is hidden while that is there.
    """
    html = result_html(result, rows=rows, reasons=reasons_beside_warnings(result))
    return {
        "text/plain": result_text(result, rows=rows),
        "text/html": with_view(html, view) if view else html,
    }
