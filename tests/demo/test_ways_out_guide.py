"""Each snippet of docs/ways-out.md, in its order, on the demo's store; AWS is a stand-in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import boto3
import pytest

from tests.standins.aws import AwsStandIn

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDE = REPOSITORY / "docs" / "ways-out.md"
BLOCKS = re.findall(r"^```([a-z]*)\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def cloud(monkeypatch):
    """Have the stream and the bucket that the guide names."""
    with AwsStandIn() as server:
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ENDPOINT_URL_S3": server.moto_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        boto3.DEFAULT_SESSION = None
        boto3.client("kinesis").create_stream(StreamName="bus", ShardCount=1)
        boto3.client("s3").create_bucket(Bucket="archive")
        yield server


def test_every_kind_of_snippet_is_run_here():
    assert {kind for kind, _ in BLOCKS} == {"sh", "python"}


@pytest.mark.usefixtures("cloud")
def test_python(folder):
    names, told = {}, StringIO()
    with redirect_stdout(told):
        for text in (text for kind, text in BLOCKS if kind == "python"):
            exec(compile(text, str(GUIDE), "exec"), names)
    names["logs"].close()
    said = told.getvalue()
    assert "does not match: { $.status >= 500 }" in said
    assert "all has been sent" in said
    assert re.search(r"broken of /shop/web: retrying after KeyError: 'nothing' \(ways-out", said)
    assert "delivered: the subscription 'alerts' has sent it" in said
    assert re.search(r"bus +active +1 +0", said)
    listed = boto3.client("s3").list_objects_v2(Bucket="archive", Prefix="web/")
    assert listed["KeyCount"] > 0
    assert (folder / "archive").is_dir()


def test_terminal(folder):
    text = "".join(text for kind, text in BLOCKS if kind == "sh")
    shell = f'set -eu\ncwnb() {{ "{sys.executable}" -m cwnb.cli "$@"; }}\n{text}'
    environment = dict(os.environ, PYTHONPATH=str(REPOSITORY))
    done = subprocess.run(
        ["sh", "-c", shell], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "sent 1 event\n")
    for said in (
        "does not match: ERROR -timeout",
        "COMPLETED",
        "alert: 2026-11-20T11:59:59Z ERROR from a file",
        "delivered: the subscription 'alerts.on_error' has sent it",
    ):
        assert said in done.stdout
    assert (folder / "warnings.csv").read_text().startswith("time,group,namespace,metric")
