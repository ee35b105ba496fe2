"""docs/language.md, docs/conformance.md and the table of memory are what the tables of the language give."""

from __future__ import annotations

import importlib.util
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_the_pages_about_the_language_are_up_to_date():
    place = REPOSITORY / "scripts" / "language.py"
    spec = importlib.util.spec_from_file_location("language_reference", place)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for path, text in script.pages().items():
        assert path.read_text("utf-8") == text, "run: python scripts/language.py"
