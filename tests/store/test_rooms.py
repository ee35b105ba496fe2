"""The shape of the store: where SQL stands, and that its files form no circle of imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import cwnb.store

STORE = Path(cwnb.store.__file__).parent
PACKAGE = STORE.parent
CATALOG = STORE / "catalog"
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE FROM|PRAGMA|CREATE TABLE|ALTER TABLE)\b [\w(*]")


def python_files(folder):
    return sorted(folder.rglob("*.py"))


def name_of(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def says_sql(file):
    """Give the lines of a file that name SQLite's module, execute a statement, or hold one."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        imports = isinstance(node, ast.Import | ast.ImportFrom)
        names = [alias.name for alias in node.names] if imports else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if (
            any(name and name.split(".")[0] in {"apsw", "sqlite3"} for name in names)
            or (called and node.func.attr in {"execute", "executemany", "executescript"})
            or (isinstance(node, ast.Constant) and _SQL.search(str(node.value)))
        ):
            found.append(f"{name_of(file)}:{node.lineno}")
    return found


def test_sql_stands_in_the_catalog_only():
    assert [line for file in python_files(CATALOG) for line in says_sql(file)] != []
    outside = [file for file in python_files(STORE) if CATALOG not in file.parents]
    for room in ("sources", "results", "notebook", "demo", "cli"):
        outside += python_files(PACKAGE / room)
    outside += [PACKAGE / "logs.py", PACKAGE / "events.py"]
    assert [line for file in outside for line in says_sql(file)] == []


def imports(file, known):
    """Name the modules of the store that a file imports anywhere, also for its annotations only."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & known - {name_of(file)}


def test_other_rooms_come_in_by_the_door():
    known = {name_of(file) for file in python_files(STORE)}
    found = {
        (name_of(file), name)
        for file in python_files(PACKAGE)
        if STORE not in file.parents
        for name in imports(file, known)
    }
    # A module that the door offers may be imported through it.
    assert {name for _, name in found} <= {"cwnb.store", "cwnb.store.ingest.checks"}
    assert len(found) > 4


def circles(graph):
    """Give the groups of two or more modules that import each other (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(module):
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            members = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(members) > 1:
                found.append(sorted(members))

    for module in graph:
        if module not in index:
            visit(module)
    return found


def test_no_circle_of_imports():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]
    files = {name_of(file): file for file in python_files(STORE)}
    graph = {name: imports(file, set(files)) for name, file in files.items()}
    assert sum(map(len, graph.values())) > 100
    assert circles(graph) == []
