"""What each line gives, and what a block of many lines is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

from cwnb.errors import InvalidParameter
from cwnb.events import mixed_type
from cwnb.store.discovery import Discovered, discover, merge, rare_names, read_rest

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "discovery"


def cases() -> list[Any]:
    found = []
    for path in sorted(FIXTURES.glob("*.txt")):
        for number, block in enumerate(path.read_text().split("\n===\n"), 1):
            lines = [line for line in block.split("\n") if not line.startswith("# ")]
            log_type = lines.pop(0)[3:] if lines[0].startswith("== ") else None
            if path.stem == "lines":
                lines[0] = lines[0].replace("\\t", "\t").replace("\\n", "\n")
            assert lines[1] == "---", block
            found.append(
                pytest.param(
                    lines[0], log_type, [x for x in lines[2:] if x], id=f"{path.stem}-{number}"
                )
            )
    return found


def said(values: pa.Array) -> str:
    value = values[0].as_py()
    if values.type == mixed_type():
        return f"integer {value['text']}" if value["type"] == 1 else f"mixed {value}"
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(("message", "log_type", "fields"), cases())
def test_fields_of_a_line(message: str, log_type: str | None, fields: list[str]) -> None:
    found = discover(pa.array([message]), log_type=log_type)
    got = {f"{name} = {said(values)}" for name, values in found.columns.items()}
    expected = set()
    for field in fields:
        name, text = field.split(" = ", 1)
        expected.add(
            field
            if text.startswith("integer")
            else f"{name} = {json.dumps(json.loads(text), ensure_ascii=False)}"
        )
    assert got == expected
    assert found.rest is None


def test_types_of_columns() -> None:
    found = discover(
        pa.array(
            [
                '{"int":1,"float":1.0,"both":1,"text":"x","bool":true,"mixed":1.0,"wide":9007199254740993}',
                '{"int":2,"float":2.0,"both":1.5,"text":"y","bool":false,"mixed":"1","wide":0.5}',
                '{"int":null,"mixed":7}',
            ]
        )
    )
    assert {name: values.type for name, values in found.columns.items()} == {
        "bool": pa.bool_(),
        "both": pa.float64(),
        "float": pa.float64(),
        "int": pa.int64(),
        "mixed": mixed_type(),
        "text": pa.dictionary(pa.int32(), pa.string()),
        "wide": mixed_type(),
    }
    assert found.columns["int"].to_pylist() == [1, 2, None]
    assert found.columns["both"].to_pylist() == [1.0, 1.5, None]
    assert found.columns["mixed"].to_pylist() == [
        {"text": "1", "type": 2},
        {"text": "1", "type": 0},
        {"text": "7", "type": 2},
    ]
    assert found.columns["wide"].to_pylist() == [
        {"text": "9007199254740993", "type": 1},
        {"text": "0.5", "type": 2},
        None,
    ]


def test_200_fields_of_an_event_in_document_order() -> None:
    many = json.dumps({f"k{index:03}": index for index in range(250)})
    few = json.dumps({f"k{index:03}": index for index in range(200)})
    found = discover(pa.array([many, few] * 300))
    assert found.capped == 300
    assert sorted(found.columns) == [f"k{index:03}" for index in range(200)]
    assert discover(pa.array([few])).capped == 0


def test_nesting_as_deep_as_orjson_takes() -> None:
    fits, over = ('{"a":' + "[" * depth + "1" + "]" * depth + "}" for depth in (1000, 1024))
    found = discover(pa.array([fits, over, '{"b":1}', '{"a":' + "[" * 10_000]))
    assert sorted(found.columns) == ["a" + ".0" * 1000, "b"]


def test_strings_have_a_dictionary_where_few_are_distinct() -> None:
    lines = [f'{{"level":"{"WARN" if i % 9 else "INFO"}","id":"{i}"}}' for i in range(1000)]
    found = discover(pa.array(lines))
    assert pa.types.is_dictionary(found.columns["level"].type)
    assert found.columns["id"].type == pa.string()


def test_text_that_looks_like_a_time_stays_text() -> None:
    lines = [f'{{"when":"2026-01-01T00:00:{i % 60:02}Z","day":"2026-01-01"}}' for i in range(1000)]
    found = discover(pa.array(lines))
    assert found.columns["when"].to_pylist()[:1] == ["2026-01-01T00:00:00Z"]
    assert found.columns["day"].to_pylist()[:1] == ["2026-01-01"]


def test_a_hundred_thousand_keys_stay_usable() -> None:
    lines = [
        '{"level":"INFO",' + ",".join(f'"k{row}_{i}":{i}' for i in range(50)) + "}"
        for row in range(2000)
    ]
    array = pa.array(lines)
    parts = [discover(array.slice(at, 500)) for at in range(0, 2000, 500)]
    found = merge(parts, [500] * 4)
    assert list(found.columns) == ["level"]
    assert found.rest is not None
    assert len(found.rest) == 2000
    assert found.rest.nbytes < 5 * array.nbytes
    values = read_rest(found.rest, "k1234_49")
    assert values is not None
    assert [i for i, value in enumerate(values.to_pylist()) if value] == [1234]
    assert values[1234].as_py() == 49
    assert read_rest(found.rest, "k1234_50") is None
    assert len(rare_names(found.rest)) == 100_000


def test_rest_says_what_each_value_was() -> None:
    rare = {"f": 1.0, "i": 7, "s": 'q"', "b": True, "w": 2**70}
    lines = ['{"a":1}'] * 999 + [
        orjson.dumps({"a": 1} | rare | {"w": 0}).decode().replace('"w":0', f'"w":{2**70}')
    ]
    found = discover(pa.array(lines))
    assert found.rest is not None
    assert json.loads(found.rest[999].as_py()) == {
        "f": "21", "i": "17", "s": '0q"', "b": "3true", "w": f"1{2**70}",
    }  # fmt: skip
    assert found.rest.null_count == 999


def test_blocks_of_any_kind_concatenate() -> None:
    found = merge([Discovered(), discover(pa.array(['{"a":1}'])), Discovered()], [2, 1, 1])
    assert found.columns["a"].to_pylist() == [None, None, 1, None]
    assert merge([Discovered()], [3]).columns == {}


def test_slices_and_large_strings() -> None:
    array = pa.array(["x", '{"a":1}', '{"a":2}', "y"])
    assert discover(array.slice(1, 2)).columns["a"].to_pylist() == [1, 2]
    assert discover(array.cast(pa.large_string()).slice(2)).columns["a"].to_pylist() == [2, None]


def test_an_unknown_log_type_names_the_nearest() -> None:
    with pytest.raises(InvalidParameter, match="did you mean 'vpc-flow'"):
        discover(pa.array(["x"]), log_type="vpcflow")
