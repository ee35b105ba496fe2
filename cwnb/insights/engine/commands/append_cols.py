"""`appendcols`: the columns of another answer beside the rows, by the number of the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.barrier import POSITION, TASK
from cwnb.insights.engine.evaluate import evaluate_named
from cwnb.insights.engine.faults import too_large

if TYPE_CHECKING:
    from cwnb.insights.tree import AppendCols


def append_cols(command: AppendCols, batch: Batch, _: set[str] | None) -> Batch:
    """Give the rows with these columns; rows of the other answer that are left over come last.

    Rows of which some are no events have no places in the log.
    """
    other = batch.query_values.answers[command.args["answer"].place]
    beside = min(other.rows, command.most)
    rows = max(batch.rows, beside)
    added = command.gives()
    held = {}
    for name in batch.names() - {TASK, POSITION, *added}:
        column = evaluate_named(name, batch)
        held[name] = columns.concat([column, pa.nulls(rows - batch.rows)])
    for name in added:
        column = other.columns[name].slice(0, beside)
        held[name] = columns.concat([column, pa.nulls(rows - beside)])
    if sum(map(columns.nbytes, held.values())) > batch.query_values.memory_budget:
        raise too_large([command], batch.query_values.memory_budget)
    return Batch(rows, batch.query_values, columns=held)
