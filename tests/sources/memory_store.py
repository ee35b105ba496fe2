"""A store that keeps everything in lists: what `load` hands over can be looked at."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import contextmanager
from typing import NamedTuple

import pyarrow as pa

from cwnb.store.processing import NOTHING
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
        self.keeps = True

    def has_group(self, name):
        return name in self.groups

    def load_records(self, group):
        return list(self.groups[group][1])

    @contextmanager
    def loading(self, group, processing=NOTHING, *, deliver=True, load_id=""):
        loading = MemoryLoading(self.cutoff_ms, processing, keeps=self.keeps)
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
    def __init__(self, cutoff_ms, processing, *, keeps=True):
        self.keeps = keeps
        self.cutoff_ms = cutoff_ms
        self.processing = processing
        self.events = []
        self.records = ()

    def prepare(self, work, *args):
        future = Future()
        future.set_result(work(*args))
        return future

    def add_checked(self, events):
        if not self.keeps:
            return
        messages = events.messages
        assert messages.text.null_count == 0
        for name, column in events.discovered.columns.items():
            assert len(column) == len(events), name
        texts = messages.text.cast(pa.binary()).to_pylist()
        raw = [None] * len(texts) if messages.raw is None else messages.raw.to_pylist()
        bytes_of = [
            text if bytes is None else bytes for text, bytes in zip(texts, raw, strict=True)
        ]
        streams = events.stream.to_pylist()
        for time, stream, message in zip(events.time_ms.tolist(), streams, bytes_of, strict=True):
            assert time >= self.cutoff_ms
            self.events.append(Event(time, stream, message))

    def commit(self, *records, unique=False, known=None):
        self.records = records
