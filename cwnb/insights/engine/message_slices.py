"""Filter and extract from messages in slices of some thousand rows, which fit into the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import MESSAGE
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.evaluate import as_array, evaluate_array, evaluate_condition
from cwnb.insights.tree import fields_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlglot import exp

_ROWS = 8_192
_ROW_NUMBER = "#row"


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
    """Call `compute` with each slice of the text of an expression; gives its columns whole."""
    slices = batch.message_slices() if fields_read(source) == {MESSAGE} else None
    texts: Iterator[Any]
    if slices is not None:
        texts = (text_of(source, _small(part, batch)) for part in slices)
    else:
        texts = _slices(text_of(source, batch))
    made = []
    for text in texts:
        checkpoint()
        made.append(compute(text))
    return [columns.concat(list(parts)) for parts in zip(*made, strict=True)]


def _small(part: Any, batch: Batch) -> Batch:
    return Batch(len(part), batch.query_values, columns={MESSAGE: part})


def _slices(text: Any) -> Iterator[Any]:
    for start in range(0, max(1, len(text)), _ROWS):
        yield text.slice(start, _ROWS)


def text_of(source: exp.Expression, batch: Batch) -> Any:
    """Evaluate an expression as strings without a dictionary; a structure is missing."""
    value = evaluate_array(source, batch)
    if values.is_structure(value.type):
        return pa.nulls(batch.rows, pa.string())
    text = as_array(values.to_text(value), batch.rows)
    return text.dictionary_decode() if pa.types.is_dictionary(text.type) else text
