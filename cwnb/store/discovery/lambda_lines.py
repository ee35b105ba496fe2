"""The strategy for lines of Lambda functions: expressions over all lines of a block at once.

It gives what `shapes.lambda_fields` and `shapes.lambda_application_fields` give, for lines of ASCII
alone, of which RE2 and Python have one opinion. A line that is in no answer is to be parsed by
itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import FIELDS_PER_EVENT
from cwnb.store.discovery.blocks import Parsed, may_be_objects, parse_together
from cwnb.store.discovery.shapes import MEGABYTE, UUID

if TYPE_CHECKING:
    Mask = np.ndarray

# White space of ASCII, as Python has it.
_S = r"[ \t-\r\x1c-\x1f]"
_NOT_S = r"[^ \t-\r\x1c-\x1f]"
_JSON_BEGINS = r"^[ \t\r\n]*[\[{]"
_START_OR_END = r"^(?P<type>START|END) RequestId: (?P<id>[0-9a-z-]{36})\b"
# Numbers of more digits are left to Python, whose integers have no limit.
_NUMBER = r"\d{1,12}(?:\.\d{1,12})?"
_REPORT = (
    r"^REPORT RequestId: (?P<id>[0-9a-z-]{36})@+"
    rf"Duration: (?P<duration>{_NUMBER}) ms@+Billed Duration: (?P<billed>{_NUMBER}) ms@+"
    r"Memory Size: (?P<memory>\d{1,9}) MB@+Max Memory Used: (?P<used>\d{1,9}) MB"
    rf"(?:@+Init Duration: (?P<init>{_NUMBER}) ms)?"
).replace("@", _S)
_LONG_NUMBER = r"(?s)^REPORT .*[0-9]{9}"
# Where a line that has its id in no column may have it.
_IDS = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z " + rf"(?P<id>{UUID}) ",
    rf"RequestId: (?P<id>{UUID})\b",
)
_ID_BYTES, _DASHES = 36, [8, 13, 18, 23]
_TAB, _NEWLINE, _DASH, _BRACE = 9, 10, ord("-"), ord("{")
_IN_ID = np.isin(np.arange(256), list(b"0123456789abcdefghijklmnopqrstuvwxyz"))
_XRAY = rf"XRAY TraceId: (?P<trace>{_NOT_S}+){_S}+SegmentId: (?P<segment>{_NOT_S}+)"
# Fields of an application line beside those of its JSON.
_OWN_FIELDS = 3


def parse_lambda(messages: pa.Array, rows: Mask) -> list[Parsed]:
    """Give the fields of those of the marked rows that can be parsed many at once."""
    may = rows & _mask(pc.string_is_ascii(messages))
    may &= ~_mask(pc.match_substring_regex(messages, _JSON_BEGINS))
    # Which number such a line has depends on where the expression of Python stops.
    may &= ~_mask(pc.match_substring_regex(messages, _LONG_NUMBER))
    left = np.flatnonzero(may)
    found = []
    for read in (_start_or_end, _report, _application):
        if not len(left):
            break
        lines = messages.take(pa.array(left))
        done = np.zeros(len(left), bool)
        for columns, parsed in read(lines):
            done[parsed] = True
            found.append(Parsed(_not_empty(columns), left[parsed]))
        left = left[~done]
    return found


def _start_or_end(lines: pa.Array) -> list[Parsed]:
    found, rows = _matches(lines, _START_OR_END)
    return [Parsed({"@type": found["type"], "@requestId": found["id"]}, rows)]


def _report(lines: pa.Array) -> list[Parsed]:
    found, rows = _matches(lines, _REPORT)
    init = found["init"]
    columns = {
        "@type": pa.array(["REPORT"]).take(pa.array(np.zeros(len(rows), np.int64))),
        "@requestId": found["id"],
        "@duration": found["duration"].cast(pa.float64()),
        "@billedDuration": found["billed"].cast(pa.float64()),
        "@memorySize": pc.multiply(found["memory"].cast(pa.int64()), MEGABYTE),
        "@maxMemoryUsed": pc.multiply(found["used"].cast(pa.int64()), MEGABYTE),
        # RE2 gives an empty text for a group that took no part.
        "@initDuration": pc.if_else(pc.equal(init, ""), None, init).cast(pa.float64()),
    }
    return [Parsed(columns | _xray(lines.take(pa.array(rows))), rows)]


def _application(lines: pa.Array) -> list[Parsed]:
    """Read lines that the function wrote, without JSON or with JSON up to their end."""
    own = {"@requestId": _request_ids(lines), **_xray(lines)}
    braces = _mask(pc.match_substring(lines, "{"))
    plain = np.flatnonzero(~braces)
    found = [Parsed(_taken(own, plain), plain)]
    held = np.flatnonzero(braces)
    if not len(held):
        return found
    texts = _from_brace(lines.take(pa.array(held)))
    objects = np.flatnonzero(may_be_objects(texts))
    for columns, parsed in parse_together(texts.take(pa.array(objects))):
        # An event has so many fields at most, with its own before those of its JSON.
        if len(columns) + _OWN_FIELDS <= FIELDS_PER_EVENT:
            rows = held[objects[parsed]]
            found.append(Parsed(_taken(own, rows) | columns, rows))
    return found


def _from_brace(lines: pa.Array) -> pa.Array:
    """Give the rest of each line from its first brace on, without white space at the end."""
    lines = pc.utf8_rtrim(lines, " \t\r\n")
    text = _Bytes(lines)
    ends = np.empty(2 * len(lines) + 1, np.int32)
    # Each line as two texts: what stands before the brace, and the rest.
    ends[::2], ends[1::2] = text.places, text.next(_BRACE, text.starts)
    buffers = [None, pa.py_buffer(ends), lines.buffers()[2]]
    halves = pa.Array.from_buffers(pa.string(), 2 * len(lines), buffers)
    return halves.take(pa.array(np.arange(1, 2 * len(lines), 2)))


def _request_ids(lines: pa.Array) -> pa.Array:
    """Give the id of each line: in its third or second column, else as `_IDS` have it."""
    text = _Bytes(lines)
    first = text.next(_TAB, text.starts)
    second = text.next(_TAB, np.minimum(first + 1, text.ends))
    newline = text.next(_NEWLINE, text.starts)
    at = np.full(len(lines), -1)
    for tab in (first, second):
        rows = np.flatnonzero((tab < newline) & (tab + _ID_BYTES < text.ends))
        rows = rows[text.is_id(rows, tab[rows] + 1)]
        at[rows] = tab[rows] + 1
    rows = np.flatnonzero(at >= 0)
    octets = np.ascontiguousarray(text.octets[at[rows][:, None] + np.arange(_ID_BYTES)])
    ends = (np.arange(len(rows) + 1) * _ID_BYTES).astype(np.int32)
    ids = [None, pa.py_buffer(ends), pa.py_buffer(octets)]
    parts = [pa.Array.from_buffers(pa.string(), len(rows), ids)]
    others = np.flatnonzero(at < 0)
    order = np.empty(len(lines), np.int64)
    order[np.concatenate([rows, others])] = np.arange(len(lines))
    if len(others):
        left, found = lines.take(pa.array(others)), pa.nulls(len(others), pa.string())
        for pattern in _IDS:
            found = pc.coalesce(found, pc.struct_field(pc.extract_regex(left, pattern), 0))
        parts.append(found)
    return pa.concat_arrays(parts).take(pa.array(order))


class _Bytes:
    """The bytes of lines, and where each line begins and ends in them."""

    def __init__(self, lines: pa.Array) -> None:
        _, offsets, octets = lines.buffers()
        self.places = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
        self.octets = np.frombuffer(octets or b"", np.uint8)
        self.starts, self.ends = self.places[:-1], self.places[1:]

    def next(self, octet: int, starts: np.ndarray) -> np.ndarray:
        """Give where the octet stands for the first time from there on; the line's end if not."""
        found = np.append(np.flatnonzero(self.octets == octet), len(self.octets))
        places: np.ndarray = np.minimum(found[np.searchsorted(found, starts)], self.ends)
        return places

    def is_id(self, rows: np.ndarray, at: np.ndarray) -> Mask:
        """Tell of which of these lines a column that begins there is an id and nothing else."""
        octets = self.octets[at[:, None] + np.arange(_ID_BYTES)]
        dashes = np.zeros(_ID_BYTES, bool)
        dashes[_DASHES] = True
        good: Mask = np.all(np.where(dashes, octets == _DASH, _IN_ID[octets]), axis=1)
        after, ends = at + _ID_BYTES, self.ends[rows]
        inside = np.flatnonzero(after < ends)
        behind = self.octets[after[inside]]
        last = after[inside] + 1 == ends[inside]
        good[inside] &= (behind == _TAB) | ((behind == _NEWLINE) & last)
        return good


def _xray(lines: pa.Array) -> dict[str, pa.Array]:
    if not pc.any(pc.match_substring(lines, "XRAY")).as_py():
        return {}
    found = pc.extract_regex(lines, _XRAY)
    return {
        "@xrayTraceId": pc.struct_field(found, "trace"),
        "@xraySegmentId": pc.struct_field(found, "segment"),
    }


def _matches(lines: pa.Array, pattern: str) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Give the groups of an expression where it matches, and these rows."""
    parts = pc.extract_regex(lines, pattern)
    rows = np.flatnonzero(_mask(parts.is_valid()))
    parts = parts.take(pa.array(rows))
    names = [part.name for part in parts.type]
    return dict(zip(names, parts.flatten(), strict=True)), rows


def _taken(columns: dict[str, pa.Array], rows: np.ndarray) -> dict[str, pa.Array]:
    return {name: values.take(pa.array(rows)) for name, values in columns.items()}


def _not_empty(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    return {name: values for name, values in columns.items() if values.null_count < len(values)}


def _mask(values: pa.Array) -> Mask:
    mask: Mask = values.to_numpy(zero_copy_only=False)
    return mask
