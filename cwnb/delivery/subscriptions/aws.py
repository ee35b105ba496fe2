"""Targets of AWS: a Kinesis stream, a Firehose stream, a Lambda function, each by its ARN.

boto3 (the extra `aws`) finds credentials and endpoints as it always does; nothing of them is kept.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from cwnb.delivery.subscriptions import payloads
from cwnb.delivery.subscriptions.target import Refused, Sent, TooLarge
from cwnb.errors import InvalidParameter
from cwnb.memo import memo
from cwnb.nearest import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cwnb.delivery.subscriptions.limits import Limits
    from cwnb.delivery.subscriptions.payloads import Payload
    from cwnb.delivery.subscriptions.target import Target

KINESIS, FIREHOSE, LAMBDA = "kinesis", "firehose", "lambda"
KINDS = frozenset({KINESIS, FIREHOSE, LAMBDA})
# How records are spread over the shards of a Kinesis stream. Source: API_PutSubscriptionFilter.
BY_LOG_STREAM, RANDOM = "ByLogStream", "Random"
DISTRIBUTIONS = (BY_LOG_STREAM, RANDOM)
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):"
    r"(?P<account>\d{12}):(?P<resource>.+)"
)
_RESOURCES = {
    KINESIS: (re.compile(r"stream/[\w.-]{1,128}"), "stream/NAME"),
    FIREHOSE: (re.compile(r"deliverystream/[\w.-]{1,64}"), "deliverystream/NAME"),
    LAMBDA: (re.compile(r"function:[\w-]{1,140}(:[\w$-]{1,129})?"), "function:NAME"),
}
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.{1,512}")
# Answers after which an attempt helps: the service is busy or broken, or this machine's credentials
# have run out, which is no affair of the target.
_BUSY = re.compile(
    r"Throttl|TooManyRequests|ProvisionedThroughputExceeded|LimitExceeded|ServiceUnavailable"
    r"|Internal|RequestTimeout|SlowDown|KMSThrottling"
    r"|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|RequestExpired"
    r"|InvalidSignature"
)
_ACCESS_DENIED = re.compile(r"AccessDenied")
_TOO_LARGE = re.compile(r"RequestTooLarge|RequestEntityTooLarge")


def described(
    arn: str, role_arn: str | None = None, distribution: str | None = None
) -> dict[str, Any]:
    """Give what the catalog keeps of an ARN as a target; raises InvalidParameter."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise InvalidParameter(
            f"the target {arn!r:.300} is no ARN: arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE, with an "
            "account of 12 digits"
        )
    service = match["service"]
    if service not in KINDS:
        raise InvalidParameter(
            "PutSubscriptionFilter operation cannot work with destinationArn for vendor "
            f"{service}; there are {', '.join(sorted(KINDS))}"
        )
    resource, form = _RESOURCES[service]
    if not resource.fullmatch(match["resource"]):
        raise InvalidParameter(
            f"the target {arn!r:.300} names no {service}: its last part is {form}"
        )
    if not match["region"]:
        raise InvalidParameter(f"the target {arn!r:.300} has no Region")
    if role_arn is not None and not _ROLE.fullmatch(role_arn):
        raise InvalidParameter(
            f"{role_arn!r:.300} is no ARN of a role: arn:aws:iam::ACCOUNT:role/…"
        )
    if role_arn is not None and service == LAMBDA:
        raise InvalidParameter("destinationArn for vendor lambda cannot be used with roleArn")
    check_distribution(distribution, is_kinesis=service == KINESIS)
    kept = {"kind": service, "name": arn, "role": role_arn}
    return {**kept, "distribution": distribution or BY_LOG_STREAM} if service == KINESIS else kept


def check_distribution(distribution: Any, *, is_kinesis: bool) -> None:
    """Raise InvalidParameter for a distribution that there is not, or not for this target."""
    if distribution is not None and distribution not in DISTRIBUTIONS:
        raise InvalidParameter(unknown("distribution", distribution, DISTRIBUTIONS))
    if distribution == RANDOM and not is_kinesis:
        raise InvalidParameter(
            "distribution 'Random' is for a Kinesis stream; other targets have no shards"
        )


def make(target: dict[str, Any], limits: Limits) -> Target:
    """Make a target of what the catalog keeps."""
    arn, role = target["name"], target.get("role")
    if target["kind"] == LAMBDA:
        return LambdaTarget(arn, limits)
    calls = _KINESIS if target["kind"] == KINESIS else _FIREHOSE
    is_random = target.get("distribution") == RANDOM
    return StreamTarget(arn, role, calls, limits, is_random=is_random)


def check_reachable(target: dict[str, Any], limits: Limits, now_ms: int) -> None:
    """Look whether a target takes messages, as the service does; raises InvalidParameter.

    A stream gets a CONTROL_MESSAGE; of a function it is asked whether it may be invoked.
    """
    made = make(target, limits)
    try:
        if isinstance(made, LambdaTarget):
            made.ask()
        elif isinstance(made, StreamTarget):
            made.send_control(now_ms)
    except InvalidParameter:
        raise
    except Exception as error:
        text = str(error).strip().partition("\n")[0][:500]
        raise InvalidParameter(f"{_UNREACHABLE[target['kind']]} ({text})") from None


_UNREACHABLE = {
    LAMBDA: "Could not execute the lambda function. Make sure you have given CloudWatch Logs "
    "permission to execute your function.",
    KINESIS: "Could not deliver test message to specified Kinesis stream. Check if the given "
    "kinesis stream is in ACTIVE state.",
    FIREHOSE: "Could not deliver test message to specified Firehose stream. Check if the given "
    "Firehose stream is in ACTIVE state.",
}


@dataclass
class LambdaTarget:
    """A Lambda function that is invoked for each payload, and not waited for."""

    arn: str
    limits: Limits
    most: int = field(default=1, init=False)

    def send(self, payloads_: Sequence[Payload]) -> list[Sent | Exception]:
        """Invoke the function."""
        return [self._send(payload) for payload in payloads_]

    def ask(self) -> None:
        """Ask whether the function may be invoked; raises what the service answers."""
        self._client.invoke(FunctionName=self.arn, InvocationType="DryRun")

    def _send(self, payload: Payload) -> Sent | Exception:
        event = payloads.lambda_event(payload.message())
        size = len(event["awslogs"]["data"])
        if size > self.limits.lambda_bytes:
            return TooLarge()
        return _outcome(
            lambda: self._client.invoke(
                FunctionName=self.arn, InvocationType="Event", Payload=orjson.dumps(event)
            ),
            size,
        )

    @memo
    def _client(self) -> Any:
        return client("lambda", self.arn, None)


@dataclass(frozen=True)
class _Calls:
    """How one service takes records: several in a call, and one where that is not allowed."""

    service: str
    word: str  # in the control message
    many: str
    one: str
    names: Callable[[str], dict[str, str]]
    record: Callable[[bytes, str], dict[str, Any]]
    answers: tuple[str, str]  # where the answer has the records, and a record its error


_KINESIS = _Calls(
    "kinesis",
    "Kinesis stream",
    "put_records",
    "put_record",
    lambda arn: {"StreamARN": arn, "StreamName": arn.rpartition("/")[2]},
    lambda data, stream: {"Data": data, "PartitionKey": stream[:256]},
    ("Records", "ErrorCode"),
)
_FIREHOSE = _Calls(
    "firehose",
    "Firehose",
    "put_record_batch",
    "put_record",
    lambda arn: {"DeliveryStreamName": arn.rpartition("/")[2]},
    lambda data, _: {"Data": data},
    ("RequestResponses", "ErrorCode"),
)


@dataclass
class StreamTarget:
    """A stream of Kinesis or Firehose; the data of a record is the gzip of a message.

    The partition key is the name of the log stream, so that its events stay in their order; a
    random one spreads the records of a log stream over all shards. Where a role does not allow
    calls with several records, each goes by itself.
    """

    arn: str
    role: str | None
    calls: _Calls
    limits: Limits
    is_random: bool = field(default=False, kw_only=True)
    _one_by_one: bool = field(default=False, init=False)

    @property
    def most(self) -> int:
        """Give how many records a call takes."""
        kinesis = self.calls is _KINESIS
        return self.limits.kinesis_records if kinesis else self.limits.firehose_records

    def send_control(self, now_ms: int) -> None:
        """Send the message by which the service looks whether a stream takes records."""
        data = payloads.packed(payloads.control_message(now_ms, self.calls.word))
        self._put_one(self.calls.record(data, "control"))

    def send(self, payloads_: Sequence[Payload]) -> list[Sent | Exception]:
        """Send payloads in as few calls as the limits allow."""
        record_bytes, call_bytes = self._bytes()
        found: dict[int, Sent | Exception] = {}
        waiting: list[tuple[int, dict[str, Any], int]] = []
        size_of_call = 0
        for number, payload in enumerate(payloads_):
            data = payloads.packed(payload.message())
            key = secrets.token_hex(16) if self.is_random else payload.stream
            record = self.calls.record(data, key)
            size = len(data) + len(record.get("PartitionKey", "").encode())
            if size > record_bytes:
                found[number] = TooLarge()
                continue
            if waiting and size_of_call + size > call_bytes:
                found |= self._put(waiting)
                waiting, size_of_call = [], 0
            waiting.append((number, record, len(data)))
            size_of_call += size
        if waiting:
            found |= self._put(waiting)
        return [found[number] for number in range(len(payloads_))]

    def _bytes(self) -> tuple[int, int]:
        limits = self.limits
        if self.calls is _KINESIS:
            return limits.kinesis_record_bytes, limits.kinesis_call_bytes
        return limits.firehose_record_bytes, limits.firehose_call_bytes

    def _put(self, waiting: list[tuple[int, dict[str, Any], int]]) -> dict[int, Sent | Exception]:
        if not self._one_by_one:
            records = [record for _, record, _ in waiting]
            try:
                return self._put_many(records, waiting)
            except Exception as error:
                failure = as_failure(error)
                if not _ACCESS_DENIED.search(_code(error)):
                    return {number: failure for number, _, _ in waiting}
                self._one_by_one = True
        return {
            number: _outcome(partial(self._put_one, record), size)
            for number, record, size in waiting
        }

    def _put_many(
        self, records: list[dict[str, Any]], waiting: list[tuple[int, dict[str, Any], int]]
    ) -> dict[int, Sent | Exception]:
        call = getattr(self._client, self.calls.many)
        answer = call(Records=records, **self.calls.names(self.arn))
        where, what = self.calls.answers
        found: dict[int, Sent | Exception] = {}
        for (number, _, size), said in zip(waiting, answer[where], strict=True):
            code = said.get(what)
            found[number] = (
                Sent(size) if not code else _failure(code, said.get("ErrorMessage") or code, 0)
            )
        return found

    def _put_one(self, record: dict[str, Any]) -> None:
        call = getattr(self._client, self.calls.one)
        named = self.calls.names(self.arn)
        call(**named, **(record if self.calls is _KINESIS else {"Record": record}))

    @memo
    def _client(self) -> Any:
        return client(self.calls.service, self.arn, self.role)


def client(service: str, arn: str, role: str | None) -> Any:
    """Make a client of boto3 for the Region of an ARN, in a role if one is given."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise InvalidParameter(
            f"to send to {service} boto3 is needed: pip install 'cwnb[aws]'"
        ) from None
    region = arn.split(":")[3]
    # Failures are tried again by the worker, which counts them.
    config = Config(
        region_name=region,
        retries={"total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=30,
    )
    session = boto3.Session()
    if role is not None:
        session = _in_role(session, role)
    return session.client(service, config=config)


def _in_role(session: Any, role: str) -> Any:
    """Give a session with the credentials of a role, which are renewed before they run out."""
    import boto3
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    fetcher = AssumeRoleCredentialFetcher(
        client_creator=session._session.create_client,  # noqa: SLF001 - boto3 has no other way
        source_credentials=session.get_credentials(),
        role_arn=role,
        extra_args={"RoleSessionName": "cwnb"},
    )
    inner = botocore.session.get_session()
    credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    inner._credentials = credentials  # noqa: SLF001
    return boto3.Session(botocore_session=inner)


def _outcome(act: Callable[[], object], size: int) -> Sent | Exception:
    try:
        act()
    except Exception as error:
        return as_failure(error)
    return Sent(size)


def as_failure(error: Exception) -> Exception:
    """Give what an exception of boto3 means: TooLarge, Refused, or that it is tried again."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return error  # no answer: no endpoint, no credentials, a timeout
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = response.get("Error", {}).get("Message") or str(error)
    return _failure(_code(error), message, status)


def _failure(code: str, message: str, status: int) -> Exception:
    said = f"{code}: {message}" if message != code else code
    if _TOO_LARGE.search(code) or status == 413:
        return TooLarge()
    if _BUSY.search(code) or status >= 500 or status == 429 or (not status and "Failure" in code):
        return ConnectionError(said)
    return Refused(said)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
