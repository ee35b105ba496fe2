"""Make control characters and invisible characters visible, because log lines are hostile input."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Every character that is invisible or changes the text around it: controls (ANSI sequences
# begin with one), bidirectional marks and overrides, zero-width and tag characters, line and
# paragraph separators, lone surrogates, and letters that are drawn as empty space.
_ODD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)


_CONTROLS = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI "
    "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
).split()


def mark(character: str) -> str:
    """Give the visible form of an odd character: `⟨ESC⟩`, or `⟨U+202E⟩` if it has no short name."""
    code = ord(character)
    return f"⟨{_CONTROLS[code]}⟩" if code < len(_CONTROLS) else f"⟨U+{code:04X}⟩"


def visible(text: str, *, keep: str = "", shown: Callable[[str], str] = mark) -> str:
    """Replace every odd character by the text that `shown` gives for it, except those in `keep`."""
    return _ODD.sub(lambda match: match[0] if match[0] in keep else shown(match[0]), text)


def one_line(text: str) -> str:
    """Make text fit one line of a terminal: line ends become `↵`, tabs a space."""
    if _ODD.search(text) is None:
        return text
    return visible(text.replace("\r\n", "↵").replace("\n", "↵").replace("\t", " "))


def columns_wide(text: str) -> int:
    """Count the terminal columns that text takes: East Asian letters take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def cut(text: str, width: int) -> str:
    """Cut text to `width` terminal columns, with `…` at the end if something is lost."""
    if columns_wide(text) <= width:
        return text
    taken, used = [], 0
    for character in text:
        used += _character_width(character)
        if used > width - 1:
            break
        taken.append(character)
    return "".join(taken) + "…"


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
