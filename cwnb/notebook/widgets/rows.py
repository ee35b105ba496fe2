"""What the view of an answer asks about its rows: those that did not come with it, and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter
from cwnb.nearest import unknown
from cwnb.notebook.widgets.view import Reply
from cwnb.results.held import MOST_BYTES, PART_BYTES, RANK_BYTES
from cwnb.results.plain_rows import csv_text, json_text, tabbed_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cwnb.notebook.widgets.answer import AnswerView

_WRITERS: dict[str, Callable[[Any], Iterator[str]]] = {
    "text": tabbed_text,
    "CSV": csv_text,
    "JSON": json_text,
}


def rest(view: AnswerView, of: int, begin: int) -> Iterator[Reply]:
    """Give the rows from `begin` on in parts, then the ranks of all rows, some columns at a time.

    Raises InvalidParameter as soon as the view shows another answer.
    """
    held = view.shown(of).held
    end = begin
    for part in held.rest(begin):
        view.shown(of)
        content = {"begin": part.begin, "end": part.end, "has_cut": part.has_cut}
        yield Reply(content, [part.texts])
        end = part.end
    columns_a_part = max(1, PART_BYTES // max(1, RANK_BYTES * end))
    ready: list[bytes] = []
    column = 0
    for ranks in held.ranks(end):
        view.shown(of)
        ready.append(ranks)
        if len(ready) == columns_a_part:
            yield Reply({"ranks_of": column}, ready)
            column, ready = column + len(ready), []
    if ready:
        yield Reply({"ranks_of": column}, ready)


def copy(
    view: AnswerView, of: int, rows: Sequence[int], columns: Sequence[int], form: str
) -> Iterator[Reply]:
    """Give cells as text, CSV or JSON (`form`), with every digit, in parts of at most 4 MB.

    A single cell as text is its value alone. Raises InvalidParameter beyond 32 MB.
    """
    import pyarrow as pa

    if form not in _WRITERS:
        raise InvalidParameter(unknown("form", form, _WRITERS))
    table = pa.table(view.shown(of).result).select(list(columns)).take(pa.array(rows, pa.int64()))
    is_one_cell = form == "text" and len(rows) == len(columns) == 1
    size = 0
    for text in _WRITERS[form](table):
        written = (text.removesuffix("\n") if is_one_cell else text).encode()
        size += len(written)
        if size > MOST_BYTES and not is_one_cell:
            raise InvalidParameter(
                f"{len(rows):,} rows are more than {MOST_BYTES // 1_000_000} MB to copy; copy "
                "fewer, or write them to a file, as result.df.to_csv(path) does"
            )
        for at in range(0, len(written), PART_BYTES):
            yield Reply({}, [written[at : at + PART_BYTES]])


ROWS: dict[str, Callable[..., Any]] = {"rest": rest, "copy": copy}
