r"""`parse … logfmt`: the pairs `key=value` in a text.

    pair := key ['=' ('"' (character | '\' character)* '"' | characters without blanks)]

The service does not say more than this. A key alone has the text `true`, the last of a repeated key
counts, and what is no pair is passed over.
"""

from __future__ import annotations

import re

# What is in quotation marks: runs of other characters between escapes, for a choice at each
# character takes several times as long.
_QUOTED = r'[^"\\]* (?: \\. [^"\\]* )*'
_PAIR = re.compile(
    rf"""
    (?P<key> [^\s="]+ )
    (?P<value> = (?: (?P<mark> " ) (?P<quoted> {_QUOTED} ) (?: " | \\?\Z ) | (?P<bare> \S* ) ) )?
  | " {_QUOTED} (?: " | \\?\Z )
  | = \S*
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<character>.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_logfmt(text: str) -> dict[str, str] | None:
    """Give the pairs of a text, whose values are texts; None where it has none."""
    pairs: dict[str, str] = {}
    for key, value, mark, quoted, bare in _PAIR.findall(text):
        if not key:
            continue
        if mark:
            pairs[key] = _ESCAPE.sub(_unescaped, quoted) if "\\" in quoted else quoted
        else:
            pairs[key] = bare if value else "true"
    return pairs or None


def _unescaped(match: re.Match[str]) -> str:
    if match["code"] is not None:
        character = chr(int(match["code"], 16))
        # Half of a pair of UTF-16 is no character.
        return "\ufffd" if "\ud800" <= character <= "\udfff" else character
    return _ESCAPES.get(match["character"], match["character"])
