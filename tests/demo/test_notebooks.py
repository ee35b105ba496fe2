"""Where `cwnb lab` finds its notebooks."""

from __future__ import annotations

from pathlib import Path

from cwnb.demo.notebooks import folder

REPOSITORY = Path(__file__).parents[2]


def test_the_repository_opens_its_own(monkeypatch) -> None:
    for place in (REPOSITORY, REPOSITORY / "docs"):
        monkeypatch.chdir(place)
        assert folder() == REPOSITORY / "notebooks"


def test_elsewhere_they_are_copied_and_not_replaced(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    ours = {path.name: path.read_bytes() for path in (REPOSITORY / "notebooks").glob("*.ipynb")}
    assert folder() == tmp_path / "notebooks"
    assert {path.name: path.read_bytes() for path in folder().iterdir()} == ours
    mine = tmp_path / "notebooks" / next(iter(ours))
    mine.write_text("mine")
    folder()
    assert mine.read_text() == "mine"
