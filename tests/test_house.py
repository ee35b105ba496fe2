"""The rules of the house that a reader could forget: who imports whom, and what must not be said."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "cwnb"

# Room by room: whom it may import. Words are shared; `store` and `insights` do not know each other.
WORDS = {"errors", "events", "garbage", "memo", "nearest", "plurals", "regex"}
WORDS |= {"store_folder", "times", "window"}
BELOW = WORDS | {"store", "insights", "sources", "delivery", "results"}
MAY_IMPORT = {
    "errors": set(),
    "events": {"errors"},
    "garbage": set(),
    "memo": set(),
    "nearest": set(),
    "plurals": set(),
    "regex": set(),
    "store_folder": set(),
    "filter_pattern": {"errors", "events", "memo", "nearest", "plurals", "regex"},
    "times": {"errors"},
    "cache": {"errors", "store"},
    "window": {"errors", "events", "times"},
    "arguments": {"errors", "nearest", "insights"},
    "store": WORDS,
    "insights": WORDS,
    "sources": WORDS | {"store"},
    "delivery": WORDS | {"filter_pattern", "store"},
    "results": WORDS | {"insights"},
    "lookup_tables": {"errors", "insights"},
    "query_sources": BELOW | {"lookup_tables"},
    "questions": BELOW | {"arguments", "query_sources"},
    "embedded_metrics": WORDS | {"arguments", "delivery", "results", "store"},
    "metric_filters": WORDS | {"arguments", "delivery", "embedded_metrics", "results", "store"},
    "ways_out": WORDS | {"arguments", "delivery", "filter_pattern", "results", "store"},
    "filtered_events": BELOW | {"filter_pattern"},
    # `Logs.explore` opens what stands above it: one import, made when it is called.
    "logs": BELOW
    | {"arguments", "lookup_tables", "query_sources", "questions", "notebook", "ways_out"}
    | {"metric_filters"}
    | {"filter_pattern", "filtered_events"},
    "notebook": BELOW | {"logs", "query_sources"},
    "output": BELOW | {"logs"},
    "demo": BELOW | {"logs", "output"},
    "cli": BELOW | {"logs", "filtered_events", "output", "demo"},
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def imported(path: Path) -> set[str]:
    """Name the modules of the package that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "cwnb":
                found |= {f"cwnb.{alias.name}" for alias in node.names}
            elif node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                submodules = {n for n in names if (REPOSITORY / n.replace(".", "/")).exists()}
                submodules |= {
                    n for n in names if (REPOSITORY / f"{n.replace('.', '/')}.py").exists()
                }
                found |= submodules or {node.module}
    return {name for name in found if name.startswith("cwnb.")}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    here = room(path)
    assert here in MAY_IMPORT, f"a new room: say in this test whom {here!r} may import"
    for name in imported(path):
        there = name.split(".")[1]
        if there.startswith("__") or there == here:
            continue
        assert there in MAY_IMPORT[here], f"{here} may not import {name}"


def imports_of(room: str) -> dict[str, set[str]]:
    """Name what modules outside a room import of it, a module each: `.x` for one below its door."""
    found: dict[str, set[str]] = {}
    for path in modules():
        if path.is_relative_to(PACKAGE / room):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                below = node.module.removeprefix(f"cwnb.{room}")
                if node.module == f"cwnb.{room}" or below.startswith("."):
                    names = {below} if below else {alias.name for alias in node.names}
                    found.setdefault(str(path.relative_to(PACKAGE)), set()).update(names)
    return found


def test_insights_has_one_door():
    import cwnb.insights

    said = {
        f"{module} imports {name}"
        for module, names in imports_of("insights").items()
        for name in names - set(cwnb.insights.__all__)
    }
    assert said == set()
    for name in cwnb.insights.__all__:
        assert getattr(cwnb.insights, name) is not None
    used = {name for names in imports_of("insights").values() for name in names}
    assert sorted(set(cwnb.insights.__all__) - used - {"to_text"}) == []


@pytest.mark.parametrize("module", ["cwnb", "cwnb.cli", "cwnb.demo"])
def test_import_is_light(module):
    heavy = "pandas pyarrow numpy sqlglot IPython matplotlib jupyterlab".split()
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert answer.stdout.strip() == "[]"


def test_readme_begins_with_the_two_lines():
    block = re.search(r"```[a-z]*\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    lines = block[1].splitlines()
    assert len(lines) == 2
    for line in lines:
        script = REPOSITORY / line
        assert script.stat().st_mode & 0o111, f"{line} cannot be executed"
    assert lines[1] in (REPOSITORY / ".ci" / "run").read_text().splitlines()


def test_readme_links_lead_somewhere():
    text = (REPOSITORY / "README.md").read_text()
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (REPOSITORY / target).exists(), target


def shared_files() -> list[Path]:
    """Give the files that belong to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        return [p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return [REPOSITORY / name for name in listed.stdout.split("\0") if name]


# Written with spaces, so that this file does not name them either.
MACHINE = [words.replace(" ", "/") for words in (" work ", " tmp venv", " root ")]
REGISTRIES = [words.replace(" ", ".") for words in ("pypi org", "files pythonhosted org")]


def test_nothing_names_this_machine_or_a_registry():
    said = []
    for path in shared_files():
        if not path.is_file() or path.suffix in {".png", ".parquet", ".gz", ".lock"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        said += [f"{path}: {word}" for word in [*MACHINE, *REGISTRIES] if word in text]
    assert said == []


def test_binder_takes_a_python_that_the_package_takes():
    assert (REPOSITORY / "binder" / "runtime.txt").read_text().strip() == "python-3.11"


def test_binder_pins_every_dependency():
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    pinned = (REPOSITORY / "binder" / "requirements.txt").read_text().splitlines()
    names = {re.match(r"[\w-]+", line)[0] for line in pinned if "==" in line}
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["lab"], *extras["s3"]]
    assert {re.match(r"[\w-]+", line)[0] for line in wanted} <= names
    assert "." in pinned


def test_binder_builds_what_it_should():
    pytest.importorskip("repo2docker")
    answer = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    dockerfile = answer.stdout + answer.stderr
    assert answer.returncode == 0, dockerfile[-2000:]
    for line in (
        'pip install --no-cache-dir -r "binder/requirements.txt"',
        "RUN ./binder/postBuild",
        'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"',
        "Building conda environment for python=3.11",
    ):
        assert line in dockerfile, line


def rooms_in_the_design() -> dict[str, list[str]]:
    """Give the files and folders that the tables of `docs/design.md` name, by room.

    They stand in the first column, or as `name.py` in the second.
    """
    found, room = {}, None
    for line in (REPOSITORY / "docs" / "design.md").read_text().splitlines():
        first = line.split("|")[1] if line.startswith("|") else ""
        names = re.findall(r"`([\w/.]+)`", first)
        names += re.findall(r"`(\w+\.py)`", line.removeprefix(f"|{first}"))
        if first.strip() == "room":
            room = ""
        elif first.startswith(" in `"):
            room, names = names[0].rstrip("/"), []
        elif not first:
            room = None
        if room is not None:
            found.setdefault(room, []).extend(names)
    return found


@pytest.mark.parametrize("room", sorted(rooms_in_the_design()))
def test_the_design_says_what_each_file_is_for(room):
    files = {path.name for path in (PACKAGE / room).glob("*.py")} - {"__init__.py"}
    folders = {f"{path.parent.name}/" for path in (PACKAGE / room).glob("*/__init__.py")}
    named = [name if "." in name or name.endswith("/") else f"{name}.py"
             for name in rooms_in_the_design()[room]]  # fmt: skip
    assert sorted(named) == sorted(files | folders)


def test_the_design_has_a_table_of_each_large_room():
    rooms = {"", "store", "sources", "results", "notebook", "notebook/widgets"}
    assert rooms <= rooms_in_the_design().keys()
