"""Clues for the user that are looked for when a query has run, on a bounded number of its events.

They cost an answer with rows nothing: only where no row has come out, or no value of a part of a
map, events are read once more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sqlglot import exp

from cwnb.errors import MalformedQuery
from cwnb.events import MESSAGE
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.steps import apply
from cwnb.insights.engine.evaluate import evaluate_array, evaluate_condition, evaluate_named
from cwnb.insights.ql import dialect
from cwnb.insights.ql.tokens import quote
from cwnb.insights.ql.writer import write_name
from cwnb.insights.rewrite import as_condition, only_filters
from cwnb.insights.structure_fields import open_task
from cwnb.insights.text import regex
from cwnb.insights.tree import Field, Filter, In, Like, Names, Rows, conjuncts, row_by_row
from cwnb.insights.values.structures import read_structures
from cwnb.nearest import suggestion
from cwnb.regex import escape, write_regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cwnb.events import Source, Task, Window
    from cwnb.insights.engine.outcome import Step
    from cwnb.insights.engine.plan import Plan, TaskPlan
    from cwnb.insights.tree import Command

# Events on which the parts of a condition are counted, and in which the keys of maps are looked
# for. Counting takes a few hundredths of a second where each part searches the messages.
_EVENTS = 20_000
_EVENTS_FOR_KEYS = 1_000
# So many keys of a map are collected, and so many are named where none is near.
_KEYS = 1_000
_KEYS_NAMED = 8
_DEPTH = 4
# So many values of a field are compared with the one that is asked for.
_VALUES = 10_000

Part = tuple[str, int]


def parts_of(command: Command) -> list[exp.Expression]:
    """Give the conditions that a filter joins by `and`; none for another command."""
    return conjuncts(command.args["condition"]) if isinstance(command, Filter) else []


def note_what_dropped_all(
    step: Step, parts: Sequence[exp.Expression], batches: Iterable[Batch]
) -> None:
    """Note in a step that has dropped all rows what each part of its condition keeps of them.

    Where a part keeps none, the rows may have nearly the value that it asks for.
    """
    counts = [0] * len(parts)
    instead: dict[int, str] = {}
    rows = 0
    for batch in batches:
        rows += batch.rows
        for place, part in enumerate(parts):
            if len(parts) > 1:  # one alone has kept none, as is known
                counts[place] += evaluate_condition(part, batch).true_count
            if not counts[place] and place not in instead and (said := near_value(part, batch)):
                instead[place] = said
    if len(parts) > 1 and rows:
        texts = map(dialect.to_text, parts)
        step.alone, step.alone_of = tuple(zip(texts, counts, strict=True)), rows
    step.instead = next((said for place, said in instead.items() if not counts[place]), "")


def say_what_dropped_all(
    steps: Sequence[Step], plan: Plan, given: TaskPlan, tasks: Sequence[Task]
) -> None:
    """Note it in the step of the tasks that has dropped all rows, if one has, for a filter.

    `steps` are the scan and what follows it. Only the newest events are counted.
    """
    place = next(
        (i for i, step in enumerate(steps[1:]) if step.rows_in and not step.rows_out), None
    )
    if place is None or place >= len(plan.steps) or not (parts := parts_of(plan.steps[place])):
        return

    if len(parts) == 1 and not _may_be_near(parts[0]):
        return

    def before() -> Iterator[Batch]:
        for batch in _batches(tasks, given, _EVENTS):
            for command in plan.steps[:place]:
                batch = apply(command, batch)  # noqa: PLW2901
            yield batch

    try:
        note_what_dropped_all(steps[place + 1], parts, before())
    except MalformedQuery:  # a fault of rows that another part has dropped
        return


def near_value_of_left_out(step: Step, plan: Plan, given: TaskPlan, tasks: Sequence[Task]) -> str:
    """Say which values events have instead that were left out by what the catalog knows of them.

    `step` is the scan; the tasks have these events.
    """
    place = next((i for i, command in enumerate(plan.steps) if parts_of(command)), None)
    if place is None:
        return ""
    found = [replace(step, rows_in=1, rows_out=1) for _ in plan.steps]
    found[place].rows_out = 0
    say_what_dropped_all([step, *found], plan, given, tasks)
    return found[place].instead


def near_value(part: exp.Expression, batch: Batch) -> str | None:
    """Say which value the rows have that is written almost as the one that a condition asks for."""
    subject = _subject(part)
    if not (isinstance(subject, Field) and _may_be_near(part)):
        return None
    column = evaluate_array(subject, batch)
    name = write_name(subject.name)
    compares = isinstance(part, exp.EQ | In)
    if compares and isinstance(column, pa.Array) and values.is_structure(column.type):
        return f"{name} holds lists or maps: write jsonArrayContains({name}, …)"
    text = pa.types.is_dictionary(column.type) or pa.types.is_string(column.type)
    if not text or column.null_count == len(column):
        return None
    if isinstance(part, Field):
        return f"{name} holds texts, and a text is no condition: write ispresent({name})"
    if isinstance(part, Like):
        return _in_another_case(part, name, column)
    if compares:
        options = part.args.get("options") or [part.expression]
        wanted = {_folded(str(one.this)) for one in options if one.is_string}
        known = values.decode(column).unique().slice(0, _VALUES).to_pylist()
        found = next((v for v in known if v is not None and _folded(v) in wanted), None)
        return None if found is None else f"{name} has the value {quote(found)}"
    return None


def _subject(part: exp.Expression) -> exp.Expression | None:
    """Give the expression that a condition is about."""
    return part if isinstance(part, Field) else part.args.get("value", part.this)


def _may_be_near(part: exp.Expression) -> bool:
    """Tell whether a condition asks a field for texts, or is a field alone."""
    if not isinstance(_subject(part), Field):
        return False
    if isinstance(part, Like):
        return isinstance(part.args["pattern"], exp.Literal)
    if isinstance(part, exp.EQ | In):
        options = part.args.get("options") or [part.expression]
        return any(option.is_string for option in options)
    return isinstance(part, Field)


def _folded(text: str) -> str:
    return text.strip().casefold()


def _in_another_case(like: Like, name: str, column: Any) -> str | None:
    literal = str(like.args["pattern"].this)
    found = regex.contains(values.decode(column), literal, ignore_case=True)
    if not found.true_count:
        return None
    return f"in another case it is found: write {name} like {write_regex('(?i)' + escape(literal))}"


def say_what_left_out_all(
    step: Step, plan: Plan, given: TaskPlan, source: Source, window: Window
) -> None:
    """Note in a scan that has read nothing the conditions each of which alone leaves out all."""
    conditions = plan.scan.args.get("conditions") or []
    structures = given.structures
    found: list[Part] = []
    columns = [*plan.scan.args["columns"], *([MESSAGE] if structures else [])]
    if conditions:
        tasks = source.scan(columns, window, []).tasks
        step.instead = near_value_of_left_out(step, plan, given, tasks)
    for node in conditions if len(conditions) > 1 else []:
        condition = as_condition(node)
        if condition is None or condition.field in structures:
            continue
        if not source.scan(columns, window, [condition]).tasks:
            found.append((dialect.to_text(node), 0))
    step.alone = tuple(dict.fromkeys(found))


def makers(commands: Sequence[Command]) -> list[Command]:
    """Give the commands of a rewritten pipeline that make fields of single events."""
    made = []
    for command in commands[1:]:
        if command.rows is Rows.NEW or command.names is Names.REPLACES:
            break
        if row_by_row(command) and not only_filters(command):
            made.append(command)
    return made


def keys_beside(
    names: set[str], commands: Sequence[Command], given: TaskPlan, tasks: Sequence[Task]
) -> dict[str, str]:
    """Say for names of parts of maps which keys the maps of the newest events have instead.

    A name that is there after all, and one whose map is in no event, is left out.
    """
    steps = makers(commands)
    stems = {name: stem for name in names if (stem := _made_above(name, steps))}
    keys: dict[str, set[str]] = {stem: set() for stem in stems.values()}
    if not stems:
        return {}
    for batch in _batches(tasks, given, _EVENTS_FOR_KEYS):
        try:
            for command in steps:
                batch = apply(command, batch)  # noqa: PLW2901
            for stem, found in keys.items():
                _collect(stem, batch, found)
        except MalformedQuery:
            return {}
    said = {}
    for name, stem in stems.items():
        found, key = keys[stem], name[len(stem) + 1 :]
        is_index = any(part.isdigit() for part in key.split("."))
        if found and key not in found and not is_index:
            said[name] = _instead(key, stem, found)
    return said


def _made_above(name: str, commands: Sequence[Command]) -> str | None:
    """Give the longest name that the commands make and of which this one names a part."""
    made = set().union(*(command.writes() for command in commands)) if commands else set()
    above = [stem for stem in made if name.startswith(f"{stem}.")]
    return None if name in made else max(above, key=len, default=None)


def _collect(stem: str, batch: Batch, found: set[str]) -> None:
    if not batch.rows:
        return
    column = evaluate_named(stem, batch)
    if not values.holds_structures(column):
        return
    texts = values.texts_of_structures(column).to_pylist()
    for document in read_structures(texts):
        if len(found) < _KEYS:
            found.update(_keys_of(document, ""))


def _keys_of(document: Any, above: str, depth: int = 0) -> Iterator[str]:
    if type(document) is not dict or depth == _DEPTH:
        return
    for key, value in document.items():
        yield f"{above}{key}"
        yield from _keys_of(value, f"{above}{key}.", depth + 1)


def _instead(key: str, stem: str, found: set[str]) -> str:
    near = suggestion(key, found)
    if near:
        return near.replace("'", f"'{stem}.", 1)
    named = sorted(one for one in found if "." not in one)
    more = ", …" if len(named) > _KEYS_NAMED else ""
    return f"; {stem!r} has {', '.join(named[:_KEYS_NAMED])}{more}"


def _batches(tasks: Sequence[Task], given: TaskPlan, most: int) -> Iterator[Batch]:
    """Give the rows of the newest tasks, so many in all."""
    for task in tasks:
        checkpoint()
        reader = open_task(task, given.structures)
        rows = min(reader.rows, most)
        most -= rows
        if rows:
            # The events of a task come in the order of their times.
            first = reader.rows - rows
            chosen = np.arange(first, reader.rows, dtype=np.int64) if first else None
            yield Batch(rows, given.query_values, reader=reader, selection=chosen)
        if most <= 0:
            return
