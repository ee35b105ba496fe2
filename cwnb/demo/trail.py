"""/shop/cloudtrail: calls of the AWS API, most of them by machines that only list and describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from cwnb.demo import incident
from cwnb.demo.shop import (
    ACCOUNT,
    NOW_MS,
    PAYMENTS_DATABASE_SECURITY_GROUP,
    PAYMENTS_SUBNET,
    REGION,
    START_MS,
    arrivals,
    at,
    hexadecimal,
    iso,
    uuid,
)

if TYPE_CHECKING:
    from cwnb.demo.shop import Array

ROUTINE = 4_900
# weight, source, event, role, reads only
CALLS = (
    (20, "ec2", "DescribeInstances", "monitoring", True),
    (14, "ec2", "DescribeSecurityGroups", "monitoring", True),
    (12, "ec2", "DescribeNetworkInterfaces", "monitoring", True),
    (10, "ssm", "GetParametersByPath", "shop-app", True),
    (16, "kms", "Decrypt", "shop-app", True),
    (12, "sts", "AssumeRole", "shop-app", True),
    (7, "ecs", "DescribeServices", "monitoring", True),
    (4, "rds", "DescribeDBInstances", "monitoring", True),
    (4, "logs", "CreateLogStream", "shop-thumbnail", False),
    (2, "s3", "GetBucketAcl", "compliance-scan", True),
    (1, "ecs", "SubmitTaskStateChange", "shop-app", False),
)
PEOPLE = ("marta.lindqvist", "jonas.weber", "aiko.tanaka", "daniel.osei", "ines.carvalho")
CONSOLE = "console.amazonaws.com"
CLI = "aws-cli/2.31.4 md/Botocore#1.43 ua/2.1 os/macos"


def lines(rng: np.random.Generator) -> tuple[Array, list[str], list[str]]:
    """Give times, streams and messages, one record an event, as the trail delivers them."""
    routine = arrivals(rng, ROUTINE)
    weights = np.array([call[0] for call in CALLS], dtype=float)
    chosen = rng.choice(len(CALLS), ROUTINE, p=weights / weights.sum()).tolist()
    by_hand = _by_hand(rng)
    times = np.concatenate([routine, np.array([event[0] for event in by_hand])])
    count = len(times)
    rows = zip(iso(times), uuid(rng, count), hexadecimal(rng, count), strict=True)
    messages = []
    for n, (when, event_id, request_id) in enumerate(rows):
        entry: dict[str, Any] = {"eventVersion": "1.11"}
        if n < ROUTINE:
            _, source, name, role, read_only = CALLS[chosen[n]]
            entry["userIdentity"] = _role(role)
            agent, address = f"{source}.amazonaws.com", "10.0.12.41"
            request: dict[str, Any] | None = None
            response: dict[str, Any] | None = None
        else:
            _, person, source, name, agent, request, response = by_hand[n - ROUTINE]
            read_only = name.startswith("Describe")
            entry["userIdentity"] = _person(person) if person in PEOPLE else _role(person)
            address = f"198.51.100.{PEOPLE.index(person) + 21}" if person in PEOPLE else "10.0.9.8"
        entry |= {
            "eventTime": f"{when[:19]}Z",
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "awsRegion": REGION,
            "sourceIPAddress": address,
            "userAgent": agent,
            "requestParameters": request,
            "responseElements": response,
            "requestID": request_id,
            "eventID": event_id,
            "readOnly": read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        }
        messages.append(orjson.dumps(entry).decode())
    streams = [f"{ACCOUNT}_CloudTrail_{REGION}"] * count
    return times // 1000 * 1000, streams, messages


def _role(name: str) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE{name.upper().replace('-', '')[:8]}:session",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": name}},
    }


def _person(name: str) -> dict[str, Any]:
    return {
        "type": "IAMUser",
        "principalId": f"AIDAEXAMPLE{name.upper().replace('.', '')[:8]}",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "userName": name,
    }


_Event = tuple[int, str, str, str, str, dict[str, Any] | None, dict[str, Any] | None]


def _by_hand(rng: np.random.Generator) -> list[_Event]:
    """Give what people and pipelines did: logins, deployments, and three changes of a firewall."""
    events: list[_Event] = []
    for day in ("2026-11-18", "2026-11-19", "2026-11-20"):
        for person in PEOPLE:
            login = at(f"{day}T07:30:00") + int(rng.integers(0, 2 * 3_600_000))
            answer = {"ConsoleLogin": "Success"}
            events.append((login, person, "signin", "ConsoleLogin", CONSOLE, None, answer))
            for _ in range(int(rng.integers(2, 9))):
                look = min(login + int(rng.integers(60_000, 3 * 3_600_000)), NOW_MS - 1_000)
                name = str(rng.choice(["DescribeInstances", "DescribeSecurityGroups"]))
                events.append((look, person, "ec2", name, CONSOLE, None, None))
    releases = [int(t) for t in rng.integers(START_MS, at("2026-11-20T08:00:00"), 9)]
    services = (
        "catalog",
        "cart",
        "orders",
        "accounts",
        "catalog",
        "cart",
        "orders",
        "web",
        "catalog",
    )
    deployments = list(zip(releases, services, strict=True))
    deployments.append((incident.DEPLOYED_MS - 41_000, "checkout"))
    for when, service in deployments:
        request = {"cluster": "shop", "service": service, "forceNewDeployment": False}
        events.append((when, "shop-deploy", "ecs", "UpdateService", "aws-sdk-go-v2", request, None))
    office = _rule("sg-07e1b94c5d2fa8630", 443, "192.0.2.0/24", "office Lisbon")
    events.append(_ingress(at("2026-11-18T14:21:55"), "ines.carvalho", "Authorize", CLI, office))
    group = PAYMENTS_DATABASE_SECURITY_GROUP
    stale = _rule(group, 5432, PAYMENTS_SUBNET, incident.STALE_DESCRIPTION)
    fresh = _rule(group, 5432, PAYMENTS_SUBNET, incident.NEW_DESCRIPTION)
    events.append(_ingress(incident.REVOKED_MS, incident.CULPRIT, "Revoke", CONSOLE, stale))
    events.append(_ingress(incident.RESTORED_MS, incident.RESCUER, "Authorize", CLI, fresh))
    return events


def _rule(group: str, port: int, cidr: str, description: str) -> dict[str, Any]:
    ranges = {"items": [{"cidrIp": cidr, "description": description}]}
    permission = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": ranges}
    return {"groupId": group, "ipPermissions": {"items": [permission]}}


def _ingress(when: int, person: str, verb: str, agent: str, rule: dict[str, Any]) -> _Event:
    name = f"{verb}SecurityGroupIngress"
    return when, person, "ec2", name, agent, rule, {"_return": True}
