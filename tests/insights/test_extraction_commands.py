"""`json`, `parse` in all modes, `filterIndex`, `unmask`, `unnest` and `expand` on several groups."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import cwnb
from cwnb.insights import frames
from cwnb.insights.text import comma_separated, logfmt, xml_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

START_MS = 1_795_593_600_000
ONE, TWO = "/shop/one", "/shop/two"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two groups, each with a segment and recent events."""
    with cwnb.open(tmp_path_factory.mktemp("groups") / "store", encryption="none") as held:
        for place, group in enumerate((ONE, TWO)):
            for n in range(6):
                number = 2 * n + place
                message = {
                    "n": number,
                    "pairs": f"level={'warn' if number % 3 else 'error'} took={number}",
                    "line": f"{group},{number}",
                    "xml": f"<a n='{number}'><b>{number % 4}</b></a>",
                    "inner": json.dumps({"deep": {"n": number}}),
                    "tags": [f"t{number % 3}", group][: 1 + number % 2],
                    "items": [{"k": number}] * (number % 4),
                    "text": json.dumps(list(range(number % 3))),
                }
                held.put(group, f"s{n % 2}", [(START_MS + number, json.dumps(message))])
                if n == 3:
                    held.flush(group)
        yield held


def rows_of(result: Any) -> list[tuple[Any, ...]]:
    return list(result.df.itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "parse pairs logfmt as m | stats sum(m.took) as s by m.level as level | sort level",
            [("error", 18), ("warn", 48)],
        ),
        (
            "parse line csv as name, k | stats count(*) as n, max(k) as m by name | sort name",
            [(ONE, 6, "10"), (TWO, 6, "11")],
        ),
        (
            "parse xml xml '/a/b' as b | stats count(*) as n by b | sort b",
            [("0", 3), ("1", 3), ("2", 3), ("3", 3)],
        ),
        ("parse xml xml '/a/@n' as a | filter a >= 10 | display a", [("11",), ("10",)]),
        ("json field=inner 'deep.n' as k | filter k < 3 | display k", [(2,), (1,), (0,)]),
        ("filterIndex @logStream = 's1' | stats count(*) as c by @log", None),
        ("unmask n | filter n > 9", [(11,), (10,)]),
        # Only the newest event of each group, which is in no segment yet, has two matches.
        (
            "parse inner /(?<digit>[0-9])/ multi | stats count(digit) as c, max(digit) as m by @log",
            [(f"000000000000:{TWO}", 7, "9"), (f"000000000000:{ONE}", 7, "8")],
        ),
        # An odd number has its group beside its tag, and all odd numbers are of one group.
        (
            "unnest tags into tag | stats count(*) as c by tag | sort tag",
            [(TWO, 6), ("t0", 4), ("t1", 4), ("t2", 4)],
        ),
        ("unnest tags into tag | display n, tag | limit 3", [(11, "t2"), (11, TWO), (10, "t1")]),
        (
            "unnest items into item | stats sum(item.k) as s, count(*) as c by @log | sort s",
            # 2, 6 and 10 twice; 1, 5 and 9 once, 3, 7 and 11 three times.
            [(f"000000000000:{ONE}", 36, 6), (f"000000000000:{TWO}", 78, 12)],
        ),
        ("expand tags | filter tags = 't1' | display n", [(10,), (7,), (4,), (1,)]),
        # Lists of 0, 1 and 2 items; the empty ones give no row.
        (
            "expand text | stats count(*) as c, sum(text) as s by @logStream | sort @logStream",
            [("s0", 6, 2), ("s1", 6, 2)],
        ),
    ],
)
def test_several_groups(logs: Any, query: str, rows: list[tuple[Any, ...]] | None) -> None:
    found = rows_of(logs.query(query, [ONE, TWO]))
    if rows is None:
        rows = [(f"000000000000:{TWO}", 3), (f"000000000000:{ONE}", 3)]
    assert found == rows


def test_in_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "TASK_ROWS", 4)
    frame = pd.DataFrame({"@message": [f"a={n} b=c{n % 2}" for n in range(12)]})
    frame["@timestamp"] = pd.to_datetime(range(12), unit="s")
    query = "parse @message logfmt as m | stats sum(m.a) as s by m.b | sort m.b"
    with ProcessPoolExecutor(1) as executor:
        found = cwnb.query(query, frame, executor=executor)
    assert rows_of(found) == [("c0", 30), ("c1", 36)]


def test_each_text_is_read_once_for_all_parts_of_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    from cwnb.insights.engine.commands import steps

    def read(text: str) -> Any:
        seen.append(text)
        return logfmt.read_logfmt(text)

    monkeypatch.setattr(steps, "read_logfmt", read)
    frame = pd.DataFrame({"@message": ["a=1 b=2 c=3", "a=4 b=5"]})
    query = "parse @message logfmt as m | filter m.a > 0 | display m.a, m.b, m.c | limit 5"
    assert rows_of(cwnb.query(query, frame))[0][:2] == ("4", "5")
    # Once for the filter, and once more for the rows that are shown.
    assert sorted(seen) == sorted(["a=1 b=2 c=3", "a=4 b=5"] * 2)


def test_a_map_may_be_named_like_a_field_of_the_events() -> None:
    frame = pd.DataFrame({"kv": ["a=1", None], "n": [1, 2]})
    found = cwnb.query("fields n | parse kv logfmt as kv | display n, kv, kv.a | sort n", frame)
    shown = [tuple(None if pd.isna(v) else v for v in row) for row in rows_of(found)]
    assert shown == [(1, '{"a":"1"}', "1"), (2, None, None)]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a=1", {"a": "1"}),
        ("a", {"a": "true"}),
        ("a=", {"a": ""}),
        ('a=""', {"a": ""}),
        ('a="b c" d', {"a": "b c", "d": "true"}),
        ('a="b', {"a": "b"}),
        ('a="b\\', {"a": "b"}),
        (r'a="\"\\\n\t\r\u00e9\ud800\x"', {"a": '"\\\n\t\ré\ufffdx'}),
        ('"a b"=c', None),
        ("=c", None),
        ("a=b=c", {"a": "b=c"}),
        ("a=1\nb=2\tc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a=1 a=2", {"a": "2"}),
        ("", None),
        (" \n", None),
    ],
)
def test_pairs_of_logfmt(text: str, pairs: dict[str, str] | None) -> None:
    assert logfmt.read_logfmt(text) == pairs


def test_records_with_and_without_quotes_keep_their_places() -> None:
    import pyarrow as pa

    texts = ["a,b", '"x,y",z', None, "", 'bro"ken', "1,2,3\n4", '"",']
    first, second = comma_separated.parse_csv(pa.array(texts), 2)
    assert first.to_pylist() == ["a", "x,y", None, "", None, "1", ""]
    assert second.to_pylist() == ["b", "z", None, None, None, "2", ""]
    assert [c.to_pylist() for c in comma_separated.parse_csv(pa.array(["a"], pa.string()), 2)] == [
        ["a"],
        [None],
    ]
    assert [len(c) for c in comma_separated.parse_csv(pa.array([], pa.string()), 2)] == [0, 0]


def test_xml_that_would_grow_without_end_is_refused() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE r [<!ENTITY a0 "x">{entities}]><r>&a11;</r>'
    assert xml_paths.xml_path("/r").read(bomb) is None
    deep = "<a>" * 50_000 + "x" + "</a>" * 50_000
    assert xml_paths.xml_path("/a").read(deep) == "x"
