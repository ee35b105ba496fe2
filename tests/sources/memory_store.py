"""A store that keeps everything in lists: what `load` hands over can be looked at."""

from __future__ import annotations

from contextlib import contextmanager
from typing import NamedTuple

import pyarrow as pa

from cwnb.times import Clock


class Event(NamedTuple):
    time_ms: int
    stream: str
    message: bytes


class MemoryStore:
    def __init__(self, cutoff_ms=0):
        self.clock = Clock(1_700_000_000_000)
        self.groups = {}
        self.cutoff_ms = cutoff_ms

    def has_group(self, name):
        return name in self.groups

    def load_records(self, group):
        return list(self.groups[group][1])

    @contextmanager
    def loading(self, group, *, log_type=None):
        loading = MemoryLoading(self.cutoff_ms)
        yield loading
        if loading.records:
            events, records = self.groups.setdefault(group, ([], []))
            events.extend(loading.events)
            records.extend(loading.records)

    def events(self, group="/g"):
        return self.groups[group][0]

    def messages(self, group="/g"):
        return [event.message for event in self.events(group)]

    def times(self, group="/g"):
        return [event.time_ms for event in self.events(group)]


class MemoryLoading:
    def __init__(self, cutoff_ms):
        self.cutoff_ms = cutoff_ms
        self.events = []
        self.records = ()
        self.log_type = None

    def add(self, batch):
        assert batch.message.null_count == 0
        for name, column in batch.discovered.columns.items():
            assert len(column) == len(batch), name
        streams = (
            [batch.stream] * len(batch)
            if isinstance(batch.stream, str)
            else batch.stream.to_pylist()
        )
        messages = batch.message.cast(pa.binary()).to_pylist()
        for time, stream, message in zip(batch.time_ms.tolist(), streams, messages, strict=True):
            assert time >= self.cutoff_ms
            self.events.append(Event(time, stream, message))

    def commit(self, *records, unique=False):
        self.records = records
