"""Choose a parsing strategy for each event: none, blocks of JSON or of columns, or one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.store.discovery.blocks import may_be_objects, parse_together
from cwnb.store.discovery.discovered import Discovered, merge
from cwnb.store.discovery.lambda_lines import parse_lambda
from cwnb.store.discovery.one_by_one import discover_events
from cwnb.store.discovery.shapes import SHAPES, Columns
from cwnb.store.discovery.unnest import NameClash, unnest

if TYPE_CHECKING:
    from cwnb.store.discovery.syslog import SyslogLines

# Long enough that the fixed costs of a block do not count, short enough for the processor's cache.
_BLOCK_BYTES = 4 << 20
_BLOCK_ROWS = 65_536
# Fewer lines than this are parsed one by one: learning a schema would cost more.
_MIN_LINES = 256

# How an event that has fields can begin, by log type.
_JSON = r"^[ \t\r\n]*[\[{]"
_CANDIDATES = {
    None: _JSON + r"|^(?:START|END|REPORT) RequestId: |^2 |^1\.0 ",
    "vpc-flow": _JSON + r"|^2 ",
    "route53": _JSON + r"|^1\.0 ",
    "syslog": _JSON + r"|^<[0-9]|^[A-Z][a-z]{2} [ 0-9]|^[0-9]{4}-|%(?:ASA|FTD)-",
    "cloudtrail": _JSON,
    "json": _JSON,
}


def discover_all(messages: pa.Array, log_type: str | None) -> Discovered:
    """Discover block by block and put the blocks together."""
    if log_type == "text" or not len(messages):
        return Discovered()
    parts = [_discover_block(block, log_type) for block in _blocks(messages)]
    lengths = [len(block) for block in _blocks(messages)]
    return parts[0] if len(parts) == 1 else merge(parts, lengths)


def discover_written(messages: pa.Array, written: pa.Table, log_type: str | None) -> Discovered:
    """Discover messages that were written of these columns; see `discover`."""
    try:
        leaves, again = unnest(written)
    except NameClash:
        return discover_all(messages, log_type)
    rows = np.flatnonzero(~again)
    if not len(rows):
        return discover_all(messages, log_type)
    if len(rows) < len(again):
        leaves = {name: leaf.take(pa.array(rows)) for name, leaf in leaves.items()}
        leaves = {name: leaf for name, leaf in leaves.items() if leaf.null_count < len(leaf)}
    groups = [(rows, Discovered(leaves))]
    if again.any():
        groups.append((np.flatnonzero(again), discover_all(_chosen(messages, again), log_type)))
    return _interleave(groups, len(messages))


def _blocks(messages: pa.Array) -> list[pa.Array]:
    """Cut into slices of about 4 MB each."""
    if pa.types.is_large_string(messages.type):
        ends = np.frombuffer(messages.buffers()[1], np.int64)
    else:
        ends = np.frombuffer(messages.buffers()[1], np.int32)
    ends = ends[messages.offset : messages.offset + len(messages) + 1]
    blocks = []
    start = 0
    while start < len(messages):
        stop = int(np.searchsorted(ends, int(ends[start]) + _BLOCK_BYTES))
        stop = min(max(stop, start + 1), start + _BLOCK_ROWS, len(messages))
        blocks.append(messages.slice(start, stop - start).cast(pa.string()))
        start = stop
    return blocks


def _discover_block(messages: pa.Array, log_type: str | None) -> Discovered:
    if len(messages) < _MIN_LINES:
        return discover_events(messages, log_type)
    objects = may_be_objects(messages)
    one_by_one = ~objects
    if one_by_one.any() and (pattern := _CANDIDATES.get(log_type)):
        candidates = pc.match_substring_regex(messages, pattern)
        one_by_one &= candidates.to_numpy(zero_copy_only=False)
    groups: list[tuple[np.ndarray, Discovered]] = []
    one_by_one |= objects
    if objects.sum() >= _MIN_LINES:
        rows = np.flatnonzero(objects)
        for columns, parsed in parse_together(_chosen(messages, objects)):
            one_by_one[rows[parsed]] = False
            groups.append((rows[parsed], Discovered(columns)))
    for shape in SHAPES.get(log_type, ()):
        matching = _matching(messages, one_by_one, shape)
        if len(matching):
            one_by_one[matching] = False
            columns = shape.arrays(messages.take(pa.array(matching)))
            groups.append((matching, Discovered(columns)))
    if log_type == "lambda" and one_by_one.sum() >= _MIN_LINES:
        for columns, parsed in parse_lambda(messages, one_by_one):
            one_by_one[parsed] = False
            groups.append((parsed, Discovered(columns)))
    if one_by_one.any():
        found = discover_events(_chosen(messages, one_by_one), log_type)
        groups.append((np.flatnonzero(one_by_one), found))
    return _interleave(groups, len(messages))


def _matching(messages: pa.Array, rows: np.ndarray, shape: Columns | SyslogLines) -> np.ndarray:
    """Give the rows, of those marked in the mask `rows`, that have the shape.

    None if fewer than `_MIN_LINES` begin like it: these are parsed one by one.
    """
    may = rows & pc.starts_with(messages, shape.start).to_numpy(zero_copy_only=False)
    candidates = np.flatnonzero(may)
    if len(candidates) < _MIN_LINES:
        return candidates[:0]
    fits = pc.match_substring_regex(messages.take(pa.array(candidates)), shape.pattern)
    matching: np.ndarray = candidates[fits.to_numpy(zero_copy_only=False)]
    return matching


def _chosen(messages: pa.Array, mask: np.ndarray) -> pa.Array:
    return messages if mask.all() else messages.filter(pa.array(mask))


def _interleave(groups: list[tuple[np.ndarray, Discovered]], length: int) -> Discovered:
    """Put disjoint sets of events back into the order that they came in.

    Only here, when all events of the block are known, is it decided which fields are rare and which
    columns are dictionaries.
    """
    if not groups:
        return Discovered()
    rows = [rows for rows, _ in groups]
    parts = [found for _, found in groups]
    others = np.ones(length, bool)
    others[np.concatenate(rows)] = False
    if others.any():
        # Which fields are rare depends also on the events without fields.
        rows.append(np.flatnonzero(others))
        parts.append(Discovered())
    return merge(parts, [len(each) for each in rows], rows if len(rows) > 1 else None)
