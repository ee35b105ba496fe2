"""Questions: a query text with its sources and limits; `cwnb.query` and `cwnb.start` ask tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb import arguments
from cwnb.events import ALL_TIME
from cwnb.insights import MEMORY_BUDGET, Call, QueryContext, parse
from cwnb.query_sources import DataFrameSources
from cwnb.results.running import RunningQuery
from cwnb.times import Clock, to_ms
from cwnb.window import read_window

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from cwnb.events import Sources, Window
    from cwnb.insights import Query
    from cwnb.results.result import QueryResult


@arguments.named_arguments
def query(
    text: str,
    frame: Any,
    *,
    start: Any = None,
    end: Any = None,
    language: str = "ql",
    strict: bool = False,
    limit: int | None = None,
    executor: Executor | None = None,
    memory_budget: int = MEMORY_BUDGET,
    now: Any = None,
) -> QueryResult:
    """Ask a question of any table: its rows are the events, its columns the fields.

    `frame`: a DataFrame of pandas or polars, an Arrow table, a QueryResult, a list of dicts. Its
    times are `@timestamp`, else its index if that has times, else its column with one of the usual
    names (datetimes, text or epoch numbers, as `load` reads them), else its only column of
    datetimes. The message is `@message`, `message` or `msg`; fields of JSON messages are discovered
    where the frame has no column of that name. `now` is the present time of the query, by default
    the clock's. Raises InvalidParameter for a window of a frame without times.
    """
    return _asked_of_frame(
        text,
        frame,
        start,
        end,
        language=language,
        strict=strict,
        limit=limit,
        executor=executor,
        memory_budget=memory_budget,
        now=now,
    ).run()


def start(
    text: str, frame: Any, *, start: Any = None, end: Any = None, **options: Any
) -> RunningQuery:
    """Ask a question of a DataFrame as `query` does, with its options, and do not wait.

    The RunningQuery shows its progress and its rows so far, stops it, and has the answer. Errors in
    the text and the times are raised here, all others by its `result()`.
    """
    arguments.check_names(options, query)
    return _asked_of_frame(text, frame, start, end, **options).begin()


def _asked_of_frame(
    text: str,
    frame: Any,
    start: Any,
    end: Any,
    *,
    language: str = "ql",
    now: Any = None,
    **options: Any,
) -> RunningQuery:
    parsed = parse(text, language)
    present = Clock().now_ms()
    now_ms = present if now is None else to_ms(now, present)
    window = read_window(start, end, now_ms)
    notes: list[str] = []
    sources = DataFrameSources(
        frame,
        notes,
        has_window=window != ALL_TIME,
        has_bins=any(call.entry.bins for call in parsed.find_all(Call)),
    )
    return running_query(text, parsed, sources, window, now_ms, notes=notes, **options)


def running_query(
    text: str,
    query: Query,
    sources: Sources,
    window: Window,
    now_ms: int,
    *,
    strict: bool = False,
    limit: int | None = None,
    executor: Executor | None = None,
    memory_budget: int = MEMORY_BUDGET,
    notes: list[str] | None = None,
) -> RunningQuery:
    """Give a query that has not begun, with its sources, its window and its limits.

    Raises InvalidParameter for limits and executors that are none.
    """
    context = QueryContext(
        sources,
        now_ms,
        window,
        strict=strict,
        limit=arguments.row_limit(limit),
        memory_budget=arguments.memory_bytes(memory_budget),
        executor=arguments.task_executor(executor),
        notes=[] if notes is None else notes,
    )
    return RunningQuery(text, query, context)
