"""What is done to events on their way in is one value, from the border to the segment."""

from __future__ import annotations

import pytest
from contents import events

from cwnb.errors import InvalidParameter
from cwnb.store import LoadRecord, Processing, Store, event_batch

pytestmark = pytest.mark.usefixtures("quiet")

FLOW = (
    "2 123456789012 eni-0a1b 10.0.0.1 10.0.0.2 443 50000 6 10 840 1700000000 1700000060 ACCEPT OK"
)


def load(store, *arguments, **options):
    with store.loading("/g", *arguments, **options) as loading:
        loading.add(event_batch([1], [FLOW], "s"))
        loading.commit(LoadRecord("f", "f", "s", 1, 1, 1))


def test_a_load_goes_before_its_group_and_the_group_keeps_its_own(store):
    store.create_group("/g", log_type="text")
    load(store)
    assert events(store, ["/g"], names=["srcAddr"])[0][2] is None
    load(store, Processing(log_type="vpc-flow"))
    assert {event[2] for event in events(store, ["/g"], names=["srcAddr"])} == {None, "10.0.0.1"}
    assert store.groups()[0].log_type == "text"


def test_a_group_that_a_load_makes_has_the_processing_of_the_load(store):
    load(store, Processing(log_type="vpc-flow"))
    assert store.groups()[0].log_type == "vpc-flow"


def test_lambdas_groups_are_known_by_their_name(store):
    store.create_group("/aws/lambda/a")
    store.create_group("/aws/lambda/b", log_type="json")
    assert [group.log_type for group in store.groups()] == ["lambda", "json"]


def test_segments_of_different_processing_are_not_merged(store):
    for log_type in ("text", "vpc-flow", "text", "vpc-flow"):
        load(store, Processing(log_type=log_type))
    store.compact()
    held = store.snapshot(["/g"]).groups[0].segments
    assert sorted((facts.processing.log_type, facts.rows) for facts in held) == [
        ("text", 2),
        ("vpc-flow", 2),
    ]
    with Store.open(store.path) as again:
        found = again.snapshot(["/g"]).groups[0].segments
        assert [facts.processing for facts in found] == [facts.processing for facts in held]


def test_an_unknown_log_type_is_said_before_anything_is_made(store):
    with pytest.raises(InvalidParameter, match="did you mean 'vpc-flow'"):
        load(store, Processing(log_type="vpcflow"))
    assert not store.has_group("/g")
