"""Whether a browser can show live views here, and the views of the answers of a cell."""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from IPython.display import display

from cwnb.errors import InvalidParameter

if TYPE_CHECKING:
    from cwnb.notebook.widgets.answer import AnswerView
    from cwnb.results.result import QueryResult

_CHOICES = ("static", "widget")
# A view holds its answer. Those before the newest ones are closed, and their cells show the HTML.
_VIEWS_KEPT = 50


def shows_views() -> bool:
    """Tell whether a live front end is there; CWNB_VIEW=static or =widget overrides that.

    Jupyter's server gives a kernel its session by JPY_SESSION_NAME; nbconvert and nbclient do not.
    Raises InvalidParameter for another value of CWNB_VIEW.
    """
    chosen = os.environ.get("CWNB_VIEW", "")
    if chosen and chosen not in _CHOICES:
        raise InvalidParameter(f"unknown CWNB_VIEW {chosen!r}; it is one of {', '.join(_CHOICES)}")
    if chosen:
        return chosen == "widget"
    return (
        "JPY_SESSION_NAME" in os.environ
        or "VSCODE_PID" in os.environ
        or "google.colab" in sys.modules
    )


class LiveViews:
    """The views of answers, each shown after the HTML of its answer."""

    def __init__(self) -> None:
        self._waiting: list[AnswerView] = []
        self._kept: deque[AnswerView] = deque()

    def view_of(self, result: QueryResult) -> str:
        """Make the view of an answer, to be shown when the cell ends, and give its name.

        The name is empty where no browser can show it.
        """
        if not shows_views():
            return ""
        from cwnb.notebook.exploration import Exploration
        from cwnb.notebook.widgets.answer import AnswerView

        view = AnswerView(result, Exploration.of(result), in_cell=True)
        self._waiting.append(view)
        name: Any = view.model_id
        return str(name)

    def show_waiting(self) -> None:
        """Show the views that wait; IPython calls this at the end of each cell."""
        waiting, self._waiting = self._waiting, []
        for view in waiting:
            display(view)
            self._kept.append(view)
        while len(self._kept) > _VIEWS_KEPT:
            self._kept.popleft().close()
