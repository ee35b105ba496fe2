"""Two cores for everyone: fewer than a laptop has, and the same for each."""

from __future__ import annotations

import contextlib
import os

THREADS = 2


def hold_to_two() -> None:
    """Keep this process and its children on two cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    import pyarrow as pa

    pa.set_cpu_count(THREADS)
    pa.set_io_thread_count(THREADS)
