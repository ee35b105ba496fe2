"""The view in which a query is written: it colours, completes and underlines by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Dict, Unicode, default, validate

from cwnb.insights import Vocabulary
from cwnb.notebook.widgets.view import View
from cwnb.notebook.widgets.vocabulary import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from traitlets import Bunch

    from cwnb.errors import FaultInQuery


class EditorView(View):
    """A field for the text of a query.

    >>> editor = EditorView(label="Query", vocabulary=words_of(vocabulary))
    >>> editor.on_run(lambda: run(editor.text))

    `text` is what stands in the field; its lines end with a line feed alone. `vocabulary` is a dict
    that `words_of` gives; by default it has the words of the language, and no names of a store.
    `error` is empty or has a `message` and, of the text as it stands, the first character `from`
    and the one after the last `to`; it goes when the text is changed. `label` names the field for
    those who do not see it.
    """

    text = Unicode().tag(sync=True, echo_update=False)
    vocabulary = Dict().tag(sync=True)
    error = Dict().tag(sync=True, echo_update=False)
    label = Unicode("Query").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._on_run: list[Callable[[], object]] = []
        super().__init__(kind="editor", **traits)

    def on_run(self, callback: Callable[[], object]) -> None:
        """Call this, on a thread of its own, when Ctrl-Enter is pressed."""
        self._on_run.append(callback)

    def show_error(self, error: FaultInQuery) -> None:
        """Show what an error says, and underline where it is."""
        shown: dict[str, Any] = {"message": error.message}
        # A text whose placeholders were filled has its fault at another place.
        if error.start is not None and error.text == self.text:
            shown |= {"from": error.start, "to": max(error.end or 0, error.start + 1)}
        self.error = shown

    @default("vocabulary")
    def _words_of_the_language(self) -> dict[str, Any]:
        return words_of(Vocabulary())

    @validate("text")
    def _with_line_feeds(self, proposal: Bunch) -> str:
        # A browser's field has no other line ends, so places in its text would differ.
        return str(proposal["value"]).replace("\r\n", "\n").replace("\r", "\n")

    def _run(self) -> None:
        for callback in list(self._on_run):
            callback()

    written: ClassVar = frozenset({"text", "error"})
    asked: ClassVar = {"run": _run}
