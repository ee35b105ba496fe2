"""An exploration: groups, a window and a query, which gestures change. It draws nothing."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from cwnb.errors import CwnbError, FaultInQuery, InvalidParameter, MalformedQuery, ResourceNotFound
from cwnb.events import ALL_TIME, LOG_STREAM, Window
from cwnb.insights import (
    LANGUAGES,
    begins_at,
    conditions_to_add,
    counted_by,
    events_beginning,
    events_of_answer,
    expanded,
    keys_of_groups,
    names_made,
    parse,
    with_condition,
    write_name,
)
from cwnb.nearest import suggestion, unknown
from cwnb.notebook.cells import cell_source
from cwnb.notebook.conditions import comparable, is_other_value, is_value
from cwnb.notebook.placeholders import fill_query, literal, without_braces
from cwnb.notebook.windows import bin_window, intersection, moment_or_number, sides
from cwnb.query_sources import StoreSources
from cwnb.results.charts import KINDS
from cwnb.results.visible import visible
from cwnb.window import ALL, read_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cwnb.logs import Logs
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery

VIEWS = ("logs", "chart", "explain")
# The attributes that make the question.
_ASKED = (
    *("text", "parameters", "groups", "streams", "start", "end"),
    *("language", "limit", "strict"),
)
# Stands for an argument that was not given, where None has a meaning.
_AS_IT_IS: Any = object()
FIRST_TEXT = "fields @timestamp, @message"


@dataclass
class Exploration:
    """Groups, window and text of a query that is looked for step by step.

    >>> exploration = Exploration(logs, ["/shop/app"], start="-1h")
    >>> exploration.keep_only("level", "ERROR")
    >>> exploration.count_by("service")
    >>> exploration.run().df
    >>> exploration.to_cells()

    `start` and `end` (not included) are times as `Logs.query` reads them. `streams` are the log
    streams whose events are asked, by default those of all. `parameters` are the values of the
    `{{name}}` in the text. `limit` is the most rows, and `strict` holds the text to the service's
    rules. `view` is logs, chart or explain, and `chart` the kind of chart. `compares` asks about
    the period before too.
    A method that cannot do what it is told raises MalformedQuery, InvalidParameter or
    ResourceNotFound, and changes nothing. `undo` takes back the last change of what is asked: of
    text, parameters, groups, streams, window, language, limit or strictness. What is assigned to
    an attribute is no change of its own: it belongs to the change before it.
    """

    logs: Logs
    groups: list[str] = field(default_factory=list)
    start: Any = None
    end: Any = None
    text: str = FIRST_TEXT
    view: str = "logs"
    streams: list[str] = field(default_factory=list)
    language: str = "ql"
    parameters: dict[str, Any] = field(default_factory=dict)
    limit: int | None = None
    chart: str = "auto"
    compares: bool = False
    strict: bool = False
    # What its cells say besides: where the store is, say, if it is not that of other cells.
    cell_options: tuple[str, ...] = ()
    # What was asked (_ASKED) before each change that `undo` takes back.
    _before: list[dict[str, Any]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    _is_typing: bool = field(default=False, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, result: QueryResult) -> Self | None:
        """Give the exploration that asks again what an answer was asked; None for a DataFrame's."""
        from cwnb.logs import Logs

        context = result.events.context
        sources, window = context.sources, context.window
        if not isinstance(sources, StoreSources):
            return None
        return cls(
            Logs(sources.store),
            list(sources.groups),
            *sides(window),
            result.text,
            language=result.query.language,
            limit=context.limit,
            strict=context.strict,
        )

    def run(self) -> QueryResult:
        """Ask the query and wait for the answer; raises as `Logs.query` does."""
        return self.begin().result()

    def begin(self) -> RunningQuery:
        """Ask the query and do not wait; raises as `Logs.start` does."""
        parse(self._filled(), self.language)  # so that an error points into the text as it stands
        return self.logs.start(
            self.question,
            None if self.names_groups else self.groups or None,
            self.start,
            self.end,
            language=self.language,
            limit=self.limit,
            strict=self.strict,
        )

    @property
    def question(self) -> str:
        """The text as it is asked: with the values of its parameters, about its streams alone.

        Raises MalformedQuery for a `{{name}}` without a value.
        """
        return self._with_streams(self._filled())

    @property
    def names_groups(self) -> bool:
        """Whether the text names the log groups that it asks, so that none are chosen."""
        try:
            return parse(self._filled(), self.language).names_groups
        except MalformedQuery:  # it is told when the text is asked
            return False

    def fault_in_text(self, error: FaultInQuery) -> FaultInQuery:
        """Give an error about the question as one about the text; without a place if it has none.

        The condition for streams stands before the first command, so that places after it are
        shifted.
        """
        if error.text == self.text or error.start is None:
            return error
        shift = len(self._of_streams())
        place = self._first_command() if shift else 0
        if error.start < place:
            shift = 0
        if self._filled() != self.text or place <= error.start < place + shift:
            return error
        end = None if error.end is None else error.end - shift
        return type(error)(error.message, self.text, error.start - shift, end)

    def to_cells(self) -> list[str]:
        """Give the code of the cells that do the same, in their order."""
        text, braces = without_braces(self._with_streams(self.text), self.parameters)
        values = [f"{name} = {value!r}" for name, value in {**self.parameters, **braces}.items()]
        options = {"logs": (), "chart": ("--plot", self.chart), "explain": ("--explain",)}[
            self.view
        ]
        options += ("--lang", self.language) if self.language != "ql" else ()
        options += ("--limit", str(self.limit)) if self.limit else ()
        options += ("--strict",) if self.strict else ()
        options += self.cell_options
        groups = [] if self.names_groups else self.groups
        asked = [self, self.period_before()] if self.compares else [self]
        return ["\n".join(values)] * bool(values) + [
            # Without a start, a cell begins where a setting says.
            cell_source(text, groups, start=one.start or ALL, end=one.end, options=options)
            for one in asked
        ]

    @property
    def code(self) -> str:
        """The code of `to_cells`; where no cell can hold it, why, as a comment, and the text."""
        try:
            return "\n\n".join(self.to_cells())
        except CwnbError as error:  # such as a group whose name has both kinds of quotes
            return f"# {visible(str(error))}\n\n{self.text}"

    def period_before(self) -> Exploration:
        """Give the same about the period before: as long as the window, and up to its start.

        A window without an end is taken to end now, by the store's clock. Raises InvalidParameter
        for a window without a start, and for an empty one.
        """
        now_ms = self.logs.clock.now_ms()
        window = read_window(self.start, self.end, now_ms)
        if window.start_ms == ALL_TIME.start_ms:
            raise InvalidParameter(
                "the period before is that before the start of the window; choose a start"
            )
        end_ms = now_ms if window.end_ms == ALL_TIME.end_ms else window.end_ms
        length = end_ms - window.start_ms
        if length <= 0:
            raise InvalidParameter("the window is empty, so there is no period before it")
        start = moment_or_number(window.start_ms - length)
        return replace(self, start=start, end=moment_or_number(window.start_ms), compares=False)

    def frequent_values(self, name: str, most: int = 10) -> list[tuple[Any, int]]:
        """Give the most frequent values of a field in the window, each with its number of events.

        The text does not count. Raises as `Logs.query` does.
        """
        filled = self._filled()
        sources = filled[: begins_at(filled)] if self.names_groups else ""
        question = (
            f"{sources}{self._of_streams()}filter ispresent({write_name(name)})\n"
            f"| stats count(*) as events by {self._comparable(name)}\n"
            f"| sort events desc | limit {most:d}"
        )
        groups = None if sources else self.groups or None
        result = self.logs.query(question, groups, self.start, self.end)
        return [(value, count) for value, count in map(dict.values, result)]

    def _comparable(self, name: str) -> str:
        """Write a field so that it can be compared and counted, also where it is a list or map."""
        written = write_name(name)
        try:
            query = parse(self._filled(), self.language)
            named = [] if query.names_groups else self.groups
            sources = StoreSources(self.logs.store, named, query.selectors())
            may_be_structure = events_of_answer(query, sources).has_children(name)
            may_be_structure = may_be_structure and name not in names_made(self._filled())
        except CwnbError:  # the query will say what is wrong with it or its groups
            return written
        return comparable(written) if may_be_structure else written

    def _filled(self) -> str:
        """Give the text with the values of its parameters, and the saved queries that it calls."""
        # The text of an answer is filled already, and may have `{{` in a string.
        text = fill_query(self.text, self.parameters) if self.parameters else self.text
        if self.language != "ql" or "$" not in text:
            return text
        return expanded(text, self.logs.store.saved_query)

    def _with_streams(self, text: str) -> str:
        """Give a text with the command that keeps the events of the streams, behind its SOURCE."""
        added = self._of_streams()
        place = self._first_command() if added else 0
        return text[:place] + added + text[place:]

    def _first_command(self) -> int:
        """Give the place of the first command, behind SOURCE; 0 in a text that has a fault."""
        try:
            return begins_at(self._filled())
        except MalformedQuery:  # it is told when the text is asked
            return 0

    def _of_streams(self) -> str:
        """Give the command that keeps the events of the streams, if only some are asked."""
        if not self.streams:
            return ""
        return f"filter {LOG_STREAM} in {literal(self.streams)}\n| "

    # ------------------------------------------------------------ gestures

    def choose_groups(self, groups: Sequence[str]) -> None:
        """Ask all streams of these groups; a trailing `*` of a name is a prefix.

        Raises ResourceNotFound.
        """
        self.logs.store.match_groups(list(groups))
        if list(groups) != self.groups:
            # Streams of the groups that are left are not known yet, so all are asked.
            self._change(groups=list(groups), streams=[])

    def choose_streams(self, streams: Sequence[str]) -> None:
        """Ask about these log streams of the groups alone; none of them stands for all.

        Raises ResourceNotFound.
        """
        store = self.logs.store
        there = {
            stream.name
            for group in store.match_groups(self.groups)
            for stream in store.streams(group)
        }
        for name in streams:
            if name not in there:
                near = suggestion(name, there, cutoff=0.5)
                raise ResourceNotFound(f"no log stream of these groups is named {name!r}{near}")
        self._change(streams=list(streams))

    def choose_language(self, language: str) -> None:
        """Ask in this language."""
        _check_language(language)
        self._change(language=language)

    def choose_window(self, start: Any = None, end: Any = None) -> None:
        """Ask about these times; None leaves a side open."""
        read_window(start, end, self.logs.clock.now_ms())
        self._change(start=start, end=end)

    def write_text(self, text: str) -> None:
        """Ask this text, as it is typed: what is typed at a stretch is one change."""
        if not self._is_typing:
            self._change(text=text)
        self.text, self._is_typing = text, True

    def choose_parameter(self, name: str, value: Any) -> None:
        """Give the `{{name}}` in the text this value."""
        self._change(parameters={**self.parameters, name: value})

    def load(
        self,
        text: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        groups: Sequence[str] | None = None,
        start: Any = _AS_IT_IS,
        end: Any = _AS_IT_IS,
        language: str | None = None,
        limit: int | None = _AS_IT_IS,
        strict: bool | None = None,
    ) -> None:
        """Ask another query with these parameters, as one change; what is not given stays.

        With `groups` all their streams are asked. Raises as `choose_groups`, `choose_window` and
        `choose_language` do.
        """
        asked: dict[str, Any] = {"text": text, "parameters": dict(parameters or {})}
        if groups is not None:
            self.logs.store.match_groups(list(groups))
            asked |= {"groups": list(groups), "streams": []}
        window = {
            "start": self.start if start is _AS_IT_IS else start,
            "end": self.end if end is _AS_IT_IS else end,
        }
        read_window(window["start"], window["end"], self.logs.clock.now_ms())
        if language is not None:
            _check_language(language)
            asked["language"] = language
        if limit is not _AS_IT_IS:
            asked["limit"] = limit
        if strict is not None:
            asked["strict"] = strict
        self._change(**asked, **window)

    def end_at_newest(self) -> None:
        """Move the window so that it ends with the newest event of the groups, as long as it is.

        Raises InvalidParameter for a window without a start, and where there are no events.
        """
        now_ms = self.logs.clock.now_ms()
        window = read_window(self.start, self.end, now_ms)
        if window.start_ms == ALL_TIME.start_ms:
            raise InvalidParameter("the window has no start, so the newest event is in it already")
        extent = self.logs.store.snapshot(self.groups).extent(ALL_TIME)
        if extent is None:
            raise InvalidParameter("the groups have no events")
        end_ms = now_ms if window.end_ms == ALL_TIME.end_ms else window.end_ms
        length = max(end_ms - window.start_ms, 1)
        newest = extent.last_ms + 1  # the end of a window is not in it
        self._change(start=moment_or_number(newest - length), end=moment_or_number(newest))

    def choose_comparison(self, compares: bool) -> None:
        """Ask about the period before too, or no longer."""
        if compares:
            self.period_before()
        self.compares = compares

    def choose_view(self, view: str) -> None:
        """Show rows, chart or explanation."""
        if view not in VIEWS:
            raise InvalidParameter(unknown("view", view, VIEWS))
        self.view = view

    def choose_chart(self, kind: str) -> None:
        """Draw this kind of chart."""
        if kind not in KINDS:
            raise InvalidParameter(unknown("kind of chart", kind, KINDS))
        self.chart = kind

    def keep_only(self, name: str, value: Any, *, of_event: bool = False) -> None:
        """Keep the rows with this value of a field; None stands for rows without the field.

        `of_event`: it is a field that the events have. Otherwise it is a column of the answer,
        which the query may have made.
        """
        self._filter(name, is_value(self._comparable(name), value, name), of_event=of_event)

    def leave_out(self, name: str, value: Any, *, of_event: bool = False) -> None:
        """Leave out the rows with this value of a field; None stands for rows without the field.

        As `!=` does, it leaves out the rows without the field too. `of_event` is as in `keep_only`.
        """
        self._filter(name, is_other_value(self._comparable(name), value, name), of_event=of_event)

    def _filter(self, name: str, condition: str, *, of_event: bool) -> None:
        text = with_condition(self._filled(), name, condition, of_event=of_event)
        parse(text, self.language)  # a long value makes a longer query than the language takes
        self._change_text(text)

    def count_by(self, name: str, *, of_event: bool = False) -> None:
        """Count the events by the values of a field, most frequent first.

        `of_event` is as in `keep_only`.
        """
        key = self._comparable(name)
        self._change_text(counted_by(self._filled(), name, of_event=of_event, as_key=key))

    def drill_down(self, row: Mapping[str, Any]) -> None:
        """Look at the events behind a row of `stats`, given as a mapping of its columns.

        Keys of the groups become conditions, unless the query has them already, and a bin of time
        becomes the window. Raises InvalidParameter for rows that are no groups, and for a row that
        lacks a key.
        """
        text = self._filled()
        keys = keys_of_groups(text)
        if keys is None:
            raise InvalidParameter(
                "the events behind these rows are not known: they are no groups of 'stats' that "
                "show all their keys"
            )
        conditions, window = [], read_window(self.start, self.end, self.logs.clock.now_ms())
        is_narrower = False
        for name, (expression, bins) in keys.items():
            if name not in row:
                raise InvalidParameter(f"the row has no column {name!r}, a key of the groups")
            if bins is not None and row[name] is not None:
                # The first bin may begin before the window, and the last one end after it.
                window, is_narrower = intersection(window, bin_window(row[name], *bins)), True
            else:
                conditions.append(is_value(expression, row[name], name))
        conditions = conditions_to_add(text, conditions)
        command = f"filter {' and '.join(conditions)}" if conditions else FIRST_TEXT
        text = events_beginning(text) + command
        self._change_text(text, window if is_narrower else None)

    def narrow(self, start_ms: int, end_ms: int) -> None:
        """Ask about the part of the window from `start_ms` up to, not including, `end_ms`.

        Both are UTC epoch milliseconds. Raises InvalidParameter where the window has no such part.
        """
        window = read_window(self.start, self.end, self.logs.clock.now_ms())
        part = intersection(window, Window(start_ms, end_ms))
        if part.start_ms >= part.end_ms:
            raise InvalidParameter("the times chosen are outside the window of the query")
        start, end = sides(part)
        self._change(start=start, end=end)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change that `undo` takes back."""
        return bool(self._before)

    def undo(self) -> None:
        """Take the last change back; raises InvalidParameter where there is none."""
        if not self._before:
            raise InvalidParameter("there is nothing to undo")
        self._set(self._before.pop())

    def _change_text(self, text: str, window: Window | None = None) -> None:
        """Take a text that was made of the filled one, which has no parameters any more."""
        start, end = (self.start, self.end) if window is None else sides(window)
        self._change(text=text, parameters={}, start=start, end=end)

    def _change(self, **asked: Any) -> None:
        """Ask this, and note what was asked before, if it was something else."""
        before = {name: copy(getattr(self, name)) for name in _ASKED}
        if all(_is_same(before[name], value) for name, value in asked.items()):
            return
        if not self.groups and "groups" in asked and "text" not in asked:
            # Without groups nothing is asked, so nobody wants to go back before the first choice.
            for one in self._before:
                one["groups"] = one["groups"] or list(asked["groups"])
        else:
            self._before.append(before)
        self._set(asked)

    def _set(self, asked: Mapping[str, Any]) -> None:
        for name, value in asked.items():
            setattr(self, name, value)
        self._is_typing = False


def _is_same(before: Any, now: Any) -> bool:
    if isinstance(now, dict):  # of parameters, which may be arrays: `==` gives no bool of these
        return before.keys() == now.keys() and all(before[name] is now[name] for name in now)
    return bool(before == now)


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise InvalidParameter(unknown("language", language, LANGUAGES))
