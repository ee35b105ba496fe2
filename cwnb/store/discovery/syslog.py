r"""Lines of syslog: RFC 5424, RFC 3164, and Cisco's ASA and FTD.

The names are those that the service gives to the lines of its syslog endpoint (CWL_Syslog). It does
not document the values: `facility` and `severity` are the keywords of RFC 5424, section 6.2.1, as
`syslog.conf` writes them; a part that is empty, or `-` in a header of RFC 5424, is missing. A line
of RFC 3164 may lack its priority, as in the files of `/var/log`, and then has no facility and no
severity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cwnb.memo import memo

FACILITIES = (
    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock "
    "local0 local1 local2 local3 local4 local5 local6 local7"
).split()
SEVERITIES = "emerg alert crit err warning notice info debug".split()

# facility * 8 + severity
_PRIORITY = r"<(?P<priority>[0-9]|[1-9][0-9]|1[0-8][0-9]|19[01])>"
_ISO = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
# The day of RFC 3164, with a year where Cisco's devices write one.
_TIME = (
    r"(?P<timestamp>[A-Z][a-z]{2} [ 0-9][0-9] (?:[0-9]{4} )?[0-9:]{8}(?:\.[0-9]{1,6})?"
    rf"|{_ISO})"
)
_BOM = "\ufeff"  # RFC 5424 puts it before a message of UTF-8
_ELEMENT = r'\[[^ =\]"]{1,32}(?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\.)*")*\]'
_CISCO = (
    rf"(?s)^(?:{_PRIORITY})?:?(?:{_TIME}:? ?)?(?:(?P<deviceId>[^ :%]+) ?)?:? ?"
    r"%(?P<device>ASA|FTD)-(?:(?P<subsystem>[a-z]+)-)?(?P<severityLevel>[0-7])-"
    r"(?P<messageId>[0-9]{6}): ?(?P<message>.*)$"
)
_RFC5424 = (
    rf"(?s)^{_PRIORITY}[1-9][0-9]{{0,2}} (?P<timestamp>-|{_ISO}) (?P<hostname>[^ ]+) "
    rf"(?P<appName>[^ ]+) (?P<procId>[^ ]+) (?P<msgId>[^ ]+) "
    rf"(?P<structuredData>-|(?:{_ELEMENT})+)(?: {_BOM}?(?P<message>.*))?$"
)
_RFC3164 = (
    rf"(?s)^(?:{_PRIORITY})?{_TIME} (?P<hostname>[^ ]+) "
    r"(?:(?P<appName>[^ :\[\]]+)(?:\[(?P<procId>[^ \]]*)\])?: ?)?(?P<message>.*)$"
)
_END = re.compile(r"[ \t\r\n]+\Z")


@dataclass(frozen=True)
class SyslogLines:
    """One form of syslog lines; `pattern` means the same to RE2 and to Python.

    `start`: what every line begins with. In the parts named `dashed`, `-` is a missing value.
    """

    pattern: str
    start: str = ""
    dashed: frozenset[str] = frozenset()

    @memo
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def fields(self, text: str) -> dict[str, Any] | None:
        """Give the fields of one line; None if it has another form."""
        match = self._compiled.match(_END.sub("", text))
        if match is None:
            return None
        found: dict[str, Any] = {}
        for name, value in match.groupdict().items():
            if not value or (value == "-" and name in self.dashed):
                continue
            if name == "priority" and self is not CISCO:
                found |= _of_priority(int(value))
            elif name == "severityLevel":
                found |= {"severity": SEVERITIES[int(value)], name: int(value)}
            elif name != "priority":
                found[name] = value
        return found

    def arrays(self, lines: pa.Array) -> dict[str, pa.Array]:
        """Give the fields of lines that all have the form."""
        parts = pc.extract_regex(pc.utf8_rtrim(lines, " \t\r\n"), self.pattern)
        found: dict[str, pa.Array] = {}
        for field, values in zip(parts.type, parts.flatten(), strict=True):
            lacking = ["", "-"] if field.name in self.dashed else [""]
            missing = pc.is_in(values, pa.array(lacking))
            held = pc.if_else(missing, None, values)
            if field.name == "priority":
                if self is not CISCO:
                    found |= _of_priorities(held.cast(pa.int64()))
            elif field.name == "severityLevel":
                levels = held.cast(pa.int64())
                found |= {"severity": pa.array(SEVERITIES).take(levels), field.name: levels}
            else:
                found[field.name] = held
        return {name: array for name, array in found.items() if array.null_count < len(array)}


def _of_priority(priority: int) -> dict[str, Any]:
    facility, severity = divmod(priority, 8)
    return {
        "facility": FACILITIES[facility],
        "facilityCode": facility,
        "severity": SEVERITIES[severity],
        "severityCode": severity,
    }


def _of_priorities(priorities: pa.Array) -> dict[str, pa.Array]:
    facility = pc.divide(priorities, 8)
    severity = pc.subtract(priorities, pc.multiply(facility, 8))
    return {
        "facility": pa.array(FACILITIES).take(facility),
        "facilityCode": facility,
        "severity": pa.array(SEVERITIES).take(severity),
        "severityCode": severity,
    }


CISCO = SyslogLines(_CISCO)
RFC5424 = SyslogLines(
    _RFC5424,
    start="<",
    dashed=frozenset("timestamp hostname appName procId msgId structuredData".split()),
)
RFC3164 = SyslogLines(_RFC3164)
