"""The makers of the seven sets: the same seed gives the same events, of the kinds that they claim."""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benchmarks.data import SETS
from benchmarks.data.containers import LABELS
from benchmarks.data.json_text import objects
from benchmarks.data.lambda_lines import put_events
from benchmarks.data.log_set import BLOCK, Piece, chunk_sizes
from benchmarks.questions import of_app, of_audit, of_lambda

EVENTS = 20_000


@pytest.fixture(scope="module")
def made() -> dict[str, pa.Table]:
    return {name: pa.concat_tables(logs.pieces(EVENTS)) for name, logs in SETS.items()}


def lines(table: pa.Table) -> list[str]:
    return table.column("line").to_pylist()


@pytest.mark.parametrize("name", SETS)
def test_the_same_piece_is_the_same_events(name: str) -> None:
    piece = Piece(SETS[name].number, 50_000, 3_000, 1_000_000)
    assert SETS[name].make(piece).equals(SETS[name].make(piece))
    other = Piece(SETS[name].number, 100_000, 3_000, 1_000_000)
    assert not SETS[name].make(piece).equals(SETS[name].make(other))


def test_a_piece_does_not_depend_on_those_before_it() -> None:
    logs = SETS["flow"]
    whole = list(logs.pieces(120_000))
    assert [len(piece) for piece in whole] == [50_000, 50_000, 20_000]
    assert whole[1].equals(logs.make(Piece(logs.number, 50_000, 50_000, 120_000)))


@pytest.mark.parametrize("name", SETS)
def test_arrival_is_slightly_out_of_the_order_of_time(name: str, made: dict) -> None:
    times = made[name].column("time").cast(pa.int64()).to_numpy()
    before = np.maximum.accumulate(times)
    assert 0.005 < (times < before).mean() < 0.9
    assert (before - times).max() < 1_900_000 + 4_320_000 * 20 / EVENTS


@pytest.mark.parametrize("name", SETS)
def test_lines_and_columns_are_of_the_same_records(name: str, made: dict) -> None:
    table, paths = made[name], SETS[name].paths
    if not paths:
        return
    for row in table.slice(0, 300).to_pylist():
        if not row["line"].endswith("}"):
            assert set(paths) & {k for k, v in row.items() if v is not None} == {"time"}
            continue
        document = json.loads(row["line"])
        for column, path in paths.items():
            value = document
            for key in path.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            if column == "value" and value is not None:
                assert str(value) == row[column].removesuffix(".0") or float(value) == float(
                    row[column]
                )
            elif column != "time":
                assert value == row[column], (column, row["line"])


def test_some_keys_are_frequent_and_many_are_rare(made: dict) -> None:
    for name, column in (("app", "tenant"), ("flow", "srcAddr"), ("audit", "arn")):
        counts = pc.value_counts(made[name].column(column).drop_null()).field("counts").to_numpy()
        assert counts.max() > 20 * np.median(counts), name


def test_telemetry(made: dict) -> None:
    table = made["telemetry"]
    clean = pc.sum(pc.is_valid(table.column("device"))).as_py()
    assert 0.97 < clean / EVENTS < 0.99
    missing = [table.column(name).null_count / EVENTS for name in table.column_names]
    assert sum(share > 0.8 for share in missing) > 30
    assert len(pc.unique(table.column("kind").drop_null())) == 12
    value = table.column("value").drop_null().to_pylist()
    words = [text for text in value if not re.fullmatch(r"-?[0-9.]+", text)]
    assert 0.05 < len(words) / len(value) < 0.12
    text = [line for line in lines(table) if re.search(r'"value":"[0-9]', line)]
    assert len(text) / len(value) > 0.15
    assert sum(not line.isascii() for line in lines(table)) > EVENTS / 2
    # The first line of a load has a time.
    assert all(line.startswith("{") for line in lines(table)[::BLOCK])


def test_containers(made: dict) -> None:
    table = made["containers"]
    long = sum(len(text) > 1_900 for text in table.column("log").to_pylist())
    assert 0.03 < long / EVENTS < 0.07
    labels = [EVENTS - table.column(f"label_{name}").null_count for name in LABELS]
    assert len(labels) == 300
    assert sum(count > 0 for count in labels) > 250
    assert max(labels) < EVENTS / 100
    assert len(pc.unique(table.column("pod"))) > 5_000


def test_audit_records(made: dict) -> None:
    assert 1_100 < np.mean([len(line) for line in lines(made["audit"])]) < 1_500
    assert 270 < len(SETS["audit"].paths) < 330


def test_flow_lines(made: dict) -> None:
    assert all(len(line.split(" ")) == 14 for line in lines(made["flow"]))
    assert sum(line.endswith("- NODATA") for line in lines(made["flow"])) > EVENTS / 200


def test_lambda_requests_begin_and_end(made: dict) -> None:
    table = made["lambda"]
    rows = table.select(["line", "type", "requestId", "log_stream"]).to_pylist()
    size = put_events(EVENTS)
    for first in range(0, 2_000, size):
        assert len({row["log_stream"] for row in rows[first : first + size]}) == 1
    reports = [row for row in rows if row["type"] == "REPORT"]
    assert len(reports) > EVENTS / 20
    assert all(row["requestId"] in row["line"] for row in reports)
    # A request has one REPORT, and an END before it unless a put has cut it to a line.
    assert len({row["requestId"] for row in reports}) == len(reports)


def test_java_text(made: dict) -> None:
    traces = [line for line in lines(made["java"]) if "\n" in line]
    assert 0.03 < len(traces) / EVENTS < 0.05
    assert all(re.match(r"2026-10-0\d \d\d:\d\d:\d\d,\d{3} ", line) for line in lines(made["java"]))
    assert min(line.count("\n") for line in traces) > 8


def test_loads_differ_in_size() -> None:
    sizes = chunk_sizes(1_000_000, 11)
    assert sum(sizes) == 1_000_000
    assert max(sizes) > 8 * min(sizes[:-1])
    assert all(size % BLOCK == 0 for size in sizes[:-1])


def test_an_object_of_which_all_is_missing_is_left_out() -> None:
    made = objects(
        {"a": pa.array([1, None]), "b": {"c": pa.array([None, None], pa.string())},
         "d": pa.array(['x"\n', "é"]), "e": pa.array([["p"], None], pa.list_(pa.string()))}
    )  # fmt: skip
    assert made.to_pylist() == ['{"a":1,"d":"x\\"\\n","e":["p"]}', '{"d":"é"}']


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("app", "trace_id", of_app.TRACE),
        ("lambda", "requestId", of_lambda.REQUEST),
        ("audit", "eventID", of_audit.EVENT),
    ],
)
def test_the_ids_that_are_looked_for_are_there(name: str, column: str, value: str) -> None:
    for total in (100_000, 1_000_000):
        piece = SETS[name].make(Piece(SETS[name].number, 0, 50_000, total))
        assert pc.sum(pc.equal(piece.column(column), value)).as_py() >= 1
