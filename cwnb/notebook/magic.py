"""`%%insights` and `%insights`: read the options, call the library once, show the answer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)
from IPython.display import display
from traitlets import Any as AnyTrait
from traitlets import Enum, Float, Int, List, TraitError, Unicode, Union, validate

from cwnb.errors import CwnbError, InvalidParameter, QueryCancelled
from cwnb.notebook import call_errors
from cwnb.notebook.cell_help import CellHelp
from cwnb.notebook.cells import cell_source
from cwnb.notebook.completion import Completer
from cwnb.notebook.history import History
from cwnb.notebook.live import LiveViews, shows_views
from cwnb.notebook.options import Options, help_text, read_options
from cwnb.notebook.placeholders import fill_query, fill_word
from cwnb.notebook.stores import Stores, groups_to_ask
from cwnb.notebook.waiting import show_line, wait_for
from cwnb.results.charge import PRICE_PER_GB, PRICE_REGION
from cwnb.results.charts import KINDS
from cwnb.results.html import ROWS_SHOWN
from cwnb.results.zones import display_zone
from cwnb.times import Clock
from cwnb.window import narrowed_start, read_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

    from cwnb.logs import Logs
    from cwnb.notebook.widgets.explorer import Explorer
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery


# The class whose rows `save_rows` counts; it is imported with the first query.
_RESULT = ("cwnb.results.result", "QueryResult")


@magics_class
class Cwnb(Magics):  # type: ignore[misc]
    """The magics and their settings, which `%config Cwnb` lists."""

    store = AnyTrait(None, help="The store to ask: a folder, or an open Logs.").tag(config=True)
    groups = Union([List(Unicode()), Unicode()], help="Log groups to ask where -g names none.").tag(
        config=True
    )
    start = Unicode(
        "", help="Where the window begins without --start; empty: as CWNB_START, or all there is."
    ).tag(config=True)
    limit = Int(None, allow_none=True, help="The most rows without --limit.").tag(config=True)
    tz = Unicode("UTC", help="The zone in which tables and charts show times.").tag(config=True)
    plot = Enum((*KINDS, "none"), "none", help="The chart without --plot.").tag(config=True)

    save_rows = Int(
        ROWS_SHOWN,
        min=0,
        help="The rows of an answer that a cell shows and the notebook file keeps, as plain text.",
    ).tag(config=True)

    price_per_gb = Float(
        PRICE_PER_GB,
        min=0,
        help=(
            "What the service charges for a GB that a query scans, in dollars, for the explorer: "
            "0.005 in US East (N. Virginia) in June 2026; aws.amazon.com/cloudwatch/pricing lists "
            "all Regions."
        ),
    ).tag(config=True)
    price_region = Unicode(PRICE_REGION, help="The Region whose price that is.").tag(config=True)

    def __init__(self, shell: Any = None, **settings: Any) -> None:
        super().__init__(shell, **settings)
        self.stores = Stores()
        self.completer = Completer(self)
        self.help = CellHelp(self.completer)
        self.history = History()
        self.live = LiveViews()

    @validate("start", "tz")
    def _refuse_setting(self, proposal: dict[str, Any]) -> str:
        """Refuse a start that is no time, and a zone that is none, when they are set.

        `%config` shows the message of a TraitError alone, and gives the setting its old value back.
        """
        value: str = proposal["value"]
        try:
            if proposal["trait"].name == "tz":
                display_zone(value)
            elif value:
                read_window(value, None, Clock().now_ms())
        except CwnbError as error:
            raise TraitError(str(error)) from None
        return value

    def register(self) -> None:
        """Tie completion, help and the setting `save_rows` to the shell."""
        self.completer.register()
        self.help.register(self.shell)
        formatter = self.shell.display_formatter
        formatter.mimebundle_formatter.for_type_by_name(*_RESULT, self._bundle)
        formatter.ipython_display_formatter.for_type_by_name(*_RESULT, self._show_live)
        call_errors.register(self.shell)

    def unregister(self) -> None:
        """Give the shell back as it was."""
        self.completer.unregister()
        self.help.unregister(self.shell)
        formatter = self.shell.display_formatter
        for shown in (formatter.mimebundle_formatter, formatter.ipython_display_formatter):
            shown.pop(".".join(_RESULT), None)
        call_errors.unregister(self.shell)

    def _bundle(self, result: QueryResult) -> dict[str, str]:
        """Give what the notebook keeps of an answer."""
        from cwnb.results.display import mime_bundle

        return mime_bundle(result, rows=self.save_rows)

    def _show_live(self, result: QueryResult) -> None:
        """Show an answer and its view; IPython goes on to `_bundle` where no browser shows views.

        NotImplementedError is how IPython is told so.
        """
        try:
            is_live = shows_views()
        except InvalidParameter as error:
            show_line(f"warning: {error}")
            is_live = False
        if not is_live:
            raise NotImplementedError
        self.live.show(
            result,
            self.save_rows,
            lambda logs: self.stores.options_for(logs, self.store, self.shell.user_ns),
        )

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def insights(self, line: str, cell: str | None = None) -> QueryResult | RunningQuery | None:
        """Ask a Logs Insights question; `%insights --help` lists the options."""
        with _without_traceback():
            return self._answer(line, cell)

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_magic  # type: ignore[untyped-decorator]
    def insights_groups(self, line: str) -> DataFrame | None:
        """Give the log groups of the store as a DataFrame: `%insights_groups [PREFIX]`."""
        with _without_traceback():
            words, logs = self._words(line)
            groups = logs.groups()
            wanted = tuple(word.removesuffix("*") for word in words)
            return groups[groups["name"].str.startswith(wanted)] if wanted else groups

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_magic  # type: ignore[untyped-decorator]
    def insights_fields(self, line: str) -> DataFrame | None:
        """Give the fields of a log group as a DataFrame: `%insights_fields GROUP` or `PREFIX*`."""
        with _without_traceback():
            words, logs = self._words(line)
            groups = groups_to_ask(words, self.groups, logs, remedy="write %insights_fields GROUP")
            if len(groups) > 1:
                raise InvalidParameter(f"name one group or a prefix such as '/a/*', not {groups}")
            return logs.fields(groups[0])

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_magic  # type: ignore[untyped-decorator]
    def insights_history(self, line: str) -> DataFrame | None:
        """Give the questions that were asked, newest first, as a DataFrame.

        `%insights_history TEXT` gives those with a text in query or groups, and
        `%insights_history 3` writes the third one into a new cell.
        """
        with _without_traceback():
            words, logs = self._words(line)
            wanted = " ".join(words)
            if not wanted.isdecimal():
                return self.history.frame(logs, wanted)
            self.shell.set_next_input(self.history.entry(logs, int(wanted)).source)
            return None

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_magic  # type: ignore[untyped-decorator]
    def insights_saved(self, line: str) -> DataFrame | None:
        """Give the saved queries as a DataFrame; `%insights_saved NAME` writes one into a new cell.

        Its parameters become variables with their defaults, where there are none of these names.
        """
        with _without_traceback():
            words, logs = self._words(line)
            if not words:
                return logs.saved_queries()
            query = logs.saved_query(" ".join(words))
            self.shell.set_next_input(cell_source(query.text, query.groups))
            for name, value in query.parameters.items():
                if name not in self.shell.user_ns:
                    self.shell.user_ns[name] = value
                    show_line(f"{name} = {value!r}, the default of the saved query")
            return None

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_magic  # type: ignore[untyped-decorator]
    def insights_explore(self, line: str) -> Explorer | None:
        """Open the explorer: `%insights_explore [-g GROUP…] [--start TIME] [--end TIME] [query]`.

        It takes --lang, --limit, --plot, --explain, --store and --logs too. `e = %insights_explore`
        keeps it, with `e.result` and `e.exploration`.
        """
        with _without_traceback():
            variables = self.shell.user_ns
            options = read_options(line, cell=False, expand=lambda word: fill_word(word, variables))
            if options.help:
                print(self.insights_explore.__doc__)  # noqa: T201 - what was asked for
                return None
            _refuse_for_explorer(options)
            logs = self.stores.open(self.stores.find(options, self.store, variables))
            explorer = logs.explore(
                options.groups,
                options.query or None,
                options.start,
                options.end,
                language=options.language,
                limit=options.limit,
            )
            kind = None if options.plot == "none" else options.plot
            explorer.exploration.choose_chart(kind or "auto")
            explorer.exploration.choose_view(
                "explain" if options.explain else "chart" if kind else "logs"
            )
            explorer.show()
            return explorer

    def _words(self, line: str) -> tuple[list[str], Logs]:
        """Read a line of names, with --store or --logs; gives the names and the store."""
        variables = self.shell.user_ns
        options = read_options(line, cell=False, expand=lambda word: fill_word(word, variables))
        if options != Options(store=options.store, logs=options.logs, query=options.query):
            raise InvalidParameter("of the options, only --store and --logs go here")
        if late := next((w for w in options.query.split() if w.startswith("-")), None):
            raise InvalidParameter(f"write {late} before the names")
        logs = self.stores.open(self.stores.find(options, self.store, variables))
        words = [name for word in options.query.split() for name in fill_word(word, variables)]
        return words, logs

    def _answer(self, line: str, cell: str | None) -> QueryResult | RunningQuery | None:
        shows_views()  # a wrong setting is told before the query is asked
        variables = self.shell.user_ns
        options = read_options(
            line, cell=cell is not None, expand=lambda word: fill_word(word, variables)
        )
        text = options.query if cell is None else cell.strip("\n").rstrip()
        if options.help or (cell is None and not line.strip()):
            print(help_text())  # noqa: T201 - what was asked for
            return None
        if not text.strip():
            raise InvalidParameter("there is no query; write one below the first line")
        logs = self.stores.open(self.stores.find(options, self.store, variables))
        with self.history.asking(logs, line, cell, text) as entry:
            question = fill_query(text, variables)
            from cwnb.insights import groups_of_calls, parse

            query = parse(question, options.language, logs.store.saved_query)
            groups: list[str] = []
            if options.groups or not query.names_groups:
                said, _ = groups_of_calls(query, logs.store.saved_query)
                groups = groups_to_ask(options.groups, self.groups, logs, hint=said)
            start = narrowed_start(
                options.start, options.end, logs.clock.now_ms(), configured=self.start
            )
            asked: dict[str, Any] = {
                "language": options.language,
                "strict": options.strict,
                "limit": options.limit or self.limit,
            }
            entry.asked_with(groups, start, options.end, **asked)
            running = logs.start(question, groups, start=start, end=options.end, **asked)
            if options.save is not None:
                logs.save_query(options.save, text, entry.groups)
            if options.no_wait:
                return self._hand_over(running, options.target)
            result = wait_for(running)
            entry.answered(result)
        return self._show(result, options)

    def _hand_over(self, running: RunningQuery, target: str | None) -> RunningQuery | None:
        if target is None:
            return running
        self.shell.user_ns[target] = running
        show_line(f"{target} is a RunningQuery · {target}.result() waits for its answer")
        return None

    def _show(self, result: QueryResult, options: Options) -> QueryResult | None:
        """Show chart and explanation; the table follows as the value of the cell."""
        result.tz = self.tz
        kind = options.plot or self.plot
        if kind != "none":
            _show_chart(result, kind, asked=options.plot is not None)
        if options.explain:
            display(result.explain())
        if options.into is None and options.target is None:
            return result
        name = options.into or options.target
        self.shell.user_ns[name] = result.df if options.into else result
        _show_stored(result, f"{name} is a {'DataFrame' if options.into else 'QueryResult'}")
        return None


# What `%%insights?` and `%insights?` show.
Cwnb.insights.__doc__ = f"Ask a Logs Insights question.\n\n{help_text()}"


def _show_chart(result: QueryResult, kind: str, *, asked: bool) -> None:
    try:
        figure = result.plot(kind)
    except InvalidParameter as error:
        if kind != "auto":
            raise
        # "auto" means a chart where one fits; the table is the answer either way.
        if asked:
            show_line(f"no chart: {error}")
        return
    display(figure)


def _show_stored(result: QueryResult, what: str) -> None:
    from cwnb.results.emptiness import reasons_beside_warnings
    from cwnb.results.html import summary

    show_line(" · ".join([what, *summary(len(result), result.statistics, result.window)]))
    for warning in result.warnings:
        show_line(f"warning: {warning}")
    for reason in reasons_beside_warnings(result):
        show_line(reason)


def _refuse_for_explorer(options: Options) -> None:
    """Raise InvalidParameter for what an explorer has no use for."""
    for name in ("into", "no_wait", "save", "strict", "target"):
        if getattr(options, name):
            word = "NAME <<" if name == "target" else f"--{name.replace('_', '-')}"
            raise InvalidParameter(f"%insights_explore does not take {word}")


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Show an error as its message, without a traceback.

    IPython calls `_render_traceback_` of an exception. Its own UsageError also shows the message
    alone, but nbval and nbconvert do not notice that error.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise _hide_traceback(QueryCancelled("interrupted before the query began")) from None
    except CwnbError as error:
        raise _hide_traceback(error) from None


def _hide_traceback(error: CwnbError) -> CwnbError:
    text = call_errors.text_of(error)
    error._render_traceback_ = lambda: [text]  # type: ignore[attr-defined]
    return error
