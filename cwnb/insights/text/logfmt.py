r"""`parse … logfmt`: the pairs `key=value` in a text.

    pair := key ['=' ('"' (character | '\' character)* '"' | characters without blanks)]

The service does not say more than this. A key alone has the text `true`, the last of a repeated key
counts, and what is no pair is passed over.
"""

from __future__ import annotations

import re

_PAIR = re.compile(
    r"""
    (?P<key> [^\s="]+ ) (?: = (?: "(?P<quoted> (?: [^"\\] | \\. )* ) (?: " | \\?\Z )
                                | (?P<bare> \S* ) ) )?
  | " (?: [^"\\] | \\. )* (?: " | \\?\Z )
  | = \S*
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<character>.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_logfmt(text: str) -> dict[str, str] | None:
    """Give the pairs of a text, whose values are texts; None where it has none."""
    pairs: dict[str, str] = {}
    for match in _PAIR.finditer(text):
        key, quoted, bare = match["key"], match["quoted"], match["bare"]
        if key is None:
            continue
        if quoted is not None:
            pairs[key] = _ESCAPE.sub(_unescaped, quoted) if "\\" in quoted else quoted
        else:
            pairs[key] = "true" if bare is None else bare
    return pairs or None


def _unescaped(match: re.Match[str]) -> str:
    if match["code"] is not None:
        character = chr(int(match["code"], 16))
        # Half of a pair of UTF-16 is no character.
        return "\ufffd" if "\ud800" <= character <= "\udfff" else character
    return _ESCAPES.get(match["character"], match["character"])
