"""The tables of patterns under tests/fixtures/filter_patterns: what matches, what is refused.

A case begins with `# title`. `pattern:` is as it is written, and holds for each `message:` below it,
with `matches: yes` or `no`, and `extracts:` as JSON. `message: =J` is the one that the head of the
file calls J; in messages `\\t` is a tab. `error: TEXT` must occur in the error, `caret: TEXT` is what
it marks. `chosen:` says that the behaviour is ours, because the service documents none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from cwnb import FilterPattern, explain_pattern, test_metric_filter
from cwnb.errors import MalformedPattern

FOLDER = Path(__file__).parents[1] / "fixtures" / "filter_patterns"


@dataclass(frozen=True)
class Case:
    title: str
    pattern: str
    message: str | None = None
    matches: bool = False
    extracts: dict[str, str] | None = None
    error: str | None = None
    caret: str | None = None


def read_cases() -> list[Case]:
    """Read every case of every table, one for each message."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in _of_file(path)]


def _of_file(path: Path) -> list[Case]:
    head, *blocks = re.split(r"^# ", path.read_text("utf-8"), flags=re.MULTILINE)
    named = dict(line.split(" = ", 1) for line in head.splitlines() if line)
    return [case for block in blocks for case in _of_block(block, named)]


def _of_block(block: str, named: dict[str, str]) -> list[Case]:
    title, *lines = block.rstrip().splitlines()
    found: dict[str, str] = {}
    cases: list[Case] = []

    def case() -> Case:
        message = found.pop("message", None)
        if message is not None:
            known = named[message[1:]] if message.startswith("=") else message
            message = known.replace("\\t", "\t")
        extracts = found.pop("extracts", None)
        return Case(
            title,
            found["pattern"],
            message,
            found.pop("matches", "no") == "yes",
            None if extracts is None else json.loads(extracts),
            found.get("error"),
            found.get("caret"),
        )

    for line in lines:
        key, colon, value = line.partition(":")
        assert colon, f"{title}: {line}"
        assert key in {"pattern", "message", "matches", "extracts", "error", "caret", "chosen"}
        if key == "message" and "message" in found:
            cases.append(case())
        found[key] = value.removeprefix(" ")
    return [*cases, case()]


CASES = read_cases()
IDS = [f"{case.title}, {case.message}"[:80] for case in CASES]


def test_the_table_of_the_reference_is_there() -> None:
    numbers = {int(case.title.split(":")[0]) for case in CASES if case.title[0].isdigit()}
    assert numbers == set(range(1, 85))


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_case(case: Case) -> None:
    if case.error is not None:
        with pytest.raises(MalformedPattern) as caught:
            FilterPattern.parse(case.pattern)
        error = caught.value
        assert case.error in error.message
        assert "\n" not in error.message
        if case.caret is not None:
            assert case.pattern[error.start : error.end] == case.caret
        return
    assert case.message is not None
    pattern = FilterPattern.parse(case.pattern)
    assert pattern.mask([case.message]).tolist() == [case.matches]
    explained = explain_pattern(pattern, case.message)
    assert bool(explained) == case.matches
    assert explained.pieces
    if case.extracts is not None:
        (match,) = test_metric_filter(pattern, [case.message])
        assert match["extractedValues"] == case.extracts
        assert pattern.extract([case.message]).iloc[0].to_dict() == case.extracts
