"""Questions: a query text with its sources and limits; `cwnb.query` and `cwnb.start` ask tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb import arguments
from cwnb.errors import InvalidParameter
from cwnb.events import ALL_TIME
from cwnb.insights import MEMORY_BUDGET, Call, QueryContext, parse
from cwnb.query_sources import Asked, DataFrameSources
from cwnb.results.running import RunningQuery
from cwnb.times import Clock, to_ms
from cwnb.window import read_window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from cwnb.events import Sources, Window
    from cwnb.insights import Query
    from cwnb.results.result import QueryResult


@arguments.named_arguments
def query(
    text: str,
    frame: Any = None,
    *,
    start: Any = None,
    end: Any = None,
    groups: Mapping[str, Any] | None = None,
    tables: Mapping[str, Any] | None = None,
    saved: Mapping[str, Any] | None = None,
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
    the clock's. `groups` are further tables by name, which the query names by SOURCE; `frame` may
    be left out then. `tables` are the tables that `lookup` and `cidrlookup` name, and
    `saved` the queries that it calls, each a text or a saved query. Raises
    InvalidParameter for a window of a frame without times.
    """
    return _asked_of_frame(
        text,
        frame,
        start,
        end,
        groups=groups,
        tables=tables,
        saved=saved,
        language=language,
        strict=strict,
        limit=limit,
        executor=executor,
        memory_budget=memory_budget,
        now=now,
    ).run()


def start(
    text: str, frame: Any = None, *, start: Any = None, end: Any = None, **options: Any
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
    groups: Mapping[str, Any] | None = None,
    tables: Mapping[str, Any] | None = None,
    saved: Mapping[str, Any] | None = None,
    language: str = "ql",
    now: Any = None,
    **options: Any,
) -> RunningQuery:
    parsed = parse(text, language, arguments.saved_queries(saved))
    present = Clock().now_ms()
    now_ms = present if now is None else to_ms(now, present)
    window = read_window(start, end, now_ms)
    if parsed.names_groups and frame is not None:
        raise InvalidParameter(
            "the query names what it reads by SOURCE, so the frame would not be read; leave it out "
            "and hand it in by name: groups={'/a': frame}"
        )
    if frame is None and not parsed.names_groups:
        raise InvalidParameter(
            "None is no table; give a DataFrame, an Arrow table or a list of dicts, or name one of "
            "'groups' by SOURCE"
        )
    notes: list[str] = []
    sources = DataFrameSources(
        frame,
        notes,
        Asked(window != ALL_TIME, any(call.entry.bins for call in parsed.find_all(Call))),
        groups=arguments.tables_by_name(groups, "groups"),
        selectors=parsed.selectors(),
        tables=arguments.tables_by_name(tables, "tables"),
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
