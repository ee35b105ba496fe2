"""Live tail: each event once, in the order in which events become visible."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import UTC, datetime

import pytest

from cwnb.errors import InvalidParameter, MalformedPattern, ResourceNotFound
from cwnb.store import LoadRecord, event_batch

from .conftest import GROUP, NOW_MS

MINUTE = 60_000


def texts(tail):
    """Give the messages that are there now."""
    found = []
    while more := tail.next_ones():
        found += [event.message for event in more]
    return found


def load(logs, messages, group=GROUP, stream="file"):
    with logs.store.loading(group) as loading:
        loading.add(event_batch([NOW_MS - MINUTE] * len(messages), messages, stream))
        loading.commit(LoadRecord(messages[0], "a", stream, 1, 1, 1, "{}", 1, spans=[]))


def test_what_comes_is_given_once_in_its_order(logs, put):
    put("before")
    tail = logs.tail(GROUP)
    assert texts(tail) == []
    put("one", "two")
    put("elsewhere", group="/shop/web")
    assert texts(tail) == ["one", "two"]
    logs.flush()
    load(logs, ["old, but new here"])
    put("three")
    assert texts(tail) == ["old, but new here", "three"]
    assert texts(tail) == []


def test_an_event_has_its_group_stream_and_times(logs, put):
    tail = logs.tail("/shop/*")
    put("one", stream="i-9")
    (event,) = tail.next_ones()
    when = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    assert (event.group, event.stream, event.message) == (GROUP, "i-9", "one")
    assert (event.timestamp, event.ingestion_time, event.is_loaded) == (when, when, False)


def test_times_far_away_are_exact_to_the_millisecond(logs):
    last_ms = 253_402_300_799_999
    with logs.store.loading(GROUP) as loading:
        loading.add(event_batch([last_ms], ["far"], "file"))
        loading.commit(LoadRecord("far", "a", "file", 1, 1, 1, "{}", 1, spans=[]))
    (event,) = logs.tail(GROUP, since="1h", follow=False)
    assert event.timestamp == datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)


def test_since_begins_with_what_is_there_in_order_of_time_and_goes_on(logs, put):
    for minutes, message in [(1, "newer"), (30, "too old"), (5, "older")]:
        logs.put(GROUP, "s", [(NOW_MS - minutes * MINUTE, message)])
    logs.flush()
    put("newest")
    tail = logs.tail(GROUP, since="10m")
    put("comes after")
    logs.put(GROUP, "s", [(NOW_MS - 20 * MINUTE, "late, and old")])
    assert texts(tail) == ["older", "newer", "newest", "comes after", "late, and old"]
    assert texts(logs.tail(GROUP, since="10m", follow=False)) == [
        "older",
        "newer",
        "newest",
        "comes after",
    ]


def test_only_what_matches_of_these_streams_is_given(logs, put):
    put("ERROR 0", stream="a")
    tail = logs.tail(GROUP, "ERROR", streams="a", since="1h")
    put("ERROR 1", "fine", stream="a")
    put("ERROR 2", stream="b")
    assert texts(tail) == ["ERROR 0", "ERROR 1"]
    assert texts(logs.tail(GROUP, streams=["b", "c"], since="1h", follow=False)) == ["ERROR 2"]


def test_without_follow_an_iteration_ends(logs, put):
    put("one", "two")
    assert [event.message for event in logs.tail(GROUP, since="1h", follow=False)] == ["one", "two"]
    assert list(logs.tail(GROUP, follow=False)) == []


def test_an_iteration_waits_and_ends_when_it_is_closed(logs, put):
    tail = logs.tail(GROUP)
    threading.Timer(0.2, put, ["one"]).start()
    assert next(tail).message == "one"
    threading.Timer(0.2, tail.close).start()
    started = time.monotonic()
    assert list(tail) == []
    assert time.monotonic() - started < 10


def test_a_slow_reader_loses_nothing(logs):
    with logs.tail(GROUP) as tail:
        for n in range(300):
            logs.put(GROUP, "s", [(NOW_MS, f"{n} {i}") for i in range(50)])
        logs.compact()
        found = [event.message for event in itertools.islice(tail, 15_000)]
    assert found == [f"{n} {i}" for n in range(300) for i in range(50)]


@pytest.mark.parametrize("since", [None, "1h"])
@pytest.mark.parametrize("place", ["_matching", "_events", "_loaded"])
def test_what_ctrl_c_interrupts_is_not_lost(logs, monkeypatch, since, place):
    tail = logs.tail(GROUP, since=since)
    for n in range(3):
        logs.put(GROUP, "s", [(NOW_MS, f"{n} {i}") for i in range(5_000)])
    if since:
        tail = logs.tail(GROUP, since=since)
    made, left = getattr(tail, place), [1]

    def interrupted(*given):
        if left:
            left.pop()
            raise KeyboardInterrupt
        return made(*given)

    monkeypatch.setattr(tail, place, interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(tail)
    assert len(texts(tail)) == 15_000


def test_a_group_that_is_deleted_before_its_events_were_read_is_said(logs, put):
    put("gone")
    put("there", group="/shop/web")
    tail = logs.tail([GROUP, "/shop/web"], since="1h")
    said = []
    tail.on_note = said.append
    logs.delete_group(GROUP)
    assert texts(tail) == ["there"]
    assert said == ["log group '/shop/app' has been deleted"]


def test_a_deleted_group_is_said_and_one_made_again_is_followed_from_its_first_event(logs, put):
    tail = logs.tail([GROUP, "/shop/web"])
    logs.delete_group(GROUP)
    with pytest.warns(UserWarning, match="log group '/shop/app' has been deleted$"):
        assert texts(tail) == []
    put("first of the new one")
    put("second")
    assert texts(tail) == ["first of the new one", "second"]
    said = []
    tail.on_note = said.append
    logs.delete_group(GROUP)
    put("made again at once")
    assert texts(tail) == ["made again at once"]
    assert said == ["log group '/shop/app' has been deleted; one of its name has been made"]


def test_events_that_expired_before_they_were_read_are_said(logs, put, clock):
    logs.set_retention(GROUP, 1)
    tail = logs.tail(GROUP)
    put("one", "two")
    clock.advance(2 * 86_400)
    logs.sweep()
    put("three")
    with pytest.warns(UserWarning, match="2 events expired before they were read"):
        assert texts(tail) == ["three"]
    assert tail.expired == 2


def test_a_prefix_follows_groups_that_are_made_later(logs, put):
    tail = logs.tail("/pay/*")
    put("one", group="/pay/a")
    put("two", group="/pay/b")
    put("other", group="/paid")
    assert texts(tail) == ["one", "two"]


def test_events_of_a_load_are_marked(logs, tmp_path, put):
    file = tmp_path / "a.log"
    file.write_text("one\ntwo\n")
    tail = logs.tail(GROUP)
    put("put")
    logs.load(str(file), group=GROUP)
    assert [(event.message, event.is_loaded) for event in tail.next_ones()] == [
        ("put", False),
        ("one", True),
        ("two", True),
    ]


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({"groups": "/shop/ap"}, ResourceNotFound, "did you mean '/shop/app'"),
        ({"groups": 3}, InvalidParameter, "log groups are a text or a list of texts, not 3"),
        ({"pattern": "{ $.a"}, MalformedPattern, "must end with '}'"),
        ({"streams": 3}, InvalidParameter, "log streams are a text or a list of texts, not 3"),
        ({"since": "soon"}, InvalidParameter, "cannot read 'soon' as a time"),
        ({"since": 600}, InvalidParameter, "the number 600 is read as epoch seconds"),
        ({"streams": "\ud800"}, InvalidParameter, "log streams are a text"),
        ({"groups": []}, InvalidParameter, "name a log group to follow"),
        ({"sinse": "1h"}, InvalidParameter, "did you mean 'since'"),
    ],
)
def test_what_cannot_be_followed_is_one_sentence(logs, bad, error, said):
    with pytest.raises(error, match=said):
        logs.tail(**{"groups": GROUP, **bad})
