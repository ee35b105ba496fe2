"""The fields of lines that AWS services write, read in the plainest way, as a second opinion.

It shares nothing with `cwnb.store.discovery`, and is used for lines that are as they should be.
"""

from __future__ import annotations

import json
import re
from typing import Any

VPC = (
    "version accountId interfaceId srcAddr dstAddr srcPort dstPort protocol packets bytes "
    "startTime endTime action logStatus"
).split()
ROUTE53 = (
    "version queryTimestamp hostZoneId queryName queryType responseCode protocol edgeLocation "
    "resolverIp ednsClientSubnet"
).split()
TEXTS = {"accountId", "interfaceId", "srcAddr", "dstAddr", "action", "logStatus"}
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REPORTED = {
    "Duration": "@duration",
    "Billed Duration": "@billedDuration",
    "Memory Size": "@memorySize",
    "Max Memory Used": "@maxMemoryUsed",
    "Init Duration": "@initDuration",
}


def fields_of_line(message: str, log_type: str) -> dict[str, Any]:
    """Give the fields of a line that is no JSON object, by the type of its log group."""
    return {
        "lambda": _of_lambda,
        "vpc-flow": _of_flow,
        "route53": _of_route53,
    }.get(log_type, lambda _: {})(message)


def _of_flow(line: str) -> dict[str, Any]:
    named = zip(VPC, line.split(" "), strict=True)
    return {n: v if n in TEXTS else int(v) for n, v in named if v != "-"}


def _of_route53(line: str) -> dict[str, Any]:
    named = zip(ROUTE53, line.split(" "), strict=True)
    return {n: float(v) if n == "version" else v for n, v in named if v != "-"}


def _of_lambda(line: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    word, _, rest = line.partition(" RequestId: ")
    if word in {"START", "END", "REPORT"}:
        found = {"@type": word, "@requestId": rest[:36]}
    elif named := ID.search(line):
        found["@requestId"] = named[0]
    if word == "REPORT":
        for part in re.split(r"[\t\n]", rest):
            name, _, value = part.partition(": ")
            number, _, unit = value.partition(" ")
            if name in REPORTED:
                found[REPORTED[name]] = int(number) * 10**6 if unit == "MB" else float(number)
    for name, words in (("@xrayTraceId", "TraceId: "), ("@xraySegmentId", "SegmentId: ")):
        if words in line:
            found[name] = line.split(words)[1].partition("\t")[0]
    return found


def json_within(message: str, log_type: str) -> str:
    """Give the part of a message that is its JSON; `""` where none of it is."""
    if message.startswith("{") or log_type != "lambda" or "{" not in message:
        return message if message.startswith("{") else ""
    start = message.index("{")
    _, end = json.JSONDecoder().raw_decode(message, start)
    return message[start:end]
