"""`python -m benchmarks deliveries`: how fast subscriptions send, how soon, and what writers pay.

Ends with `events_per_s=E p99_ms=L kinesis_per_s=K writer_rate=R writer_p99=P`: events a second
matched and packed for a function, the 99th percentile from a put to the function, events a second
that moto's server takes as a Kinesis stream, and by what a writer of 100-event puts is slowed and
its 99th percentile grows while another process sends three subscriptions.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

GROUP = "/bench/app"
_STREAMS = 20
_BATCH = 100


def main(args: list[str]) -> int:
    """Run the benchmark: `python -m benchmarks deliveries [--events N] [--seconds S]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks deliveries", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each writing")
    parser.add_argument("--rate", type=int, default=10_000, help="events a second that are put")
    options = parser.parse_args(args)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CWNB_CONFIG_DIR"] = str(Path(folder) / "config")
        rate = throughput(Path(folder, "flat-out"), options.events)
        print(f"matched and packed for a function: {rate:,.0f} events/s")
        late = latency(Path(folder, "latency"))
        print(f"from put to function: p50 {np.median(late):.0f} ms, p99 {p99(late):.0f} ms")
        kinesis = to_kinesis(Path(folder, "kinesis"), options.events // 10)
        print(f"put to a Kinesis stream of moto: {kinesis:,.0f} events/s")
        alone = writing(Path(folder, "alone"), options, subscriptions=0)
        beside = writing(Path(folder, "beside"), options, subscriptions=3)
        ratio, slower = beside["rate"] / alone["rate"], beside["p99"] / alone["p99"]
        for name, found in (("alone", alone), ("beside three subscriptions", beside)):
            print(f"writer {name}: {found['rate']:,.0f} events/s, p99 {found['p99']:.1f} ms")
        print(f"lag at the end of the writing: {beside['lag']:,.0f} events")
    print(
        f"events_per_s={rate:.0f} p99_ms={p99(late):.0f} kinesis_per_s={kinesis:.0f} "
        f"writer_rate={ratio:.2f} writer_p99={slower:.2f}"
    )
    return 0


def p99(values: Any) -> float:
    """Give the 99th percentile."""
    return float(np.percentile(values, 99))


def _messages(count: int) -> list[str]:
    return [
        f'{{"level": "{"ERROR" if n % 4 == 0 else "INFO"}", "status": {200 + n % 400}, '
        f'"path": "/api/orders/{n}", "took": {n % 977}}}'
        for n in range(count)
    ]


def throughput(path: Path, events: int) -> float:
    """Put all first, half of which match, and time the sending."""
    import cwnb

    got = [0]

    def count(message: dict[str, Any]) -> None:
        got[0] += len(message["logEvents"])

    with cwnb.open(path) as logs:
        logs.create_group(GROUP)
        logs.subscribe(GROUP, count, "{ $.status >= 400 }")
        texts = _messages(events)
        now = int(time.time() * 1000)
        for at in range(0, events, 5_000):
            part = [(now, text) for text in texts[at : at + 5_000]]
            logs.put(GROUP, f"s-{at % _STREAMS}", part)
        started = time.perf_counter()
        with logs.deliver() as worker:
            assert worker.wait(300)
        took = time.perf_counter() - started
    assert got[0] == sum(n % 400 >= 200 for n in range(events))
    return events / took


def latency(path: Path, puts: int = 300) -> list[float]:
    """Put one event at a time, and note when it comes."""
    import cwnb

    late: list[float] = []

    def note(message: dict[str, Any]) -> None:
        now = time.time_ns()
        late.extend((now - int(event["message"])) / 1e6 for event in message["logEvents"])

    with cwnb.open(path) as logs:
        logs.create_group(GROUP)
        logs.subscribe(GROUP, note)
        with logs.deliver() as worker:
            for _ in range(puts):
                logs.put(GROUP, "s", [("now", str(time.time_ns()))])
                time.sleep(0.02)
            assert worker.wait(30)
    assert len(late) == puts
    return late


def to_kinesis(path: Path, events: int) -> float:
    """Put events of 20 log streams in batches of 1,000 first, and time the sending."""
    import boto3

    import cwnb

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        kinesis = boto3.client("kinesis")
        kinesis.create_stream(StreamName="bus", ShardCount=4)
        kinesis.get_waiter("stream_exists").wait(StreamName="bus", WaiterConfig={"Delay": 1})
        arn = kinesis.describe_stream(StreamName="bus")["StreamDescription"]["StreamARN"]
        account = arn.split(":")[4]
        with cwnb.open(path) as logs:
            logs.create_group(GROUP)
            logs.subscribe(GROUP, arn, name="bus", role_arn=f"arn:aws:iam::{account}:role/bus")
            texts, now = _messages(events), int(time.time() * 1000)
            for at in range(0, events, 1_000):
                part = [(now, text) for text in texts[at : at + 1_000]]
                logs.put(GROUP, f"s-{at // 1_000 % _STREAMS}", part)
            started = time.perf_counter()
            with logs.deliver() as worker:
                assert worker.wait(300)
            took = time.perf_counter() - started
            (row,) = logs.subscriptions().to_dict("records")
            assert row["delivered"] == events, row
        return events / took
    finally:
        server.terminate()
        server.wait()


def nothing(message: dict[str, Any]) -> None:
    """Take a message; the target of the subscriptions of another process."""


def _deliver(path: str, ready: Any, ended: Any) -> None:
    import cwnb

    with cwnb.open(path) as logs, logs.deliver():
        ready.set()
        ended.wait()


def writing(path: Path, options: argparse.Namespace, *, subscriptions: int) -> dict[str, float]:
    """Put at a steady rate, and measure it, while another process sends."""
    import cwnb

    context = multiprocessing.get_context("spawn")
    ready, ended = context.Event(), context.Event()
    texts = _messages(_BATCH)
    with cwnb.open(path) as logs:
        logs.create_group(GROUP)
        for number in range(subscriptions):
            logs.subscribe(
                GROUP, "benchmarks.deliveries:nothing", "ERROR", f"n{number}", per_group=3
            )
        worker = context.Process(target=_deliver, args=(str(path), ready, ended))
        if subscriptions:
            worker.start()
            ready.wait()
        took: list[float] = []
        begin = time.perf_counter()
        while (now := time.perf_counter()) - begin < options.seconds:
            started = time.perf_counter()
            when = int(time.time() * 1000)
            logs.put(GROUP, f"s-{len(took) % _STREAMS}", [(when, text) for text in texts])
            took.append((time.perf_counter() - started) * 1000)
            due = begin + len(took) * _BATCH / options.rate
            if due > now:
                time.sleep(max(0.0, due - time.perf_counter()))
        rate = len(took) * _BATCH / (time.perf_counter() - begin)
        lag = int(logs.subscriptions()["lag"].max()) if subscriptions else 0
        if subscriptions:
            ended.set()
            worker.join()
    return {"rate": rate, "p99": p99(took), "lag": lag}
