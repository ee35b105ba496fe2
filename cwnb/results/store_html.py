"""A store as a notebook shows it: its log groups, and how to go on."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from cwnb.plurals import counted
from cwnb.results.html import block, bytes_text, table_html
from cwnb.results.visible import visible
from cwnb.window import minute_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_GROUPS_SHOWN = 30
_NO_GROUPS = "no log groups yet; logs.load('access.log', group='/my/logs') makes one"


def store_html(path: str, groups: Sequence[Any], *, error: str = "") -> str:
    """Show a store's log groups, each a GroupInfo, and that `logs.explore()` opens the explorer.

    `error` says why they cannot be read.
    """
    events = sum(group.events for group in groups)
    size = sum(group.stored_bytes for group in groups)
    parts = [f"log store {path!r}", counted(len(groups), "log group")]
    parts += [counted(events, "event"), bytes_text(size)] if groups else []
    if error:
        parts = [parts[0], f"cannot be read: {error}"]
    head = escape(visible(" · ".join(parts)))
    inside = [f'<div class="cwnb-summary">{head}</div>']
    if groups:
        inside.append(table_html(_frame(groups[:_GROUPS_SHOWN])))
        if len(groups) > _GROUPS_SHOWN:
            more = len(groups) - _GROUPS_SHOWN
            inside.append(_line(f"… {more:,} more in <code>logs.groups()</code>"))
        inside.append(
            _line(
                "<code>logs.explore()</code> opens the explorer; "
                "<code>%%insights</code> asks in a cell"
            )
        )
    elif not error:
        inside.append(_line(escape(_NO_GROUPS)))
    return block("".join(inside))


def _frame(groups: Sequence[Any]) -> pd.DataFrame:
    rows = [
        {
            "log group": group.name,
            "events": group.events,
            "size": bytes_text(group.stored_bytes),
            "first event (UTC)": minute_text(group.first_ms),
            "last event (UTC)": minute_text(group.last_ms),
            "kept": (
                "for ever" if group.retention_days is None else f"{group.retention_days:,} days"
            ),
        }
        for group in groups
    ]
    return pd.DataFrame(rows)


def _line(html: str) -> str:
    return f'<div class="cwnb-more">{html}</div>'
