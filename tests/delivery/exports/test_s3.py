"""Exports to S3, against moto's server on loopback."""

from __future__ import annotations

import gzip
import socket
import sys

import pytest
from exported import stored

from cwnb.delivery.exports import destinations
from cwnb.errors import ExportFailed, InvalidParameter

moto_server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")
boto3 = pytest.importorskip("boto3")
DAY = 1_770_076_800_000


@pytest.fixture(scope="module")
def endpoint():
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    client = boto3.client("s3")
    client.create_bucket(Bucket="archive")
    yield client
    for key in keys(client):
        client.delete_object(Bucket="archive", Key=key)
    client.delete_bucket(Bucket="archive")
    s3fs.S3FileSystem.clear_instance_cache()


def keys(client):
    found = client.list_objects_v2(Bucket="archive").get("Contents", [])
    return sorted(each["Key"] for each in found)


def test_the_layout_and_its_way_back(logs, s3):
    logs.put("/g", "a/b", [(DAY, "one"), (DAY, b"\xff\r")])
    logs.put("/g", "a-b", [(DAY, "one")])
    task = logs.export("/g", "s3://archive/logs/web/").wait()
    assert keys(s3) == [
        "aws-logs-write-test",
        f"logs/web/{task.id}/_cwnb.json",
        f"logs/web/{task.id}/a-b/000000.gz",
        f"logs/web/{task.id}/a-b/000001.gz",
    ]
    test = s3.get_object(Bucket="archive", Key="aws-logs-write-test")["Body"].read()
    assert test == b"Permission Check Successful"
    part = s3.get_object(Bucket="archive", Key=f"logs/web/{task.id}/a-b/000001.gz")["Body"].read()
    assert gzip.decompress(part) == b"2026-02-03T00:00:00.000Z one\n"
    report = logs.load(f"s3://archive/logs/web/{task.id}/", group="/h")
    assert not report.errors, str(report)
    assert [e[:3] for e in stored(logs, "/h")] == [e[:3] for e in stored(logs)]
    for format in ("parquet", "ndjson"):
        task = logs.export("/g", "s3://archive", format=format).wait()
        logs.load(f"s3://archive/{task.id}/", group=f"/{format}")
        assert stored(logs, f"/{format}") == stored(logs)


def failed(logs, destination):
    before = stored(logs)
    task = logs.export("/g", destination)
    with pytest.raises(ExportFailed) as error:
        task.wait(60)
    assert task.state == "FAILED"
    assert task.message in str(error.value)
    assert stored(logs) == before
    assert logs.exports()["state"][0] == "FAILED"
    return task


def test_a_bucket_that_is_missing_and_then_there(logs, s3):
    logs.put("/g", "s", [(DAY, "one")])
    task = failed(logs, "s3://absent/x")
    assert task.message == "The given bucket does not exist. Please make sure the bucket is valid."
    s3.create_bucket(Bucket="absent")
    assert task.resume().wait().state == "COMPLETED"


def test_a_caller_without_the_right(logs, s3, monkeypatch):
    logs.put("/g", "s", [(DAY, "one")])

    def denied(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(s3fs.S3FileSystem, "pipe_file", denied)
    assert failed(logs, "s3://archive/x").message == (
        "Please ensure that the CreateExportTask caller has been granted s3:PutObject access to"
        " the bucket."
    )


def test_an_endpoint_that_is_gone(logs, s3, monkeypatch):
    logs.put("/g", "s", [(DAY, "one")])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
    message = failed(logs, "s3://archive/x").message
    assert message.startswith("cannot write to 's3://archive/x/': ")
    assert "connect" in message.lower()


def test_without_the_package(logs, monkeypatch):
    logs.put("/g", "s", [(DAY, "one")])
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(InvalidParameter, match=r"pip install 'cwnb\[s3\]'"):
        logs.export("/g", "s3://archive/x")
    assert len(logs.exports()) == 0


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        ("s3://", "no bucket in 's3://'; it is a folder"),
        ("s3:///x", "no bucket in 's3:///x'"),
        ("gs://bucket/x", "cannot export to 'gs://bucket/x'; it is a folder or s3://bucket/prefix"),
        ("", "'' is no destination"),
        (7, "a destination: it is a folder or s3://bucket/prefix, not 7"),
    ],
)
def test_what_is_no_destination(logs, destination, message):
    logs.put("/g", "s", [(DAY, "one")])
    with pytest.raises(InvalidParameter, match="^" + message.replace("(", r"\(")):
        logs.export("/g", destination)


def test_an_error_of_several_lines_is_said_in_one():
    error = destinations._fault(ValueError("validation failed:\nInvalid name."), "s3://A!/")
    assert str(error) == "cannot write to 's3://A!/': validation failed: Invalid name"


def test_a_put_that_fails_midway_leaves_what_was_written(logs, s3, monkeypatch):
    logs.put("/g", "s", [(DAY, "one")])
    put, calls = destinations.Bucket._put, []

    def once(self, path, content):
        calls.append(path)
        if len(calls) == 2:
            raise destinations._fault(OSError("connection reset"), "s3://archive/")
        put(self, path, content)

    monkeypatch.setattr(destinations.Bucket, "_put", once)
    task = failed(logs, "s3://archive")
    assert keys(s3) == ["aws-logs-write-test"]
    task.resume().wait()
    assert len(keys(s3)) == 3
