"""Each function against its table of cases, and laws that no table can say."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cwnb.errors import MalformedQuery
from cwnb.events import Window, mixed_type
from cwnb.insights import values
from cwnb.insights.context import QueryValues
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.evaluate import evaluate
from cwnb.insights.functions import access, call
from cwnb.insights.names import known_functions, row_forms
from cwnb.insights.ql.dialect import parse_expression
from cwnb.insights.text import regex

FUNCTIONS = known_functions() | row_forms()
TABLES = Path(__file__).resolve().parents[1] / "fixtures" / "functions"
NOW_MS = 1767323045678
_VALUE = re.compile(
    r"""
    (?P<text>"(?:[^"\\]|\\.)*") | (?P<time>@[0-9T:.\-]+) | (?P<period>\d+(?:mo|ms|[smhdwqy])\b)
  | (?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?) | (?P<word>true|false|null) | (?P<structure>[\[{].*[\]}])
    """,
    re.VERBOSE,
)


def read_values(text: str) -> list[Any]:
    """Read the values of a cell of a table as scalars, and periods as pairs."""
    found, place = [], 0
    while place < len(text):
        match = _VALUE.match(text, place)
        assert match, f"cannot read {text[place:]!r}"
        found.append(read_value(match))
        place = match.end()
        comma = re.match(r"\s*,?\s*", text[place:])
        place += comma.end() if comma else 0
    return found


def read_value(match: re.Match[str]) -> Any:
    kind, text = match.lastgroup, match[0]
    if kind == "text":
        return pa.scalar(json.loads(text), pa.string())
    if kind == "time":
        when = datetime.fromisoformat(text[1:]).replace(tzinfo=UTC)
        return pa.scalar(when, values.TIME)
    if kind == "period":
        count, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()  # type: ignore[union-attr]
        return int(count), unit
    if kind == "number":
        is_integer = text.lstrip("-").isdigit()
        return pa.scalar(int(text), pa.int64()) if is_integer else pa.scalar(float(text))
    if kind == "word":
        return pa.scalar({"true": True, "false": False, "null": None}[text])
    return pa.ExtensionArray.from_storage(values.STRUCTURE, pa.array([text]))[0]


def cases() -> list[Any]:
    found = []
    for table in sorted(TABLES.glob("*.txt")):
        for number, line in enumerate(table.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                name, arguments, expected = line.split("|")
                identity = f"{table.stem}:{number}"
                cells = [name.strip(), arguments.strip(), expected.strip()]
                found.append(pytest.param(*cells, id=identity))
    return found


def context(rows: int = 3) -> Any:
    hour = NOW_MS // 3_600_000 * 3_600_000
    return SimpleNamespace(
        rows=rows,
        query_values=QueryValues(NOW_MS, Window(hour, hour + 3_600_000)),
        timestamp=lambda: pa.array([NOW_MS] * rows, values.TIME),
    )


def shapes(name: str, arguments: list[Any]) -> list[list[Any]]:
    """Give the arguments as constants, the first as a column, all as columns, as a dictionary."""
    function = FUNCTIONS[name.lower()]
    if not arguments:
        return [[]]

    def column(position: int, value: Any) -> Any:
        parameter = function.parameter(position)
        fixed = parameter.as_written or parameter.kind == "period"
        return value if fixed else values.broadcast(value, 3)

    ways = [
        arguments,
        [column(0, arguments[0]), *arguments[1:]],
        [column(i, value) for i, value in enumerate(arguments)],
    ]
    if not isinstance(arguments[0], tuple) and pa.types.is_string(arguments[0].type):
        encoded = pa.DictionaryArray.from_arrays(
            pa.array([0, 0, 0], pa.int32()), pa.array([arguments[0].as_py()], pa.string())
        )
        if arguments[0].is_valid:
            ways.append([encoded, *arguments[1:]])
            ways.append([encoded, *[column(i, v) for i, v in enumerate(arguments)][1:]])
    return ways


@pytest.mark.parametrize(("name", "arguments", "expected"), cases())
def test_table(name: str, arguments: str, expected: str) -> None:
    function = FUNCTIONS[name.lower()]
    for way in shapes(name, read_values(arguments)):
        if expected.startswith("!"):
            with pytest.raises(MalformedQuery, match=re.escape(expected[1:].strip())):
                call(function, context(), way)
            continue
        (wanted,) = read_values(expected)
        answer = call(function, context(), way)
        rows = values.broadcast(answer, 3)
        if wanted.is_valid:
            assert kind(rows.type) == kind(wanted.type), (way, answer)
        assert (
            values.decode(values.to_text(rows)).to_pylist() == [values.to_text(wanted).as_py()] * 3
        ), way


def kind(type: pa.DataType) -> str:
    if values.is_mixed(type):
        return "number"  # the tables ask for numbers alone of mixed columns
    if values.is_structure(type):
        return "structure"
    if values.is_text(type):
        return "text"
    number = pa.types.is_integer(type) or pa.types.is_floating(type)
    return "number" if number else str(type)


def test_every_function_has_cases() -> None:
    tested = {case.values[0] for case in cases()}
    scalar = {f.name for f in FUNCTIONS.values() if not f.aggregate}
    assert tested == scalar


@pytest.mark.parametrize(
    "function", {id(f): f for f in FUNCTIONS.values()}.values(), ids=lambda f: f.name
)
def test_every_function_is_described(function: Any) -> None:
    assert function.doc.strip().split("\n")[0].endswith(".")
    assert function.result in {"text", "number", "boolean", "time", "any", "structure"}
    assert function.aggregate == (function.evaluate is None)
    assert function.usage.startswith(function.name + "(")
    assert FUNCTIONS[function.name.lower()] is function


def test_usage_and_counts() -> None:
    substr, concat, case = (FUNCTIONS[n] for n in ("substr", "concat", "case"))
    assert substr.usage == "substr(s, start [, len])"
    assert (substr.min_args, substr.max_args) == (2, 3)
    assert (concat.usage, concat.max_args) == ("concat(s, ...)", None)
    assert case.min_args == 2
    assert FUNCTIONS["strftime"] is FUNCTIONS["formatdate"]
    assert FUNCTIONS["collectvalues"] is FUNCTIONS["values"]


@pytest.mark.parametrize("name", sorted({f.name for f in FUNCTIONS.values() if not f.aggregate}))
@pytest.mark.parametrize("rows", [0, 2])
def test_columns_of_any_type_give_columns(name: str, rows: int) -> None:
    function = FUNCTIONS[name.lower()]
    columns = [
        pa.nulls(2),
        pa.array([1, None]),
        pa.array([1.5, None]),
        pa.array([True, None]),
        pa.array(["10.0.0.1", None]),
        pa.array(["a", None]).dictionary_encode(),
        pa.array([0, None], values.TIME),
        pa.array([{"text": "7", "type": 1}, None], mixed_type()),
        pa.ExtensionArray.from_storage(values.STRUCTURE, pa.array(["[1]", None])),
    ]
    constants = {
        "format": pa.scalar("%Y"),
        "literal_text": pa.scalar("yyyy"),
        "regex": pa.scalar("yyyy"),
        "period": (1, "h"),
        "number": pa.scalar(1),
        "literal_number": pa.scalar(1),
        "text": pa.scalar("10.0.0.0/8"),
    }
    for column in columns:
        arguments = [
            column.slice(0, rows)
            if i == 0
            else constants.get(p.name, constants.get(p.kind, column.slice(0, rows)))
            for i, p in enumerate(function.parameters)
            if not (p.optional and p.kind == "literal_text")
        ]
        if name == "bin":
            arguments = [(1, "h")]
        answer = call(function, context(rows), arguments)
        assert len(values.broadcast(answer, rows)) == rows
        if isinstance(answer, pa.Array):
            answer.validate(full=True)


def test_dictionary_answers_stay_encoded_and_unique() -> None:
    column = pa.array(["A", "a", None, "b", "A", "b"]).dictionary_encode()
    events = Batch(6, context(6).query_values, columns={"level": column})
    answer = evaluate(parse_expression("toLower(level)"), events)
    assert answer.to_pylist() == ["a", "a", None, "b", "a", "b"]
    assert pa.types.is_dictionary(answer.type)
    assert len(answer.dictionary.drop_null().unique()) == len(answer.dictionary.drop_null())
    empty = evaluate(parse_expression("isEmpty(level)"), events)
    assert empty.to_pylist() == [False, False, True, False, False, False]


def test_misplaced_arguments_are_named() -> None:
    words = pa.array(["a", "b"])
    with pytest.raises(MalformedQuery, match="'regex' of regexReplace"):
        call(FUNCTIONS["regexreplace"], context(2), [words, words, pa.scalar("x")])
    with pytest.raises(MalformedQuery, match="a period such as 5m"):
        call(FUNCTIONS["datefloor"], context(2), [words, pa.scalar("5m")])
    with pytest.raises(MalformedQuery, match="is no subnet"):
        call(FUNCTIONS["isipinsubnet"], context(2), [words, pa.scalar("10.0.0.0/99")])


def test_texts_to_find_that_vary_need_no_regex_or_one_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    search = regex.contains

    def contains(text: Any, literal: str, *, ignore_case: bool = False) -> Any:
        asked.append(literal)
        return search(text, literal, ignore_case=ignore_case)

    monkeypatch.setattr(regex, "contains", contains)
    text = pa.array(["Äa", "äB", "Deadlock", "äA", None])
    find = pa.array(["äA", "äA", "DEAD", "b", "b"])
    call = FUNCTIONS["strcontains"].evaluate
    assert call(text, find).to_pylist() == [False, False, False, False, None]
    assert not asked
    ignoring = [call(text, find, pa.scalar(True)), call(text, find, pa.array([True] * 5))]
    assert [found.to_pylist() for found in ignoring] == [[True, False, True, False, None]] * 2
    assert asked == ["äA", "b"] * 2


def structures(*texts: str | None) -> pa.Array:
    return call(FUNCTIONS["jsonparse"], context(), [pa.array(texts)])


@pytest.mark.parametrize(
    ("texts", "path", "type", "answers"),
    [
        (['{"a":1}', '{"a":2}', "x"], ["a"], "int64", [1, 2, None]),
        (['{"a":1}', '{"a":2.5}', None], ["a"], "double", [1.0, 2.5, None]),
        (['{"a":{"b":[5,{"c":"x"}]}}'], ["a", "b", "1", "c"], "string", ["x"]),
        (["[true,false]"], ["1"], "bool", [False]),
        (['{"a.b":"dotted"}', '{"a":{"b":"nested"}}'], ["a", "b"], "string", ["dotted", "nested"]),
        (['{"a":null}', "{}", "[]"], ["a"], "null", [None] * 3),
        (['{"a":[1]}'], ["a", "1"], "null", [None]),
        (['{"a":[1]}'], ["a", "x"], "null", [None]),
        (['{"a":"x"}'], ["a", "b"], "null", [None]),
    ],
)
def test_access(texts: list[str], path: list[str], type: str, answers: list[Any]) -> None:
    found = access(structures(*texts), path)
    assert str(found.type) == type
    assert found.to_pylist() == answers


def test_access_of_several_types_is_mixed() -> None:
    column = structures('{"a":1}', '{"a":"x"}', '{"a":true}', '{"a":1.0}', '{"a":[1, 2]}')
    found = access(column, ["a"])
    assert values.to_text(found).to_pylist() == ["1", "x", "true", "1", "[1,2]"]
    assert [v["type"] for v in found.to_pylist()] == [1, 0, 3, 2, 4]
    nested = access(structures('{"a":{"b":1}}', '{"a":[2]}'), ["a"])
    assert values.is_structure(nested)
    assert access(nested, ["b"]).to_pylist() == [1, None]
    big = access(structures('{"a":12345678901234567890123}'), ["a"])
    assert values.to_text(big).to_pylist() == ["12345678901234567890123"]
    assert access(column[0], ["a"]).as_py() == 1


def test_bins_of_months_agree_with_the_calendar() -> None:
    generator = np.random.default_rng(7)
    times = generator.integers(-2_000_000_000_000, 4_000_000_000_000, 500)
    column = pa.array(times, values.TIME)
    floors = call(FUNCTIONS["datefloor"], context(500), [column, (5, "mo")]).to_pylist()
    ceilings = call(FUNCTIONS["dateceil"], context(500), [column, (5, "mo")]).to_pylist()
    for time, floor, ceiling in zip(column.to_pylist(), floors, ceilings, strict=True):
        months = (time.year - 1970) * 12 + time.month - 1
        start = months // 5 * 5
        assert (floor.year, floor.month, floor.day) == (1970 + start // 12, start % 12 + 1, 1)
        assert floor <= time < ceiling


def test_formats_written_by_arrow_are_those_of_python() -> None:
    generator = np.random.default_rng(5)
    times = [*generator.integers(-20_000_000_000_000, 20_000_000_000_000, 200).tolist(), None]
    column = pa.array(times, values.TIME)
    formats = ["%Y-%m-%d %H:%M:%S", "%T %F", "%I:%M:%S %p", "%j %S%%", "%H%M%S é"]
    for written in formats:
        answer = call(FUNCTIONS["formatdate"], context(201), [column, pa.scalar(written)])
        wanted = [None if t is None else t.strftime(written) for t in column.to_pylist()]
        assert answer.to_pylist() == wanted
