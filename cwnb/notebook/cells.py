"""Write the code of a cell that asks a query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Sequence


def cell_source(
    text: str,
    groups: Sequence[str],
    *,
    start: Any = None,
    end: Any = None,
    options: Sequence[str] = (),
) -> str:
    """Give a `%%insights` cell; times are datetimes, or text as the options take it."""
    words = [part for group in groups for part in ("-g", quoted(group))]
    for option, time in (("--start", start), ("--end", end)):
        if time is not None:
            words += [option, quoted(time_text(time))]
    return f"{' '.join(['%%insights', *words, *options])}\n{text.strip()}"


def quoted(word: str) -> str:
    """Write a word of the first line of a cell; raises InvalidParameter if that cannot be."""
    if not set(word) & set(" '\"{},"):
        return word
    sign = "'" if "'" not in word else '"'
    if sign in word:
        raise InvalidParameter(f"{word!r} cannot be written in the first line of a cell")
    return f"{sign}{word}{sign}"


def time_text(time: Any) -> str:
    """Write a time as `read_window` reads it: a datetime as ISO 8601 in UTC with milliseconds."""
    if isinstance(time, datetime):
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(time)
