"""Events of a store by a filter pattern: their order, pages, windows, streams, and what is excluded."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import cwnb
from cwnb.errors import InvalidParameter, MalformedPattern, ResourceNotFound, SnapshotExpired
from cwnb.filtered_events import COLUMNS, PAGE_ROWS, FilteredEvents
from cwnb.times import Clock

sys.path.insert(0, str(Path(__file__).parent / "filter_pattern"))
import reference
from random_pairs import Maker

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW_MS = 1_795_593_600_000  # 2026-11-25T08:00:00Z
WEB, APP = "/shop/web", "/shop/app"


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Any]:
    """Give a store of two groups at a fixed time, part in segments and part not."""
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as held:
        held.put(WEB, "w-1", [("-3h", '{"status": 200}'), ("-1h", '{"status": 500}')])
        held.flush()
        held.put(WEB, "w-2", [("-2h", '{"status": 503}'), ("-30m", "ERROR at the end")])
        held.put(APP, "a-1", [("-90m", "ERROR took 12 ms"), ("-10m", "INFO took 3 ms")])
        yield held


def test_events_come_in_order_of_time(logs: Any) -> None:
    found = logs.filter_events([WEB, APP])
    assert list(found.df.columns) == list(COLUMNS)
    assert found.df["@message"].tolist() == [
        *('{"status": 200}', '{"status": 503}', "ERROR took 12 ms", '{"status": 500}'),
        *("ERROR at the end", "INFO took 3 ms"),
    ]
    assert found.df["@timestamp"].is_monotonic_increasing
    assert found.df["@log"].iloc[2] == f"000000000000:{APP}"
    assert str(found.df["@timestamp"].dtype) == "timestamp[ms, tz=UTC][pyarrow]"
    assert repr(found) == (
        "<FilteredEvents '' of /shop/web, /shop/app: all events, "
        "from 2026-11-25 05:00 to 2026-11-25 07:50 UTC>"
    )


def test_an_event_is_found_again_by_its_pointer(logs: Any) -> None:
    row = logs.filter_events("/shop/*", "{ $.status > 500 }").df.iloc[0]
    assert logs.event(row["@ptr"])["@message"] == row["@message"] == '{"status": 503}'


def test_window_streams_and_groups(logs: Any) -> None:
    def texts(*arguments: Any, **options: Any) -> list[str]:
        return logs.filter_events(*arguments, **options).df["@message"].tolist()

    assert texts("/shop/*", "ERROR") == ["ERROR took 12 ms", "ERROR at the end"]
    assert texts("/shop/*", "ERROR", "-1h") == ["ERROR at the end"]
    assert texts(WEB, "{ $.status = * }", "-3h", "-1h") == ['{"status": 200}', '{"status": 503}']
    assert texts("/shop/*", "", streams="w-2") == ['{"status": 503}', "ERROR at the end"]
    assert texts("/shop/*", "ERROR", streams=["w-*"]) == ["ERROR at the end"]
    assert texts("/shop/*", cwnb.FilterPattern.parse("-ERROR"), streams="a-1") == ["INFO took 3 ms"]
    assert texts("/shop/*", "nothing") == []


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (("/shop/wob",), {}, ResourceNotFound, "did you mean '/shop/web'"),
        ((WEB, "{ $.a = }"), {}, MalformedPattern, "a value is missing"),
        ((WEB, ""), {"streams": "w-3"}, ResourceNotFound, "no log stream .* did you mean 'w-"),
        ((WEB, ""), {"streams": 3}, InvalidParameter, "log streams are a text or a list"),
        ((WEB, ""), {"stream": "w-1"}, InvalidParameter, "did you mean 'streams'"),
        (([], ""), {}, InvalidParameter, "name a log group.*/shop/app"),
        ((WEB, 5), {}, InvalidParameter, "a filter pattern is a text, not 5"),
        ((WEB, "", "now", "-1h"), {}, InvalidParameter, "ends .* before it starts"),
    ],
)
def test_errors_are_raised_at_the_call(
    logs: Any, arguments: Any, options: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        logs.filter_events(*arguments, **options)


def test_pages_have_at_most_10_000_rows_and_each_event_once(logs: Any) -> None:
    events = [(NOW_MS - 40_000 + n, f"event {n} {'x' if n % 3 else 'y'}") for n in range(25_000)]
    logs.put("/many", "s", events[::2])
    logs.flush()
    logs.put("/many", "t", events[1::2])
    for pattern in ("", "x"):
        pages = list(logs.filter_events("/many", pattern))
        assert max(map(len, pages)) <= PAGE_ROWS
        texts = [text for page in pages for text in page["@message"]]
        assert texts == [text for _, text in events if pattern in text]
        again = pd.concat(pages, ignore_index=True)
        pd.testing.assert_frame_equal(again, logs.filter_events("/many", pattern).df)


def test_a_loop_that_is_left_reads_no_more(logs: Any) -> None:
    found = iter(logs.filter_events("/shop/*"))
    assert len(next(found))
    found.close()


def test_events_of_one_moment_are_read(logs: Any) -> None:
    found = logs.filter_events(WEB, "ERROR")
    logs.put(WEB, "w-2", [("-1m", "ERROR later")])
    assert found.df["@message"].tolist() == ["ERROR at the end"]


def test_a_file_that_is_gone_is_read_from_a_new_snapshot(logs: Any) -> None:
    """Events before the time up to which all were given do not come again."""
    events = [(NOW_MS - 9_000 + n, f"event {n}") for n in range(3_000)]
    for start in range(0, 3_000, 1_000):
        logs.put("/one", "s", events[start : start + 1_000])
        logs.flush()

    class Breaking:
        """A snapshot whose last task is gone when it is read."""

        def __init__(self, snapshot: Any) -> None:
            self.groups = snapshot.groups
            self.snapshot = snapshot

        def scan(self, *arguments: Any) -> Any:
            scan = self.snapshot.scan(*arguments)
            newest = max(scan.tasks, key=lambda task: task.first_ms)

            class Gone:
                first_ms, last_ms, rows, message_bytes, log = (
                    *(newest.first_ms, newest.last_ms, 1, 1, ""),
                )

                def open(self) -> None:
                    raise SnapshotExpired("gone")

            tasks = [task for task in scan.tasks if task is not newest]
            return type(scan)((*tasks, Gone()))

    def snapshot() -> Any:
        return logs.store.snapshot(["/one"])

    pattern = cwnb.FilterPattern.parse("event")
    window = cwnb.window.read_window(None, None, NOW_MS)
    found = FilteredEvents(pattern, Breaking(snapshot()), snapshot, window)
    assert found.df["@message"].tolist() == [text for _, text in events]
    never = FilteredEvents(pattern, Breaking(snapshot()), lambda: Breaking(snapshot()), window)
    with pytest.raises(SnapshotExpired):
        list(never)


AWKWARD = [
    '{"a": {"b": 1}, "a.b": 2}',
    '{"a.b": 2, "a": {"b": 1}}',
    '{"a.b": 1}',
    '{"a": {"b": null}}',
    '{"a": []}',
    '{"a": {}}',
    '{"a": null}',
    '{"a": true, "b": "x"}',
    '{"a": 1, "a": 2}',
    '{"a": 2, "a": null}',
    '{"\\u0061": {"\\u0062": 1}}',
    '{"a": 9007199254740993}',
    '{"a": 12345678901234567890123}',
    '{"a": 9007199254740993.0}',
    '{"a": "1"}',
    '{"a": 1.50}',
    '{"@a": 1}',
    '[{"a": 1}]',
    'REPORT RequestId: 1 {"a": 1}',
    "{" + ", ".join(f'"k{n}": {n}' for n in range(250)) + ', "a": 1, "b": "x"}',
]
PATTERNS = [
    *(f"{{ {name} {test} }}" for name in ("$.a", "$.a.b", "$.['a.b']", "$.b") for test in (
        "= 1", "!= 1", "> 1", "<= 2", '= "1"', '= "1*"', "!= 1*", "= x", '!= "x"', "IS NULL", "IS TRUE",
        "IS FALSE", "NOT EXISTS", "= *", "= %^1%", "= 9007199254740993", "!= 9007199254740992",
        "> 9007199254740992", "= 9007199254740992.0", "!= 12345678901234567890123",
    )),
    "{ $.a = 1 && $.b = x }", "{ $.a = 1 || $.a.b NOT EXISTS }", "{ $.['@a'] = 1 }", "{ $.k3 = 3 && $.a = 1 }",
]  # fmt: skip


def test_columns_exclude_nothing_that_the_message_has(logs: Any) -> None:
    """What a segment's columns say differs from messages: null, dotted keys, cut fields."""
    plain = [json.dumps({"a": n % 3, "b": "xy"[n % 2]}) for n in range(300)]
    messages = AWKWARD + plain
    for group, flush in (("/flushed", True), ("/recent", False)):
        logs.put(group, "s", [(NOW_MS - 5_000 + n, text) for n, text in enumerate(messages)])
        if flush:
            logs.flush()
        for text in PATTERNS:
            pattern = cwnb.FilterPattern.parse(text)
            expected = [m for m, yes in zip(messages, pattern.mask(messages), strict=True) if yes]
            found = logs.filter_events(group, text).df["@message"].tolist()
            assert found == expected, (group, text)


@pytest.mark.parametrize("seed", range(2))
def test_the_store_answers_as_the_reference_does(logs: Any, seed: int) -> None:
    maker = Maker(seed + 100)
    messages = [maker.message() or "-" for _ in range(600)]
    logs.put("/random", "s", [(NOW_MS - 5_000 + n, text) for n, text in enumerate(messages)])
    logs.flush()
    for _ in range(60):
        pattern = maker.pattern()
        expected = [text for text in messages if reference.matches(pattern, text)]
        text = reference.written(pattern)
        assert logs.filter_events("/random", text).df["@message"].tolist() == expected, text


def test_masks_and_extracts_of_frames() -> None:
    pattern = cwnb.FilterPattern.parse("[ip, ..., status = 4*, size]")
    lines = ["1.1.1.1 a 404 12", "1.1.1.2 200 3", None, "1.1.1.3 b c 410 5"]
    frame = pd.DataFrame({"@message": lines}, index=[5, 6, 7, 8])
    assert pattern.mask(frame).to_dict() == {5: True, 6: False, 7: False, 8: True}
    assert frame[pattern.mask(frame)].index.tolist() == [5, 8]
    extracted = pattern.extract(frame)
    assert list(extracted.columns) == ["$ip", "$status", "$size", "$2", "$3"]
    assert extracted.index.tolist() == [5, 8]
    assert extracted.loc[8].tolist() == ["1.1.1.3", "410", "5", "b", "c"]
    assert pd.isna(extracted.loc[5, "$3"])
    for texts in (pa.array(lines), pa.chunked_array([lines[:1], lines[1:]]), pd.Series(lines)):
        assert pattern.mask(texts).tolist() == [True, False, False, True]
    assert pattern.mask([]).tolist() == []
    assert cwnb.FilterPattern.parse("").mask(lines).tolist() == [True, True, False, True]
    categories = pd.Series(["x", "y", "x"], dtype="category")
    assert cwnb.FilterPattern.parse("x").mask(categories).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (pd.DataFrame({"message": ["a"]}), "no column '@message'; did you mean"),
        ([1, 2], "messages are texts"),
        ([b"a"], "messages are texts"),
        ("a", "put the one into a list"),
        (5, "messages are"),
    ],
)
def test_what_is_no_message_is_an_error(events: Any, words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        cwnb.FilterPattern.parse("a").mask(events)


def test_patterns_and_their_errors_can_be_pickled() -> None:
    pattern = cwnb.FilterPattern.parse("{ $.a = 1 && $.b[*] = %x% }")
    pattern.mask(['{"a": 1}'])
    again = pickle.loads(pickle.dumps(pattern))
    assert again == pattern
    assert again.mask(['{"a": 1, "b": ["x"]}']).tolist() == [True]
    with pytest.raises(MalformedPattern) as caught:
        cwnb.FilterPattern.parse("a@b")
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error) == str(caught.value)
    assert error.service_text == "Invalid character(s) in term 'a@b'"
    assert error.code == "InvalidParameterException"
    assert isinstance(error, InvalidParameter)


def test_metric_filter_api() -> None:
    found = cwnb.test_metric_filter("[level, ..., ms > 9]", ["INFO a 3", "WARN b 12", "x"])
    assert found == [
        {
            "eventNumber": 2,
            "eventMessage": "WARN b 12",
            "extractedValues": {"$level": "WARN", "$2": "b", "$ms": "12"},
        }
    ]
    assert cwnb.test_metric_filter("{ $.a = 1 }", ['{"a": 1}'])[0]["extractedValues"] == {}
    for messages, words in (
        (["a"] * 51, "1 to 50 messages"),
        ([], "1 to 50 messages"),
        (["a", ""], "message 2 is empty"),
        ("a", "a list of texts"),
        ([1], "a list of texts"),
        (["\ud800"], r"'\\ud800' is not Unicode text"),
        (5, "a list of texts"),
    ):
        with pytest.raises(InvalidParameter, match=words):
            cwnb.test_metric_filter("a", messages)
    with pytest.raises(InvalidParameter, match=r"'\\ud800' is not Unicode text"):
        cwnb.explain_pattern("a", "\ud800")
    with pytest.raises(InvalidParameter, match=r"'\\ud800' is not Unicode text"):
        cwnb.FilterPattern.parse("a").mask(["\ud800"])
    with pytest.raises(InvalidParameter, match=r"'\"\\ud800\"' is not Unicode text"):
        cwnb.FilterPattern.parse('"\ud800"')


def test_hostile_patterns_are_quick_and_refused_in_one_sentence() -> None:
    slow = cwnb.FilterPattern.parse("%a*a*a*a*a*a*a*a*a*a*b%")
    assert slow.mask(["a" * 5_000]).tolist() == [False]
    for text in (
        "term " * 10_000,
        "{ " + "(" * 1_000 + " }",
        "{ $" + ".a" * 500 + " }",
        '"' + "\\" * 1_000,
    ):
        with pytest.raises(MalformedPattern) as caught:
            cwnb.FilterPattern.parse(text)
        assert "\n" not in caught.value.message
        assert len(caught.value.message) < 200
    large = "%" + "[a-z]{1000}" * 10 + "%"
    assert cwnb.FilterPattern.parse(large).mask(["a" * 9_999, "a" * 10_000]).tolist() == [
        False,
        True,
    ]
    many = "[" + "," * 1_000 + "w = 1]"
    assert cwnb.FilterPattern.parse(many).mask(["a b", "1 " * 1_001]).tolist() == [False, True]
    deep = "{ " + "(" * 400 + "$.a = 1" + ")" * 400 + " }"
    assert cwnb.FilterPattern.parse(deep).mask(['{"a": 1}']).tolist() == [True]
    nested = '{"a":' * 2_000 + "1" + "}" * 2_000
    assert cwnb.FilterPattern.parse("{ $.a NOT EXISTS }").mask([nested]).tolist() == [False]


def test_masks_are_the_same_in_any_slices() -> None:
    texts = [f"{n} {'odd' if n % 2 else 'even'}" for n in range(20_000)]
    mask = cwnb.FilterPattern.parse("[n >= 19000, kind = odd]").mask(texts).to_numpy()
    assert np.flatnonzero(mask).tolist() == list(range(19_001, 20_000, 2))
