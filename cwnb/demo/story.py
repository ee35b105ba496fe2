"""The steps from the symptom to the cause, each a sentence or two, a query, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass

from cwnb.demo.shop import APP, CLOUDTRAIL, PAYMENTS, VPC, WEB


@dataclass(frozen=True)
class Step:
    """One question: `told` before its answer, `seen` after it; `bars` is the column to draw."""

    title: str
    told: str
    query: str
    groups: tuple[str, ...]
    start: str
    seen: str
    bars: str | None = None


_ACCESS = """parse @message '"* * HTTP/1.1" * *' as method, path, status, rest"""

STEPS = (
    Step(
        title="What is there?",
        told="Friday, a little before noon. Support writes: customers say that they cannot pay. "
        "The shop logs to six groups; this is what came in within a day.",
        query="stats count(*) as events by @log\n| sort events desc",
        groups=("/shop/*", "/aws/lambda/*"),
        start="-1d",
        bars="events",
        seen="One query read all six: a trailing * is a prefix.",
    ),
    Step(
        title="Is it true?",
        told="Customers meet the web servers first. How many of their requests ended in a server "
        "error within the last two hours?",
        query=f"{_ACCESS}\n| stats sum(status >= 500) as errors, count(*) as requests "
        "by bin(10m) as time\n| sort time",
        groups=(WEB,),
        start="-2h",
        bars="errors",
        seen="It is. Next to nothing, then from a little after eleven until a quarter to twelve "
        "quite a lot.",
    ),
    Step(
        title="What do they ask for?",
        told="All of the shop, or a part of it?",
        query=f"{_ACCESS}\n| filter status >= 500\n"
        "| stats count(*) as errors by method, path, status\n| sort errors desc\n| limit 5",
        groups=(WEB,),
        start="-1h",
        bars="errors",
        seen="It is the checkout. 504 is somebody who waited too long, 503 one who would not wait.",
    ),
    Step(
        title="What does the checkout say?",
        told="The application writes JSON, so its fields can be used by name.",
        query='filter service = "checkout" and level = "ERROR"\n'
        "| stats count(*) as failures, avg(http.durationMs) as average_ms\n"
        "    by error.type, error.message, upstream.name\n| sort failures desc",
        groups=(APP,),
        start="-1h",
        bars="failures",
        seen="It calls `payments`, hears nothing for ten seconds and gives up; after a while its "
        "circuit breaker does not call any more.",
    ),
    Step(
        title="Was it the new version?",
        told="The checkout was deployed at 10:31. That is the first thing that everybody says.",
        query='filter service = "checkout" and ispresent(http.status)\n'
        "| stats count(*) as requests, sum(http.status >= 500) as failed\n"
        "    by bin(30m) as time, version\n| sort time, version",
        groups=(APP,),
        start="-2h",
        bars="failed",
        seen="No: for half an hour the new version failed nobody. Leave it where it is, and look "
        "at what it was waiting for.",
    ),
    Step(
        title="Why does payments not answer?",
        told="A Java service. Each error is one event of many lines; what counts is the last "
        "`Caused by`.",
        query="filter @message like /ERROR/\n"
        r"| parse @message /Caused by: (?<cause>java\.net\.\w+): (?<reason>[^\n]+)/"
        "\n| stats count(*) as errors, min(@timestamp) as first by cause, reason\n"
        "| sort errors desc",
        groups=(PAYMENTS,),
        start="-1h",
        bars="errors",
        seen="It cannot connect. (The few without a cause are an old acquaintance, on every day.) "
        "To what?",
    ),
    Step(
        title="How did its connections go?",
        told="Once a minute its connection pool says how many connections it has, and how many "
        "requests wait for one.",
        query='filter @message like "Pool stats"\n'
        '| parse @message "total=*, active=*, idle=*, waiting=*)" as total, active, idle, waiting\n'
        "| stats avg(total) as open, max(waiting) as queue by bin(5m) as time\n| sort time",
        groups=(PAYMENTS,),
        start="-75m",
        bars="open",
        seen="They were not cut: the pool drained within ten minutes, as if each old connection "
        "lived to its end and no new one came through. That smells of a firewall.",
    ),
    Step(
        title="Who is refused?",
        told="The flow logs of the network know each connection to a PostgreSQL port: who asked, "
        "and whether it was let in.",
        query='filter dstPort = 5432 and srcAddr like "10."\n'
        '| stats sum(action = "ACCEPT") as accepted, sum(action = "REJECT") as rejected\n'
        "    by srcAddr, dstAddr\n| sort rejected desc, srcAddr",
        groups=(VPC,),
        start="-1h",
        bars="rejected",
        seen="10.0.21.17 and 10.0.21.38 are payments, 10.0.31.14 is its database. The other "
        "database is reached as ever. So it is one rule, for one subnet.",
    ),
    Step(
        title="Who changed the rule?",
        told="CloudTrail has every change, who made it and with what words.",
        query="filter eventName like /SecurityGroupIngress/\n"
        '| parse eventName "*SecurityGroupIngress" as change\n'
        "| fields formatDate(@timestamp, '%H:%M:%S') as time,\n"
        "    userIdentity.userName as who,\n"
        "    requestParameters.ipPermissions.items.0.ipRanges.items.0.description as description\n"
        "| display time, change, who, description\n| sort @timestamp",
        groups=(CLOUDTRAIL,),
        start="-2h",
        seen="There it is. At 11:02:37 Marta tidied up: she took away a rule that called itself "
        "old, and it was not. At 11:44:10 Jonas put it back, with better words. Nobody was "
        "careless; the description was wrong.",
    ),
    Step(
        title="What did it cost?",
        told="Customers tried again and again, so count each of them once, with the largest order "
        "that failed.",
        query='filter message = "checkout failed"\n'
        "| stats max(order.totalCents) as cents by user.id\n"
        "| stats count(*) as customers, sum(cents) / 100 as euros",
        groups=(APP,),
        start="-1h",
        seen="That is what goes into the report, and the alarm to write is on the pool: it showed "
        "the trouble minutes before the first customer did.",
    ),
)
