"""The barrier of `relevantfields`: how often each value occurs with and without the condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.commands.patterns import batch_of
from cwnb.insights.engine.evaluate import as_array, evaluate_array, evaluate_condition
from cwnb.insights.engine.faults import refuse_structures
from cwnb.insights.patterns.mask import TextCounts, merged
from cwnb.insights.patterns.relevance import relevance
from cwnb.insights.tree import RELEVANCE_COLUMNS, Field, fields_read

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.engine.commands.barrier import Rows
    from cwnb.insights.engine.commands.rest import Rest
    from cwnb.insights.engine.order import RowOrder


@dataclass
class RelevancePartial:
    """For each field its distinct values as text, with their counts without and with the condition.

    A missing value is null among the texts.
    """

    fields: list[TextCounts]

    @property
    def rows(self) -> int:
        """Give the number of values."""
        return sum(map(len, self.fields))

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return sum(counted.nbytes for counted in self.fields)


@dataclass
class RelevancePlan:
    """The barrier of one `relevantfields`; picklable. `are_named`: the query names its fields."""

    fields: list[Field]
    condition: exp.Expression
    are_named: bool = False

    @property
    def enough(self) -> None:
        """None: every event may change the distributions."""

    def reads(self) -> set[str]:
        """Name the fields that it reads."""
        return fields_read(self.condition).union(*map(fields_read, self.fields))

    def partial(self, batch: Batch, order: RowOrder, task: int) -> RelevancePartial:  # noqa: ARG002
        """Count the values of one batch."""
        holds = evaluate_condition(self.condition, batch)
        side = np.asarray(holds.fill_null(False)).astype(np.int64)
        counted = []
        for field in self.fields:
            checkpoint()
            value = evaluate_array(field, batch)
            if self.are_named:
                message = "a list or map cannot be compared by relevantfields; pick a value of it"
                refuse_structures(value, field, message)
            counted.append(_counted(value, side, batch.rows))
        return RelevancePartial(counted)

    def merge(self, partials: list[RelevancePartial]) -> RelevancePartial:
        """Merge the values of several tasks."""
        parts = zip(*(partial.fields for partial in partials), strict=True)
        return RelevancePartial([merged(list(one))[0] for one in parts])

    def finish(self, merged: RelevancePartial | None, rows: Rows) -> Batch:
        """Give a row per field, the largest score first, then by name."""
        found = []
        for field, counted in zip(self.fields, merged.fields if merged else [], strict=False):
            checkpoint()
            if counted.counts.any():
                texts = counted.texts
                compared = relevance(texts.to_pylist(), _numbers(texts), counted.counts)
                found.append((field.name, compared))
        found.sort(key=lambda pair: (-pair[1].score, pair[0]))
        medians = [(one.conditional_median, one.baseline_median) for _, one in found]
        columns = [
            pa.array([name for name, _ in found], pa.string()),
            pa.array([one.score for _, one in found], pa.float64()),
            pa.array([one.contributors for _, one in found], pa.string()),
            *(pa.array([pair[side] for pair in medians], pa.float64()) for side in (0, 1)),
        ]
        answer = batch_of(RELEVANCE_COLUMNS, columns, rows.query_values)
        answer.warnings = _nothing_compared(merged)
        return answer


def _nothing_compared(merged: RelevancePartial | None) -> list[str]:
    """Say so if all rows are on one side of the condition, where every score is 0."""
    if merged is None or not merged.fields:
        return []
    without, having = merged.fields[0].counts.sum(axis=0).tolist()
    if bool(without) == bool(having):
        return []
    share = f"all of the {having:,} rows" if having else f"none of the {without:,} rows"
    return [f"relevantfields can compare nothing, because its condition is true of {share}"]


def _counted(value: Any, side: Any, rows: int) -> TextCounts:
    text = values.decode(as_array(values.to_text(values.without_structures(value)), rows))
    encoded = text.cast(pa.large_string()).dictionary_encode(null_encoding="encode")
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    size = len(encoded.dictionary)
    counts = np.bincount(codes.astype(np.int64) * 2 + side, minlength=2 * size).reshape(size, 2)
    return TextCounts(encoded.dictionary, counts)


def _numbers(texts: Any) -> Any | None:
    """Give the values as doubles, NaN for the missing one; None if one of them is no number."""
    numbers = values.to_double(values.to_number(texts.cast(pa.string())))
    missing = texts.null_count
    if len(texts) == missing or numbers.null_count > missing:
        return None
    return numbers.fill_null(float("nan")).to_numpy(zero_copy_only=False)


def plan_relevance(rest: Rest) -> tuple[RelevancePlan, int]:
    """Give the barrier of a `relevantfields`."""
    command = rest.commands[0]
    fields, condition = command.args["fields"], command.args["condition"]
    return RelevancePlan(fields, condition, not command.meta.get("all_fields")), 1
