"""Where `cwnb lab` finds its notebooks."""

from __future__ import annotations

import tomllib
from pathlib import Path

from cwnb.demo.notebooks import folder, notebooks

REPOSITORY = Path(__file__).parents[2]
OURS = REPOSITORY / "notebooks"


def contents(place: Path) -> dict[str, bytes]:
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in notebooks(place)}


def test_the_repository_opens_its_own(monkeypatch) -> None:
    for place in (REPOSITORY, REPOSITORY / "docs"):
        monkeypatch.chdir(place)
        assert folder() == REPOSITORY / "notebooks"


def test_elsewhere_they_are_copied_and_not_replaced(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder() == tmp_path / "notebooks"
    assert contents(folder()) == contents(OURS)
    mine = tmp_path / "notebooks" / next(iter(contents(OURS)))
    mine.write_text("mine")
    folder()
    assert mine.read_text() == "mine"


def test_the_wheel_has_every_notebook() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in contents(OURS):
        assert included[f"notebooks/{name}"] == f"cwnb/demo/notebooks/{name}"


def test_the_readme_names_every_notebook_and_its_path_in_binder() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    for name in contents(OURS):
        assert f"](notebooks/{name})" in readme
        assert f"`lab/tree/notebooks/{name}`" in readme
