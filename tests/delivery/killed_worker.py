"""A worker that kills itself: `python killed_worker.py STORE FILE CHUNK MOMENT`.

It sends what subscriptions wait for to `receive`, which writes each message into FILE and ends the
process by SIGKILL at its MOMENT: `before` or `after` it has written a message, `later` (at random,
wherever the worker is then), or `never`, when it ends once everything has been sent.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time

FILE, MOMENT = "", ""
CALLS = [0]


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(10)


def receive(message: dict[str, object]) -> None:
    """Write a message down, durably."""
    CALLS[0] += 1
    dies = CALLS[0] > random.randrange(4)
    if dies and MOMENT == "before":
        die()
    with open(FILE, "a") as file:  # noqa: PTH123
        file.write(json.dumps(message) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if dies and MOMENT == "after":
        die()


if __name__ == "__main__":
    import cwnb
    from cwnb.delivery.subscriptions import runner

    store, FILE, chunk, MOMENT = sys.argv[1:]
    sys.modules["killed_worker"] = sys.modules["__main__"]
    runner.CHUNK_EVENTS = int(chunk)
    runner.LEASE_S = 0.5
    if MOMENT == "later":
        threading.Timer(random.uniform(0.02, 0.4), die).start()
    with cwnb.open(store) as logs, logs.deliver() as worker:
        while not worker.wait(60) or MOMENT != "never":
            time.sleep(0.05)
