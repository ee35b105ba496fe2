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
FACILITIES = (
    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock "
    "local0 local1 local2 local3 local4 local5 local6 local7"
).split()
SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
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
        "syslog": _of_syslog,
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


def _of_syslog(line: str) -> dict[str, Any]:
    priority, _, rest = line.removeprefix("<").partition(">")
    code = int(priority)
    of_priority = {
        "facility": FACILITIES[code // 8],
        "facilityCode": code // 8,
        "severity": SEVERITIES[code % 8],
        "severityCode": code % 8,
    }
    if " : %" in rest:
        head, _, body = rest.partition(" : %")
        tag, _, message = body.partition(": ")
        device, level, number = tag.split("-")
        when, _, device_id = head.rpartition(" ")
        return {
            "timestamp": when,
            "deviceId": device_id,
            "device": device,
            "severity": SEVERITIES[int(level)],
            "severityLevel": int(level),
            "messageId": number,
            "message": message,
        }
    if rest.startswith("1 "):
        names = "timestamp hostname appName procId msgId structuredData message".split()
        *heads, rest = rest.split(" ", 6)[1:]
        parts = [*heads, *re.fullmatch(r"(-|\[.*?\]) (.*)", rest).groups()]  # type: ignore[union-attr]
        return of_priority | {n: v for n, v in zip(names, parts, strict=True) if v != "-"}
    when, host, rest = rest[:15], *rest[16:].split(" ", 1)
    found = {**of_priority, "timestamp": when, "hostname": host, "message": rest}
    if tag := re.match(r"(\w+)(?:\[(\d+)\])?: ", rest):
        found |= {"appName": tag[1], "message": rest[tag.end() :]}
        found |= {"procId": tag[2]} if tag[2] else {}
    return found


def json_within(message: str, log_type: str) -> str:
    """Give the part of a message that is its JSON; `""` where none of it is."""
    if message.startswith("{") or log_type != "lambda" or "{" not in message:
        return message if message.startswith("{") else ""
    start = message.index("{")
    _, end = json.JSONDecoder().raw_decode(message, start)
    return message[start:end]
