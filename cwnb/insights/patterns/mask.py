"""Put marks for times, addresses and numbers, and count the distinct texts that are left.

A mark is one private character of Unicode, so that a text can be cut into words as it is, and no
word of a line is taken for a mark. `KINDS` has the name that a pattern shows for each. `reduce` has
made every run of digits one `0` before; so these regular expressions read `0:0:0` as a time of day,
and they read each distinct text once.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.patterns.reduce import HEX_MARK, UUID_MARK, reduced, without_end

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_MARK = "\ue002"
IP_MARK = "\ue003"
NUMBER_MARK = "\ue004"
# Words that differ between the texts of one pattern; `words` puts these two.
PATH_MARK = "\ue005"
TOKEN_MARK = "\ue006"  # noqa: S105 - no password

KINDS = {
    UUID_MARK: "UUID",
    HEX_MARK: "Hex",
    TIME_MARK: "Time",
    IP_MARK: "IP",
    NUMBER_MARK: "Number",
    PATH_MARK: "Path",
    TOKEN_MARK: "Token",
}

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_WEEKDAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_CLOCK = r"0:0:0(?:[.,]0)?(?:Z\b| ?(?:UTC|GMT)\b| ?[-+]0(?::0)?\b)?"
_DATE = rf"(?:{_MONTH} +0,?|0[ /-]{_MONTH})(?:[ /-]0)?"

# In this order, as RE2 reads them; a mark may replace all but the group that is written back.
MASKS = (
    # Eight groups of an IPv6 address, and six of a hardware address.
    (r"\b(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}\b", IP_MARK),
    (r"\b(?:[0-9a-fA-F]{1,2}[:-]){5}[0-9a-fA-F]{1,2}\b", HEX_MARK),
    # `Sat Jul 9 12:16:49 UTC 2005`: only after a weekday is the number behind the time a year.
    (rf"\b{_WEEKDAY},? +{_DATE}[ T:]+{_CLOCK}(?: (?:[A-Z]{{3,4}} )?0\b)?", TIME_MARK),
    (rf"\b{_DATE}[ T:]+{_CLOCK}", TIME_MARK),
    (rf"\b(?:0-0-0|0/0/0|0\.0\.0)[ T:-]+{_CLOCK}", TIME_MARK),
    (r"\b0-0-0-0\.0\.0(?:\.0)?\b", TIME_MARK),
    (rf"\b{_CLOCK}", TIME_MARK),
    (r"\b0\.0\.0\.0(?::0)?\b", IP_MARK),
    # A date alone, but not four numbers with dashes, as in the name `ip-10-0-0-1`.
    (r"(^|[^\w.\-/])(?:0-0-0|0/0/0)\b", rf"\1{TIME_MARK}"),
    (r"\B[-+]0(?:\.0)*(?:[eE][-+]?0)?|0(?:\.0)*(?:[eE][-+]?0)?", NUMBER_MARK),
)

# Texts that one thread masks at a time.
_SLICE = 10_000


@dataclass(frozen=True)
class TextCounts:
    """Distinct texts and how often each occurs; `texts` is a string array, `counts` has int64.

    `counts` may have more dimensions than one; the first is that of the texts.
    """

    texts: Any
    counts: Any

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def nbytes(self) -> int:
        """Give the memory of the texts and counts."""
        return int(self.texts.nbytes) + int(self.counts.nbytes)


def reduced_counts(texts: Any) -> tuple[TextCounts, Any]:
    """Give the distinct reduced texts of a string array, and the number of each row's text.

    The array has no nulls.
    """
    encoded = reduced(texts).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    distinct = without_end(encoded.dictionary)
    return TextCounts(distinct, np.bincount(codes, minlength=len(distinct))), codes


def merged(parts: Sequence[TextCounts]) -> tuple[TextCounts, list[Any]]:
    """Merge counts of equal texts; also give, for each part, the number of each of its texts.

    The texts come in the order of their first occurrence.
    """
    every = pa.chunked_array([part.texts for part in parts], pa.large_string())
    encoded = every.combine_chunks().dictionary_encode(null_encoding="encode")
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    shape = parts[0].counts.shape[1:] if parts else ()
    counts = np.zeros((len(encoded.dictionary), *shape), np.int64)
    if parts:
        np.add.at(counts, codes, np.concatenate([part.counts for part in parts]))
    borders = np.cumsum([len(part) for part in parts])[:-1]
    return TextCounts(encoded.dictionary, counts), np.split(codes, borders) if parts else []


def masked(counted: TextCounts) -> tuple[TextCounts, Any]:
    """Mask distinct reduced texts, in the order of their text; also give the number of each.

    Texts that are equal once they are masked are counted together.
    """
    slices = [counted.texts.slice(at, _SLICE) for at in range(0, len(counted), _SLICE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(_with_marks, slices))
    texts = pa.concat_arrays(parts) if parts else counted.texts
    together, (codes,) = merged([TextCounts(texts, counted.counts)])
    order = pc.array_sort_indices(together.texts).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return TextCounts(together.texts.take(pa.array(order)), together.counts[order]), rank[codes]


def _with_marks(texts: Any) -> Any:
    for pattern, mark in MASKS:
        texts = pc.replace_substring_regex(texts, pattern=pattern, replacement=mark)
    return texts
