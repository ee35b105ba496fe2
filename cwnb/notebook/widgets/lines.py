"""Lines of text in the explorer: what is the state, what went wrong, how a query was run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Dict, List, Unicode

from cwnb.notebook.widgets.view import View
from cwnb.results.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable


class LinesView(View):
    """Lines of text, each "plain", "note" or "error".

    A Label of ipywidgets would read what stands between dollar signs as a formula.
    """

    lines = List(Dict()).tag(sync=True)
    # Code that stands below the lines, to be read and copied.
    code = Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(kind="lines", **traits)

    def say(self, text: str, kind: str = "plain", *, code: str = "") -> None:
        """Show one text, or nothing for an empty one."""
        self.say_all([(text, kind)], code=code)

    def say_all(self, texts: Iterable[tuple[str, str]], *, code: str = "") -> None:
        """Show texts, each with its kind, in this order."""
        with self.hold_sync():
            self.lines = [
                {"text": visible(text, keep="\n\t"), "kind": kind} for text, kind in texts if text
            ]
            self.code = code

    @property
    def text(self) -> str:
        """What it says, a line each."""
        return "\n".join(line["text"] for line in self.lines)
