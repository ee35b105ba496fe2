"""QueryResult, the answer to a query."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import InvalidParameter, SnapshotExpired
from cwnb.events import ALL_TIME, MESSAGE, POINTER, RAW
from cwnb.insights import events_of_answer, extent_of_answer
from cwnb.memo import memo
from cwnb.results.arrow_columns import data_frame, portable_column
from cwnb.results.explanation import Explanation
from cwnb.results.files import writing
from cwnb.results.plain_rows import ROWS_AT_ONCE
from cwnb.results.read_events import EVENTS_FILE, ReadTable, placed
from cwnb.results.zones import UTC_NAME
from cwnb.window import window_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame, Series

    from cwnb.insights import Outcome, Pipeline, Places, Query
    from cwnb.results.event import Event
    from cwnb.results.read_events import ReadEvents


_READS_EVENTS = (
    "# Reads {}: the events that the query read, as result.export_events() writes them\n"
    "# (in a terminal: --export-events FILE)."
)


@dataclass(repr=False)
class QueryResult:
    """The answer to a query: `df`, how the query was run, and ways to show it.

    `text` is the query as written, `query` its tree with checked names and explicit defaults,
    `statistics` the service's QueryStatistics (records and bytes matched, scanned, skipped) with
    `resultCount`, `bytesRead` and `elapsedMs`, `warnings` one sentence each, `inputs` the events
    that each of its pipelines read. `tz` is the zone in which table and charts show times, such as
    `Europe/Vienna`; the answer itself stays in UTC. `is_partial`: these are the rows so far of a
    query that runs or was stopped.
    """

    text: str
    query: Query
    outcome: Outcome
    statistics: dict[str, float]
    warnings: list[str]
    inputs: list[ReadEvents | ReadTable]
    tz: str = UTC_NAME
    is_partial: bool = False

    @property
    def expanded_text(self) -> str:
        """The query as written, with the saved queries that it calls written out."""
        expansion = self.query.meta.get("expansion")
        return self.text if expansion is None else str(expansion.text)

    @property
    def events(self) -> ReadEvents:
        """The events that the answer is made of."""
        events = self.inputs[-1]
        assert not isinstance(events, ReadTable)
        return events

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline whose rows are the answer."""
        return self.query.answer

    @memo
    def df(self) -> DataFrame:
        """The rows as a DataFrame; every column is an Arrow type, missing is `pd.NA`.

        Times are UTC to the millisecond. A column with values of several types, and a list or map,
        stands as text.
        """
        columns = self.outcome.columns
        made = {name: portable_column(array) for name, array in columns.items()}
        return data_frame(made, self.outcome.rows)

    @property
    def kind(self) -> str:
        """What the rows are: "events", "series", "groups" or "series by group"."""
        from cwnb.results.shape import shape

        return shape(self.pipeline, self.df).kind

    @property
    def raw(self) -> list[bytes]:
        """The original bytes of each row's message, also where they are no valid UTF-8."""
        found = self._places().columns([MESSAGE, RAW])
        texts, raws = (found[name].to_pylist() for name in (MESSAGE, RAW))
        return [
            (text or "").encode() if raw is None else raw
            for text, raw in zip(texts, raws, strict=True)
        ]

    @memo
    def pointers(self) -> list[str]:
        """The `@ptr` of each row's event, by which `logs.event` and `logs.around` find it again."""
        pointers: list[str] = self._places().columns([POINTER])[POINTER].to_pylist()
        return pointers

    def event(self, row: int) -> Event:
        """Give the event of a row, counted from 0, with all its fields.

        Rows that `parse … multi` made of one event give the same one. Raises InvalidParameter for
        rows that are no events, such as those of `stats`, and for a row that is not there;
        SnapshotExpired where the event has been moved since and `pointers` were never read.
        """
        from cwnb.results.event import event_at, find_event, no_such_event, read_pointer

        places = self._places()
        rows = self.outcome.rows
        try:
            row = operator.index(row)
        except TypeError:
            raise InvalidParameter(
                f"{row!r} is no number of a row; rows are counted from 0"
            ) from None
        if not -rows <= row < rows:
            raise InvalidParameter(f"there is no row {row} in an answer of {rows:,} rows")
        pointers = vars(self).get("pointers")
        try:
            if pointers is None:
                # Read for all rows now: after a compaction only an `@ptr` finds the event.
                pointers = self.pointers
            return event_at(*places.open(row))
        except SnapshotExpired:
            if pointers is None:
                raise
        pointer = pointers[row]
        again = events_of_answer(self.query, self.events.context.sources.again())
        found = find_event(again, read_pointer(pointer))
        if found is None:
            raise no_such_event(pointer)
        return found

    def _places(self) -> Places:
        if self.outcome.places is None:
            raise InvalidParameter(
                "the rows are not events (those of 'stats' are groups), "
                "so they have no message and no @ptr"
            )
        return self.outcome.places

    def explain(self) -> Explanation:
        """Show the pipeline as it was run: rows in and out, milliseconds and bytes per command.

        For an answer without rows it also says which command dropped them, and why.
        """
        from cwnb.results.emptiness import reasons_for_no_rows

        return Explanation(self.outcome.steps, self.statistics, reasons_for_no_rows(self))

    @memo
    def window(self) -> str:
        """The times that were asked about; for all there is, those of the first and last event."""
        window = self.events.window
        extent = None
        if window == ALL_TIME:
            extent = extent_of_answer(self.query, self.events.context)
        return window_text(window, extent)

    @memo
    def pandas(self) -> str:
        """The query as `to_pandas_source()` writes it."""
        return self.to_pandas_source()

    def to_pandas_source(self, events_path: str | Path = "events.parquet") -> str:
        """Write the same query as Python source with pandas, which runs without cwnb.

        It reads its events from `events_path`, and those of its subqueries from files beside it,
        all of which `export_events(events_path)` writes. Raises `CannotSay` (a CwnbError) for a
        part of the query that has no form in pandas.
        """
        from cwnb.insights import Exported, to_pandas_source

        paths = placed(self.inputs, events_path)
        exported = [Exported(str(paths[one.file]), one.schema(), one.window) for one in self.inputs]
        source = to_pandas_source(self.query, exported, now_ms=self.events.context.now_ms)
        files = ", ".join(repr(str(path)) for path in paths.values())
        return f"{_READS_EVENTS.format(files)}\n{source}"

    def export_events(self, path: str | Path = "events.parquet") -> int:
        """Write the events that the query read as Parquet; gives the number of the answer's.

        The file has `@timestamp`, `@message`, `@sequence`, `@logStream`, `@log` and the fields that
        the query names. `path` may be a folder. Events that subqueries read lie beside it, in
        `input_2.parquet` and so on, and lookup tables in `table_NAME.parquet`. Raises
        InvalidParameter for a query that read two windows, such as `diff`.
        """
        comparing = [c.keyword for p in self.query.pipelines for c in p.commands if c.compares]
        if comparing:
            raise InvalidParameter(
                f"{comparing[0]} read the events of two windows; export each of them by a query "
                "without it"
            )
        paths = placed(self.inputs, path)
        numbers = {}
        if len(paths) > 1 and not Path(path).suffix:
            with writing(path):
                Path(path).mkdir(exist_ok=True)
        for one in self.inputs:
            if one.file not in numbers:
                numbers[one.file] = one.write(paths[one.file])
        return numbers[EVENTS_FILE]

    def plot(
        self,
        kind: str = "auto",
        *,
        value: str | None = None,
        tz: str | None = None,
        width: float | None = None,
    ) -> Any:
        """Draw the chart that fits, a matplotlib Figure.

        `kind`: auto, line, area, bar, barh, stacked, or hist (the distribution of a column of
        numbers). `value`: the column of numbers that is drawn. `tz`: the zone of its times, that of
        the result if it is not said. `width`: that of the figure in inches, 9 if it is not said.
        Raises InvalidParameter for a result that cannot be drawn.
        """
        from cwnb.results.charts import plot

        return plot(self, kind, value=value, tz=tz or self.tz, width=width)

    def to_text(self, *, tz: str | None = None, width: int = 100, max_rows: int | None = 50) -> str:
        """Write the rows as a table `width` columns wide, with times in the zone `tz`."""
        from cwnb.results.rendering import text_table

        return text_table(self.df, width, max_rows, tz=tz or self.tz)

    def __len__(self) -> int:
        return self.outcome.rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give each row as a dict of plain Python values; missing is None."""
        for batch in pa.table(self).to_batches(max_chunksize=ROWS_AT_ONCE):
            yield from batch.to_pylist()

    def __getitem__(self, column: str) -> Series:
        """Give a column of `df`."""
        if column not in self.outcome.columns:
            names = ", ".join(map(repr, self.outcome.columns))
            raise KeyError(f"{column!r} is no column of the answer; it has {names}")
        return self.df[column]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the rows to polars, DuckDB or pyarrow without copying."""
        table = pa.table(
            {name: portable_column(array) for name, array in self.outcome.columns.items()}
        )
        return table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        from cwnb.results.display import result_text

        return result_text(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from cwnb.results.display import mime_bundle

        return mime_bundle(self)
