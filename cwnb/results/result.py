"""What a query gives back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from cwnb.errors import InvalidParameter
from cwnb.events import MESSAGE, RAW, mixed_type
from cwnb.insights import values
from cwnb.results.explanation import Explanation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandas import DataFrame

    from cwnb.insights.commands import Pipeline, Query
    from cwnb.insights.engine import Outcome
    from cwnb.results.events import ReadEvents


@dataclass(repr=False)
class QueryResult:
    """The answer to a query: `df`, how it was found, and ways to look at it.

    `text` is the query, `query` what it was read as, `statistics` the service's QueryStatistics
    (records and bytes matched, scanned, skipped) with `resultCount`, `bytesRead` and `elapsedMs`,
    `warnings` one sentence each.
    """

    text: str
    query: Query
    outcome: Outcome
    statistics: dict[str, float]
    warnings: list[str]
    events: ReadEvents
    rerun: Callable[[list[str]], Outcome]

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline whose rows are the answer."""
        return self.query.answer

    @cached_property
    def df(self) -> DataFrame:
        """The rows as a DataFrame; every column is an Arrow type, missing is `pd.NA`.

        Times are UTC to the millisecond. A column with values of several types, and a list or map,
        stands as text.
        """
        made = {
            name: pd.arrays.ArrowExtensionArray(pa.chunked_array([plain(array)]))
            for name, array in self.outcome.columns.items()
        }
        return pd.DataFrame(made, index=pd.RangeIndex(self.outcome.rows))

    @property
    def kind(self) -> str:
        """What the rows are: "events", "series", "groups" or "series by group"."""
        from cwnb.results.shape import shape

        return shape(self.pipeline, self.df).kind

    @property
    def raw(self) -> list[bytes]:
        """The original bytes of each row's message, also where they are no valid UTF-8."""
        from cwnb.insights.facts import Rows

        if any(command.rows is Rows.NEW for command in self.pipeline.commands):
            raise InvalidParameter("rows of 'stats' have no message of their own")
        again = self.rerun([MESSAGE, RAW])
        if again.rows != self.outcome.rows:
            raise InvalidParameter("the events have changed since the query ran; ask again")
        texts = again.columns[MESSAGE].to_pylist()
        raws = again.columns[RAW].to_pylist()
        return [
            (text or "").encode() if raw is None else raw
            for text, raw in zip(texts, raws, strict=True)
        ]

    def explain(self) -> Explanation:
        """Show the pipeline as it was run: rows in and out, milliseconds and bytes per command."""
        return Explanation(self.outcome.steps, self.statistics)

    @cached_property
    def pandas(self) -> str:
        """The same query as plain pandas, to run on what `export_events` writes.

        Raises `CannotSay` (a CwnbError) where pandas has no plain word for a step.
        """
        from cwnb.insights.to_pandas import to_pandas

        return to_pandas(
            self.query,
            self.events.schema(),
            now_ms=self.events.context.now_ms,
            window=self.events.context.window,
        )

    def export_events(self, path: str | Path = "events.parquet") -> int:
        """Write the events that the query read as Parquet; gives their number.

        The file has `@timestamp`, `@message`, `@sequence`, `@logStream`, `@log` and the fields that
        the query names.
        """
        return self.events.write(path)

    def plot(self, kind: str = "auto") -> Any:
        """Draw the chart that fits, a matplotlib Figure; `kind`: auto, line, bar or stacked."""
        from cwnb.results.charts import plot

        return plot(self, kind)

    def __len__(self) -> int:
        return self.outcome.rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the rows to polars, DuckDB or pyarrow without copying."""
        table = pa.table({name: plain(array) for name, array in self.outcome.columns.items()})
        return table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        from cwnb.results.html import summary
        from cwnb.results.rendering import text_table

        lines = [" · ".join(summary(len(self), self.statistics))]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join([*lines, text_table(self.df)])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from cwnb.results.html import result_html

        return {"text/plain": repr(self), "text/html": result_html(self)}


def plain(array: Any) -> Any:
    """Give a column in a type that every tool knows: mixed values and structures as text."""
    kind = array.type
    if kind == mixed_type() or values.is_structure(array.type):
        return values.to_text(array) if kind == mixed_type() else array.storage
    if pa.types.is_dictionary(kind):
        return array.dictionary_decode()
    return array.cast(pa.string()) if pa.types.is_null(kind) else array
