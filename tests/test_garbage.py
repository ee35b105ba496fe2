"""The collector is paused while many objects are made, and goes on after that."""

from __future__ import annotations

import gc
import os
import threading

import pyarrow as pa
import pytest

from cwnb.garbage import collector_paused
from cwnb.store.discovery import blocks


def test_goes_on_when_the_last_is_done() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_goes_on_in_a_process_forked_while_another_thread_has_paused_it() -> None:
    paused, done = threading.Event(), threading.Event()

    def hold() -> None:
        with collector_paused():
            paused.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    paused.wait(30)
    child = os.fork()
    if not child:
        with collector_paused():
            # What discovery remembers can be used here, too.
            (parsed,) = blocks.parse_together(pa.array(['{"a": 1}'] * 100))
        os._exit(0 if gc.isenabled() and len(parsed.rows) == 100 else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0
    assert gc.isenabled()
