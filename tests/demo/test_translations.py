"""A translated notebook asks what its original asks, and leaves nothing of it out."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# A language: what its letters are.
LETTERS = {"ko": re.compile("[가-힣]")}
TRANSLATIONS = sorted(path for path in NOTEBOOKS.glob("*/[0-9]*.ipynb"))
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
TARGET = re.compile(r"\]\(([^)#]+)\)")


def ids() -> list[str]:
    return [path.relative_to(NOTEBOOKS).as_posix() for path in TRANSLATIONS]


def cells(path: Path) -> list:
    return nbformat.read(path, as_version=4).cells


def pairs(translation: Path) -> list:
    """Give each cell of the original with its counterpart."""
    number = translation.name.partition("-")[0]
    (original,) = NOTEBOOKS.glob(f"{number}-*.ipynb")
    return list(zip(cells(original), cells(translation), strict=True))


def test_the_tour_is_there_in_korean() -> None:
    assert "ko/01-둘러보기.ipynb" in ids()
    assert {path.parent.name for path in TRANSLATIONS} == set(LETTERS)


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=ids())
def test_cells_have_a_counterpart_and_code_is_the_same(translation) -> None:
    for ours, theirs in pairs(translation):
        assert (ours.cell_type, ours.id) == (theirs.cell_type, theirs.id)
        if ours.cell_type == "code":
            assert theirs.source == ours.source
            assert theirs.get("metadata") == ours.get("metadata")


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=ids())
def test_prose_is_translated_and_keeps_code_headings_and_lists(translation) -> None:
    letters = LETTERS[translation.parent.name]
    for ours, theirs in pairs(translation):
        if ours.cell_type != "markdown":
            continue
        assert letters.search(theirs.source), theirs.source
        words = [{code for _, code in CODE.findall(c.source)} for c in (ours, theirs)]
        assert words[0] == words[1], ours.id
        for pattern in (
            HEADING,
            re.compile(r"^\* ", re.MULTILINE),
            re.compile("^---$", re.MULTILINE),
        ):
            assert pattern.findall(theirs.source) == pattern.findall(ours.source), ours.id


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.rglob("[0-9]*.ipynb")), ids=lambda p: p.stem)
def test_links_between_notebooks_lead_somewhere(path) -> None:
    for cell in cells(path):
        for target in TARGET.findall(cell.source) if cell.cell_type == "markdown" else ():
            if "://" not in target:
                assert (path.parent / target).exists(), target
