"""Exports or resumes in a process of its own, in small pages, so that it can be killed anywhere.

`python killed_export.py STORE DESTINATION FORMAT [TASK]` prints the id of the task, and then waits.
"""

from __future__ import annotations

import sys

import cwnb
from cwnb.delivery.exports import ExportTasks, parts, running
from cwnb.events import ALL_TIME

LEASE_S = 1.0


def main(store: str, destination: str, format: str, task_id: str = "") -> None:
    running._PAGE_ROWS = 1500
    running._UNWRITTEN_BYTES = 200_000
    running.PART_BYTES = running._PAGE_BYTES + 60_000
    parts._PACK_BYTES = 2_000
    logs = cwnb.open(store)
    tasks = ExportTasks(logs.store, lease_s=LEASE_S)
    if task_id:
        task = tasks.find(task_id).resume()
    else:
        task = tasks.start("/g", destination, ALL_TIME, format=format)
    print(task.id, flush=True)
    task.wait()
    print("whole", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
