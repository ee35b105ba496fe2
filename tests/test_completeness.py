"""Everything in the language is everywhere: grammar, engine, text, plain pandas, and a case."""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path

from cases import read_cases
from sqlglot import exp

from cwnb.errors import MalformedQuery
from cwnb.insights import names, tree
from cwnb.insights.engine import evaluate
from cwnb.insights.engine.commands import steps
from cwnb.insights.names import known_functions
from cwnb.insights.ql import dialect, vocabulary, writer
from cwnb.insights.resolve import command_checks
from cwnb.insights.to_pandas.aggregates import AGGREGATES
from cwnb.insights.to_pandas.commands import COMMANDS as PANDAS_COMMANDS
from cwnb.insights.to_pandas.commands import UNSAID
from cwnb.insights.to_pandas.expressions import NODES as PANDAS_NODES
from cwnb.insights.to_pandas.writing import WRITERS

FIXTURES = Path(__file__).parent / "fixtures"
# Parts of a command or of another node; commands and calls read them, they have no value alone.
PARTS = {
    tree.Star,
    tree.Wildcard,
    tree.Regex,
    tree.Period,
    tree.Item,
    tree.SortKey,
    tree.Pipeline,
    tree.Query,
    tree.CallersGroups,
    tree.Groups,
    tree.Answer,
    tree.Table,
    tree.JoinKey,
    tree.TableKey,
    tree.TableOutput,
}
OPERATORS = {
    *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Pow, exp.Neg, exp.Literal, exp.Boolean),
}


def classes() -> set[type[tree.Node]]:
    """Name every node class that `commands` defines."""
    members = inspect.getmembers(tree, inspect.isclass)
    return {kind for _, kind in members if issubclass(kind, tree.Node)} - {
        tree.Node,
        tree.Command,
        tree.Input,
    }


COMMANDS = {kind for kind in classes() if issubclass(kind, tree.Command)}
VALUES = (classes() - COMMANDS - PARTS) | OPERATORS
# Made by rewriting, so that no text reads as one and no reader meets one.
REWRITTEN = {tree.ScanEvents, tree.TopRows}
# The checks put the commands in its place that it stands for, so that nothing runs it.
REPLACED = {tree.CountFrequent}


def called(kinds: set[type[exp.Expression]]) -> list[str]:
    return sorted(kind.__name__ for kind in kinds)


@cache
def fixture_trees() -> list[tree.Query]:
    """Read every query of the case tables that parses."""
    found = []
    for case in read_cases():
        try:
            found.append(dialect.parse_query(case.query))
        except MalformedQuery:
            assert case.error, case.id
    return found


@cache
def used() -> set[type[exp.Expression]]:
    return {type(node) for query in fixture_trees() for node in query.walk()}


# ---------------------------------------------------------------- commands


def test_every_command_is_listed() -> None:
    assert called(COMMANDS - REWRITTEN - set(tree.COMMANDS)) == []


def test_every_command_has_a_grammar_entry() -> None:
    keywords = {kind.keyword for kind in tree.COMMANDS}
    assert keywords == set(dialect.InsightsParser.COMMAND_PARSERS)
    assert set(vocabulary.SYNONYMS.values()) <= keywords


def test_every_command_has_an_engine_step() -> None:
    # The scan is the engine's own beginning.
    assert called(COMMANDS - {tree.ScanEvents} - REPLACED - steps.STEPS.keys()) == []


def test_every_command_is_checked() -> None:
    assert called(set(tree.COMMANDS) - command_checks.CHECKS.keys()) == []


def test_every_command_has_a_text_writer() -> None:
    assert called(COMMANDS - writer.WRITERS.keys()) == []


def functions_without_pandas() -> list[str]:
    """Name the functions that have no writer of plain pandas."""
    functions = dict.fromkeys(names.canonical(f.name) for f in known_functions().values())
    missing = [name for name in functions if name not in WRITERS.keys() | AGGREGATES.keys()]
    return [*missing, *(name for name in names.row_forms() if name not in WRITERS)]


def test_every_command_and_function_has_a_pandas_writer() -> None:
    unwritten = set(tree.COMMANDS) - REPLACED - PANDAS_COMMANDS.keys()
    assert called(unwritten - UNSAID.keys()) == []
    assert functions_without_pandas() == []


def test_every_command_has_a_case() -> None:
    assert called(set(tree.COMMANDS) - used()) == []


def test_every_synonym_has_a_case() -> None:
    texts = "\n".join(case.query for case in read_cases())
    unused = [
        word
        for word in vocabulary.SYNONYMS
        if not re.search(rf"(^|\|)\s*{word}\b", texts, re.MULTILINE)
    ]
    assert unused == []


# ---------------------------------------------------------------- functions


# By kind, and by name where not every text will do.
AS_WRITTEN = {
    "format": '"%Y"',
    "pattern": '"yyyy"',
    "zone": '"UTC"',
    "period": "5m",
    "literal_text": '"x"',
    "regex": "/x/",
    "literal_number": "5",
    "literal_integer": "5",
}


def unread_functions() -> list[str]:
    """Name the functions that the grammar and the text writer do not know.

    Each spelling reads as a call of a function, given as many arguments as it takes.
    """
    unread = []
    for name, function in (*known_functions().items(), *names.row_forms().items()):
        arguments = ", ".join(
            AS_WRITTEN.get(p.name, AS_WRITTEN.get(p.kind, "a"))
            for p in function.parameters
            if not p.optional
        )
        command = "stats" if function.aggregate else "fields"
        try:
            read = dialect.parse_query(f"{command} {function.name}({arguments}) as x")
        except MalformedQuery as error:
            unread.append(f"{name}: {error.message}")
            continue
        if dialect.parse_query(dialect.to_text(read)) != read:
            unread.append(f"{name}: {dialect.to_text(read)}")
    return unread


def functions_without_a_case() -> list[str]:
    """Name the functions of which neither a case of a query nor a table of functions has a call."""
    functions = known_functions()
    seen = {call.entry.name for query in fixture_trees() for call in query.find_all(tree.Call)}
    for path in (FIXTURES / "functions").glob("*.txt"):
        for line in path.read_text("utf-8").splitlines():
            name = names.canonical(line.partition(" | ")[0])
            if name in functions:
                seen.add(functions[name].name)
    return sorted({function.name for function in functions.values()} - seen)


def test_every_function_has_a_grammar_entry() -> None:
    assert unread_functions() == []


def test_every_function_is_run_by_the_engine() -> None:
    functions = known_functions().items()
    assert [n for n, f in functions if (f.evaluate is None) == (f.aggregation is None)] == []
    assert [n for n, f in names.row_forms().items() if f.evaluate is None] == []


def test_every_function_has_a_case() -> None:
    assert functions_without_a_case() == []


# ---------------------------------------------------------------- expressions


def test_every_node_has_an_engine_rule() -> None:
    assert called(VALUES - evaluate.RULES.keys()) == []


def test_every_node_has_a_text_writer() -> None:
    assert called((VALUES | PARTS) - writer.WRITERS.keys()) == []


def test_every_node_has_a_pandas_writer() -> None:
    assert called(VALUES - PANDAS_NODES.keys()) == []


def test_every_node_has_a_case() -> None:
    assert called((VALUES | PARTS) - {tree.CallersGroups} - used()) == []
