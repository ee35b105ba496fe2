"""The gestures that `docs/notebook.md` marks, done in the page of Notebook 7."""

from __future__ import annotations

import pytest

from . import desk as desks
from .test_gestures import CALLS, ROWS, check

MARKED = [row for row in ROWS if row.in_notebook]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Open a notebook in Notebook 7, with a kernel that notes the calls of the table."""
    with desks.desk(tmp_path_factory.mktemp("gestures"), "notebook", CALLS) as opened:
        yield opened


@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", MARKED, ids=[row.gesture for row in MARKED])
def test_a_gesture_does_what_the_docs_say(desk, row):
    check(desk, row)
