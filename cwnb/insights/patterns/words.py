"""Cut a masked text into words, and write the words that are shared as a pattern.

Words are divided by white space and by what divides values in JSON: quotation marks, commas and
brackets. A key of JSON with its colon divides too, so that only values are compared; texts with
different keys are never of one pattern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cwnb.insights.patterns.mask import KINDS, PATH_MARK, TOKEN_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_KEY = re.compile(r'"[^"\s]*"\s*:')
_DIVIDERS = re.compile(r'((?:"[^"\s]*"\s*:|[\s"{}\[\],])+)')
_MARKS = "".join(KINDS)
# Characters beside letters and digits at which a word is not divided.
_INNER = f"{_MARKS}_/\\."
VARIABLE = re.compile(f"[0-9{_MARKS}]")
# Levels of logging, in any case.
LEVELS = frozenset(
    "trace debug info notice warn warning error err fatal critical severe alert emergency".split()
)
_ANY_MARK = re.compile(f"[{_MARKS}]")
# `a/b`, `/a` or `C:\a`, as a word or behind `=`.
_PATH = re.compile(rf"(?:[A-Za-z]:\\|[\w.\-{_MARKS}]*/)\S*")


def split(text: str) -> list[str]:
    """Cut a text into words and what divides them, in turn: a word first and last, maybe empty."""
    return _DIVIDERS.split(text)


def keys(text: str) -> tuple[str, ...]:
    """Give the keys of JSON in the order of the text."""
    return tuple(_KEY.findall(text)) if '":' in text or '" :' in text else ()


def shared(words: Iterable[str]) -> str:
    """Give what several different words of one place have in common, with one mark for the rest.

    A beginning and an end are kept up to a character that is no part of a word: `user=root`
    and `user=guest` are `user=` and a token. The mark is that of a path if all the rest are paths.
    """
    distinct = list(words)
    start = _common_start(distinct)
    ends = [word[len(start) :][::-1] for word in distinct]
    end = _common_start(ends)[::-1]
    rest = [word[len(start) : len(word) - len(end)] for word in distinct]
    mark = PATH_MARK if all(_PATH.fullmatch(part) for part in rest) else TOKEN_MARK
    return f"{start}{mark}{end}"


def _common_start(texts: Sequence[str]) -> str:
    """Give how all texts begin, up to a character that is no part of a word."""
    first, last = min(texts), max(texts)  # whatever these two share, all in between do
    length = next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    while length and (first[length - 1].isalnum() or first[length - 1] in _INNER):
        length -= 1
    return first[:length]


def written(pieces: Sequence[str]) -> str:
    """Write a pattern: its marks become `<Kind-n>`, numbered from 1."""
    number = 0

    def named(found: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return f"<{KINDS[found[0]]}-{number}>"

    return _ANY_MARK.sub(named, "".join(pieces))


def severity(pattern: str) -> str:
    """Give `ERROR`, `WARN` or `INFO` by the words of a pattern, in any case.

    Source: CWL_AnalyzeLogData_Patterns, which looks for "Error", then for "Warn".
    """
    text = pattern.lower()
    return "ERROR" if "error" in text else "WARN" if "warn" in text else "INFO"
