"""Filter and extract from messages in slices of some thousand rows, which fit into the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import MESSAGE
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.evaluate import as_array, evaluate_array, evaluate_condition
from cwnb.insights.engine.faults import refuse_structures
from cwnb.insights.tree import fields_read
from cwnb.insights.values import json_blocks
from cwnb.insights.values.documents import items_of, values_at, walk
from cwnb.insights.values.repeated import encoded_if_repeated
from cwnb.insights.values.structures import read_structures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlglot import exp

    from cwnb.insights.values.documents import ReadDocuments

_ROWS = 8_192
_ROW_NUMBER = "#row"
# Texts are encoded before something is searched in each if there are at most so many for each row:
# to number them takes a fraction of the time of a regex with groups.
_REPEATED = 0.2


def filter_slices(
    conditions: list[exp.Expression], batch: Batch, slices: Iterable[Any], *, keep: bool
) -> None:
    """Keep the rows for which all conditions are true; the conditions read only the message.

    `keep`: store the messages of these rows in the batch, because a later step reads them.
    """
    found, messages, start = [], [], 0
    for part in slices:
        small = _small(part, batch)
        small.set(_ROW_NUMBER, pa.array(np.arange(start, start + len(part))))
        for condition in conditions:
            if small.rows:
                small.filter(evaluate_condition(condition, small))
        found.append(small.column(_ROW_NUMBER).to_numpy())
        if keep:
            messages.append(small.column(MESSAGE))
        start += len(part)
    mask = np.zeros(batch.rows, dtype=bool)
    for rows in found:
        mask[rows] = True
    batch.filter(pa.array(mask))
    if keep:
        batch.keep(MESSAGE, columns.concat(messages))


def over_slices(
    source: exp.Expression, batch: Batch, compute: Callable[[Any], list[Any]]
) -> list[Any]:
    """Call `compute` with each slice of the text of an expression; gives its columns whole.

    The texts of a dictionary are computed once each.
    """
    texts = _message_texts(source, batch, text_of)
    if texts is None:
        text = _text(source, batch)
        if pa.types.is_string(text.type):
            text = encoded_if_repeated(text, _REPEATED) or text
        if pa.types.is_dictionary(text.type):
            if len(text.dictionary) < len(text):
                parts = _in_slices(_slices(text.dictionary), compute)
                return [_taken(part, text.indices) for part in parts]
            text = text.dictionary_decode()
        texts = _slices(text)
    return _in_slices(texts, compute)


def _in_slices(texts: Iterable[Any], compute: Callable[[Any], list[Any]]) -> list[Any]:
    made = []
    for text in texts:
        checkpoint()
        made.append(compute(text))
    return [columns.concat(list(parts)) for parts in zip(*made, strict=True)]


def _taken(column: Any, codes: Any) -> Any:
    """Give the values of these codes; texts stay a dictionary, so that later work is saved too."""
    if not pa.types.is_string(column.type):
        return column.take(codes)
    unique = column.dictionary_encode()
    return pa.DictionaryArray.from_arrays(unique.indices.take(codes), unique.dictionary)


def text_slices(source: exp.Expression, batch: Batch) -> Iterator[Any]:
    """Give the text of an expression as strings, in slices; one without rows if there are none.

    Raises MalformedQuery for a list or map, which is no text.
    """
    texts = _message_texts(source, batch, _plain_text)
    return _slices(_plain_text(source, batch)) if texts is None else texts


def _plain_text(source: exp.Expression, batch: Batch) -> Any:
    value = evaluate_array(source, batch)
    refuse_structures(value, source, "a list or map has no pattern; pick a value of it")
    return values.decode(as_array(values.to_text(value), batch.rows))


def _message_texts(
    source: exp.Expression, batch: Batch, read: Callable[[exp.Expression, Batch], Any]
) -> Iterator[Any] | None:
    """Give what `read` makes of an expression of messages alone, if they are read in slices."""
    slices = batch.message_slices() if fields_read(source) == {MESSAGE} else None
    if slices is None:
        return None
    return (read(source, _small(part, batch)) for part in slices)


def _small(part: Any, batch: Batch) -> Batch:
    return Batch(len(part), batch.query_values, columns={MESSAGE: part})


def _slices(text: Any) -> Iterator[Any]:
    for start in range(0, max(1, len(text)), _ROWS):
        yield text.slice(start, _ROWS)


def text_of(source: exp.Expression, batch: Batch) -> Any:
    """Evaluate an expression as strings without a dictionary; a structure is missing."""
    return values.decode(_text(source, batch))


def _text(source: exp.Expression, batch: Batch) -> Any:
    value = values.without_structures(evaluate_array(source, batch))
    return as_array(values.to_text(value), batch.rows)


@dataclass(frozen=True)
class Documents:
    """The maps and lists that `read` makes of the texts of an expression, from a path on.

    A map or list among the values of the expression is given to `read` as its JSON.

    `prepare` makes the texts of the expression those that are read. `of_field`: `read` gives the
    list or map of a field of the events, which has this path in them; keys with dots may give its
    parts.
    """

    source: exp.Expression
    read: ReadDocuments
    path: tuple[str, ...] = ()
    of_field: tuple[str, ...] | None = None
    prepare: Callable[[Any], Any] | None = None

    def reads(self) -> set[str]:
        """Name the fields that the texts are made of."""
        return fields_read(self.source)

    def values_at(self, batch: Batch, below: list[list[str]]) -> list[Any]:
        """Give a column for each path below that of the documents; `[]` is the whole."""
        paths = [[*self.path, *steps] for steps in below]
        made = [self._columns_at(part, paths) for part in self._texts(batch)]
        return [columns.concat(list(parts)) for parts in zip(*made, strict=True)]

    def items_at(
        self, batch: Batch, below: list[str], of_items: list[list[str]]
    ) -> tuple[np.ndarray[Any, Any], list[Any]]:
        """Give how many items the list at a path of each document has, and columns of the items.

        There is one for each path of `of_items` into the items. What is no list counts as one item.
        """
        path = [*self.path, *below]
        made = [self._items_at(values.decode(part), path, of_items) for part in self._texts(batch)]
        counts, found = zip(*made, strict=True)
        return np.concatenate(counts), [
            columns.concat(list(parts)) for parts in zip(*found, strict=True)
        ]

    def _columns_at(self, texts: Any, paths: list[list[str]]) -> list[Any]:
        if pa.types.is_dictionary(texts.type):
            return [
                column.take(texts.indices) for column in self._columns_at(texts.dictionary, paths)
            ]
        found = json_blocks.columns_at(texts, paths) if self.read is read_structures else None
        return values_at(texts, self.read, paths) if found is None else found

    def _items_at(
        self, texts: Any, path: list[str], of_items: list[list[str]]
    ) -> tuple[np.ndarray[Any, Any], list[Any]]:
        of_field = () if self.read is read_structures else self.of_field
        if of_field is not None:
            or_map = self.of_field is not None
            found = json_blocks.items_at(texts, [*of_field, *path], of_items, or_map=or_map)
            if found is not None:
                return found
        documents = self.read(texts.to_pylist())
        return items_of((None if d is None else walk(d, path) for d in documents), of_items)

    def _texts(self, batch: Batch) -> Iterator[Any]:
        slices = batch.message_slices() if self.reads() == {MESSAGE} else None
        for rows in [batch] if slices is None else (_small(part, batch) for part in slices):
            checkpoint()
            texts = as_array(values.to_text(evaluate_array(self.source, rows)), rows.rows)
            if self.prepare is not None:
                texts = self.prepare(values.decode(texts))
            # Those of a dictionary are read once each.
            yield from [texts] if pa.types.is_dictionary(texts.type) else _slices(texts)
