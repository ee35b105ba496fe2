"""A value kept in its object: worked out once, and never at the cost of another object."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pandas as pd
import pytest

import cwnb
from cwnb.memo import memo


class Slow:
    def __init__(self, wait: threading.Event | None = None) -> None:
        self.wait = wait
        self.asked = 0

    @memo
    def value(self) -> list[int]:
        """Give a list."""
        self.asked += 1
        if self.wait is not None:
            self.wait.wait(20)
        return [1]


def test_it_is_worked_out_once() -> None:
    slow = Slow()
    assert slow.value is slow.value
    assert slow.asked == 1
    assert vars(slow)["value"] == [1]
    assert Slow.value.__doc__ == "Give a list."


def test_threads_that_ask_at_once_get_one_object() -> None:
    slow, found = Slow(threading.Event()), []
    threads = [threading.Thread(target=lambda: found.append(slow.value)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert slow.wait is not None
    slow.wait.set()
    for thread in threads:
        thread.join(20)
    assert len({id(value) for value in found}) == 1
    assert len(found) == 4


def test_one_object_does_not_wait_for_another() -> None:
    busy = Slow(threading.Event())
    thread = threading.Thread(target=lambda: busy.value)
    thread.start()
    while not busy.asked:
        time.sleep(0.001)
    assert Slow().value == [1]
    assert thread.is_alive()
    assert busy.wait is not None
    busy.wait.set()
    thread.join(20)


def frame(rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "@timestamp": pd.date_range("2026-11-20", periods=rows, freq="ms", tz="UTC"),
            "@message": [f'{{"a": {n}, "b": "x{n}"}}' for n in range(rows)],
        }
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_asks_while_another_thread_prepared_a_frame() -> None:
    small = frame(1)
    cwnb.query("limit 1", small)
    with cwnb.start("stats count(*) by a", frame(200_000)) as running:
        time.sleep(0.05)
        child = os.fork()
        if not child:
            code = 1
            try:
                code = len(cwnb.query("limit 1", small).df) - 1
            finally:
                os._exit(code)
        ended: Any = (0, 0)
        until = time.monotonic() + 30
        while not ended[0] and time.monotonic() < until:
            time.sleep(0.01)
            ended = os.waitpid(child, os.WNOHANG)
        if not ended[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert ended == (child, 0), "the child did not answer"
        running.stop()
