"""`parse … multi`: a row for every match of a regex, with its groups.

Arrow can replace all matches of RE2 but not list them. So each match is replaced by itself between
two separators, and the text is split at these.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.insights.text.extraction import all_named
from cwnb.insights.text.regex import to_re2
from cwnb.insights.values.numbers import string_bytes
from cwnb.regex import groups, tokens

# The groups that RE2's replacement text can refer to: `\1` to `\9`.
_MOST_GROUPS = 9


def parse_multi(text: pa.Array, pattern: str) -> tuple[np.ndarray[Any, Any], dict[str, pa.Array]]:
    """Give a row per match of a pattern: the row it comes from, and its groups.

    Rows come in order. A row without a match comes once, with its fields missing; a group that took
    no part in a match is missing in its row.
    """
    named = all_named(pattern)
    re2 = to_re2(named)
    found_groups = groups(named)
    names = [group.name or "" for group in found_groups]
    if len(names) > _MOST_GROUPS:
        raise MalformedQuery(f"'multi' takes at most {_MOST_GROUPS} groups, not {len(names)}")
    # Arrow can replace all matches but not list them. So each match is replaced by itself and its
    # groups, with separators that do not occur in the text; between them stands the other text.
    edge, comma = _unused(text)
    marked = edge + comma.join(rf"\{i}" for i in range(len(names) + 1)) + edge
    replaced = pc.replace_substring_regex(text, re2, marked)
    parts = pc.split_pattern(replaced.fill_null(""), edge)
    offsets = parts.offsets.to_numpy()
    matches = (np.diff(offsets) - 1) // 2
    rows = np.repeat(np.arange(len(text)), np.maximum(matches, 1))
    kept = np.maximum(matches, 1)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(kept) - kept, kept)
    there = np.repeat(matches > 0, kept)
    # The parts of a row are: text, match, text, match, …, text.
    at = offsets[:-1][rows] - offsets[0] + 2 * nth + 1
    found = parts.flatten().take(pa.array(np.where(there, at, 0), mask=~there))
    split = _padded(pc.split_pattern(found, comma), len(names) + 1)
    whole = pc.list_element(split, 0)
    columns = {name: pc.list_element(split, i) for i, name in enumerate(names, 1)}
    doubtful = []
    for group, name in zip(found_groups, names, strict=True):
        if not group.optional:
            continue
        # RE2 replaces a group that took no part by "", as one that matched an empty text.
        if _matches_nothing(group.body):
            doubtful.append(name)
        else:
            column = columns[name]
            columns[name] = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    if doubtful:
        first = offsets[:-1][rows] - offsets[0]
        starts = _starts(parts.flatten(), whole.filter(pa.array(there)), at[there], first[there])
        matches_there = _Matches(text, rows[there], starts, whole.filter(pa.array(there)))
        _tell_apart(columns, doubtful, matches_there, np.flatnonzero(there), re2)
    return rows.astype(np.int64), columns


@dataclass
class _Matches:
    """Matches in texts: the row of each, its first byte there, and what matched."""

    text: pa.Array
    rows: np.ndarray[Any, Any]
    starts: np.ndarray[Any, Any]
    whole: pa.Array

    def surroundings(self, place: int, *, to_the_end: bool) -> tuple[str, str]:
        """Give the character before a match, if any, and the match, or all that follows too."""
        data = self.text[int(self.rows[place])].as_py().encode()
        start = int(self.starts[place])
        length = len(data) if to_the_end else len(self.whole[place].as_py().encode())
        before = data[max(0, start - 4) : start].decode("utf-8", "ignore")
        return before[-1:], data[start : start + length].decode("utf-8", "ignore")


def _starts(
    parts: pa.Array, whole: pa.Array, at: np.ndarray[Any, Any], first: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Give the byte at which each match begins, by the lengths of all that comes before it.

    `at` is the part of each match, `first` the first part of its row.
    """
    lengths = pc.binary_length(parts).to_numpy(zero_copy_only=False).astype(np.int64)
    lengths[at] = pc.binary_length(whole).to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(lengths)])
    starts: np.ndarray[Any, Any] = before[at] - before[first]
    return starts


def _tell_apart(
    columns: dict[str, pa.Array],
    doubtful: list[str],
    matches: _Matches,
    places: np.ndarray[Any, Any],
    re2: str,
) -> None:
    """Make a group that took no part in its match missing; so far it is "", as an empty capture is.

    Each match in doubt is matched again by itself, together with the character before it and, where
    the pattern looks at it, the text after it. `places`: the rows of the matches in `columns`.
    """
    nothing = {name: np.zeros(len(columns[name]), dtype=bool) for name in doubtful}
    empty = {name: np.asarray(pc.equal(columns[name], "").fill_null(False)) for name in doubtful}
    again = np.flatnonzero(np.any([column[places] for column in empty.values()], axis=0))
    # Only these look at the text after a match.
    to_the_end = any(token.text in {"$", r"\b", r"\B", r"\z"} for token in tokens(re2))
    texts = [matches.surroundings(int(number), to_the_end=to_the_end) for number in again]
    for opening, has_before in (("", False), ("(?s:.)", True)):
        some = [i for i, (before, _) in enumerate(texts) if bool(before) == has_before]
        if some:
            joined = pa.array(["".join(texts[i]) for i in some], pa.string())
            spans = pc.extract_regex_span(joined, rf"\A{opening}(?:{re2})")
            for name in doubtful:
                out = np.asarray(pc.struct_field(spans, name).is_null())
                nothing[name][places[again[some][out]]] = True
    for name in doubtful:
        mask = pa.array(nothing[name] & empty[name])
        columns[name] = pc.if_else(mask, pa.scalar(None, pa.string()), columns[name])


@functools.lru_cache(maxsize=256)
def _matches_nothing(pattern: str) -> bool:
    """Tell whether a pattern matches the empty text."""
    found = pc.match_substring_regex(pa.array([""]), rf"\A(?:{pattern})\z")
    return bool(found[0].as_py())


def _padded(lists: pa.Array, width: int) -> pa.Array:
    """Replace missing lists by lists of missing values, which list_element needs."""
    if not lists.null_count:
        return lists
    nothing = pa.array([[None] * width], lists.type)
    return pc.if_else(lists.is_valid(), lists, nothing[0])


def _unused(text: pa.Array) -> tuple[str, str]:
    """Find two characters that occur nowhere in the text."""
    starts, data = string_bytes(text)
    used = np.bincount(data[int(starts[0]) : int(starts[-1])], minlength=256)
    free = [chr(code) for code in (*range(1, 9), *range(14, 32), 127) if not used[code]]
    code = 0xE000
    while len(free) < 2:
        if not pc.any(pc.match_substring(text, chr(code))).as_py():
            free.append(chr(code))
        code += 1
    return free[0], free[1]
