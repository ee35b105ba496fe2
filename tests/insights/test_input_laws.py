"""Laws of queries of several inputs: however the rows are cut into tasks, the pairs are the same.

The witnesses are a loop over all pairs of rows, and plain pandas.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.insights import frames
from cwnb.insights.values.numbers import is_number

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

START = pd.Timestamp("2026-11-20T08:00:00Z")
KEYS = st.one_of(
    st.none(),
    st.sampled_from(["a", "b", "7", "07", "7.0", "true", ""]),
    st.sampled_from([7, 0, -3, 2**53 + 1]),
    st.sampled_from([7.0, 0.5, -3.0]),
    st.booleans(),
)
ROWS = st.lists(
    st.fixed_dictionaries({"k": KEYS, "m": st.sampled_from(["x", "y", None])}), max_size=18
)
LAWS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    made = [
        {"@timestamp": START + pd.Timedelta(seconds=n), "@message": f"m {n}", "n": n, **row}
        for n, row in enumerate(rows)
    ]
    columns = ["@timestamp", "@message", "n", "k", "m"]
    frame = pd.DataFrame(made, columns=columns)
    frame["k"] = pd.Series([row["k"] for row in rows], dtype=object)
    return frame.astype({"@timestamp": "datetime64[ms, UTC]"})


def key(value: Any) -> Any:
    """Give what two values share if the language takes them for equal."""
    if value is None or isinstance(value, bool):
        return value if value is None else str(value).lower()
    if isinstance(value, float) and value == math.floor(value):
        return int(value)
    if isinstance(value, str) and is_number(value):
        number = float(value)
        return int(number) if number == math.floor(number) else number
    return value


def alike(value: Any, other: Any) -> bool:
    """Tell whether `=` holds: as keys, and a Boolean beside a number is 1 or 0."""
    if isinstance(value, bool) != isinstance(other, bool):
        flag, beside = (value, other) if isinstance(value, bool) else (other, value)
        return key(beside) in (int(flag), str(flag).lower())
    return bool(key(value) == key(other))


def asked(query: str, left: pd.DataFrame, right: pd.DataFrame, rows: int) -> list[list[Any]]:
    before, frames.TASK_ROWS = frames.TASK_ROWS, rows
    try:
        found = cwnb.query(query, left, groups={"/r": right}, tables={"t": right})
    finally:
        frames.TASK_ROWS = before
    return [[None if v is pd.NA else v for v in row] for row in found.df.to_numpy().tolist()]


def as_pandas(query: str, left: pd.DataFrame, right: pd.DataFrame, folder: Path) -> list[list[Any]]:
    result = cwnb.query(query, left, groups={"/r": right}, tables={"t": right})
    result.export_events(folder)
    space: dict[str, Any] = {}
    exec(compile(result.to_pandas_source(folder), "emitted.py", "exec"), space)
    found = space["result"].astype(object)
    return [[None if pd.isna(v) else v for v in row] for row in found.to_numpy().tolist()]


@LAWS
@given(left=ROWS, right=ROWS, outer=st.booleans(), both=st.booleans())
def test_a_join_pairs_what_is_equal(
    left: list[dict[str, Any]],
    right: list[dict[str, Any]],
    outer: bool,
    both: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    where = "a.k = b.k and a.m = b.m" if both else "a.k = b.k"
    kind = "left" if outer else "inner"
    query = f"join type={kind} left=a right=b where {where} (SOURCE '/r') | display a.n, b.n"
    expected: list[list[Any]] = []
    for i in reversed(range(len(left))):
        pairs = [
            [i, j]
            for j in reversed(range(len(right)))
            if key(left[i]["k"]) is not None
            and key(left[i]["k"]) == key(right[j]["k"])
            and (not both or (left[i]["m"] is not None and left[i]["m"] == right[j]["m"]))
        ]
        expected += pairs or ([[i, None]] if outer else [])
    one, other = frame_of(left), frame_of(right)
    assert asked(query, one, other, 5) == expected
    assert asked(query, one, other, 10**6) == expected
    assert as_pandas(query, one, other, tmp_path_factory.mktemp("law")) == expected


@LAWS
@given(left=ROWS, right=ROWS, negated=st.booleans())
def test_in_finds_what_is_equal(
    left: list[dict[str, Any]],
    right: list[dict[str, Any]],
    negated: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    word = "not in" if negated else "in"
    query = f"filter k {word} (SOURCE '/r' | fields k) | display n"
    known = [row["k"] for row in right if row["k"] is not None]
    expected = [
        [i]
        for i in reversed(range(len(left)))
        if (value := left[i]["k"]) is not None
        and any(alike(value, other) for other in known) is not negated
    ]
    one, other = frame_of(left), frame_of(right)
    assert asked(query, one, other, 5) == expected
    assert asked(query, one, other, 10**6) == expected
    try:
        found = as_pandas(query, one, other, tmp_path_factory.mktemp("law"))
    except ValueError as error:  # the files have Booleans among other values as texts
        if "mixes Booleans with other values" not in str(error):
            raise
    else:
        assert found == expected


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if value == math.floor(value) else str(value)


@LAWS
@given(left=ROWS, right=ROWS, new=st.booleans())
def test_a_lookup_finds_the_first_row_of_the_same_text(
    left: list[dict[str, Any]],
    right: list[dict[str, Any]],
    new: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    word = "OUTPUTNEW" if new else "OUTPUT"
    query = f"lookup t k {word} m, n as row | display n, m, row"
    expected = []
    for i in reversed(range(len(left))):
        own = text(left[i]["k"])
        row = next(
            (j for j, r in enumerate(right) if own is not None and text(r["k"]) == own), None
        )
        found = None if row is None else right[row]["m"]
        shown = left[i]["m"] if new and left[i]["m"] is not None else found
        expected.append([i, shown, row])
    one, other = frame_of(left), frame_of(right)
    assert asked(query, one, other, 5) == expected
    assert asked(query, one, other, 10**6) == expected
    assert as_pandas(query, one, other, tmp_path_factory.mktemp("law")) == expected
