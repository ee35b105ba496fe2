"""What holds for any bytes at all: nothing is lost, nothing is made up, and no fault escapes."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore

from cwnb.errors import CwnbError
from cwnb.sources import FORMATS, load

PIECES = [
    *rb'{ } [ ] " \ , : a 1 "time" 1770110047 null "Records" Caused'.split(),
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b"\x00",
    b"\xff",
    b"2026-02-03 09:14:07",
    b"Feb 29 09:14:07",
    b",a\n",
    b"Traceback (most recent call last)",
    b"I0230 09:14:07.123456 ",
]


@settings(deadline=None, max_examples=120)
@given(st.lists(st.sampled_from(PIECES), max_size=60), st.sampled_from([None, None, *FORMATS]))
def test_events_and_refused_are_the_records(pieces, format) -> None:
    data = b"".join(pieces)
    store = MemoryStore()
    try:
        report = load(store, io.BytesIO(data), group="/g", format=format)
    except CwnbError:
        assert not store.groups
        return
    assert report.events + report.refused_count == report.records
    assert len(store.events() if store.groups else []) == report.events
    if report.formats in (["text"], ["ndjson"]):
        assert report.lines == data.count(b"\n") + (data[-1:] not in {b"", b"\n"})
        kept = b"".join(store.messages() if store.groups else [])
        assert b"".join(kept.split()) == b"".join(data.split())
