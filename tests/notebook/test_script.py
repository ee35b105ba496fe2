"""The scripts and the style sheet of the views as they travel to a browser."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from cwnb.notebook.widgets import script
from cwnb.notebook.widgets.script import KINDS

FOLDER = Path(script.__file__).parent / "js"


@pytest.mark.parametrize("kind", KINDS)
def test_each_view_brings_less_than_60_kb(kind):
    assert len(script.script(kind).encode()) < 60_000


def test_every_file_is_part_of_a_view():
    text = script.script(*KINDS)
    for path in FOLDER.glob("*.js"):
        code = [line.strip() for line in path.read_text().splitlines()]
        first = next(line for line in code if line and not line.startswith("//"))
        assert first in text, path.name
    for path in FOLDER.glob("*.css"):
        assert path.read_text() in script.STYLE


def test_two_style_sheets_give_a_class_no_two_looks():
    homes = defaultdict(set)
    for path in FOLDER.glob("*.css"):
        for name in re.findall(r"^\.(cwnb-[a-z-]+) \{", path.read_text(), re.MULTILINE):
            homes[name].add(path.name)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}
