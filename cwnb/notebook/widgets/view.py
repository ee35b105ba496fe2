"""View, what the kernel has of a view in the browser: traits it shows, and questions it asks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import anywidget
from traitlets import Unicode

from cwnb.errors import CwnbError
from cwnb.notebook.widgets.script import STYLE, script
from cwnb.results.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Reply(NamedTuple):
    """What a view is told: values that JSON takes, and bytes beside them."""

    content: dict[str, Any]
    buffers: list[bytes] = []  # noqa: RUF012 - read only


class View(anywidget.AnyWidget):  # type: ignore[misc]
    """A view of a `kind`, which says what its script has and which function of that draws it.

    A view sets traits by `{"write": {NAME: VALUE, …}}`, and asks questions by
    `{"ask": NAME, "number": N, …}`. The method of that name in `asked` gives one reply or several,
    which go back with the number, the last one marked. Each question is answered on a thread of its
    own, so that none waits for another; an error goes back as its text.
    """

    _css = STYLE
    kind = Unicode().tag(sync=True)

    # The traits that the browser sets, in the order in which things are done there. They need
    # `echo_update=False`: an echo would come back when the browser has a newer value.
    written: ClassVar[frozenset[str]] = frozenset()
    # The questions that views of this class may ask, and the methods that answer them.
    asked: ClassVar[dict[str, Callable[..., Iterable[Reply] | Reply | None]]] = {}

    def __init__(self, **traits: Any) -> None:
        self._esm = script(traits["kind"])
        super().__init__(**traits)
        self.on_msg(self._receive)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Give what shows the view, with no text for where nothing can show it."""
        bundle, _ = super()._repr_mimebundle_(**options)
        return {**bundle, "text/plain": ""}

    def _receive(self, _: Any, content: dict[str, Any], __: list[Any]) -> None:
        if "write" in content:
            # On this thread, so that it is there before what is done next.
            written = content["write"].items()
            self.set_state({name: value for name, value in written if name in self.written})
            return
        question = {name: value for name, value in content.items() if name not in {"ask", "number"}}
        asked = content.get("ask", "")
        method = _heard if asked == "heard" else self.asked.get(asked)
        if method is None:
            return
        # The answer may take its time; a view that hears nothing says that the kernel is busy.
        self.send({"to": content.get("number"), "heard": True})
        threading.Thread(
            target=self._answer,
            args=(content.get("number"), method, question),
            name="cwnb-view",
            daemon=True,
        ).start()

    def _answer(
        self,
        number: Any,
        method: Callable[..., Iterable[Reply] | Reply | None],
        question: dict[str, Any],
    ) -> None:
        try:
            replies = method(self, **question)
            for reply in [replies] if isinstance(replies, Reply) else replies or ():
                self.send({"to": number, **reply.content}, reply.buffers)
        except Exception as error:
            self.send({"to": number, "last": True, "error": sentence(error)})
        else:
            self.send({"to": number, "last": True})


def _heard(_: View) -> None:
    """Reply, so that the view knows that the kernel is there."""


def sentence(error: Exception) -> str:
    """Give the text of an error as a view shows it."""
    text = str(error) if isinstance(error, CwnbError) else f"{type(error).__name__}: {error}"
    return visible(text, keep="\n\t")
