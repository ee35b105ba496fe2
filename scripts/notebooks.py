"""Run the notebooks, keep what their cells show, and bring the code of translations up to date.

A translation is in a folder named for its language. It has the cells of the notebook with the same
number, in the same order: its prose is its own, code and output are those of the original.

Usage: .venv/bin/python scripts/notebooks.py [NAME...]   (such as 01-tour; without names, all)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = REPOSITORY / "notebooks"
SECONDS_PER_CELL = 60


def run(path: Path) -> None:
    """Run a notebook from its first cell to its last, and write it with what its cells show."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=SECONDS_PER_CELL, resources={"metadata": {"path": str(path.parent)}}
    )
    metadata = notebook.metadata.copy()
    client.execute()
    # Not what this machine has: its Python's version, and when each cell ran.
    notebook.metadata = metadata
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)
    print(path.relative_to(REPOSITORY))


def take_code(translation: Path) -> None:
    """Give a translation the code cells of its original, in place of its own."""
    import nbformat

    original = nbformat.read(original_of(translation), as_version=4)
    notebook = nbformat.read(translation, as_version=4)
    prose = {cell.id: cell for cell in notebook.cells if cell.cell_type == "markdown"}
    wanted = [cell.id for cell in original.cells if cell.cell_type == "markdown"]
    if list(prose) != wanted:
        odd = sorted(set(prose).symmetric_difference(wanted)) or "the same, in another order"
        raise SystemExit(f"{translation}: translate first; texts that do not fit: {odd}")
    notebook.cells = [prose.get(cell.id, cell) for cell in original.cells]
    nbformat.write(notebook, translation)
    print(translation.relative_to(REPOSITORY))


def original_of(translation: Path) -> Path:
    """Give the notebook with the same number."""
    number = translation.name.partition("-")[0]
    (found,) = translation.parents[1].glob(f"{number}-*.ipynb")
    return found


def main(*names: str) -> None:
    """Run the notebooks with these names, or all, on the demo's store."""
    from cwnb import demo

    store = REPOSITORY / ".cwnb-demo"
    demo.ensure(store).close()
    os.environ |= {"CWNB_STORE": str(store), "CWNB_PROGRESS": "none"}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not names or path.stem in names:
            run(path)
    for path in sorted(NOTEBOOKS.glob("*/[0-9]*.ipynb")):
        if not names or original_of(path).stem in names:
            take_code(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
