"""Lines that AWS services write as text: Lambda, VPC flow logs, Route 53 queries.

Field names: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from cwnb.store.discovery.flatten import flatten, parse

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_START_OR_END = re.compile(r"(?P<type>START|END) RequestId: (?P<id>[0-9a-f-]{36})\b")
_REPORT = re.compile(
    r"REPORT RequestId: (?P<id>[0-9a-f-]{36})\s+Duration: (?P<duration>\d+(?:\.\d+)?) ms\s+"
    r"Billed Duration: (?P<billed>\d+(?:\.\d+)?) ms\s+Memory Size: (?P<memory>\d+) MB\s+"
    r"Max Memory Used: (?P<used>\d+) MB(?:\s+Init Duration: (?P<init>\d+(?:\.\d+)?) ms)?"
)
_XRAY = re.compile(r"XRAY TraceId: (?P<trace>\S+)\s+SegmentId: (?P<segment>\S+)")
# Node writes the id as the second column, Python's logging (after its level) as the third.
_COLUMN_ID = re.compile(rf"[^\t\n]*\t(?:[^\t\n]*\t)?(?P<id>{_UUID})(?:\t|$)")
_NAMED_ID = re.compile(rf"RequestId: (?P<id>{_UUID})\b")

# AWS's own sample query divides by 1000 twice to get MB.
_MEGABYTE = 1_000_000
# How many braces may open before the first JSON in a Lambda line.
_BRACE_TRIES = 16

_ADDRESS = r"(?:[0-9a-fA-F:.]{2,45}|-)"
_COUNT = r"(?:\d{1,18}|-)"
_VPC = re.compile(
    rf"(?:2) (?:\d{{12}}|unknown|-) (?:eni-[0-9a-f]+|-) {_ADDRESS} {_ADDRESS} {_COUNT} {_COUNT} "
    rf"{_COUNT} {_COUNT} {_COUNT} \d{{9,11}} \d{{9,11}} (?:ACCEPT|REJECT|-) "
    r"(?:OK|NODATA|SKIPDATA)\s*"
)
_VPC_FIELDS = (
    "version accountId interfaceId srcAddr dstAddr srcPort dstPort protocol packets bytes "
    "startTime endTime action logStatus"
).split()
_VPC_NUMBERS = frozenset("version srcPort dstPort protocol packets bytes startTime endTime".split())

_ROUTE53 = re.compile(
    r"1\.0 \d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z [A-Z0-9]+ \S+ [A-Z0-9]+ [A-Z]+ "
    r"(?:TCP|UDP) \S+ \S+ \S+\s*"
)
_ROUTE53_FIELDS = (
    "version queryTimestamp hostZoneId queryName queryType responseCode protocol edgeLocation "
    "resolverIp ednsClientSubnet"
).split()


def lambda_fields(text: str, fields: dict[str, Any]) -> bool:
    """Add the fields of a platform line; False if it is none."""
    if match := _START_OR_END.match(text):
        fields["@type"] = match["type"]
        fields["@requestId"] = match["id"]
        return True
    if match := _REPORT.match(text):
        fields["@type"] = "REPORT"
        fields["@requestId"] = match["id"]
        fields["@duration"] = float(match["duration"])
        fields["@billedDuration"] = float(match["billed"])
        fields["@memorySize"] = int(match["memory"]) * _MEGABYTE
        fields["@maxMemoryUsed"] = int(match["used"]) * _MEGABYTE
        if match["init"] is not None:
            fields["@initDuration"] = float(match["init"])
        _xray(text, fields)
        return True
    return False


def lambda_application_fields(text: str, fields: dict[str, Any]) -> bool:
    """Add what a line of the function itself says; True if some fields did not fit."""
    if match := _COLUMN_ID.match(text) or _NAMED_ID.search(text):
        fields["@requestId"] = match["id"]
    _xray(text, fields)
    fragment = _embedded_json(text)
    return fragment is not None and flatten(fragment, fields)


def _xray(text: str, fields: dict[str, Any]) -> None:
    if "XRAY" in text and (match := _XRAY.search(text)):
        fields["@xrayTraceId"] = match["trace"]
        fields["@xraySegmentId"] = match["segment"]


def _embedded_json(text: str) -> Any:
    """Give the first JSON object inside a text, or None."""
    decoder = json.JSONDecoder(parse_int=len, parse_float=len)
    start = -1
    for _ in range(_BRACE_TRIES):
        start = text.find("{", start + 1)
        if start < 0:
            return None
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        # The standard library only finds the end; what the text says is orjson's to tell.
        found = parse(text[start:end])
        if found is not None:
            return found
    return None


def vpc_fields(text: str, fields: dict[str, Any]) -> bool:
    """Add the fields of a flow record in the default format; False if it is none."""
    if not _VPC.fullmatch(text):
        return False
    for name, value in zip(_VPC_FIELDS, text.split(), strict=True):
        if value != "-":
            fields[name] = int(value) if name in _VPC_NUMBERS else value
    return True


def route53_fields(text: str, fields: dict[str, Any]) -> bool:
    """Add the fields of a public query log line; False if it is none."""
    if not _ROUTE53.fullmatch(text):
        return False
    for name, value in zip(_ROUTE53_FIELDS, text.split(), strict=True):
        if value != "-":
            fields[name] = float(value) if name == "version" else value
    return True
