"""A query while it runs: its progress, its rows so far, how to stop it."""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from cwnb.errors import (
    FaultInQuery,
    MalformedQuery,
    QueryCancelled,
    QueryUnfinished,
    SnapshotExpired,
)
from cwnb.insights import (
    Outcome,
    check,
    complete,
    open_inputs,
    pointing_at_missing,
    prepare,
    run,
    working_for,
)
from cwnb.results.read_events import events_of_inputs
from cwnb.results.result import QueryResult
from cwnb.results.terminal_progress import TerminalBar
from cwnb.results.warnings import warn_of_empty_inputs, warn_of_no_events, warn_of_types

if TYPE_CHECKING:
    from cwnb.insights import Progress, Query, QueryContext

# A replaced file stays for an hour. A query that runs longer starts again on a new snapshot. Tries
# in all.
TRIES = 3
_TEXT_SHOWN = 60
_BAR_EVERY_S = 0.1


class RunningQuery:
    """A query with its progress, its rows so far and its answer.

    `Logs.start` and `cwnb.start` give one that runs on a thread of its own; `Logs.query` runs one
    on the caller's thread.

    >>> running = logs.start("stats count(*) by bin(5m)", "/shop/web")
    >>> print(running.progress)
    1,250,000 of 10,000,000 records, 412.0 of 3,301.2 MB, 0.4 s
    >>> running.partial().df        # the answer to what has been scanned so far
    >>> running.stop()              # or: running.result()

    All methods may be called from any thread. As a context manager it stops the query when the
    block is left.
    """

    def __init__(self, text: str, query: Query, context: QueryContext) -> None:
        self.text = text
        self._query = query
        self._context = context
        self._control = context.control
        self._checked: tuple[Query, list[str]] | None = None
        self._result: QueryResult | None = None
        self._error: BaseException | None = None
        self._changing = threading.Lock()
        self._checked_or_ended = threading.Event()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        text = " ".join(self.text.split())
        text = text if len(text) <= _TEXT_SHOWN else f"{text[: _TEXT_SHOWN - 1]}…"
        return f"<RunningQuery {text!r}, {self.state}: {self.progress}>"

    # For users

    @property
    def progress(self) -> Progress:
        """The records and bytes that have been scanned, of how many, and the seconds so far."""
        return self._control.progress

    @property
    def state(self) -> str:
        """Whether it is "running", "done", "stopped" or "failed"."""
        if not self.done:
            return "running"
        if self._result is not None:
            return "done"
        return "stopped" if isinstance(self._error, QueryCancelled) else "failed"

    @property
    def done(self) -> bool:
        """Whether the query has ended: it is answered, stopped, or has failed."""
        return self._ended.is_set()

    def result(self, timeout: float | None = None) -> QueryResult:
        """Wait for the answer, at most `timeout` seconds; a terminal shows a progress bar.

        Raises what the query raises, QueryCancelled after `stop()`, and QueryUnfinished (a
        TimeoutError) when the time is over. Ctrl-C while waiting leaves the query running.
        """
        if not self._wait(timeout):
            raise QueryUnfinished(f"the query still runs after {timeout:g} s: {self.progress}")
        if self._result is None:
            assert self._error is not None
            raise self._error
        return self._result

    def stop(self) -> None:
        """Stop the query and return at once; a kernel call that is running goes on to its end.

        `partial()` still gives the rows that were found. Does nothing to a query that has ended.
        """
        with self._changing:
            if not self.done:
                self._error = QueryCancelled(
                    "the query was stopped; its partial() has the answer to what was scanned"
                )
                self._control.stop()
                self._end()

    def partial(self) -> QueryResult:
        """Give the answer to what has been scanned so far; the newest events are scanned first.

        A query without `sort`, `dedup` and `stats` gives the newest rows so far, which will be in
        the answer too. `sort` and `dedup` give the first rows of what was scanned, and later events
        may replace them. `stats` gives the groups so far, whose values still change. Commands after
        these work on these rows. A warning says how many records have been scanned. Before any has,
        there are no rows.

        It takes as long as the last step of a query, on the thread that calls. Once the query is
        answered this is the answer; after `stop()` it is what was found until then.
        """
        self._checked_or_ended.wait()
        if self._result is not None:
            return self._result
        if self._checked is None:
            return self.result()
        query, warnings = self._checked
        parts, progress = self._control.parts, self.progress
        try:
            if len(parts) == len(query.pipelines):
                outcome = parts[-1].rows_so_far()
            else:
                nothing = {name: pa.nulls(0) for name in query.answer.outputs}
                outcome = Outcome(nothing, 0, [], {})
        except MalformedQuery as error:
            raise self._of_written(error) from error.__cause__
        if self._result is not None:
            return self._result
        so_far = (
            f"these are the rows so far: {progress.records:,} of {progress.of_records:,} records "
            "have been scanned"
        )
        found = self._answer(query, outcome, [so_far, *warnings], progress.seconds)
        found.is_partial = True
        return found

    # How it is run

    def run(self) -> QueryResult:
        """Answer the query on this thread; a terminal shows a progress bar."""
        bar = TerminalBar.wanted(self._control)
        self._control.on_wait = bar
        try:
            with working_for(self._control.is_stopped):
                result = self._run()
            with self._changing:
                if not self.done:
                    self._result = result
        except BaseException as error:
            self._control.stop()
            with self._changing:
                if not self.done:
                    self._error = error
            raise
        finally:
            if bar is not None:
                bar.close()
            self._end()
        return self.result()

    def _wait(self, timeout: float | None) -> bool:
        """Wait for the end, and tell whether it came in time."""
        bar = None if self.done else TerminalBar.wanted(self._control)
        if bar is None:
            return self._ended.wait(timeout)
        until = time.monotonic() + (math.inf if timeout is None else timeout)
        try:
            while not self._ended.wait(min(_BAR_EVERY_S, max(until - time.monotonic(), 0))):
                bar()
                if time.monotonic() >= until:
                    return False
        finally:
            bar.close()
        return True

    def open(self) -> None:
        """Open the log groups that the query reads; raises ResourceNotFound if one is missing."""
        with pointing_at_missing(self._query):
            open_inputs(self._query, self._context.sources)

    def begin(self) -> Self:
        """Start a thread that answers the query, and return at once."""
        self._control.is_watched = True

        def run() -> None:
            with suppress(BaseException):  # `result` raises it
                self.run()

        threading.Thread(target=run, name="cwnb-query", daemon=True).start()
        return self

    def _end(self) -> None:
        self._control.end()
        if self._result is not None:
            self._control.forget_parts()  # they hold the memory of partial answers
        self._checked_or_ended.set()
        self._ended.set()

    def _run(self) -> QueryResult:
        """Answer the query; start again on a new snapshot where a file of it has been removed."""
        for _ in range(TRIES - 1):
            try:
                return self._run_once()
            except SnapshotExpired:
                self._control.forget_parts()
                self._context = replace(self._context, sources=self._context.sources.again())
        return self._run_once()

    def _run_once(self) -> QueryResult:
        started, context = time.perf_counter(), self._context
        sources = context.sources
        try:
            with pointing_at_missing(self._query):
                prepare(context)
                checked, warnings = check(self._query, sources, strict=context.strict)
            completed = complete(checked, sources, limit=context.limit)
            self._checked = completed, warnings
            self._checked_or_ended.set()
            outcome = run(completed, context)
        except FaultInQuery as error:
            raise self._of_written(error) from error.__cause__
        seconds = time.perf_counter() - started
        scanned, of_records, *_ = self._control.parts[-1].scanned()
        if not scanned:
            opening = all(command.opens_events for command in completed.answer.commands)
            opened = opening and of_records > 0
            warnings = [*warnings, *warn_of_no_events(completed, context, opened=opened)]
        warnings = [*warnings, *warn_of_empty_inputs(completed, context, outcome)]
        return self._answer(completed, outcome, warnings, seconds)

    def _of_written(self, error: FaultInQuery) -> FaultInQuery:
        """Give an error about what was written; one that the engine raises has no query text."""
        expansion = self._query.meta.get("expansion")
        error.text = error.text or (self.text if expansion is None else expansion.text)
        return error if expansion is None else expansion.of_written(error)

    def _answer(
        self, query: Query, outcome: Outcome, warnings: list[str], seconds: float
    ) -> QueryResult:
        statistics: dict[str, Any] = dict(outcome.statistics)
        statistics["elapsedMs"] = round(seconds * 1000, 3)
        told = [*self._context.notes, *warnings, *outcome.warnings, *warn_of_types(query, outcome)]
        return QueryResult(
            self.text,
            query,
            outcome,
            statistics,
            list(dict.fromkeys(told)),
            events_of_inputs(query, self._context),
        )
