"""Every gesture that `docs/notebook.md` lists, done in the page of JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from . import desk as desks
from .gestures_in_explorer import IN_EXPLORER
from .gestures_on_answers import ON_ANSWERS

DOCS = Path(__file__).parents[2] / "docs" / "notebook.md"
GESTURES = ON_ANSWERS | IN_EXPLORER
CALL = re.compile(r"`(\w+)\.(\w+)( =|\()")
# What reads an answer from outside, as pyarrow does.
SPELLED = {"pa.table": "result.__arrow_c_stream__"}


class Row(NamedTuple):
    """A row of the table: a gesture, the calls that it makes, and whether Notebook 7 has its test."""

    gesture: str
    calls: tuple[str, ...]
    in_notebook: bool


def rows() -> list[Row]:
    """Read the tables of gestures."""
    found = []
    for line in DOCS.read_text().partition("## Gestures")[2].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 4 or cells[0] == "gesture" or set(cells[0]) == {"-"}:
            continue
        name, _, called, mark = cells
        calls = [(f"{owner}.{call}", sign) for owner, call, sign in CALL.findall(called)]
        named = [SPELLED.get(call, call) + (" =" if sign == " =" else "") for call, sign in calls]
        assert named or called == "the page itself", line
        found.append(Row(name, tuple(named), mark == "✓"))
    return found


ROWS = rows()
CALLS = sorted({call for row in ROWS for call in row.calls})


def check(desk: desks.Desk, row: Row) -> None:
    """Do a gesture, and look whether it makes the calls of its row."""
    GESTURES[row.gesture](desk)
    calls = desk.calls()
    if row.calls:
        assert set(row.calls) <= set(calls)
    else:
        assert calls == []


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Open a notebook in JupyterLab, with a kernel that notes the calls of the table."""
    with desks.desk(tmp_path_factory.mktemp("gestures"), "lab", CALLS) as opened:
        yield opened


def test_every_gesture_of_the_docs_is_tested_and_a_third_of_them_in_notebook_7():
    assert sorted(row.gesture for row in ROWS) == sorted(GESTURES)
    assert 3 * sum(row.in_notebook for row in ROWS) >= len(ROWS) - 2


@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", ROWS, ids=[row.gesture for row in ROWS])
def test_a_gesture_does_what_the_docs_say(desk, row):
    check(desk, row)
