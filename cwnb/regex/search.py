"""Search text by regular expressions on RE2: no look-around, no back-references.

Arrow's kernels run RE2 over whole columns. Its speed depends on the first byte of the pattern
(RE2 finds a literal start by `memchr`). Therefore alternations are split, and even a literal is
searched with the regex kernel.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.regex.syntax import escape, tokens

# Flags at the start of a pattern, which hold for every part of an alternation.
_FLAGS = re.compile(r"\(\?[imsU]+\)")
# With more parts than this, one pass over the text is faster than one for each part.
_MOST_PARTS = 8
_SHORTEST_PREFIX = 2
# A search may look for the end of a literal instead of all of it, if that end has at least
# `_SHORTEST_END` characters, and its first byte is `_TIMES_RARER` times rarer in the text than the
# first byte of the literal.
_SHORTEST_END = 3
_TIMES_RARER = 2
# In fewer rows the bytes are not counted.
_ROWS_TO_SAMPLE = 1_000
_SAMPLE_ROWS = 64
_SAMPLE_CHARACTERS = 1 << 14


def reason_of_refusal(re2: str) -> str | None:
    """Say why RE2 does not take a pattern; None if it does."""
    try:
        # With an empty array Arrow would not compile the pattern; `pa.array` imports pandas.
        pc.match_substring_regex(pa.nulls(1, pa.string()), re2)
    except pa.ArrowInvalid as error:
        return str(error).removeprefix("Invalid regular expression: ")
    return None


def matches(text: pa.Array, re2: str) -> pa.Array:
    """Tell which texts have a match of an RE2 pattern; missing stays missing.

    `text`: strings, or a dictionary of strings.
    """
    return _search(text, _plan(re2))


def contains(text: pa.Array, literal: str, *, ignore_case: bool = False) -> pa.Array:
    """Tell which texts contain the literal; missing stays missing."""
    pattern = escape(literal)
    return _search(text, (f"(?i){pattern}" if ignore_case else pattern,))


def _find_literal(text: pa.Array, literal: str) -> pa.Array:
    """Tell which texts contain a literal, by searching first for an end of it.

    RE2 searches for the first byte of a literal, so a search is slow if this byte is frequent:
    `acquirer` takes twice as long as its end `quirer`, because `a` is frequent in most text.
    """
    end = _rarest_end(text, literal)
    found = pc.match_substring_regex(text, escape(end))
    if end == literal:
        return found
    rows = np.flatnonzero(np.asarray(found.fill_null(False) if found.null_count else found))
    if not len(rows):
        return found
    sure = pc.match_substring_regex(text.take(pa.array(rows)), escape(literal))
    mask = np.zeros(len(text), dtype=bool)
    mask[rows[np.asarray(sure)]] = True
    found_all = pa.array(mask)
    return pc.if_else(text.is_valid(), found_all, None) if text.null_count else found_all


def _rarest_end(text: pa.Array, literal: str) -> str:
    """Give the end of an ASCII literal that begins with the byte which is rarest in the text."""
    if len(literal) < _SHORTEST_END or not literal.isascii() or len(text) < _ROWS_TO_SAMPLE:
        return literal
    sample = "".join(filter(None, text.slice(0, _SAMPLE_ROWS).to_pylist()))[:_SAMPLE_CHARACTERS]
    seen = np.bincount(np.frombuffer(sample.encode(), np.uint8), minlength=256)
    first = min(range(len(literal) - _SHORTEST_END + 1), key=lambda i: seen[ord(literal[i])])
    # Searching the rows that contain the end for the whole literal takes time too.
    much_rarer = seen[ord(literal[first])] * _TIMES_RARER < seen[ord(literal[0])]
    return literal[first:] if much_rarer else literal


def _search(text: pa.Array, patterns: tuple[str, ...]) -> pa.Array:
    if pa.types.is_dictionary(text.type):
        if len(text.dictionary) <= len(text):
            return _search(text.dictionary, patterns).take(text.indices)
        text = text.dictionary_decode()
    found: Any = None
    for pattern in patterns:
        literal = literal_of(pattern)
        one = _find_literal(text, literal) if literal else pc.match_substring_regex(text, pattern)
        found = one if found is None else pc.or_(found, one)
    return found


@functools.lru_cache(maxsize=1024)
def _plan(re2: str) -> tuple[str, ...]:
    """Give patterns to search for one by one: the parts of an alternation, if that is faster.

    If all parts begin with the same byte, RE2 searches for that byte, and one pass is faster. If
    all begin with literals that differ, a pass for each part is faster. If one part does not begin
    with a literal, its own pass would be as slow as one for all.
    """
    flags = _FLAGS.match(re2)
    head = flags.group() if flags else ""
    parts = _alternatives(re2[len(head) :])
    if not 1 < len(parts) <= _MOST_PARTS or "i" in head:
        return (re2,)
    prefixes = [_literal_prefix(part) for part in parts]
    if any(len(prefix) < _SHORTEST_PREFIX for prefix in prefixes):
        return (re2,)
    if len({prefix[0] for prefix in prefixes}) == 1:
        return (re2,)
    return tuple(head + part for part in parts)


def _alternatives(pattern: str) -> list[str]:
    """Split at each `|` outside all groups; a pattern that sets flags in between is not split."""
    parts, depth, begin = [], 0, 0
    for token in tokens(pattern):
        if token.kind == "flags":
            return [pattern]
        depth += (token.kind == "open") - (token.kind == "close")
        if token.text == "|" and depth == 0:
            parts.append(pattern[begin : token.start])
            begin = token.end
    return [*parts, pattern[begin:]]


def _literal_prefix(pattern: str) -> str:
    """Give the literal text that every match of the pattern starts with."""
    prefix = ""
    for token in tokens(pattern):
        if token.text in tuple("?*{"):
            return prefix[:-1]
        if token.literal is None:
            break
        prefix += token.literal
    return prefix


@functools.lru_cache(maxsize=1024)
def literal_of(pattern: str) -> str | None:
    """Give the text that an RE2 pattern matches, if it matches one text only."""
    characters = [token.literal for token in tokens(pattern)]
    return None if None in characters else "".join(filter(None, characters))
