"""`%%insights` and `%insights`: read the options, call the library once, show the answer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display
from traitlets import Any as AnyTrait
from traitlets import Enum, Int, List, Unicode, Union

from cwnb.errors import CwnbError, InvalidParameter, QueryCancelled
from cwnb.notebook.cell_help import CellHelp
from cwnb.notebook.completion import Completer
from cwnb.notebook.options import help_text, read_options
from cwnb.notebook.placeholders import fill_query, fill_word
from cwnb.notebook.stores import Stores, groups_to_ask
from cwnb.results.charts import KINDS
from cwnb.results.visible import visible
from cwnb.window import narrowed_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.notebook.options import Options
    from cwnb.results.result import QueryResult


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
    plot = Enum((*KINDS, "none"), "none", help="The chart without --plot.").tag(config=True)

    def __init__(self, shell: Any = None, **settings: Any) -> None:
        super().__init__(shell, **settings)
        self.stores = Stores()
        self.completer = Completer(self)
        self.help = CellHelp(self.completer)

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def insights(self, line: str, cell: str | None = None) -> QueryResult | None:
        """Ask a Logs Insights question; `%insights --help` lists the options."""
        with _without_traceback():
            return self._answer(line, cell)

    def _answer(self, line: str, cell: str | None) -> QueryResult | None:
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
        text = fill_query(text, variables)
        logs = self.stores.open(self.stores.find(options, self.store, variables))
        result = logs.query(
            text,
            groups_to_ask(options.groups, self.groups, logs),
            start=narrowed_start(
                options.start, options.end, logs.clock.now_ms(), configured=self.start
            ),
            end=options.end,
            language=options.language,
            strict=options.strict,
            limit=options.limit or self.limit,
        )
        return self._show(result, options)

    def _show(self, result: QueryResult, options: Options) -> QueryResult | None:
        """Show chart and explanation; the table follows as the value of the cell."""
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
            _show_line(f"no chart: {error}")
        return
    display(figure)


def _show_stored(result: QueryResult, what: str) -> None:
    from cwnb.results.html import summary

    _show_line(" · ".join([what, *summary(len(result), result.statistics, result.window)]))
    for warning in result.warnings:
        _show_line(f"warning: {warning}")


def _show_line(text: str) -> None:
    from cwnb.results.html import line_html

    display({"text/plain": visible(text), "text/html": line_html(text)}, raw=True)


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Show an error as its message, without a traceback.

    IPython calls `_render_traceback_` of an exception. Its own UsageError also shows the message
    alone, but nbval and nbconvert do not notice that error.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise _hide_traceback(
            QueryCancelled("the query was interrupted; nothing was changed")
        ) from None
    except CwnbError as error:
        raise _hide_traceback(error) from None


def _hide_traceback(error: CwnbError) -> CwnbError:
    text = visible(f"{type(error).__name__}: {error}", keep="\n\t")
    error._render_traceback_ = lambda: [text]  # type: ignore[attr-defined]
    return error
