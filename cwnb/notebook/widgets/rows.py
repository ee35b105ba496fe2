"""What the view of an answer asks about its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from cwnb.notebook.widgets.view import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cwnb.notebook.widgets.answer import AnswerView

_ROWS_A_PART = 20_000


def rest(view: AnswerView, of: int, begin: int) -> Iterator[Reply]:
    """Give the rows from `begin` on in parts, then the ranks of all."""
    held = view.shown(of).held
    for at in range(begin, held.rows, _ROWS_A_PART):
        end = min(at + _ROWS_A_PART, held.rows)
        yield Reply({"begin": at, "end": end}, [orjson.dumps(held.texts(at, end))])
    yield Reply({"ranks": True}, held.ranks(held.rows))


ROWS: dict[str, Callable[..., Any]] = {"rest": rest}
