"""The same answer the long way: all rows in memory, the commands one after the other.

Nothing is rewritten, cut into tasks or left unread. The tests hold `run` against it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import SEQUENCE, SYSTEM_FIELDS, TIMESTAMP
from cwnb.insights.context import AnswerRows
from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.steps import apply
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.inputs import open_input
from cwnb.insights.resolve.complete import complete_pipeline
from cwnb.insights.structure_fields import open_task, structure_fields
from cwnb.insights.tree import Field, Pipeline

if TYPE_CHECKING:
    from cwnb.events import Source, Window
    from cwnb.insights.context import QueryContext, QueryValues
    from cwnb.insights.tree import Query


def run_plainly(pipeline: Pipeline, context: QueryContext) -> dict[str, Any]:
    """Give the columns of the answer to a settled pipeline, in order."""
    return _answer(complete_pipeline(pipeline), context.sources.open(), context, ())


def run_query_plainly(query: Query, context: QueryContext) -> dict[str, Any]:
    """Give the columns of the answer to a completed query of several pipelines."""
    answers: list[AnswerRows] = []
    for pipeline in query.pipelines:
        source = open_input(pipeline.input, context.sources, answers)
        found = _answer(pipeline, source, context, tuple(answers))
        answers.append(AnswerRows(found, len(next(iter(found.values())))))
    return answers[-1].columns


def _answer(
    completed: Pipeline, source: Source, context: QueryContext, answers: tuple[AnswerRows, ...]
) -> dict[str, Any]:
    read = [command.reads() for command in completed.commands]
    names = sorted({*SYSTEM_FIELDS, SEQUENCE, *completed.outputs}.union(*read))
    given = replace(context.query_values, answers=answers)
    batch = _all_rows(source, context.window, names, given)
    for command in completed.commands:
        batch = apply(command, batch)
        for name in batch.names():
            batch.column(name)
    return {name: evaluate_array(Field(parts=name.split(".")), batch) for name in completed.outputs}


def _all_rows(source: Source, window: Window, names: list[str], given: QueryValues) -> Batch:
    held: dict[str, list[Any]] = {name: [] for name in names}
    rows = 0
    structures = structure_fields(names, source)
    scan = source.scan(names, window, [])
    for task in scan.tasks:
        reader = open_task(task, structures)
        found = reader.columns(names)
        for name in names:
            array = found.get(name)
            held[name].append(pa.nulls(reader.rows) if array is None else array)
        rows += reader.rows
    if not rows:
        return Batch(0, given)
    joined = {name: columns.concat(arrays) for name, arrays in held.items()}
    # Rows of a table or an answer keep their order, whatever times they hold.
    keys = [np.asarray(joined[SEQUENCE])]
    if scan.are_events:
        keys.append(np.asarray(joined[TIMESTAMP].cast(pa.int64()).fill_null(0)))
    newest = pa.array(np.lexsort(keys)[::-1])
    present = {n: a.take(newest) for n, a in joined.items() if a.null_count < len(a)}
    return Batch(rows, given, columns=present)
