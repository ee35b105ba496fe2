"""Lines that are written as text: those of Lambda, VPC flow logs, Route 53, and of syslog.

Field names: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.memo import memo
from cwnb.store.discovery.flatten import flatten, parse
from cwnb.store.discovery.syslog import CISCO, RFC3164, RFC5424, SyslogLines

# A UUID; AWS's documentation writes ids such as 8f507cfc-xmpl-4697-b07a-ac58fc914c95.
UUID = r"[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12}"
_START_OR_END = re.compile(r"(?P<type>START|END) RequestId: (?P<id>[0-9a-z-]{36})\b")
_REPORT = re.compile(
    r"REPORT RequestId: (?P<id>[0-9a-z-]{36})\s+Duration: (?P<duration>\d+(?:\.\d+)?) ms\s+"
    r"Billed Duration: (?P<billed>\d+(?:\.\d+)?) ms\s+Memory Size: (?P<memory>\d+) MB\s+"
    r"Max Memory Used: (?P<used>\d+) MB(?:\s+Init Duration: (?P<init>\d+(?:\.\d+)?) ms)?"
)
_XRAY = re.compile(r"XRAY TraceId: (?P<trace>\S+)\s+SegmentId: (?P<segment>\S+)")
# Node writes the id as the second column, Python's logging (after its level) as the third.
_COLUMN_ID = re.compile(rf"[^\t\n]*\t(?:[^\t\n]*\t)?(?P<id>{UUID})(?:\t|$)")
# Lambda itself puts blanks around the id: `2026-11-20T08:00:00.000Z 3b1d… Task timed out after …`.
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z"
_TIMED_ID = re.compile(rf"{_TIME} (?P<id>{UUID}) ")
_NAMED_ID = re.compile(rf"RequestId: (?P<id>{UUID})\b")

_OWN_BEGINNINGS = frozenset({"STA", "END", "REP"})
# The standard library only finds the end of JSON inside a text; orjson parses it.
_DECODER = json.JSONDecoder(parse_int=len, parse_float=len)

# AWS's own sample query divides by 1000 twice to get MB.
MEGABYTE = 1_000_000
# Opening braces of a Lambda line that are tried as the start of JSON.
_BRACE_TRIES = 16

# Both patterns require one space between columns, so a line that matches can be split at spaces.
_END = r"[ \t\r\n]*$"
_ADDRESS = r"(?:[0-9a-fA-F:.]{2,45}|-)"
_COUNT = r"(?:[0-9]{1,18}|-)"
_VPC = (
    rf"^2 (?:[0-9]{{12}}|unknown|-) (?:eni-[0-9a-f]+|-) {_ADDRESS} {_ADDRESS} {_COUNT} {_COUNT} "
    rf"{_COUNT} {_COUNT} {_COUNT} [0-9]{{9,11}} [0-9]{{9,11}} (?:ACCEPT|REJECT|-) "
    rf"(?:OK|NODATA|SKIPDATA){_END}"
)
_WORD = r"[^ \t\r\n]+"
_ROUTE53 = (
    r"^1\.0 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?Z [A-Z0-9]+ "
    rf"{_WORD} [A-Z0-9]+ [A-Z]+ (?:TCP|UDP) {_WORD} {_WORD} {_WORD}{_END}"
)


@dataclass(frozen=True)
class Columns:
    """A shape of lines: columns with single spaces between them, `-` for a missing value.

    `start`: what every line begins with. `pattern` means the same to RE2 and to Python.
    """

    start: str
    pattern: str
    names: tuple[str, ...]
    integers: frozenset[str] = frozenset()
    floats: frozenset[str] = frozenset()

    @memo
    def _compiled(self) -> re.Pattern[str]:
        # In Python a $ also stands before a last newline, which _END takes anyway.
        return re.compile(self.pattern)

    def fields(self, text: str) -> dict[str, Any] | None:
        """Give the fields of one line; None if it has another shape."""
        if not text.startswith(self.start) or not self._compiled.match(text):
            return None
        found: dict[str, Any] = {}
        for name, value in zip(self.names, text.rstrip(" \t\r\n").split(" "), strict=True):
            if value != "-":
                as_type = int if name in self.integers else float if name in self.floats else str
                found[name] = as_type(value)
        return found

    def arrays(self, lines: pa.Array) -> dict[str, pa.Array]:
        """Give the fields of lines that all have the shape."""
        values = pc.split_pattern(pc.utf8_rtrim(lines, " \t\r\n"), " ").values
        values = pc.if_else(pc.equal(values, "-"), None, values)
        count = len(self.names)
        arrays = {}
        for place, name in enumerate(self.names):
            column = values.take(pa.array(np.arange(place, len(values), count)))
            if name in self.integers:
                column = column.cast(pa.int64())
            elif name in self.floats:
                column = column.cast(pa.float64())
            if column.null_count < len(column):
                arrays[name] = column
        return arrays


VPC = Columns(
    "2 ",
    _VPC,
    tuple(
        "version accountId interfaceId srcAddr dstAddr srcPort dstPort protocol packets bytes "
        "startTime endTime action logStatus".split()
    ),
    frozenset("version srcPort dstPort protocol packets bytes startTime endTime".split()),
)
ROUTE53 = Columns(
    "1.0 ",
    _ROUTE53,
    tuple(
        "version queryTimestamp hostZoneId queryName queryType responseCode protocol edgeLocation "
        "resolverIp ednsClientSubnet".split()
    ),
    floats=frozenset({"version"}),
)
# The shapes that are looked for, by log type; a line has the first one that it fits.
SHAPES: dict[str | None, tuple[Columns | SyslogLines, ...]] = {
    None: (VPC, ROUTE53),
    "vpc-flow": (VPC,),
    "route53": (ROUTE53,),
    "syslog": (CISCO, RFC5424, RFC3164),
}


def lambda_fields(text: str, fields: dict[str, Any]) -> bool:
    """Add the fields of a line that Lambda itself writes (START, END, REPORT); else give False."""
    if text[:3] not in _OWN_BEGINNINGS:
        return False
    if match := _START_OR_END.match(text):
        fields["@type"] = match["type"]
        fields["@requestId"] = match["id"]
        return True
    if match := _REPORT.match(text):
        fields["@type"] = "REPORT"
        fields["@requestId"] = match["id"]
        fields["@duration"] = float(match["duration"])
        fields["@billedDuration"] = float(match["billed"])
        fields["@memorySize"] = int(match["memory"]) * MEGABYTE
        fields["@maxMemoryUsed"] = int(match["used"]) * MEGABYTE
        if match["init"] is not None:
            fields["@initDuration"] = float(match["init"])
        _xray(text, fields)
        return True
    return False


def lambda_application_fields(text: str, fields: dict[str, Any]) -> bool:
    """Add the fields of a line that a Lambda function wrote; True if there were too many to fit."""
    if match := _COLUMN_ID.match(text) or _TIMED_ID.match(text) or _NAMED_ID.search(text):
        fields["@requestId"] = match["id"]
    _xray(text, fields)
    fragment = _embedded_json(text)
    return fragment is not None and flatten(fragment.value, fields)


def lambda_documents(messages: pa.Array) -> pa.Array:
    """Give the JSON of each message of a Lambda function: all of it or a part, or null."""
    return pa.array([_lambda_document(text) for text in messages.to_pylist()], pa.string())


def _lambda_document(text: str | None) -> str | None:
    if text is None or parse(text) is not None:
        return text
    if lambda_fields(text, {}) or (fragment := _embedded_json(text)) is None:
        return None
    return fragment.text


def _xray(text: str, fields: dict[str, Any]) -> None:
    if "XRAY" in text and (match := _XRAY.search(text)):
        fields["@xrayTraceId"] = match["trace"]
        fields["@xraySegmentId"] = match["segment"]


class _Fragment(NamedTuple):
    """A part of a text that is JSON, and what it says."""

    text: str
    value: Any


def _embedded_json(text: str) -> _Fragment | None:
    """Give the first JSON object inside a text, or None."""
    start = -1
    for _ in range(_BRACE_TRIES):
        start = text.find("{", start + 1)
        if start < 0:
            return None
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        found = parse(text[start:end])
        if found is not None:
            return _Fragment(text[start:end], found)
    return None
