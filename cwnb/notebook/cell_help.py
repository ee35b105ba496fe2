"""Help at the cursor of a cell (Shift-Tab): pages of options, commands, functions and fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cwnb.notebook.completion import cursor_in_cell
from cwnb.notebook.options import SPELLINGS, help_text

if TYPE_CHECKING:
    from cwnb.notebook.completion import Completer

_ONLY_HELP = re.compile(r"\s*%(?P<line>%insights(?:\s.*)?\s(?:--help|-h))\s*")
_REST_OF_WORD = re.compile(r"[^\s=]*")


class CellHelp:
    """Answers a kernel's questions about words of our cells; all others go on to the kernel."""

    def __init__(self, completer: Completer) -> None:
        self._completer = completer
        self._kernels_own: Any = None

    def register(self, shell: Any) -> None:
        """Stand before the kernel's own `do_inspect`; a shell without a kernel has none."""
        shell.input_transformers_cleanup.append(help_alone)
        kernel = getattr(shell, "kernel", None)
        if kernel is None:
            return
        own = self._kernels_own = kernel.do_inspect

        def do_inspect(code: str, cursor_pos: int, *args: Any, **options: Any) -> Any:
            page = self.page_at(code, cursor_pos)
            if page is None:
                return own(code, cursor_pos, *args, **options)
            data = {"text/plain": page}
            return {"status": "ok", "found": True, "data": data, "metadata": {}}

        kernel.do_inspect = do_inspect

    def unregister(self, shell: Any) -> None:
        """Give the kernel its own `do_inspect` back."""
        if help_alone in shell.input_transformers_cleanup:
            shell.input_transformers_cleanup.remove(help_alone)
        kernel = getattr(shell, "kernel", None)
        if kernel is not None and self._kernels_own is not None:
            kernel.do_inspect = self._kernels_own
            self._kernels_own = None

    def page_at(self, text: str, offset: int) -> str | None:
        """Give the page about the word at a cursor; None outside of our cells.

        In the first line it is the option there, else all of them.
        """
        from cwnb.insights import page_at

        cursor = cursor_in_cell(text, offset)
        if cursor is None:
            return None
        if cursor.before is None:
            rest = _REST_OF_WORD.match(text, offset)
            return _page_of_option(cursor.line + (rest[0] if rest else ""))
        page = page_at(cursor.before, self._completer.vocabulary(cursor), cursor.after)
        return (
            page or "nothing is known of this word; Shift-Tab on the first line lists the options"
        )


def help_alone(lines: list[str]) -> list[str]:
    """Make `%%insights --help` without a query a line magic: IPython runs no cell without a body.

    Takes and gives the lines of a cell, as IPython's input transformers do.
    """
    match = _ONLY_HELP.fullmatch("".join(lines))
    return lines if match is None else [match["line"] + "\n"]


def _page_of_option(line: str) -> str:
    from cwnb.notebook.first_line import option_entry, read_unfinished

    word = line.rpartition(" ")[2]
    pending = read_unfinished(line[: len(line) - len(word)], cell=True).pending
    name = word.partition("=")[0]
    option = SPELLINGS.get(name) or pending
    if option is None:
        return help_text()
    entry = option_entry(option)
    return f"{entry.signature}\n\n{entry.about}"
