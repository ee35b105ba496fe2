"""The same answer the long way: all rows in memory, the commands one after the other.

Nothing is rewritten, cut into tasks or left unread. The tests hold `run` against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import SEQUENCE, SYSTEM_FIELDS, TIMESTAMP
from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.steps import apply
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.resolve.complete import complete_pipeline
from cwnb.insights.structure_fields import open_task, structure_fields
from cwnb.insights.tree import Field, Pipeline

if TYPE_CHECKING:
    from cwnb.insights.context import QueryContext


def run_plainly(pipeline: Pipeline, context: QueryContext) -> dict[str, Any]:
    """Give the columns of the answer to a settled pipeline, in order."""
    completed = complete_pipeline(pipeline)
    read = [command.reads() for command in completed.commands]
    names = sorted({*SYSTEM_FIELDS, SEQUENCE, *completed.outputs}.union(*read))
    batch = _all_rows(context, names)
    for command in completed.commands:
        batch = apply(command, batch)
        for name in batch.names():
            batch.column(name)
    return {name: evaluate_array(Field(parts=name.split(".")), batch) for name in completed.outputs}


def _all_rows(context: QueryContext, names: list[str]) -> Batch:
    held: dict[str, list[Any]] = {name: [] for name in names}
    rows = 0
    source = context.sources.open()
    structures = structure_fields(names, source)
    for task in source.scan(names, context.window, []).tasks:
        reader = open_task(task, structures)
        found = reader.columns(names)
        for name in names:
            array = found.get(name)
            held[name].append(pa.nulls(reader.rows) if array is None else array)
        rows += reader.rows
    if not rows:
        return Batch(0, context.query_values)
    joined = {name: columns.concat(arrays) for name, arrays in held.items()}
    time = np.asarray(joined[TIMESTAMP].cast(pa.int64()).fill_null(0))
    newest = pa.array(np.lexsort((np.asarray(joined[SEQUENCE]), time))[::-1])
    present = {n: a.take(newest) for n, a in joined.items() if a.null_count < len(a)}
    return Batch(rows, context.query_values, columns=present)
