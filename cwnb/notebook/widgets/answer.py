"""The view of an answer: rows that are sorted and searched, and a histogram above them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from traitlets import Bytes, Dict, Unicode

from cwnb.notebook.widgets.view import Reply, View
from cwnb.results.held import HeldRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.results.result import QueryResult

_FIRST_ROWS = 500
_ROWS_A_PART = 20_000


class AnswerView(View):
    """Shows a result. The first rows travel with the view, the rest when it asks."""

    answer = Dict().tag(sync=True)
    first = Bytes().tag(sync=True)
    static = Unicode().tag(sync=True)

    def __init__(self, result: QueryResult, **traits: Any) -> None:
        self._result = result
        self._held = HeldRows(result)
        super().__init__(kind="answer", **traits)
        self.show()

    def show(self) -> None:
        """Give the browser the first rows."""
        held = self._held
        count = min(held.rows, _FIRST_ROWS)
        with self.hold_sync():
            self.answer = {
                "columns": [asdict(column) for column in held.columns],
                "rows": held.rows,
                "first": count,
                "rows_left": held.rows_left,
                "columns_left": held.columns_left,
            }
            self.first = orjson.dumps(held.texts(0, count))

    def rest(self, begin: int) -> Iterator[Reply]:
        """Give the rows from `begin` on in parts, then the ranks of all."""
        held = self._held
        for at in range(begin, held.rows, _ROWS_A_PART):
            end = min(at + _ROWS_A_PART, held.rows)
            yield Reply({"begin": at, "end": end}, [orjson.dumps(held.texts(at, end))])
        yield Reply({"ranks": True}, held.ranks(held.rows))

    asked: ClassVar = {"rest": rest}
