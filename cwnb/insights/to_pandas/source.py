"""Assemble the emitted source: imports, the helpers that it needs, the commands."""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cwnb.events import SEQUENCE, TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.ql.writer import to_text
from cwnb.insights.to_pandas import datetimes, functions, strings
from cwnb.insights.to_pandas.commands import finish, write_command
from cwnb.insights.to_pandas.writing import CannotSay, Script, Written, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.events import Window
    from cwnb.insights.tree import Query

# Importing them fills the registry of functions.
_FILLED = (datetimes, functions, strings)


@dataclass(frozen=True)
class Exported:
    """The file that has the events of one pipeline's input.

    `schema`: the kind of each of its columns: integer, number, boolean, text, time, mixed, which
    the file holds as text, or structure, which it holds as JSON. `window`: the times that it has.
    """

    path: str
    schema: dict[str, str]
    window: Window | None = None


def to_pandas(query: Query, inputs: Sequence[Exported], *, now_ms: int | None = None) -> str:
    """Write a query as Python source that leaves its answer in a frame `result`.

    The query has been through `complete`. `inputs` are the files that its pipelines read, in order.
    `now_ms` and the windows are written into the source. Raises CannotSay.
    """
    lines: list[str] = []
    answers: list[Written] = []
    for place, (pipeline, exported) in enumerate(zip(query.pipelines, inputs, strict=True), 1):
        if isinstance(pipeline.input, tree.Table):
            table = Written(f"table_{pipeline.input.args['name']}", exported.schema)
            line = (
                f'{table.frame} = pd.read_parquet({quoted(exported.path)}, dtype_backend="pyarrow")'
            )
            lines += [line] if line not in lines else []
            answers.append(table)
            continue
        is_answer = pipeline is query.answer
        frame = "events" if is_answer else f"events_{place}"
        script = _script(pipeline, exported, frame, now_ms, answers)
        if lines:
            lines += ["", ""]
        if any(
            isinstance(one.input, tree.CallersGroups | tree.Groups) for one in query.pipelines[:-1]
        ):
            what = "The answer." if is_answer else f"Answer {place}, which the query reads below."
            lines += [f"# {what}", ""]
        lines += script.lines
        if not is_answer:
            answers.append(Written(f"answer_{place}", script.kinds))
    body = "\n".join(lines) + "\n"
    return _head(body) + body


def _script(
    pipeline: tree.Pipeline,
    exported: Exported,
    frame: str,
    now_ms: int | None,
    answers: list[Written],
) -> Script:
    """Write one pipeline."""
    if not isinstance(pipeline.input, tree.CallersGroups | tree.Groups):
        raise CannotSay(f"the input {type(pipeline.input).__name__!r}")
    schema = exported.schema
    kinds = {**schema, TIMESTAMP: schema.get(TIMESTAMP, "time"), SEQUENCE: "integer"}
    script = Script(kinds, now_ms, exported.window, frame, answers=tuple(answers))
    script.add(
        f'{frame} = pd.read_parquet({quoted(exported.path)}, dtype_backend="pyarrow")',
        "# Newest first, which is the order of every query without `sort`.",
        f'{frame} = {frame}.sort_values(["{TIMESTAMP}", "{SEQUENCE}"], ascending=False)',
    )
    for name, kind in schema.items():
        if kind == "structure":
            script.add(f"{script.at(name)} = each(json.loads, object, {script.at(name)})")
            script.kinds[name] = "any"
    commands = list(pipeline.commands)
    # The default limit, which is not in the query's text, gets no paragraph of its own.
    implicit = bool(commands) and commands[-1].meta.get("implicit")
    unwritten = commands.pop().row_cap() if implicit else None
    for command in commands:
        script.add("")
        script.add(*(f"# {line}" for line in to_text(command).splitlines()))
        write_command(script, command)
    script.add("")
    result = "result" if frame == "events" else frame.replace("events", "answer")
    finish(script, pipeline.outputs, unwritten, result)
    return script


# The preamble


@functools.cache
def _preamble() -> tuple[dict[str, str], dict[str, set[str]], dict[str, str]]:
    """Give the text of each helper, the names that each uses, and the import of each name."""
    text = (Path(__file__).parent / "preamble.py").read_text("utf-8")
    sources: dict[str, str] = {}
    uses: dict[str, set[str]] = {}
    imports: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            for name in node.names:
                line = f"import {name.name}" + (f" as {name.asname}" if name.asname else "")
                imports[name.asname or name.name.split(".")[0]] = line
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                line = f"from {node.module} import {name.name}"
                line += f" as {name.asname}" if name.asname else ""
                imports[name.asname or name.name] = line
        elif isinstance(node, ast.FunctionDef | ast.Assign):
            helper = (
                node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node.targets[0])
            )
            source = ast.get_source_segment(text, node) or ""
            sources[helper] = re.sub(r"  # noqa.*", "", source)
            uses[helper] = _names(source)
    return sources, uses, imports


def _names(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def _head(body: str) -> str:
    """Write the imports and the helpers that the body needs, in the order of the preamble."""
    sources, uses, imports = _preamble()
    wanted: set[str] = set()
    names = _names(body)
    while new := {n for n in names if n in sources} - wanted:
        wanted |= new
        names |= {used for name in new for used in uses[name]}
    lines = sorted({imports[n] for n in names if n in imports} | {"import pandas as pd"})
    standard = [line for line in lines if not re.search("pandas|pyarrow", line)]
    tables = [line for line in lines if re.search("pandas|pyarrow", line)]
    future = ["from __future__ import annotations", ""] if wanted else []
    head = [*future, *standard, *([""] if standard else []), *tables, ""]
    constants = [text for name, text in sources.items() if name in wanted and name.isupper()]
    helpers = [text for name, text in sources.items() if name in wanted and not name.isupper()]
    if constants:
        head += [*constants, ""]
    for helper in helpers:
        head += ["", helper, ""]
    if helpers:
        head += [""]
    return "\n".join(head) + "\n"
