"""Find out at little cost whether a column repeats its texts, and encode it if it does."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.values.hashing import encode_texts

# For fewer rows nothing is saved.
_FEWEST_ROWS = 4_096
_SAMPLE = 4_096


def encoded_if_repeated(text: pa.Array, most: float) -> pa.DictionaryArray | None:
    """Give a string array as a dictionary if it has few different texts, else None.

    Few are at most this share of the rows, by what a sample tells: if it has d different texts,
    n of them once and t twice, all rows have about d + n² / 2t (A. Chao, 1984).
    """
    if len(text) < _FEWEST_ROWS:
        return None
    rows = np.arange(0, len(text), -(-len(text) // _SAMPLE))
    counted = pc.value_counts(text.take(pa.array(rows)).drop_null())
    counts = np.asarray(counted.field("counts"))
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    expected = len(counts) + once**2 / (2 * max(twice, 1))
    if not len(counts) or expected > most * (len(text) - text.null_count):
        return None
    encoded = encode_texts(text)
    return encoded if len(encoded.dictionary) <= most * len(text) else None
