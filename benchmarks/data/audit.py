"""Audit records as CloudTrail writes them: nested JSON of 1.2 kB, some 300 fields in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data.audit_services import FLAGS, NUMBERS, SERVICES, VALUES
from benchmarks.data.columns import (
    addresses,
    chosen,
    codes_of,
    floored,
    hexes,
    iso,
    join,
    mixed,
    padded,
    pick,
    skewed,
    some,
    text,
    uuids,
)
from benchmarks.data.json_text import objects
from benchmarks.data.log_set import LogSet

if TYPE_CHECKING:
    from benchmarks.data.log_set import Piece

USERS, ROLES = 4_000, 300
_ERRORS = {
    "AccessDenied": 0.6,
    "NoSuchKey": 0.2,
    "ThrottlingException": 0.12,
    "ValidationException": 0.08,
}
_AGENTS = [
    "aws-sdk-java/2.25.11 Linux/5.10.217-205.860.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.11",
    "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#6.1.94 md/arch#x86_64 lang/python#3.12.4",
    "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.9",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 terraform-provider-aws/5.58.0",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10]",
    "kube-controller-manager/v1.29.6 kubernetes/b1ce9d3",
]
_REGIONS = {"eu-west-1": 0.55, "us-east-1": 0.3, "eu-central-1": 0.1, "ap-south-1": 0.05}
_ACCOUNTS = {"111122223333": 0.6, "444455556666": 0.25, "777788889999": 0.15}
_COMMON = {
    "eventVersion": "eventVersion", "userType": "userIdentity.type",
    "principalId": "userIdentity.principalId", "arn": "userIdentity.arn",
    "accountId": "userIdentity.accountId", "accessKeyId": "userIdentity.accessKeyId",
    "userName": "userIdentity.userName",
    "issuerType": "userIdentity.sessionContext.sessionIssuer.type",
    "issuerArn": "userIdentity.sessionContext.sessionIssuer.arn",
    "issuerName": "userIdentity.sessionContext.sessionIssuer.userName",
    "sessionCreated": "userIdentity.sessionContext.attributes.creationDate",
    "mfa": "userIdentity.sessionContext.attributes.mfaAuthenticated",
    "invokedBy": "userIdentity.invokedBy", "eventTime": "eventTime",
    "eventSource": "eventSource", "eventName": "eventName", "awsRegion": "awsRegion",
    "sourceIPAddress": "sourceIPAddress", "userAgent": "userAgent", "errorCode": "errorCode",
    "errorMessage": "errorMessage", "bytesIn": "additionalEventData.bytesTransferredIn",
    "bytesOut": "additionalEventData.bytesTransferredOut",
    "signature": "additionalEventData.SignatureVersion",
    "cipher": "additionalEventData.CipherSuite", "requestID": "requestID", "eventID": "eventID",
    "readOnly": "readOnly", "eventType": "eventType", "apiVersion": "apiVersion",
    "managementEvent": "managementEvent", "recipientAccountId": "recipientAccountId",
    "eventCategory": "eventCategory", "vpcEndpointId": "vpcEndpointId",
    "tlsVersion": "tlsDetails.tlsVersion", "tlsCipher": "tlsDetails.cipherSuite",
    "tlsHost": "tlsDetails.clientProvidedHostHeader",
}  # fmt: skip


def _own(service: str) -> dict[str, str]:
    _, _, request, response = SERVICES[service]
    return {f"request_{name}": f"requestParameters.{name}" for name in request.split()} | {
        f"response_{name}": f"responseElements.{name}" for name in response.split()
    }


PATHS = {"time": "eventTime"} | {k: v for k, v in _COMMON.items() if k != "eventTime"}
for _service in SERVICES:
    PATHS |= _own(_service)


def make(piece: Piece) -> pa.Table:
    """Give the events of a piece."""
    random, rows = piece.random, piece.rows
    when = floored(piece.times(), 1_000)
    kinds = codes_of(random, rows, [share for share, *_ in SERVICES.values()])
    tables = [
        _of_service(service, random, when[kinds == number])
        for number, service in enumerate(SERVICES)
    ]
    return mixed(rows, kinds, tables).select(["time", "line", *list(PATHS)[1:]])


def _of_service(service: str, random: np.random.Generator, when: np.ndarray) -> pa.Table:
    rows = len(when)
    share_of_calls = SERVICES[service][1].split()
    call = pick(share_of_calls, skewed(random, rows, len(share_of_calls), 1.2))
    failed = pa.array(random.random(rows) < 0.025)
    columns = _identity(random, rows, when) | _call(service, call, failed, random, rows)
    for name in _own(service):
        values = _values(name.partition("_")[2], random, rows)
        if name.startswith("response_"):
            values = pc.if_else(failed, None, some(random, values, 0.5))
        elif random.random() < 0.7:
            values = some(random, values, 0.25 + 0.7 * random.random())
        columns[name] = values
    ordered = [name for name in {**_COMMON, **PATHS} if name in columns]
    line = objects(_nested({"eventTime": iso(when, "s"), **{n: columns[n] for n in ordered}}))
    table = {"time": pa.array(when, pa.timestamp("ms")), "line": line}
    return pa.table({**table, **columns})


def _nested(columns: dict[str, pa.Array]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, values in columns.items():
        *above, leaf = {**PATHS, **_COMMON}[name].split(".")
        place = document
        for key in above:
            place = place.setdefault(key, {})
        place[leaf] = values
    return document


def _identity(random: np.random.Generator, rows: int, when: np.ndarray) -> dict[str, pa.Array]:
    kind = codes_of(random, rows, [0.72, 0.13, 0.14, 0.01])
    user, role = skewed(random, rows, USERS, 0.9), skewed(random, rows, ROLES, 0.9)
    account = chosen(random, rows, _ACCOUNTS)
    assumed, person, service = (pa.array(kind == number) for number in range(3))
    name = padded("user", user, 4)
    role_name = join("role-", pick(["ci", "app", "ops", "etl"], role % 4), "-", text(role))
    arn = pc.case_when(
        pc.make_struct(assumed, person),
        join("arn:aws:sts::", account, ":assumed-role/", role_name, "/", name),
        join("arn:aws:iam::", account, ":user/", name),
    )
    names = ["AssumedRole", "IAMUser", "AWSService", "Root"]
    not_service = pc.invert(service)
    hour = pa.array(floored(when, 3_600_000), pa.timestamp("ms")).cast(pa.timestamp("s"))
    return {
        "eventVersion": pick(["1.09", "1.11"], random.integers(0, 2, rows)),
        "userType": pick(names, kind),
        "principalId": pc.if_else(not_service, join("AROA", padded("", role, 6), "EXAMPLE:", name), None),
        "arn": arn,
        "accountId": pc.if_else(not_service, account, None),
        "accessKeyId": pc.if_else(not_service, join("ASIA", padded("", user * 31 % 99_991, 8), "EXAMPLE"), None),
        "userName": pc.if_else(person, name, None),
        "issuerType": pc.if_else(assumed, "Role", pa.nulls(1, pa.string())[0]),
        "issuerArn": pc.if_else(assumed, join("arn:aws:iam::", account, ":role/", role_name), None),
        "issuerName": pc.if_else(assumed, role_name, None),
        "sessionCreated": pc.if_else(assumed, pc.strftime(hour, "%Y-%m-%dT%H:%M:%SZ"), None),
        "mfa": pc.if_else(assumed, chosen(random, rows, {"false": 0.9, "true": 0.1}), None),
        "invokedBy": pc.if_else(service, chosen(random, rows, {
            "autoscaling.amazonaws.com": 0.5, "ecs.amazonaws.com": 0.3, "config.amazonaws.com": 0.2}), None),
        "recipientAccountId": account,
        "awsRegion": chosen(random, rows, _REGIONS),
        "sourceIPAddress": pc.if_else(service, "autoscaling.amazonaws.com", _sources(random, rows)),
        "userAgent": pick(_AGENTS, skewed(random, rows, len(_AGENTS), 0.8)),
    }  # fmt: skip


def _sources(random: np.random.Generator, rows: int) -> pa.Array:
    inside = skewed(random, rows, 5_000, 0.7)
    outside = skewed(random, rows, 20_000, 0.7)
    return pc.if_else(
        pa.array(random.random(rows) < 0.6),
        addresses("10", inside % 8, inside // 8 % 250, inside % 251 + 1),
        addresses("", outside * 7 % 190 + 20, outside % 253, outside // 253, outside % 251 + 1),
    )


def _call(
    service: str, call: pa.Array, failed: pa.Array, random: np.random.Generator, rows: int
) -> dict[str, pa.Array]:
    data = service == "s3"
    error = chosen(random, rows, _ERRORS)
    told = join(
        "User is not authorized to perform: ",
        service,
        ":",
        call,
        " on resource with an explicit deny",
    )
    size = pa.array((random.pareto(1.1, rows) * 3_000).astype(np.int64))
    return {
        "eventSource": pa.array([f"{service}.amazonaws.com"] * rows, pa.string()),
        "eventName": call,
        "errorCode": pc.if_else(failed, error, None),
        "errorMessage": pc.if_else(pc.and_(failed, pc.equal(error, "AccessDenied")), told, None),
        **({"bytesIn": pa.array(np.zeros(rows, np.int64)), "bytesOut": size,
            "signature": pa.array(["SigV4"] * rows, pa.string()),
            "cipher": pa.array(["TLS_AES_128_GCM_SHA256"] * rows, pa.string())} if data else {}),
        "requestID": uuids(random, rows),
        "eventID": uuids(random, rows),
        "readOnly": pc.match_substring_regex(call, "^(Get|Head|List|Describe|Decrypt|Filter)"),
        "eventType": pa.array(["AwsConsoleSignIn" if service == "signin" else "AwsApiCall"] * rows, pa.string()),
        "apiVersion": some(random, pa.array(["2016-11-15"] * rows, pa.string()), 0.3),
        "managementEvent": pa.array([not data] * rows, pa.bool_()),
        "eventCategory": pa.array(["Data" if data else "Management"] * rows, pa.string()),
        "vpcEndpointId": some(random, join("vpce-0", hexes(random, 1, 16)[0].as_py(), text(random.integers(0, 40, rows))), 0.2),
        "tlsVersion": chosen(random, rows, {"TLSv1.3": 0.85, "TLSv1.2": 0.15}),
        "tlsCipher": chosen(random, rows, {"TLS_AES_128_GCM_SHA256": 0.85, "ECDHE-RSA-AES128-GCM-SHA256": 0.15}),
        "tlsHost": join(service, ".eu-west-1.amazonaws.com", pa.array([""] * rows, pa.string())),
    }  # fmt: skip


def _values(name: str, random: np.random.Generator, rows: int) -> pa.Array:
    """Give values of a field by its name: flags, numbers, ids, ARNs, times, or words."""
    if name in FLAGS:
        return pa.array(random.random(rows) < 0.3)
    if any(name.endswith(word) for word in NUMBERS):
        return pa.array((random.pareto(1.2, rows) * 20).astype(np.int64).clip(max=10**9))
    if name.endswith(("Arn", "URL", "Url")):
        return join(
            "arn:aws:shop:eu-west-1:111122223333:", name, "/", text(skewed(random, rows, 500, 0.8))
        )
    if name.endswith(("Id", "Token", "Sha256")):
        return hexes(random, rows, 17)
    if name.endswith(("Date", "DateTime", "Time", "Modified", "expiration")):
        return join(
            "2026-09-", pc.utf8_lpad(text(random.integers(1, 31, rows)), 2, "0"), "T08:15:00Z"
        )
    if name == "key":
        return join("exports/2026/", text(random.integers(1, 13, rows)), "/part-",
                    padded("", skewed(random, rows, 50_000, 0.5), 6), ".parquet")  # fmt: skip
    if name in VALUES:
        return pick(VALUES[name], skewed(random, rows, len(VALUES[name]), 1.3))
    words = int(random.choice([3, 12, 60, 400]))
    return join(name, "-", text(skewed(random, rows, words, 0.8)))


AUDIT = LogSet("audit", "/bench/audit", 14, make, paths=PATHS)
