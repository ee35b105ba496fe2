"""Write the prebuilt extension of JupyterLab that colours the cells: labextension/prebuilt.

Usage: .venv/bin/python scripts/labextension.py  (after a change of the words of the language, or
of JavaScript that is joined here)

The files are joined as they are, so neither Node nor a bundler is needed. A test fails while the
committed files are not those that this makes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from pathlib import Path

from cwnb.notebook.highlighting import editor_words

REPOSITORY = Path(__file__).resolve().parents[1]
PREBUILT = REPOSITORY / "labextension" / "prebuilt"
NAME = "cwnb-highlighting"
SOURCES = (
    "cwnb/notebook/widgets/js/tokens.js",
    "labextension/src/cell.js",
    "labextension/src/language.js",
    "labextension/src/plugin.js",
)


def files() -> dict[str, str]:
    """Give the text of each prebuilt file by its path."""
    script = joined()
    # Browsers keep files by name, so another content has another name.
    digest = hashlib.sha256(script.encode()).hexdigest()[:16]
    script_path = f"static/remoteEntry.{digest}.js"
    return {
        "package.json": _json(package(script_path)),
        "install.json": _json(
            {
                "packageManager": "python",
                "packageName": "cwnb",
                "uninstallInstructions": "Remove it with the package: pip uninstall cwnb",
            }
        ),
        script_path: script,
    }


def package(script_path: str) -> dict[str, object]:
    """Describe the extension, as JupyterLab reads it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return {
        "name": NAME,
        "version": project["version"],
        "description": "Colours the queries of %%insights cells",
        "license": project["license"],
        # `jupyter labextension list` compares it with the JupyterLab that is there.
        "dependencies": {"@jupyterlab/codemirror": "^4.0.0"},
        "jupyterlab": {
            "extension": True,
            "_build": {"load": script_path, "extension": "./extension"},
        },
    }


def joined() -> str:
    """Join the sources into one script with the words of the language."""
    words = json.dumps(editor_words(), indent=1)
    texts = [(REPOSITORY / source).read_text() for source in SOURCES]
    begin = (
        '// Written by scripts/labextension.py: do not change it here.\n(() => {\n"use strict";\n'
    )
    return "\n".join([begin, f"const WORDS = {words};\n", *texts, "})();\n"])


def write() -> None:
    """Put the files in the place of those that are there."""
    shutil.rmtree(PREBUILT, ignore_errors=True)
    for name, text in files().items():
        path = PREBUILT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


if __name__ == "__main__":
    write()
