"""`parse`: extract fields from text by a glob or by the first match of a regex.

A row that does not match keeps missing fields; an empty capture is an empty text, which is present.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.insights.text.regex import to_re2
from cwnb.insights.values.numbers import string_bytes
from cwnb.regex import (
    escape,
    groups,
    only_named_groups,
    plain_names,
    with_openings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where the captures of one group begin and end, row by row.
Span = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]

# If the captures are more than 1/_DENSE of all bytes, a mask over all bytes extracts them faster.
_DENSE = 4
_NOWHERE = np.iinfo(np.int32).max


def parse_glob(
    text: pa.Array, pattern: str, count: int, needed: Sequence[bool] | None = None
) -> list[pa.Array]:
    """Give what each `*` of a glob matches, as `count` columns of text.

    The glob matches at the first possible place of the text. Each `*` matches as little as
    possible, a final one all the rest, including line ends. A glob without `*` gives the text after
    it. Columns that are not `needed` are all missing.
    """
    if "*" not in pattern:
        pattern += "*"
    literals = pattern.split("*")
    if len(literals) - 1 != count:
        raise MalformedQuery(f"{len(literals) - 1} wildcards in {pattern!r} but {count} names")
    if len(text) == 0 or text.null_count == len(text):
        return [pa.nulls(len(text), pa.string())] * count
    starts, data = string_bytes(text)
    first, last = int(starts[0]), int(starts[-1])
    starts, data = starts - first, data[first:last]
    wanted = [i for i in range(count) if needed is None or needed[i]]
    if _search_is_faster((last - first) / len(text), len(literals), len(wanted)):
        matched, found = _search(text, literals, wanted)
        spans = {i: (starts[:-1] + begin, starts[:-1] + end) for i, (begin, end) in found.items()}
    else:
        matched, chain = _chain(text, starts, data, [literal.encode() for literal in literals])
        spans = dict(enumerate(chain))
    absent = pa.nulls(len(text), pa.string())
    return [_cut(data, *spans[i], matched) if i in wanted else absent for i in range(count)]


def _search_is_faster(width: float, literals: int, wanted: int) -> bool:
    """Tell whether RE2 (`_search`) is faster than `_chain`, by an estimate in ns per row.

    `width` is the mean length of a row. `_chain` reads every byte once for each literal. RE2 stops
    where the match of a row ends, and takes extra time for each group.
    """
    chain = 0.8 * width * literals
    search = 160 + 90 * wanted + width
    return search < chain


def glob_regex(literals: list[str], wanted: list[int], *, stop_early: bool = False) -> str:
    """Give a glob, split at its `*`, as an RE2 pattern with a group for each `*` that is wanted.

    `stop_early`: each capture stops at the first character of the literal that follows it. RE2
    runs such a pattern twice as fast. What it finds is right if the match begins where the first
    literal occurs for the first time.
    """
    out = [escape(literals[0]) if literals[0] or not stop_early else r"\A"]
    for i, literal in enumerate(literals[1:], 1):
        if i == len(literals) - 1 and not literal:
            some = ".*"
        elif stop_early:
            some = f"[^{_in_class(literal[0])}]*" if literal else ""
        else:
            some = ".*?"
        group = f"(?P<g{i}>{some})" if i - 1 in wanted else some
        out.append(f"{group}{escape(literal)}")
    return "(?s)" + "".join(out)


def _in_class(character: str) -> str:
    return rf"\{character}" if character in r"\]^-[" else character.replace("\0", r"\x00")


def _search(
    text: pa.Array, literals: list[str], wanted: list[int]
) -> tuple[np.ndarray[Any, Any], dict[int, Span]]:
    """Match a glob by RE2; gives which rows match, and the spans, in bytes of each value."""
    # The first capture shows where a match begins, and so whether that is the first possible place.
    groups_asked = sorted({*wanted, *([0] if literals[0] or not wanted else [])})
    matched, spans = _spans(text, glob_regex(literals, groups_asked, stop_early=True))
    in_doubt = ~matched & text.is_valid().to_numpy(zero_copy_only=False)
    if literals[0]:
        first = pc.find_substring_regex(text, escape(literals[0])).fill_null(-1)
        places = first.to_numpy(zero_copy_only=False)
        late = matched & (spans[0][0] != places + len(literals[0].encode()))
        in_doubt = late | (in_doubt & (places >= 0))
    at = np.flatnonzero(in_doubt)
    if len(at):
        matched[at], slow = _spans(text.take(pa.array(at)), glob_regex(literals, groups_asked))
        for (begin, end), (slow_begin, slow_end) in zip(spans, slow, strict=True):
            begin[at], end[at] = slow_begin, slow_end
    return matched, dict(zip(groups_asked, spans, strict=True))


def _spans(text: pa.Array, pattern: str) -> tuple[np.ndarray[Any, Any], list[Span]]:
    """Give which rows match, and where each group begins and ends, in bytes of its row."""
    found = pc.extract_regex_span(text, pattern)
    matched = found.is_valid().to_numpy(zero_copy_only=False).copy()
    spans = []
    for i in range(found.type.num_fields):
        pairs = found.field(i).flatten().fill_null(0).to_numpy(zero_copy_only=False)
        pairs = pairs.reshape(-1, 2)
        spans.append((pairs[:, 0].copy(), pairs[:, 0] + pairs[:, 1]))
    return matched, spans


def _chain(
    text: pa.Array, starts: np.ndarray[Any, Any], data: np.ndarray[Any, Any], literals: list[bytes]
) -> tuple[np.ndarray[Any, Any], list[Span]]:
    """Match a glob by searching its literals, each at its first position after the one before."""
    # The first position of a literal is enough: if the rest of the glob does not match after it,
    # it does not match after a later position either.
    here, ends = starts[:-1], starts[1:]
    matched = text.is_valid().to_numpy(zero_copy_only=False)
    spans = []
    places = {literal: _positions(data, literal) for literal in {*literals} if literal}
    for i, literal in enumerate(literals):
        if not literal:
            place = ends if i == len(literals) - 1 else here
        else:
            place = _first_at_or_after(places[literal], here, starts)
            matched = matched & (place <= ends - len(literal))
        spans.append((here, place))
        here = np.where(matched, place + len(literal), ends)
    return matched, spans[1:]


def _positions(data: np.ndarray[Any, Any], literal: bytes) -> np.ndarray[Any, Any]:
    """Give every position of a literal in the bytes, by searching for its rarest byte."""
    if len(data) < len(literal):
        return np.zeros(0, dtype=np.int32)
    counts = np.bincount(data[: 1 << 16], minlength=256)
    rarest = min(range(len(literal)), key=lambda i: counts[literal[i]])
    places = np.flatnonzero(data == literal[rarest]).astype(np.int32)
    places -= rarest
    inside = (places >= 0) & (places <= len(data) - len(literal))
    if not inside.all():
        places = places[inside]
    for at, width in _words(len(literal)):
        # A view that has a word at every byte compares up to eight bytes at once.
        word = np.dtype(f"<u{width}")
        words = np.ndarray(len(data) - width + 1, word, data.data, strides=(1,))
        same = words[places + at] == np.frombuffer(literal, word, 1, at)
        if not same.all():
            places = places[same]
    return places


def _words(length: int) -> list[tuple[int, int]]:
    """Divide `length` bytes into words of 8, 4, 2 or 1 bytes, which may overlap.

    Gives (position, width) of each.
    """
    width = next(w for w in (8, 4, 2, 1) if w <= length)
    return [(at, width) for at in {*range(0, length - width, width), length - width}]


def _first_at_or_after(
    places: np.ndarray[Any, Any], here: np.ndarray[Any, Any], starts: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Give for each row the first of the ascending `places` that is at or after its `here`."""
    if len(places) == len(here):
        # Often each row has the literal exactly once, and then no search is needed.
        once = (places >= here) & (places < starts[1:])
        if once.all():
            return places
    return np.append(places, _NOWHERE)[np.searchsorted(places, here)]


def _cut(
    data: np.ndarray[Any, Any],
    begin: np.ndarray[Any, Any],
    end: np.ndarray[Any, Any],
    matched: np.ndarray[Any, Any],
) -> pa.Array:
    """Make a string array of the byte ranges, missing where not matched."""
    lengths = np.where(matched, end - begin, 0)
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    if int(offsets[-1]) * _DENSE > len(data):
        kept = _inside(len(data), begin, begin + lengths)
    else:
        kept = np.arange(offsets[-1], dtype=np.int32)
        kept += np.repeat(begin - offsets[:-1], lengths)
    valid = None if matched.all() else pa.array(matched).buffers()[1]
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(data[kept])]
    return pa.Array.from_buffers(pa.string(), len(matched), buffers)


def _inside(
    size: int, begin: np.ndarray[Any, Any], end: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Mark the bytes that lie in one of the ranges, which are in order and do not overlap."""
    filled = end > begin
    steps = np.zeros(size + 1, dtype=np.int8)
    # No two ranges begin at the same byte or end at the same byte.
    steps[begin[filled]] += 1
    steps[end[filled]] -= 1
    return np.cumsum(steps[:size], dtype=np.int8).view(bool)


def parse_regex(text: pa.Array, pattern: str) -> dict[str, pa.Array]:
    """Give the named groups of the first match; if no group has a name, all as g1, g2, …."""
    named = all_named(pattern)
    re2 = to_re2(named)
    found = pc.extract_regex(text, re2)
    columns = dict(zip((f.name for f in found.type), found.flatten(), strict=True))
    for group in groups(named):
        assert group.name is not None
        if group.optional:
            columns[group.name] = _without_unmatched(columns[group.name], group.name, text, re2)
    return columns


def all_named(pattern: str) -> str:
    """Give the pattern with named groups only, because Arrow extracts no others."""
    pattern = only_named_groups(pattern)
    names = [group.name or f"g{number}" for number, group in enumerate(groups(pattern), 1)]
    return plain_names(with_openings(pattern, [f"(?P<{name}>" for name in names]))


def _without_unmatched(column: pa.Array, name: str, text: pa.Array, re2: str) -> pa.Array:
    """Make captures of a group missing where the group took no part in the match.

    Arrow gives "" for them, as for a group that matched an empty text.
    """
    empty = pc.equal(column, "").fill_null(False)
    if not pc.any(empty).as_py():
        return column
    # A group that took no part in the match has no span.
    places = pc.extract_regex_span(text.filter(empty), re2)
    unmatched = pc.replace_with_mask(empty, empty, pc.struct_field(places, name).is_null())
    return pc.if_else(unmatched, pa.scalar(None, pa.string()), column)
