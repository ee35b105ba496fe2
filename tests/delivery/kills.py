"""Kill a worker again and again while others write: `python -m tests.delivery.kills KILLS FOLDER`."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import cwnb
from cwnb.store import LoadRecord, event_batch

GROUP, CHUNK = "/shop/app", 40
WORKER = Path(__file__).with_name("killed_worker.py")
MOMENTS = ("before", "after", "later")


def write(logs: cwnb.Logs, writer: int, sent: list[str], ended: threading.Event) -> None:
    """Put events, and load some whose load began long before it ends."""
    number = 0
    while not ended.is_set() or not number:
        with logs.store.loading(GROUP) as loading:
            texts = [f"load {writer} {number} {n}" for n in range(random.randrange(1, 30))]
            loading.add(event_batch([1_700_000_000_000] * len(texts), texts, f"file-{writer}"))
            for _ in range(random.randrange(1, 6)):
                put = [f"put {writer} {number} {n}" for n in range(random.randrange(1, 20))]
                logs.put(GROUP, f"s-{writer}", [(1_800_000_000_000, text) for text in put])
                sent += put
                number += 1
                time.sleep(0.01)
            loading.commit(LoadRecord(f"{writer} {number}", "a", "a", 1, 1, 1, "{}", 1))
            sent += texts
        if random.random() < 0.3:
            logs.flush()
        if random.random() < 0.1:
            logs.compact()


def run(folder: Path, kills: int) -> tuple[int, int]:
    """Kill so often; gives the events that were written, and those that came more than once."""
    store, file = folder / "s", folder / "received"
    sent: list[list[str]] = [[], []]
    ended = threading.Event()
    sys.path.insert(0, str(WORKER.parent))
    with cwnb.open(store) as logs:
        logs.create_group(GROUP)
        logs.subscribe(GROUP, "killed_worker:receive", name="bus")
        threads = [
            threading.Thread(target=write, args=(logs, n, sent[n], ended)) for n in range(len(sent))
        ]
        for thread in threads:
            thread.start()
        for kill in range(kills):
            assert work(store, file, MOMENTS[kill % len(MOMENTS)]) == -signal.SIGKILL
        ended.set()
        for thread in threads:
            thread.join()
        assert work(store, file, "never") == 0
        counted = logs.subscriptions().to_dict("records")[0]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    came = Counter(event["message"] for line in lines for event in line["logEvents"])
    written = Counter(text for texts in sent for text in texts)
    assert set(came) == set(written), "events were lost, or came that were not written"
    again = sum(came.values()) - len(came)
    assert again <= kills * CHUNK, f"{again} came again after {kills} kills"
    ids = {event["message"]: set() for line in lines for event in line["logEvents"]}
    for line in lines:
        for event in line["logEvents"]:
            ids[event["message"]].add(event["id"])
    assert {len(each) for each in ids.values()} == {1}, "an event has had two ids"
    assert (counted["lag"], counted["delivered"]) == (0, len(written))
    return len(written), again


def work(store: Path, file: Path, moment: str) -> int:
    """Run a worker; gives its exit status."""
    return subprocess.run(
        [sys.executable, WORKER, store, file, str(CHUNK), moment], check=False, timeout=120
    ).returncode


if __name__ == "__main__":
    events, doubled = run(Path(sys.argv[2]), int(sys.argv[1]))
    print(f"{events} events, {doubled} came again after {sys.argv[1]} kills, none was lost")
