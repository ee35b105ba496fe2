"""Where the notebooks are that `cwnb lab` opens."""

from __future__ import annotations

import shutil
from pathlib import Path

# In the wheel the notebooks lie beside this module; in the repository, at its top.
_PACKAGED = Path(__file__).with_name("notebooks")
_REPOSITORY = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """Give the repository's folder of notebooks inside of it, else ./notebooks with copies."""
    ours = _PACKAGED
    # An editable install has only the repository's.
    if (_REPOSITORY / "pyproject.toml").exists() and (_REPOSITORY / "notebooks").is_dir():
        ours = _REPOSITORY / "notebooks"
        if Path.cwd().resolve().is_relative_to(_REPOSITORY):
            return ours
    mine = Path("notebooks").absolute()
    for notebook in notebooks(ours):
        copy = mine / notebook.relative_to(ours)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebook, copy)
    return mine


def notebooks(folder: Path) -> list[Path]:
    """List the notebooks in a folder and the folders in it, without JupyterLab's own copies."""
    found = sorted(folder.rglob("*.ipynb"))
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]
