"""What a value is does not depend on the others of its column, nor on the segments of its event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest

import cwnb
from cwnb.insights import values
from cwnb.insights.values import column_of_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

START_MS = 1_795_593_600_000
NUMBERS: list[Any] = [
    404,
    404.0,
    1.5,
    10**10,
    10**15,
    12345678900.5,
    9007199254740991,
    9007199254740993,
    9007199254740992.0,
    1700000000000000001,
    1700000000000000003,
    2**63 - 1,
    -(2**63),
    "9007199254740993",
    "0.5",
    -7,
    True,
    None,
    1e100,
]
QUERIES = [
    "fields concat(n, '') as text, strlen(n) as length, n like '00' as zeros | display text, length, zeros",
    "fields n + 1 as a, n - 0.0 as b, n * 2 as c, n % 10 as d, n ^ 2 as e, -n as f | display a, b, c, d, e, f",
    "fields abs(n) as a, ceil(n) as b, floor(n) as c, toLong(n) as d, toInt(n) as e | display a, b, c, d, e",
    "fields greatest(n, 3) as a, least(n, 0.5) as b, greatest(n, m) as c | display a, b, c",
    "stats sum(n) as a, avg(n) as b, variance(n) as c, stddev(n) as d by g",
    "stats pct(n, 0) as a, pct(n, 50) as b, pct(n, 100) as c, min(n) as d, max(n) as e by g",
    "stats values(n) as a, count(*) as k by g",
    "stats count(*) as k by n",
    "fields n + 1 as more | sort more desc | display more",
    "filter n > 404 and n + 1 != 405 | display n",
]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with cwnb.open(tmp_path_factory.mktemp("exact") / "store", encryption="none") as held:
        yield held


def messages() -> list[tuple[int, str]]:
    events = [
        {"g": f"group {place % 4}", "n": number, "m": NUMBERS[-place - 1]}
        for place, number in enumerate(NUMBERS)
    ]
    return [(START_MS + place, json.dumps(event)) for place, event in enumerate(events)]


def texts(result: Any) -> dict[str, list[str | None]]:
    """Give each value of an answer as text; variances as far as doubles tell."""
    found = {}
    for name, column in result.outcome.columns.items():
        if pa.types.is_float64(column.type) and name in {"b", "c", "d"}:
            rounded = [None if v is None else float(f"{v:.9g}") for v in column.to_pylist()]
            found[name] = list(map(str, rounded))
            continue
        found[name] = values.to_text(values.decode(column)).to_pylist()
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_an_answer_is_the_same_for_any_splits_and_after_compact(logs: Any, query: str) -> None:
    splits = {1: "one", 3: "three", 5: "five", 100: "all"}
    answers = {}
    for size, word in splits.items():
        group = f"/{word}/{QUERIES.index(query)}"
        rest = messages()
        while rest:
            logs.put(group, "s", rest[:size])
            logs.flush(group)
            rest = rest[size:]
        answers[word] = texts(logs.query(query, group))
        if size < 100:
            logs.compact(group)
            answers[f"{word}, compacted"] = texts(logs.query(query, group))
    first = answers["one"]
    for how, answer in answers.items():
        assert answer == first, how


def test_a_sum_is_exact_whatever_the_other_groups_hold() -> None:
    frame = pd.DataFrame(
        {
            "@timestamp": pd.to_datetime([1, 2, 3, 4], unit="s", utc=True),
            "n": [9007199254740991.0, 9007199254740990.0, 0.5, 1e300],
            "g": ["exact", "exact", "fraction", "large"],
        }
    )
    column = cwnb.query("stats sum(n) as total by g", frame).outcome.columns["total"]
    assert values.to_text(column).to_pylist() == ["1e+300", "0.5", "18014398509481981"]


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([1, None, 2**63 - 1], pa.int64()),
        ([1, 2**53, 0.5, None], pa.float64()),
        ([2**53 + 1, 0.5, None], values.MIXED),
        ([2**63, 1], pa.float64()),
        ([], pa.int64()),
    ],
)
def test_a_column_of_numbers(numbers: list[Any], kind: pa.DataType) -> None:
    column = column_of_numbers(numbers)
    assert column.type == kind
    assert values.to_text(column).to_pylist() == [
        None if n is None else values.text_of(float(n) if n == 2**63 else n) for n in numbers
    ]


@pytest.mark.parametrize(
    ("op", "a", "b", "answers"),
    [
        ("+", [2**63 - 1, 1], 1, ["9.223372036854776e+18", "2"]),
        ("+", [2**63 - 1, 2**53], 1, ["9.223372036854776e+18", "9007199254740993"]),
        ("-", [-(2**63), 2**53 + 2], 1, ["-9.223372036854776e+18", "9007199254740993"]),
        ("*", [2**62, 3037000499], 2, ["9.223372036854776e+18", "6074000998"]),
        ("*", [2**53 + 1, 0.5], 3, ["27021597764222979", "1.5"]),
        ("%", [2**62 + 1, 7.5], 2, ["1", "1.5"]),
        ("%", [-(2**63), 5], -1, ["0", "0"]),
        ("^", [3, 0.5], 39, ["4052555153018976267", "1.8189894035458565e-12"]),
        ("/", [2**53 + 1, 1], 1, ["9007199254740992", "1"]),
    ],
)
def test_arithmetic_of_each_row(op: str, a: list[Any], b: int, answers: list[str]) -> None:
    made = values.arithmetic(op, column_of_numbers(a), pa.scalar(b))
    assert values.to_text(made).to_pylist() == answers


def test_an_infinite_value_is_one_in_a_mixed_column() -> None:
    column = values.to_mixed(pa.array([float("-inf"), 1.5, float("inf")]))
    assert values.compare("<", column, pa.scalar(-1)).to_pylist() == [True, False, False]
    assert values.to_double(values.to_number(column)).to_pylist() == [
        -float("inf"),
        1.5,
        float("inf"),
    ]
