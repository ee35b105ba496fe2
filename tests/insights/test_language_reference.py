"""docs/language.md is what the tables of the language give."""

from __future__ import annotations

import importlib.util
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_the_reference_of_the_language_is_up_to_date():
    place = REPOSITORY / "scripts" / "language.py"
    spec = importlib.util.spec_from_file_location("language_reference", place)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = script.TARGET.read_text("utf-8")
    assert written == script.reference(), "run: python scripts/language.py"
