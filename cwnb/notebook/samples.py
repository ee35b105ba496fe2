"""Sample queries by the type of log, as a user of Logs Insights finds them beside the editor.

They are written after those of the service's documentation (CWL_QuerySyntax-examples, and the pages
of the services about their own logs).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.events import SYSTEM_FIELDS
from cwnb.insights import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXTS = r"""
= Any log
- Newest events
fields @timestamp, @message
| sort @timestamp desc
| limit 100

- Events over time
stats count(*) as events by bin(5m)

- Events by stream
stats count(*) as events, max(@timestamp) as newest by @logStream
| sort events desc

- Errors and exceptions
fields @timestamp, @message
| filter @message like /(?i)error|exception|fail/
| sort @timestamp desc
| limit 100

- Exceptions an hour
filter @message like /(?i)exception/
| stats count(*) as exceptions by bin(1h) as hour
| sort exceptions desc

- Newest event of each stream
fields @timestamp, @logStream, @message
| sort @timestamp desc
| dedup @logStream

= JSON logs of applications
- Events by level
stats count(*) as events by level
| sort events desc

- Levels over time
stats count(*) as events by bin(5m), level

- Newest errors
filter level = "ERROR"
| fields @timestamp, @message
| sort @timestamp desc
| limit 50

- Errors by service
filter level = "ERROR"
| stats count(*) as errors by service
| sort errors desc

= Lambda
- Slowest calls
filter @type = "REPORT"
| fields @requestId, @duration, @memorySize, @maxMemoryUsed
| sort @duration desc
| limit 20

- Duration of calls over time
filter @type = "REPORT"
| stats avg(@duration) as mean, max(@duration) as most, min(@duration) as least by bin(5m)

- Memory that functions do not use
filter @type = "REPORT"
| stats max(@memorySize / 1000 / 1000) as sizeMB, max(@maxMemoryUsed / 1000 / 1000) as peakMB,
    sizeMB - peakMB as spareMB by @log

- Cold starts
filter @type = "REPORT" and ispresent(@initDuration)
| stats count(*) as coldStarts, avg(@initDuration) as meanMs by bin(1h)

= VPC flow logs
- Heaviest pairs by packets
stats sum(packets) as packetsSent by srcAddr, dstAddr
| sort packetsSent desc
| limit 15

- Heaviest targets in a subnet
filter isIpv4InSubnet(srcAddr, "10.0.0.0/8")
| stats sum(bytes) as bytesSent by dstAddr
| sort bytesSent desc
| limit 15

- Rejected connections
filter action = "REJECT"
| stats count(*) as rejected by srcAddr, dstAddr, dstPort
| sort rejected desc
| limit 20

- Addresses that use UDP
filter protocol = 17
| stats count(*) as records by srcAddr
| sort records desc

- Skipped records an hour
filter logStatus = "SKIPDATA"
| stats count(*) as skipped by bin(1h) as hour
| sort hour

= Route 53
- Queries by type
stats count(*) as queries by queryType, bin(1h)

- Busiest resolvers
stats count(*) as queries by resolverIp
| sort queries desc
| limit 10

- Failures by name
filter responseCode in ["SERVFAIL", "NXDOMAIN"]
| stats count(*) as failures by queryName, responseCode
| sort failures desc

= CloudTrail
- Entries by service, event and Region
stats count(*) as entries by eventSource, eventName, awsRegion
| sort entries desc

- Failed calls
filter ispresent(errorCode)
| stats count(*) as failures by eventName, errorCode
| sort failures desc

- Instances started or stopped
filter eventName = "StopInstances" or eventName = "StartInstances"
| fields @timestamp, eventName, awsRegion, userIdentity.arn
| sort @timestamp desc

- New users and who made them
filter eventName = "CreateUser"
| fields @timestamp, userIdentity.arn, requestParameters.userName
| sort @timestamp desc

- Calls with old TLS
filter tlsDetails.tlsVersion in ["TLSv1", "TLSv1.1"]
| stats count(*) as calls by eventSource, sourceIPAddress
| sort eventSource asc, calls desc

= API Gateway
- Newest client errors
filter status >= 400 and status < 500
| fields @timestamp, status, path, httpMethod
| sort @timestamp desc
| limit 10

- Most used paths
stats count(*) as requests by path
| sort requests desc
| limit 10

- Longest requests
fields @timestamp, status, path, responseLatency
| sort responseLatency desc
| limit 10

- Latency of requests over time
stats avg(responseLatency) as mean, min(responseLatency) as least, max(responseLatency) as most
    by bin(1m)

= Web servers (lines of access logs)
- Status codes over time
parse @message /" (?<code>\d{3}) /
| filter ispresent(code)
| stats count(*) as requests by bin(5m), code

- Visitors of each page
parse @message /^(?<ip>\S+) \S+ \S+ \[[^\]]+\] "(?<verb>\S+) (?<uri>\S+)[^"]*" (?<code>\d{3})/
| filter verb = "GET"
| stats count_distinct(ip) as visitors by uri
| sort visitors desc

- Failed requests
parse @message /^(?<ip>\S+) \S+ \S+ \[[^\]]+\] "(?<verb>\S+) (?<uri>\S+)[^"]*" (?<code>\d{3})/
| filter code >= 500
| display @timestamp, ip, verb, uri, code
| sort @timestamp desc

= Web servers (JSON)
- Server errors by path
filter status >= 500
| stats count(*) as errors by path, status
| sort errors desc

- Latency percentiles
stats pct(latency, 50) as median, pct(latency, 95) as p95, pct(latency, 99) as p99 by bin(5m)

= EventBridge
- Events by type
stats count(*) as events by `detail-type`
| sort events desc

= AppSync
- Most called resolvers
filter logType = "Tracing"
| stats count(*) as calls by resolverArn
| sort calls desc
| limit 10

- Slowest resolvers
filter logType = "Tracing"
| stats avg(duration) as meanNs, pct(duration, 95) as p95Ns by resolverArn
| sort p95Ns desc

= Container Insights
- CPU and memory of tasks
filter Type = "Task"
| stats avg(CpuUtilized) as cpu, avg(MemoryUtilized) as memory by TaskId, ContainerName
| sort memory desc, cpu desc

- CPU of nodes
stats avg(node_cpu_utilization) as cpu by NodeName
| sort cpu desc

- Errors by container
filter stream = "stderr"
| stats count(*) as errors by kubernetes.container_name
| sort errors desc

= NAT gateway
- Clients that send most
filter dstAddr not like /^10\./ and srcAddr like /^10\./
| stats sum(bytes) as bytesSent by srcAddr, dstAddr
| sort bytesSent desc
| limit 10

= Syslog
- Failed logins
filter @message like /Failed password|authentication failure/
| fields @timestamp, @logStream, @message
| sort @timestamp desc
| limit 50

- Uses of sudo
filter appName = "sudo"
| fields @timestamp, hostname, @message
| sort @timestamp desc
| limit 20

- Messages of each host over time
stats count(*) as messages by hostname, bin(5m)

- Messages by facility and severity
stats count(*) as messages by facility, severity
| sort messages desc

- Severe messages by program
filter severityCode <= 3
| stats count(*) as messages by appName, hostname
| sort messages desc

- Dropped packets by source
parse @message /SRC=(?<source>[0-9.]+)/
| filter ispresent(source)
| stats count(*) as dropped by source
| sort dropped desc
| limit 20

= Aurora PostgreSQL
- Longest vacuums
parse @message "table \"*\"" as table
| parse @message "elapsed: * s" as seconds
| filter @message like /automatic\s+vacuum/
| stats max(seconds) as longest by table, bin(5m)

= WAF
- Blocked requests by country
filter action = "BLOCK"
| stats count(*) as blocked by httpRequest.clientIp, httpRequest.country
| sort blocked desc
| limit 20

- Rules that ended requests
stats count(*) as requests by terminatingRuleId, action, bin(15m)

= AWS IoT
- Errors by event
filter logLevel = "ERROR"
| stats count(*) as errors by eventType, reason
| sort errors desc

- Failed connections by client
filter eventType = "Connect" and status = "Failure"
| stats count(*) as failures, latest(@timestamp) as newest by clientId
| sort failures desc
| limit 20
"""
_HEADS = re.compile(r"^(= |- )(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """A query to begin with: the type of log that it is about, its name, its text."""

    log_type: str
    name: str
    text: str

    def reads(self) -> set[str]:
        """Name the fields that events must have for it to say something."""
        made: set[str] = set(SYSTEM_FIELDS)
        read: set[str] = set()
        for command in parse(self.text).answer.commands:
            read |= command.reads() - made
            made |= command.writes()
        return read


def samples() -> list[Sample]:
    """Give all samples, in the order in which they are shown."""
    found: list[Sample] = []
    log_type = ""
    _, *parts = _HEADS.split(_TEXTS)
    for sign, head, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if sign == "= ":
            log_type = head
        else:
            found.append(Sample(log_type, head, text.strip()))
    return found


def fitting_first(fields: Iterable[str]) -> list[tuple[Sample, bool]]:
    """Give all samples, those first whose fields all are among these, and whether each fits.

    Of those that fit, the ones about a type of log stand before those about any log.
    """
    there = set(fields)
    judged = [(sample, sample.reads() <= there) for sample in samples()]
    return sorted(judged, key=lambda pair: (not pair[1], pair[1] and not pair[0].reads()))
