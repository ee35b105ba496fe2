"""The types of the columns of an answer that has no rows.

What type a column has is seen in its values. So where a filter has left none, or no event lies in
the window, the commands but for the filters are run on a few events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cwnb.errors import MalformedQuery
from cwnb.events import ALL_TIME, INGESTION_TIME, SYSTEM_FIELDS, TIMESTAMP
from cwnb.insights import values
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.steps import apply
from cwnb.insights.engine.evaluate import evaluate_named
from cwnb.insights.structure_fields import open_task
from cwnb.insights.tree import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.events import Reader, Source, Task
    from cwnb.insights.context import QueryValues
    from cwnb.insights.engine.plan import TaskPlan
    from cwnb.insights.tree import Pipeline

_OF_SYSTEM_FIELDS = {
    name: values.TIME if name in {TIMESTAMP, INGESTION_TIME} else pa.string()
    for name in SYSTEM_FIELDS
}
_EVENTS = 64
# Tasks in which a field is looked for; if no event there has it, its type is not known.
_TASKS = 4


def types_without_rows(
    pipeline: Pipeline,
    outputs: Sequence[str],
    tasks: Sequence[Task],
    source: Source,
    plan: TaskPlan,
) -> dict[str, pa.DataType]:
    """Give the types of the columns of a completed pipeline's answer, as far as events show them.

    `tasks` and `plan` are those of the query; where it has no tasks, others of the source are
    asked.
    """
    commands = pipeline.commands
    reads = {TIMESTAMP, *outputs}.union(*(command.reads() for command in commands))
    made: set[str] = set().union(*(command.writes() for command in commands))
    types = {name: kind for name, kind in _OF_SYSTEM_FIELDS.items() if name not in made}
    for task in (tasks or source.scan(sorted(reads), ALL_TIME, []).tasks)[:_TASKS]:
        wanted = [name for name in outputs if name not in types]
        if not wanted:
            break
        try:
            reader = open_task(task, plan.structures)
            types |= _types_in(pipeline, wanted, reads, reader, plan.query_values)
        except MalformedQuery:  # a fault that shows only where there are rows
            break
    return types


def _types_in(
    pipeline: Pipeline, wanted: Sequence[str], reads: set[str], reader: Reader, given: QueryValues
) -> dict[str, pa.DataType]:
    rows = min(reader.rows, _EVENTS)
    if rows:
        batch = Batch(rows, given, reader=reader, selection=np.arange(rows, dtype=np.int64))
    else:
        batch = Batch(0, given, columns=reader.columns(sorted(reads)))
    for command in pipeline.commands:
        if command.rows is not Rows.FEWER:
            batch = apply(command, batch)
    found = {name: evaluate_named(name, batch).type for name in wanted}
    return {name: kind for name, kind in found.items() if not pa.types.is_null(kind)}
