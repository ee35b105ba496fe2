"""Columns that an expression defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.tree import fields_read

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.insights.engine.batch import Batch


def define(name: str, node: exp.Expression, batch: Batch) -> None:
    """Define a column of a batch by an expression, which is computed at its first use."""
    batch.define(name, lambda rows: evaluate_array(node, rows), fields_read(node))
