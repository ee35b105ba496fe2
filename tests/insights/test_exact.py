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


@pytest.mark.parametrize(
    "aggregate", ["pct(x, 50)", "sum(x)", "variance(x)", "min(abs(x))", "avg(x)"]
)
def test_no_row_is_left_of_a_column_of_several_kinds_of_numbers(aggregate: str) -> None:
    rows = [
        {"@timestamp": pd.Timestamp(i, unit="s", tz="UTC"), "n": n} for i, n in enumerate(NUMBERS)
    ]
    query = f"fields n + 0 as x | filter x < x | stats {aggregate} as y"
    assert len(cwnb.query(query, rows)) <= 1


def test_a_small_difference_of_large_integers_is_exact() -> None:
    rows = [{"n": 2**53 + 1, "m": float(2**53)}]
    found = cwnb.query("fields n - m as a, m - n as b, n + -9007199254740992.0 as c", rows)
    shown = {name: found.outcome.columns[name].to_pylist() for name in "abc"}
    assert shown == {"a": [1], "b": [-1], "c": [1]}


def test_no_result_is_minus_zero_which_no_integer_is() -> None:
    query = (
        "fields concat(z * n, '') as a, concat(n % 2, '') as b, concat(z - z, '') as c, "
        "concat(x * z, '') as d, concat(0 * -1, '') as e"
    )
    found = cwnb.query(query, [{"x": -0.5, "z": 0.0, "n": -4.0}])
    assert texts(found) == {name: ["0"] for name in "abcde"}


def test_a_predicate_beside_a_boolean_is_one_whatever_else_the_field_holds() -> None:
    rows = [{"n": 1, "flag": True}, {"n": 1, "flag": 1}, {"flag": False}, {"n": 1, "flag": "true"}]
    found = cwnb.query("fields ispresent(n) = flag as same", rows).outcome.columns["same"]
    assert sorted(found.to_pylist()) == [0, 1, 1, 1]
    flags = [row for row in rows if isinstance(row["flag"], bool)]
    alone = cwnb.query("fields ispresent(n) = flag as same", flags).outcome.columns["same"]
    assert alone.to_pylist() == [1, 1]


def test_an_infinite_number_is_a_number_beside_integers_too() -> None:
    rows = [{"n": 2**53 + 1, "x": float("inf")}, {"n": 2**53 + 1}, {"n": 2, "x": float("-inf")}]
    query = (
        "fields coalesce(x, n) as y, coalesce(nothing, 'inf') as t "
        "| stats max(y) as a, min(y) as b, sum(x in [1e400, 7]) as c, sum(y in [-1e400, 1e400]) as d, "
        "sum(isNumeric(y)) as e, sum(t in [1e400]) as f, sum(n in [1e400, 2]) as g"
    )
    found = cwnb.query(query, rows).outcome.columns
    assert [found[name].to_pylist() for name in "cdefg"] == [[1], [2], [3], [0], [1]]
    assert [values.to_text(found[n])[0].as_py() for n in "ab"] == ["inf", "-inf"]


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
