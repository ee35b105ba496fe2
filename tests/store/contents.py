"""What a store holds, read as a query reads it."""

from __future__ import annotations

import numpy as np

from cwnb.events import ALL_TIME, MESSAGE, RAW, SEQUENCE, TIMESTAMP, Window
from cwnb.insights.rewrite.pruning import condition


def texts(count):
    """Give so many messages to put: JSON with a number, and a level that is ERROR in every fifth."""
    return [f'{{"n": {n}, "level": "{"INFO" if n % 5 else "ERROR"}"}}' for n in range(count)]


def events(store, groups, window=ALL_TIME, names=()):
    """Give (time, message bytes, *fields) of every event, oldest first."""
    found = []
    for task in store.snapshot(groups).scan(names, window, []).tasks:
        found += task_events(task, names)
    return [event[1:] for event in sorted(found, key=lambda event: (event[1], event[0]))]


def task_events(task, names=()):
    reader = task.open()
    columns = reader.columns([SEQUENCE, TIMESTAMP, MESSAGE, RAW, *names])
    times = np.asarray(columns[TIMESTAMP].cast("int64")).tolist()
    bytes_of = [
        text.encode() if raw is None else raw
        for text, raw in zip(columns[MESSAGE].to_pylist(), columns[RAW].to_pylist(), strict=True)
    ]
    fields = [
        columns[name].to_pylist() if name in columns else [None] * reader.rows for name in names
    ]
    return list(zip(columns[SEQUENCE].to_pylist(), times, bytes_of, *fields, strict=True))


def messages(store, *groups):
    return [message.decode() for _, message in events(store, list(groups))]


def scan(store, group, *conditions, window=ALL_TIME):
    made = [condition(*each) for each in conditions]
    return store.snapshot([group]).scan([], window, made)


def between(start_ms, end_ms):
    return Window(start_ms, end_ms)
