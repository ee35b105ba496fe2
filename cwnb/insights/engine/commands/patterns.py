"""The barriers of `pattern`, `diff` and `logcompare`: distinct texts per task, mined once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import ALL_TIME, MESSAGE
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.message_slices import text_slices
from cwnb.insights.patterns.compare import differences
from cwnb.insights.patterns.mask import TextCounts, merged, reduced_counts
from cwnb.insights.patterns.mining import Patterns, mine_reduced
from cwnb.insights.patterns.words import severity
from cwnb.insights.tree import (
    DIFFERENCE_COLUMNS,
    PATTERN_COLUMNS,
    Field,
    fields_read,
)

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.events import Window
    from cwnb.insights.context import QueryValues
    from cwnb.insights.engine.commands.barrier import Rows
    from cwnb.insights.engine.commands.rest import Rest
    from cwnb.insights.engine.order import RowOrder


# Rows whose distinct texts are found together: with fewer, most texts are distinct in many slices.
_ROWS = 50_000


def counted(value: exp.Expression, batch: Batch) -> TextCounts:
    """Give the distinct reduced texts of an expression over the rows of a batch."""
    parts, slices, rows = [], [], 0
    for text in text_slices(value, batch):
        checkpoint()
        slices.append(text.drop_null())
        rows += len(text)
        if rows >= _ROWS:
            parts.append(reduced_counts(pa.concat_arrays(slices))[0])
            slices, rows = [], 0
    if slices:
        parts.append(reduced_counts(pa.concat_arrays(slices))[0])
    return merged(parts)[0]


@dataclass
class PatternPartial:
    """The distinct reduced texts of some tasks, for each window that is asked about."""

    windows: list[TextCounts]

    @property
    def rows(self) -> int:
        """Give the number of texts."""
        return sum(map(len, self.windows))

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return sum(window.nbytes for window in self.windows)


def _merge(partials: list[PatternPartial]) -> PatternPartial:
    if len(partials) == 1:
        return partials[0]
    windows = zip(*(partial.windows for partial in partials), strict=True)
    return PatternPartial([merged(parts)[0] for parts in windows])


@dataclass
class PatternPlan:
    """The barrier of one `pattern`; picklable."""

    value: exp.Expression

    @property
    def enough(self) -> None:
        """None: every event may change the patterns."""

    def reads(self) -> set[str]:
        """Name the fields that it reads."""
        return fields_read(self.value)

    def partial(self, batch: Batch, order: RowOrder, task: int) -> PatternPartial:  # noqa: ARG002
        """Count the distinct texts of one batch."""
        return PatternPartial([counted(self.value, batch)])

    def merge(self, partials: list[PatternPartial]) -> PatternPartial:
        """Merge the texts of several tasks."""
        return _merge(partials)

    def finish(self, merged: PatternPartial | None, rows: Rows) -> Batch:
        """Give a row per pattern, most frequent first, then by text."""
        texts = merged.windows[0] if merged else nothing_counted()
        patterns, _ = mine_reduced(texts)
        ratios = patterns.counts / max(1, int(patterns.counts.sum()))
        columns = [*texts_and_counts(patterns), pa.array(ratios, pa.float64())]
        return batch_of(PATTERN_COLUMNS, [*columns, severities(patterns)], rows.query_values)


@dataclass
class DiffPlan:
    """The barrier of `pattern … | diff` or of `logcompare`; picklable.

    The tasks of the earlier window are those from `earlier_task` on, so an event that lies in both
    windows is counted in both. `windows`: the one that is asked about, and the earlier one.
    """

    value: exp.Expression
    earlier_task: int = 0
    windows: tuple[Window, Window] = (ALL_TIME, ALL_TIME)

    @property
    def enough(self) -> None:
        """None: every event may change the patterns."""

    def reads(self) -> set[str]:
        """Name the fields that it reads."""
        return fields_read(self.value)

    def partial(self, batch: Batch, order: RowOrder, task: int) -> PatternPartial:  # noqa: ARG002
        """Count the distinct texts of one batch, for the window of its task."""
        windows = [nothing_counted(), nothing_counted()]
        windows[task >= self.earlier_task] = counted(self.value, batch)
        return PatternPartial(windows)

    def merge(self, partials: list[PatternPartial]) -> PatternPartial:
        """Merge the texts of several tasks."""
        return _merge(partials)

    def finish(self, merged: PatternPartial | None, rows: Rows) -> Batch:
        """Give a row per pattern of either window, the largest difference first, then by text."""
        windows = merged.windows if merged else [nothing_counted(), nothing_counted()]
        patterns, now, before = differences(*windows)
        change = now - before
        columns = [
            pa.array(patterns.texts, pa.string()),
            *(pa.array(counts, pa.int64()) for counts in (now, before, change)),
            pa.array([_word(*pair) for pair in zip(now, before, strict=True)], pa.string()),
            severities(patterns),
        ]
        return batch_of(DIFFERENCE_COLUMNS, columns, rows.query_values)


def _word(now: int, before: int) -> str:
    if now == before:
        return "Same"
    if not before:
        return "New"
    if not now:
        return "Gone"
    return "More" if now > before else "Fewer"


def nothing_counted() -> TextCounts:
    """Give the count of no texts."""
    return TextCounts(pa.array([], pa.large_string()), np.zeros(0, np.int64))


def texts_and_counts(patterns: Patterns) -> list[Any]:
    """Give the texts and counts of patterns as columns."""
    return [pa.array(patterns.texts, pa.string()), pa.array(patterns.counts, pa.int64())]


def severities(patterns: Patterns) -> Any:
    """Give the severity of each pattern as a column."""
    return pa.array([severity(text) for text in patterns.texts], pa.string())


def batch_of(names: list[str], columns: list[Any], query_values: QueryValues) -> Batch:
    """Give columns under these names as rows."""
    named = dict(zip(names, columns, strict=True))
    return Batch(len(columns[0]), query_values, columns=named)


def plan_logcompare(_: Rest) -> tuple[DiffPlan, int]:
    """Give the barrier of a `logcompare`."""
    return DiffPlan(Field(parts=[MESSAGE])), 1
