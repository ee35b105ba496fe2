"""Kinesis, Firehose and Lambda as targets: what they get, their limits, and their failures."""

from __future__ import annotations

import gzip
import json
import random

import boto3
import pytest

import cwnb
from cwnb.delivery import Limits
from cwnb.delivery.subscriptions import aws
from cwnb.errors import InvalidParameter
from tests.standins.aws import AwsStandIn, Fault

from .conftest import GROUP, drain

ACCOUNT = "123456789012"
KINESIS = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/bus"
FIREHOSE = f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/lake"
LAMBDA = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:alert"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/CWLtoBus"
ARNS = [KINESIS, FIREHOSE, LAMBDA]


@pytest.fixture(scope="module")
def server():
    with AwsStandIn() as server:
        yield server


@pytest.fixture
def cloud(server, monkeypatch):
    """Give the stand-in with a stream of each kind and a function; `got` has decoded messages."""
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.DEFAULT_SESSION = None
    kinesis, firehose = (boto3.client(name) for name in ("kinesis", "firehose"))
    boto3.client("s3", endpoint_url=server.moto_url).create_bucket(Bucket="lake")
    kinesis.create_stream(StreamName="bus", ShardCount=1)
    firehose.create_delivery_stream(
        DeliveryStreamName="lake",
        ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake"},
    )
    server.faults.clear()
    server.calls.clear()
    got = []
    server.functions["alert"] = lambda event, _: got.append(cwnb.decode_subscription(event))
    yield server
    server.faults.clear()
    kinesis.delete_stream(StreamName="bus")
    firehose.delete_delivery_stream(DeliveryStreamName="lake")
    _empty_bucket(server)
    server.functions.clear()


def _empty_bucket(server):
    s3 = boto3.client("s3", endpoint_url=server.moto_url)
    for item in s3.list_objects_v2(Bucket="lake").get("Contents", []):
        s3.delete_object(Bucket="lake", Key=item["Key"])


def records(server, arn):
    """Give the messages that a target has got, in order, control messages too."""
    if arn == LAMBDA:
        return list(server.functions["alert"].__closure__[0].cell_contents)
    if arn == KINESIS:
        kinesis = boto3.client("kinesis")
        shard = kinesis.describe_stream(StreamName="bus")["StreamDescription"]["Shards"][0]
        iterator = kinesis.get_shard_iterator(
            StreamName="bus", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found = kinesis.get_records(ShardIterator=iterator, Limit=10_000)["Records"]
        return [json.loads(gzip.decompress(record["Data"])) for record in found]
    s3 = boto3.client("s3", endpoint_url=server.moto_url)
    items = sorted(
        s3.list_objects_v2(Bucket="lake").get("Contents", []), key=lambda i: i["LastModified"]
    )
    data = b"".join(s3.get_object(Bucket="lake", Key=i["Key"])["Body"].read() for i in items)
    return [json.loads(one) for one in _members(data)]


def _members(data):
    """Give what each gzip file has of those that stand one behind the other."""
    import zlib

    while data:
        one = zlib.decompressobj(31)
        yield one.decompress(data)
        data = one.unused_data


def texts(server, arn):
    return [
        event["message"]
        for message in records(server, arn)
        if message["messageType"] == "DATA_MESSAGE"
        for event in message["logEvents"]
    ]


@pytest.mark.parametrize("arn", ARNS)
def test_what_matches_comes_in_the_services_form(run, put, cloud, arn):
    runner = run("keep", to=arn)
    put("keep 1", "other", "keep 2", stream="i-1")
    put("keep 3", stream="i-2")
    found = drain(runner)
    sent = [m for m in records(cloud, arn) if m["messageType"] == "DATA_MESSAGE"]
    assert [(m["logStream"], [e["message"] for e in m["logEvents"]]) for m in sent] == [
        ("i-1", ["keep 1", "keep 2"]),
        ("i-2", ["keep 3"]),
    ]
    assert sent[0]["logGroup"] == GROUP
    assert (found.counts.delivered, found.counts.payloads) == (3, 2)
    assert found.counts.bytes > 100


@pytest.mark.parametrize(("arn", "word"), [(KINESIS, "Kinesis stream"), (FIREHOSE, "Firehose")])
def test_a_stream_gets_a_control_message_when_it_is_subscribed(logs, cloud, arn, word):
    logs.subscribe(GROUP, arn, name="bus")
    (message,) = records(cloud, arn)
    assert message["messageType"] == "CONTROL_MESSAGE"
    assert message["owner"] == "CloudwatchLogs"
    (event,) = message["logEvents"]
    assert event["message"].endswith(f"Checking health of destination {word}.")
    assert logs.subscriptions()["target"][0] == arn


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (KINESIS.replace("bus", "bsu"), "Could not deliver test message to specified Kinesis"),
        (FIREHOSE.replace("lake", "pond"), "Could not deliver test message to specified Firehose"),
        (LAMBDA.replace("alert", "alarm"), "Could not execute the lambda function"),
    ],
)
def test_a_target_that_is_not_there_cannot_be_subscribed(logs, cloud, arn, said):
    with pytest.raises(InvalidParameter, match=said):
        logs.subscribe(GROUP, arn, name="bus")
    assert len(logs.subscriptions()) == 0


@pytest.mark.parametrize("arn", ARNS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, "ThrottlingException"),
        Fault(400, "ProvisionedThroughputExceededException"),
        Fault(503, "ServiceUnavailable"),
        Fault(500, "InternalFailure"),
        Fault(400, "ExpiredTokenException"),
        Fault(kind="reset"),
    ],
    ids=lambda fault: fault.code or fault.kind,
)
def test_what_may_help_is_tried_again(run, put, cloud, arn, fault):
    runner = run(to=arn)
    put("one")
    cloud.faults.extend([fault, fault])
    found = drain(runner)
    assert (found.attempts, found.counts.delivered) == (1, 0)
    for _ in range(2):
        runner._clock.advance(60)
        found = drain(runner)
    assert texts(cloud, arn) == ["one"]
    assert (found.counts.retries, found.counts.delivered) == (2, 1)


@pytest.mark.parametrize("arn", ARNS)
@pytest.mark.parametrize(
    "fault", [Fault(404, "ResourceNotFoundException"), Fault(400, "InvalidArgumentException")]
)
def test_what_cannot_help_disables_it(run, put, cloud, arn, fault):
    runner = run(to=arn)
    put("one")
    cloud.faults.append(fault)
    found = drain(runner)
    assert found.counts.passed_over == 1
    assert fault.code in found.last_error
    runner._clock.advance(601)
    put("two")
    drain(runner)
    assert texts(cloud, arn) == ["two"]


def test_a_denied_function_disables_it(run, put, cloud):
    runner = run(to=LAMBDA)
    put("one")
    cloud.faults.append(Fault(403, "AccessDeniedException"))
    assert drain(runner).counts.passed_over == 1


@pytest.mark.parametrize(("arn", "many"), [(KINESIS, "PutRecords"), (FIREHOSE, "PutRecordBatch")])
def test_a_role_that_allows_single_records_alone_will_do(run, put, cloud, arn, many):
    runner = run(to=arn)
    put("one")
    put("two", stream="i-2")
    cloud.calls.clear()
    cloud.faults.append(Fault(400, "AccessDeniedException"))
    found = drain(runner)
    assert found.counts.delivered == 2
    assert [call for call in cloud.calls if call.startswith("Put")] == [
        many,
        "PutRecord",
        "PutRecord",
    ]
    assert sorted(texts(cloud, arn)) == ["one", "two"]


@pytest.mark.parametrize("arn", [KINESIS, FIREHOSE])
def test_of_a_call_that_fails_in_part_the_rest_is_sent_again(run, put, cloud, arn):
    runner = run(to=arn)
    for n in range(4):
        put(f"m{n}", stream=f"i-{n}")
    code = "ProvisionedThroughputExceededException"
    cloud.faults.append(Fault(kind="partial", code=code, rows=(0, 2)))
    found = drain(runner)
    assert found.attempts == 1
    runner._clock.advance(60)
    found = drain(runner)
    assert sorted(texts(cloud, arn)) == ["m0", "m1", "m2", "m3"]
    assert (found.counts.delivered, found.counts.payloads) == (4, 4)


@pytest.mark.parametrize("arn", ARNS)
def test_payloads_are_cut_to_what_a_target_takes(run, put, cloud, arn):
    runner = run(to=arn)
    runner._limits = Limits(
        lambda_bytes=6_000,
        kinesis_record_bytes=4_500,
        kinesis_call_bytes=9_000,
        firehose_record_bytes=4_500,
        firehose_call_bytes=9_000,
    )
    random.seed(3)
    wanted = [f"{n} {random.randbytes(300).hex()}" for n in range(40)]
    huge = f"huge {random.randbytes(6_000).hex()}"
    put(*wanted[:20], huge, *wanted[20:])
    found = drain(runner)
    came = texts(cloud, arn)
    # moto names the files of Firehose by the second in which they come.
    assert (sorted(came) == sorted(wanted)) if arn == FIREHOSE else (came == wanted)
    assert (found.counts.delivered, found.counts.too_large) == (40, 1)


def test_a_call_has_at_most_one_payload_of_a_stream_and_so_many_records(run, put, cloud):
    runner = run(to=KINESIS)
    runner._limits = Limits(kinesis_records=3)
    for n in range(7):
        put(f"m{n}", stream=f"i-{n}")
    cloud.calls.clear()
    drain(runner)
    assert cloud.calls.count("PutRecords") == 3
    assert sorted(texts(cloud, KINESIS)) == [f"m{n}" for n in range(7)]


@pytest.mark.parametrize("distribution", [None, "ByLogStream", "Random"])
def test_the_distribution_decides_the_partition_keys(logs, put, cloud, distribution):
    logs.subscribe(GROUP, KINESIS, name="bus", distribution=distribution)
    for number in range(3):
        with logs.deliver() as worker:
            put(f"m{number}", stream="i-1")
            assert worker.wait(20)
    kinesis = boto3.client("kinesis")
    iterator = kinesis.get_shard_iterator(
        StreamName="bus", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found = kinesis.get_records(ShardIterator=iterator, Limit=10_000)["Records"]
    keys = [record["PartitionKey"] for record in found][1:]
    assert len(set(keys)) == (3 if distribution == "Random" else 1)
    assert ("i-1" in keys) == (distribution != "Random")
    assert logs.subscriptions()["distribution"][0] == (distribution or "ByLogStream")


def test_a_role_is_assumed(logs, put, cloud):
    cloud.calls.clear()
    logs.subscribe(GROUP, KINESIS, name="bus", role_arn=ROLE)
    put("one")
    with logs.deliver() as worker:
        assert worker.wait(30)
    assert texts(cloud, KINESIS) == ["one"]
    assert "/" in cloud.calls  # STS, whose calls have no target
    with pytest.raises(InvalidParameter, match="vendor lambda cannot be used with roleArn"):
        logs.subscribe(GROUP, LAMBDA, name="fn", role_arn=ROLE)


def test_no_credentials_are_kept(logs, cloud, tmp_path):
    logs.subscribe(GROUP, KINESIS, name="bus", role_arn=ROLE)
    (record,) = logs.store.kept_records("subscription")
    assert record.value["target"] == {
        "kind": "kinesis",
        "name": KINESIS,
        "role": ROLE,
        "distribution": "ByLogStream",
    }


def test_without_boto3_it_is_said_what_to_install(logs, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(InvalidParameter, match=r"pip install 'cwnb\[aws\]'"):
        logs.subscribe(GROUP, KINESIS, name="bus")


def test_an_endpoint_that_is_gone_is_tried_again(run, put, cloud, monkeypatch):
    runner = run(to=LAMBDA)
    put("one")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    found = drain(runner)
    assert found.attempts == 1
    assert "Could not connect" in found.last_error
    assert found.counts.passed_over == 0


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, ConnectionError),
        ("RequestTooLargeException", 413, aws.TooLarge),
        ("ResourceNotFoundException", 400, aws.Refused),
        ("Anything", 503, ConnectionError),
        ("Anything", 418, aws.Refused),
        ("InternalFailure", 0, ConnectionError),
    ],
)
def test_answers_mean_what_they_say(code, status, kind):
    from botocore.exceptions import ClientError

    response = {
        "Error": {"Code": code, "Message": "m"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    assert type(aws.as_failure(ClientError(response, "Put"))) is kind
