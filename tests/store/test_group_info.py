"""What is told of groups, and of segments that are not there."""

from __future__ import annotations

import pytest
from contents import messages, scan

from cwnb.errors import SnapshotExpired, StoreDamaged
from cwnb.store import LoadRecord, event_batch

pytestmark = pytest.mark.usefixtures("quiet")

DAY = 86_400_000
NOW = 20_000 * DAY


def facts(store):
    (info,) = store.groups()
    return info.events, info.first_ms, info.last_ms


@pytest.mark.parametrize("flushed", [False, True])
def test_expired_events_do_not_count(store, flushed):
    store.set_now(NOW)
    store.create_group("/g", retention_days=1)
    store.put("/g", event_batch([NOW - 5, NOW - 3, NOW - 1], ["a", "bb", "ccc"], "s"))
    if flushed:
        store.flush()
    assert facts(store) == (3, NOW - 5, NOW - 1)
    store.set_now(NOW + DAY - 4)
    assert facts(store) == (2, NOW - 3, NOW - 1)
    assert len(messages(store, "/g")) == 2
    store.set_now(NOW + DAY)
    assert facts(store) == (0, None, None)


def test_a_part_that_has_wholly_expired_beside_the_rest_does_not_count(store):
    """The times of a batch reach over the cutoff although no event is behind it."""
    store.set_now(NOW)
    store.create_group("/g", retention_days=1)
    store.put("/g", event_batch([NOW - 9, NOW - 1], ["a", "b"], "s"))
    store.put("/g", event_batch([NOW - 8], ["c"], "s"))
    store.set_now(NOW + DAY - 5)
    assert facts(store) == (1, NOW - 1, NOW - 1)


def test_a_segment_that_is_missing_is_damage_and_not_a_race(store):
    store.put("/g", event_batch([1], ["x"], "s"))
    store.flush()
    (task,) = scan(store, "/g").tasks
    files = list(store.context.folder._path.rglob("*.parquet"))
    for file in files:
        file.unlink()
    with pytest.raises(StoreDamaged, match=r"log group '/g' is missing; put it back"):
        messages(store, "/g")
    store.delete_group("/g")
    with pytest.raises(SnapshotExpired):
        task.open().columns(["@message"])


def nothing(store):
    """Do nothing while a load goes on."""


def other_load(store):
    with store.loading("/new") as other:
        other.commit(LoadRecord("f", "f", "s", 0, 0, 0))


def other_loading(store):
    other = store.loading("/new")
    other.__enter__()
    OPEN.append(other)  # a loading that nobody holds any more has failed


OPEN = []
USES = {
    "put": lambda store: store.put("/new", event_batch([1], ["x"], "s")),
    "retention": lambda store: store.set_retention("/new", 3),
    "load": other_load,
    "loading": other_loading,
}


def fail(store, meanwhile=nothing):
    def load():
        with store.loading("/new") as loading:
            loading.add(event_batch([1], ["x"], "s"))
            meanwhile(store)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        load()


def test_a_group_whose_only_load_failed_does_not_stay(store):
    fail(store)
    assert store.groups() == []
    store.put("/new", event_batch([1], ["x"], "s"))
    assert messages(store, "/new") == ["x"]


def test_a_group_that_was_made_before_stays_when_a_load_fails(store):
    store.create_group("/new")
    fail(store)
    assert store.has_group("/new")


@pytest.mark.parametrize("use", USES)
def test_a_group_that_somebody_uses_stays_when_a_load_fails(store, use):
    fail(store, USES[use])
    assert store.has_group("/new")
