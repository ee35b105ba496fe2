"""Clues for the user that are looked for when a query has run, on a bounded number of its events.

They cost an answer with rows nothing: only where no row has come out, or no value of a part of a
map, events are read once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.errors import MalformedQuery
from cwnb.events import MESSAGE
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.steps import apply
from cwnb.insights.engine.evaluate import evaluate_condition, evaluate_named
from cwnb.insights.ql import dialect
from cwnb.insights.rewrite import as_condition, only_filters
from cwnb.insights.structure_fields import open_task
from cwnb.insights.tree import Filter, Names, Rows, conjuncts, row_by_row
from cwnb.insights.values.structures import read_structures
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlglot import exp

    from cwnb.events import Source, Task, Window
    from cwnb.insights.engine.outcome import Step
    from cwnb.insights.engine.plan import Plan, TaskPlan
    from cwnb.insights.tree import Command

# Events on which the parts of a condition are counted, and in which the keys of maps are looked
# for. Counting takes a tenth of a second where each part searches the messages.
_EVENTS = 100_000
_EVENTS_FOR_KEYS = 1_000
# So many keys of a map are collected, and so many are named where none is near.
_KEYS = 1_000
_KEYS_NAMED = 8
_DEPTH = 4

Part = tuple[str, int]


def parts_of(command: Command) -> list[exp.Expression]:
    """Give the conditions that a filter joins by `and`; none if it has only one."""
    parts = conjuncts(command.args["condition"]) if isinstance(command, Filter) else []
    return parts if len(parts) > 1 else []


def kept_alone(parts: Sequence[exp.Expression], batch: Batch) -> list[Part]:
    """Give the text of each condition, and how many rows of a batch it keeps alone."""
    return [(dialect.to_text(part), evaluate_condition(part, batch).true_count) for part in parts]


def count_parts(steps: Sequence[Step], plan: Plan, given: TaskPlan, tasks: Sequence[Task]) -> None:
    """Note in the step that has dropped all rows how many each part of its condition keeps.

    `steps` are the scan and what follows it. Only the newest events are counted.
    """
    place = next(
        (i for i, step in enumerate(steps[1:]) if step.rows_in and not step.rows_out), None
    )
    if place is None or place >= len(plan.steps):
        return
    parts = parts_of(plan.steps[place])
    found: list[list[Part]] = []
    rows = 0
    if parts:
        for batch in _batches(tasks, given, _EVENTS):
            try:
                for command in plan.steps[:place]:
                    batch = apply(command, batch)  # noqa: PLW2901
                found.append(kept_alone(parts, batch))
            except MalformedQuery:  # a fault of rows that another part has dropped
                return
            rows += batch.rows
    if found:
        step = steps[place + 1]
        counts = [sum(count for _, count in column) for column in zip(*found, strict=True)]
        step.alone = tuple((text, n) for (text, _), n in zip(found[0], counts, strict=True))
        step.alone_of = rows


def conditions_that_leave_out_all(
    plan: Plan, source: Source, window: Window, structures: frozenset[str]
) -> tuple[Part, ...]:
    """Give the conditions of a scan each of which alone leaves out all events."""
    conditions = plan.scan.args.get("conditions") or []
    found: list[Part] = []
    columns = [*plan.scan.args["columns"], *([MESSAGE] if structures else [])]
    for node in conditions if len(conditions) > 1 else []:
        condition = as_condition(node)
        if condition is None or condition.field in structures:
            continue
        if not source.scan(columns, window, [condition]).tasks:
            found.append((dialect.to_text(node), 0))
    return tuple(dict.fromkeys(found))


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
