"""Write docs/language.md, docs/conformance.md and a table of docs/performance.md from the tables.

What a command does, its example, its source and what was decided stand in its class; the same of a
function in its entry. The answers are those of the first fitting case of tests/fixtures. A test
fails while the file is not what this writes.

Usage: .venv/bin/python scripts/language.py
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
FUNCTION_CASES = REPOSITORY / "tests" / "fixtures" / "functions"
MOST_ROWS = 8
_BEGINNING = """\
# Logs Insights QL, as cwnb answers it

_Written by `scripts/language.py` from the tables of the language; change it there._

A query is a row of commands, joined by `|`. Names of commands and functions are written in any
case; those of fields are not. Odd names stand in backticks, texts in quotes of either kind, regexes
between slashes, and a comment begins with `#`. Missing values are shown as `-`.

A source is a page of the service's user guide; it is found under that name. *Decided* says what the
service leaves open, and how it is answered here."""
_CONFORMANCE = """\
# Strict mode: what the service refuses

_Written by `scripts/language.py` from the table of rules; change it there._

With `strict=True` (`--strict` in cells and on the command line) a query is answered or refused as
the service does it, as far as there is evidence. Where a page of the documentation and recorded use
disagree, use wins; what has no evidence is answered as the service most likely does, with a
warning. Without it queries are answered that the service refuses, if it is clear what they mean."""
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests"), str(REPOSITORY / "scripts")]

import cases  # noqa: E402
import memory_table  # noqa: E402

from cwnb.errors import MalformedQuery  # noqa: E402
from cwnb.insights.names import canonical, known_functions, row_forms  # noqa: E402
from cwnb.insights.ql import vocabulary  # noqa: E402
from cwnb.insights.ql.completion import command_entry, function_entry  # noqa: E402
from cwnb.insights.ql.dialect import parse_query  # noqa: E402
from cwnb.insights.ql.source_grammar import GUIDES  # noqa: E402
from cwnb.insights.resolve.rules import RULES  # noqa: E402
from cwnb.insights.tree import COMMANDS, Command, Guide  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.insights.functions import Function

_SOURCE = re.compile(r"Source: (.+?)\.(?:\s|\Z)", re.DOTALL)


def reference() -> str:
    """Give the text of docs/language.md."""
    kinds = sorted(COMMANDS, key=lambda command: command.keyword.lower())
    functions = _functions()
    of_rows = [function for function in functions if not function.aggregate]
    aggregations = [function for function in functions if function.aggregate]
    parts = [
        _BEGINNING,
        "## What a query reads",
        *map(_guide, GUIDES.items()),
        "## Commands",
        ", ".join(f"[`{k}`](#{k.lower()})" for k in dict.fromkeys(c.keyword for c in kinds)),
    ]
    seen: set[str] = set()
    for command in kinds:
        if command.keyword not in seen:
            parts.append(f"### {command.keyword}")
            seen.add(command.keyword)
        parts += _command(command)
    parts += ["## Functions", "Those of a row: in `fields`, `filter`, and as arguments."]
    parts += [_function(function) for function in of_rows]
    parts += ["## Aggregations", "Those of `stats`."]
    parts += [_function(function) for function in aggregations]
    return "\n\n".join(part for part in parts if part) + "\n"


def _guide(entry: tuple[str, Guide]) -> str:
    title, guide = entry
    return (
        f"**{title}**\n\n```\n{guide.example}\n```\n\n{_decided(guide)}\n\n*Source*: {guide.source}"
    )


def _decided(guide: Guide) -> str:
    return "\n".join(["*Decided*:", "", *(f"- {sentence}" for sentence in guide.decided)])


def _functions() -> list[Function]:
    found = {id(function): function for function in known_functions().values()}
    found |= {id(function): function for function in row_forms().values()}
    return sorted(found.values(), key=lambda function: function.name.lower())


def _command(command: type[Command]) -> Iterator[str]:
    entry = command_entry(command)
    rest = " ".join((command.__doc__ or "").partition("\n")[2].split())
    yield f"```\n{entry.signature}\n```"
    yield f"{entry.about[:1].upper()}{entry.about[1:]} {rest}".strip()
    others = [word for word, keyword in vocabulary.SYNONYMS.items() if keyword == command.keyword]
    if others:
        yield f"Also written {', '.join(f'`{word}`' for word in others)}."
    guide = command.guide
    if guide is None:
        return
    yield f"```\n{guide.example}\n```"
    if case := _case_of(command):
        yield _example(case)
    if guide.decided:
        yield _decided(guide)
    yield f"*Source*: {guide.source}"


def _case_of(command: type[Command]) -> cases.Case | None:
    """Give the first short case with the command, without error or warning.

    First those that show what it makes and begin with it, in the tables named after it.
    """
    fitting = [
        case
        for case in _cases()
        if not (case.error or case.warnings) and _is_short(case) and command in _kinds(case)
    ]
    name = canonical(command.keyword)
    return min(
        fitting,
        key=lambda case: (
            not _shows_what_it_makes(case, command),
            _kinds(case)[0] is not command,
            name not in canonical(case.file),
        ),
        default=None,
    )


@cache
def _kinds_in(query: str) -> tuple[type[Command], ...]:
    try:
        return tuple(type(command) for command in parse_query(query).answer.commands)
    except MalformedQuery:
        return ()


def _shows_what_it_makes(case: cases.Case, command: type[Command]) -> bool:
    """Tell whether the answer has a column that the command makes."""
    steps = parse_query(case.query).answer.commands
    made = set[str]().union(*(step.writes() for step in steps if isinstance(step, command)))
    return any(
        column == name or column.startswith(f"{name}.") for column in case.columns for name in made
    )


def _kinds(case: cases.Case) -> tuple[type[Command], ...]:
    return _kinds_in(case.query)


@cache
def _cases() -> list[cases.Case]:
    return cases.read_cases()


def _is_short(case: cases.Case) -> bool:
    return len(case.events) <= MOST_ROWS and 0 < len(case.rows) <= MOST_ROWS


def _example(case: cases.Case) -> str:
    events = "\n".join(event.message.replace("\n", "\\n") for event in case.events)
    table = [case.columns, *case.rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(case.columns))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    shown = "\n".join(lines)
    asked = f"`{_one_line(case.query)}` gives"
    parts = [f"Over the events\n\n```\n{events}\n```"]
    for name, held in case.groups.items():
        if name in case.query:
            texts = "\n".join(event.message for event in held)
            parts.append(f"and those of `{name}`\n\n```\n{texts}\n```")
    for name, text in case.tables.items():
        if re.search(rf"\b{name}\b", case.query):
            parts.append(f"and the lookup table `{name}`\n\n```\n{text}\n```")
    return "\n\n".join([*parts, f"{asked}\n\n```\n{shown}\n```"])


def _one_line(query: str) -> str:
    return " ".join(query.split())


def _function(function: Function) -> str:
    entry = function_entry(function.name, function)
    keys = {name for name, known in known_functions().items() if known is function}
    others = sorted(keys - {canonical(function.name)})
    lines = [f"**`{entry.signature}`** {' '.join(function.doc.split())}"]
    if others:
        lines.append(f"Also written {', '.join(f'`{name}`' for name in others)}.")
    lines.append(_answer(function))
    lines.append(f"*Source*: {_source(function)}")
    return "\n".join(line for line in lines if line)


def _answer(function: Function) -> str:
    if function.aggregate:
        return _aggregated(function)
    for path in sorted(FUNCTION_CASES.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            name, bar, rest = line.partition(" | ")
            if bar and canonical(name) == canonical(function.name) and "null" not in rest:
                arguments, _, expected = rest.rpartition(" | ")
                if not expected.startswith("!"):
                    return f"`{function.name}({arguments})` is `{expected}`."
    return ""


def _aggregated(function: Function) -> str:
    """Give the case with the shortest query that calls an aggregation and has few rows."""
    call = re.compile(rf"(?i)\b{re.escape(function.name)}\(")
    fitting = [
        case
        for case in _cases()
        if not (case.error or case.warnings) and _is_short(case) and call.search(case.query)
    ]
    case = min(fitting, key=lambda case: (len(case.rows) > 3, len(case.query)), default=None)
    if case is None:
        return ""
    rows = "; ".join(
        ", ".join(f"{name} = {cell}" for name, cell in zip(case.columns, row, strict=True))
        for row in case.rows
    )
    return f"For example `{_one_line(case.query)}` over {len(case.events)} events: {rows}."


def _source(function: Function) -> str:
    made = function.evaluate or function.aggregation
    module = sys.modules[str(getattr(made, "__module__", ""))]
    found = _SOURCE.search(module.__doc__ or "")
    return " ".join(found[1].split()) if found else "CWL_QuerySyntax-operations-functions"


def conformance() -> str:
    """Give the text of docs/conformance.md."""
    lines = [
        "| rule | evidence | strict | otherwise | for example |",
        "| --- | --- | --- | --- | --- |",
    ]
    for key, rule in RULES.items():
        shown = next(case for case in _cases() if case.rule == key)
        query = _one_line(shown.query).replace("|", "\\|").replace("`", "'")
        cells = (rule.says, rule.evidence, rule.strict.value, rule.lenient.value, f"`{query}`")
        lines.append(f"| {' | '.join(cells)} |")
    return _CONFORMANCE + "\n\n" + "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Give each page with its text."""
    performance = DOCS / "performance.md"
    return {
        DOCS / "language.md": reference(),
        DOCS / "conformance.md": conformance(),
        performance: memory_table.with_memory_table(performance.read_text("utf-8")),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
        print(path.relative_to(REPOSITORY))
