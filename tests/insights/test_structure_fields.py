"""Fields that are lists or maps, read from the message when a query asks for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from memory_states import no_memory

import cwnb
from cwnb.events import ALL_TIME, MESSAGE, TYPE_STRUCTURE
from cwnb.insights import is_structure, open_task, structure_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "/lists"
START_MS = 1_795_593_600_000
MESSAGES = [
    {"n": 1, "tags": ["a", "b"], "a.b": 1, "a.c": {"d": 2}},
    {"n": 2, "tags": "text"},
    {"n": 3, "tags": []},
    {"n": 4, "other": {"deep": {"x": [1.0, True, None]}}},
    {"n": 5, "tags": {"k": 10**20}},
]


@pytest.fixture
def logs(tmp_path: Any) -> Iterator[Any]:
    with cwnb.open(tmp_path / "store", encryption="none") as held:
        yield held


def put(logs: Any, messages: list[Any], group: str = GROUP) -> None:
    texts = [m if isinstance(m, str) else json.dumps(m) for m in messages]
    logs.put(group, "s", [(START_MS + i, text) for i, text in enumerate(texts)])


def shown(result: Any) -> list[tuple[Any, ...]]:
    rows = result.df.astype(object).where(result.df.notna(), None)
    return [tuple(row) for row in rows.itertuples(index=False)]


@pytest.mark.parametrize("flushed", [False, True])
def test_the_whole_is_read_from_the_message(logs: Any, flushed: bool) -> None:
    put(logs, MESSAGES)
    if flushed:
        logs.flush(GROUP)
    found = logs.query("fields n, tags, a, other.deep | sort n", GROUP)
    assert shown(found) == [
        (1, '["a","b"]', '{"b":1,"c":{"d":2}}', None),
        (2, "text", None, None),
        (3, "[]", None, None),
        (4, None, None, '{"x":[1.0,true,null]}'),
        (5, '{"k":100000000000000000000}', None, None),
    ]
    assert not any("no event has" in warning for warning in found.warnings)


def test_the_answer_does_not_depend_on_segments(logs: Any) -> None:
    for message in MESSAGES:
        put(logs, [message], "/apart")
        logs.flush("/apart")
    put(logs, MESSAGES, "/together")
    query = "filter ispresent(tags) | fields n, tags, tags.k | sort n"
    apart, together = (logs.query(query, group) for group in ("/apart", "/together"))
    assert shown(apart) == shown(together)
    assert len(apart) == 4


def test_segments_without_the_column_are_not_left_out(logs: Any) -> None:
    """A condition about a list may not leave out a segment that has its parts only."""
    put(logs, MESSAGES[:1])
    logs.flush(GROUP)
    put(logs, MESSAGES[1:2])
    logs.flush(GROUP)
    assert shown(logs.query("filter ispresent(tags) | stats count(*) as n", GROUP)) == [(2,)]
    assert shown(logs.query("filter tags like /t/ | stats count(*) as n", GROUP)) == [(1,)]


def test_messages_are_read_only_where_a_field_is_missing(logs: Any) -> None:
    put(logs, [{"tags": "text", "n": 1}] * 3)
    logs.flush(GROUP)
    put(logs, [{"tags": ["list"], "n": 1}])
    logs.flush(GROUP)
    source = logs.store.snapshot([GROUP])
    structures = structure_fields(["tags", "n", MESSAGE], source)
    assert structures == {"tags"}
    lists, texts = sorted(source.scan(["tags"], ALL_TIME, []).tasks, key=lambda task: task.rows)
    with no_memory():
        reader = open_task(texts, structures)
        before = reader.bytes_read
        assert reader.columns(["tags"])["tags"].to_pylist() == ["text"] * 3
        plain = texts.open()
        plain.columns(["tags"])
        assert reader.bytes_read - before == plain.bytes_read
    assert is_structure(open_task(lists, structures).columns(["tags"])["tags"])


def test_lists_among_other_values_are_told_apart_from_their_text(logs: Any) -> None:
    put(logs, [{"v": "[1]"}, {"v": [1]}, {"v": 7}])
    logs.flush(GROUP)
    found = logs.query("filter v = '[1]' or v = 7 | stats count(*) as n", GROUP)
    assert shown(found) == [(2,)]
    column = logs.query("fields v | sort @timestamp", GROUP).outcome.columns["v"]
    assert column.field("type").to_pylist()[1] == TYPE_STRUCTURE


def test_the_json_in_a_line_of_lambda(logs: Any) -> None:
    group = "/aws/lambda/shop"
    logs.create_group(group, log_type="lambda")
    put(
        logs,
        [
            '2026-11-20T08:00:00Z\tid\tINFO\t{"cart": {"items": [1, 2]}}',
            "START RequestId: 8f507cfc-1111-4697-b07a-ac58fc914c95 Version: {1}",
            '{"cart": {"items": []}}',
        ],
        group,
    )
    for _ in range(2):
        found = logs.query("fields cart, cart.items | sort @timestamp", group)
        assert shown(found) == [
            ('{"items":[1,2]}', "[1,2]"),
            (None, None),
            ('{"items":[]}', "[]"),
        ]
        logs.flush(group)


def test_a_group_of_text_has_no_lists(logs: Any) -> None:
    logs.create_group("/text", log_type="text")
    put(logs, MESSAGES, "/text")
    put(logs, MESSAGES[:1], "/json")
    found = logs.query("filter ispresent(tags) | stats count(*) as n", ["/text", "/json"])
    assert shown(found) == [(1,)]


def test_a_column_of_a_table_with_lists_among_other_values() -> None:
    frame = pd.DataFrame({"n": [1, 2, 3, 4], "v": [["a"], "text", {"k": (1, 2)}, None]})
    found = cwnb.query("fields n, v, v.0 as first, v.k.1 as second | sort n", frame)
    assert shown(found) == [
        (1, '["a"]', "a", None),
        (2, "text", None, None),
        (3, '{"k":[1,2]}', None, 2),
        (4, None, None, None),
    ]


LISTS = [
    {"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2.5}]},
    {"items": []},
    {"items": None},
    {"other": 1},
    {"items": [{"sku": None}, {}]},
    {"items.sku": "dotted"},
    {"items": {"sku": "map"}},
    {"items": [[1], "text", {"sku": {"deep": 1}}]},
    {"items": "text"},
    "no JSON",
    {"items": [{"sku": "x" * 70, "qty": -1}]},
]


@pytest.mark.parametrize("chosen", [[0, 1, 10], [0, 2, 3], [0, 5], [0, 6], [0, 7], [0, 8], [0, 9]])
@pytest.mark.parametrize("flushed", [False, True])
def test_items_of_many_events_are_those_of_one(logs: Any, chosen: list[int], flushed: bool) -> None:
    """Many lists are read at once, out of the messages; a single one is not."""
    query = "unnest items into item | fields item.sku, item.qty | limit 10000"
    messages = [LISTS[i] for i in chosen]
    put(logs, messages, "/one")
    put(logs, [messages[i % len(messages)] for i in range(100 * len(messages))])
    if flushed:
        logs.flush(GROUP)
    one, many = shown(logs.query(query, "/one")), shown(logs.query(query, GROUP))
    assert len(one) >= len(messages)
    assert sorted(map(repr, many)) == sorted(map(repr, one * 100))


def test_a_message_that_the_query_makes_hides_no_list(logs: Any) -> None:
    put(logs, [LISTS[0]] * 100)
    found = logs.query(
        'fields "x" as @message | unnest items into i | stats sum(i.qty) as q', GROUP
    )
    assert shown(found) == [(350.0,)]
