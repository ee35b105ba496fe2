"""Whether a browser can show live views here, and the views of the answers of cells."""

from __future__ import annotations

import os
import secrets
import sys
from collections import deque
from typing import TYPE_CHECKING

from IPython.display import display

from cwnb.errors import InvalidParameter
from cwnb.nearest import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.logs import Logs
    from cwnb.notebook.widgets.answer import AnswerView
    from cwnb.results.result import QueryResult

VIEW_VARIABLE = "CWNB_VIEW"
_CHOICES = ("static", "widget")
# A view holds its answer. Those before the newest ones are closed, and their cells show the HTML.
_VIEWS_KEPT = 50


def shows_views() -> bool:
    """Tell whether a live front end is there; CWNB_VIEW=static or =widget overrides that.

    Jupyter's server gives a kernel its session by JPY_SESSION_NAME; nbconvert and nbclient do not.
    Voila names itself as the server of the page. Raises InvalidParameter for another value of
    CWNB_VIEW.
    """
    chosen = os.environ.get(VIEW_VARIABLE, "")
    if chosen and chosen not in _CHOICES:
        raise InvalidParameter(unknown(VIEW_VARIABLE, chosen, _CHOICES))
    if chosen:
        return chosen == "widget"
    return (
        "JPY_SESSION_NAME" in os.environ
        or "VSCODE_PID" in os.environ
        or os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
        or "google.colab" in sys.modules
    )


class LiveViews:
    """The views of answers in cells."""

    def __init__(self) -> None:
        self._kept: deque[AnswerView] = deque()

    @property
    def newest(self) -> AnswerView:
        """The view of the answer that was shown last."""
        return self._kept[-1]

    def show(
        self, result: QueryResult, rows: int, options_for: Callable[[Logs], tuple[str, ...]]
    ) -> None:
        """Show an answer as HTML with at most `rows` rows, which a notebook keeps, and as a view.

        The view follows as an output of its own, and hides the HTML while it is there.
        `options_for` a store are those by which a cell finds it.
        """
        from cwnb.notebook.exploration import Exploration
        from cwnb.notebook.widgets.answer import AnswerView
        from cwnb.results.display import mime_bundle

        exploration = Exploration.of(result)
        if exploration is not None:
            exploration.cell_options = options_for(exploration.logs)
        name = secrets.token_hex(6)
        view = AnswerView(result, exploration, in_cell=True, static=f"cwnb-{name}")
        display(mime_bundle(result, rows=rows, view=name), raw=True)
        display(view)
        self._kept.append(view)
        while len(self._kept) > _VIEWS_KEPT:
            self._kept.popleft().close()
