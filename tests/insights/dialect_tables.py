"""Read tables under tests/fixtures of cases that are `# title`, the query, `---`, what comes out.

A line `strict: yes` may stand before the query. A query's own comments are fine: a case begins at
a `#` after an empty line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
FOLDER = FIXTURES / "insights"


@dataclass(frozen=True)
class Case:
    title: str
    query: str
    expected: str
    strict: bool = False


def read_table(name: str, folder: str = "insights") -> list[Case]:
    text = (FIXTURES / folder / f"{name}.txt").read_text("utf-8").strip("\n")
    return [_case(block) for block in re.split(r"\n\n(?=# )", text)]


def _case(block: str) -> Case:
    title, _, body = block.partition("\n")
    query, found, expected = (
        body.partition("\n---\n")
        if not body.startswith("---\n")
        else (
            "",
            "---",
            body[4:],
        )
    )
    assert found, block
    strict = query.startswith("strict: yes\n")
    return Case(title[2:], query.removeprefix("strict: yes\n"), expected.rstrip("\n"), strict)
