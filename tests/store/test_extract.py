"""An extract has every event up to its position once, whatever happens to the segments meanwhile."""

from __future__ import annotations

import random

import pytest

from cwnb.errors import ResourceNotFound
from cwnb.events import ALL_TIME, Window
from cwnb.store import Extract, Position, Store, event_batch

START = Position(0, 0)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "s", encryption="none") as opened:
        yield opened


def load(store, times, messages, streams, **options):
    with store.loading("/g", **options) as loading:
        loading.add(event_batch(times, messages, streams))
        loading.commit()


def read(store, extract, *, after=START, rows=7, between=lambda: None):
    reader = store.extract(extract)
    found, complete = [], False
    while not complete:
        page = reader.page(after, limit_rows=rows, limit_bytes=1 << 20)
        found += page.events.to_pylist()
        assert page.position > after or page.complete
        after, complete = page.position, page.complete
        between()
    return found


def all_of(store, **options):
    return Extract(
        store.group_id("/g"), store.position(), options.pop("window", ALL_TIME), **options
    )


def test_loads_without_delivery_come_first_and_every_event_once(store):
    load(store, range(10), [f"a{n}" for n in range(10)], "s")
    load(store, range(10), [f"b{n}" for n in range(10)], "s", deliver=False)
    store.put("/g", event_batch(range(10), [f"c{n}" for n in range(10)], "s"))
    store.compact()
    extract = all_of(store)
    store.put("/g", event_batch([1], ["later"], "s"))
    load(store, [1], ["later"], "s", deliver=False)
    messages = [event["@message"] for event in read(store, extract)]
    assert messages[:10] == [f"b{n}" for n in range(10)]
    assert sorted(messages) == sorted(f"{kind}{n}" for kind in "abc" for n in range(10))
    assert store.extract(extract).count(START) == 30
    assert store.extract(extract).count(Position(0, 1 << 40)) == 20


def test_what_is_compacted_and_flushed_meanwhile_comes_once(store):
    for n in range(20):
        load(store, [n, 100 - n], [f"x{n}", f"y{n}"], ["p/1", "q"], deliver=n % 3 != 0)
        store.put("/g", event_batch([n], [f"z{n}"], "p/2"))
    random.seed(5)
    work = [store.flush, store.compact, store.sweep]

    def do_some():
        random.choice(work)()

    extract = all_of(store)
    found = read(store, extract, rows=3, between=do_some)
    assert sorted(e["@message"] for e in found) == sorted(
        f"{k}{n}" for k in "xyz" for n in range(20)
    )


def test_window_prefix_and_group(store):
    load(store, range(10), [f"a{n}" for n in range(10)], ["p/1", "q"] * 5)
    store.put("/g", event_batch(range(10), [f"b{n}" for n in range(10)], ["p/2", "q"] * 5))
    extract = all_of(store, window=Window(2, 6), stream_prefix="p/")
    assert [e["@message"] for e in read(store, extract)] == ["a2", "a4", "b2", "b4"]
    assert store.extract(extract).count(START) == 4
    store.delete_group("/g")
    with pytest.raises(ResourceNotFound, match=r"The specified log group does not exist\."):
        store.extract(extract).page(START, limit_rows=1, limit_bytes=1)
