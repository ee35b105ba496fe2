"""Mine patterns: lines of text to the templates that they were written by.

    templates = mine(frame["message"])
    templates.table        a row per pattern: @pattern @sampleCount @ratio @severityLabel
    templates.rows         the number of each line's pattern, in the order of the lines

Distinct texts are masked and put into one order before they are grouped, so the answer depends on
which lines there are, and not on how they were divided or which came first.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import InvalidParameter, QueryTooLarge
from cwnb.insights.context import MEMORY_BUDGET
from cwnb.insights.control import with_checkpoints
from cwnb.insights.patterns.drain import Drain
from cwnb.insights.patterns.mask import KINDS, TextCounts, masked, merged, reduced_counts
from cwnb.insights.patterns.words import LEVELS, VARIABLE, keys, severity, shared, split, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

# Rows that one thread reads at a time, and slices after which what they found is merged.
_ROWS = 50_000
_SLICES = 16
# Texts that are Python objects at a time.
_OBJECTS = 10_000


@dataclass(frozen=True)
class Patterns:
    """The texts of patterns, and how many lines each has (int64)."""

    texts: list[str]
    counts: Any


@dataclass(frozen=True)
class Templates:
    """The patterns of lines.

    `table`: a DataFrame with a row per pattern, most frequent first, then by text; the columns are
    `@pattern`, `@sampleCount`, `@ratio` (of the lines that are not missing) and `@severityLabel`.
    `rows`: for each line the number of its row in `table`, as int64; -1 where the line is missing.
    """

    table: DataFrame
    rows: Any

    def __len__(self) -> int:
        return len(self.table)


def mine(lines: Any, *, memory_budget: int = MEMORY_BUDGET) -> Templates:
    """Give the patterns of a Series, an Arrow array or a list of texts; numbers are read as text.

    Raises InvalidParameter if it has other values, and QueryTooLarge if its distinct texts, with
    numbers and ids left out, need more than `memory_budget` bytes.
    """
    import pandas as pd

    texts = _as_texts(lines)
    together, codes = _distinct(texts, memory_budget)
    patterns, of_texts = mine_reduced(together)
    rows = np.full(len(texts), -1, np.int64)
    present = texts.is_valid().to_numpy(zero_copy_only=False)
    rows[present] = of_texts[codes]
    total = max(1, int(patterns.counts.sum()))
    text_type: Any = pd.ArrowDtype(pa.string())
    table = pd.DataFrame(
        {
            "@pattern": pd.array(patterns.texts, text_type),
            "@sampleCount": pd.array(patterns.counts, pd.ArrowDtype(pa.int64())),
            "@ratio": pd.array(patterns.counts / total, pd.ArrowDtype(pa.float64())),
            "@severityLabel": pd.array([*map(severity, patterns.texts)], text_type),
        }
    )
    return Templates(table, rows)


def mine_reduced(counted: TextCounts) -> tuple[Patterns, Any]:
    """Give the patterns of distinct reduced texts, and the number of each text's.

    The most frequent pattern comes first, of equally frequent ones that whose text is first.
    """
    distinct, of_reduced = masked(counted)
    patterns, of_masked = group(distinct)
    return patterns, of_masked[of_reduced]


def group(distinct: TextCounts) -> tuple[Patterns, Any]:
    """Group distinct masked texts, which are sorted, into patterns as `mine_reduced` does."""
    drain = Drain()
    vocabulary: dict[str, int] = {}
    members: list[list[int]] = []
    for at, text in enumerate(with_checkpoints(_each(distinct.texts))):
        words = [word for word in split(text)[::2] if word]
        numbers = np.array([vocabulary.setdefault(w, len(vocabulary)) for w in words], np.int32)
        variable = [VARIABLE.search(word) is not None for word in words[:2]]
        # Texts without words are one pattern only if they are equal.
        number = drain.add(keys(text) if words else text, numbers, variable)
        if number == len(members):
            members.append([])
        members[number].append(at)
    is_mark = np.array([word in KINDS for word in vocabulary], bool)
    is_level = np.array([word.lower() in LEVELS for word in vocabulary], bool)
    for number, whole in enumerate(drain.joined(is_mark, is_level)):
        if whole != number:
            members[whole] += members[number]
            members[number] = []
    members = [sorted(some) for some in members if some]
    # Cut again: to keep the words of all texts would take ten times their memory.
    texts = [
        _template(map(split, _each(distinct.texts.take(pa.array(some)))))
        for some in with_checkpoints(members)
    ]
    return _numbered(texts, members, distinct.counts)


def _each(texts: Any) -> Iterator[str]:
    """Give the texts of an array, of which few are Python objects at a time."""
    for start in range(0, len(texts), _OBJECTS):
        yield from texts.slice(start, _OBJECTS).to_pylist()


def _template(members: Iterator[list[str]]) -> str:
    """Write the pattern of the texts of one template, each cut into pieces.

    What divides the words is that of the first text.
    """
    first = next(members)
    places = [at for at in range(0, len(first), 2) if first[at]]
    found = [{first[at]: None} for at in places]
    for pieces in members:
        for words, word in zip(found, filter(None, pieces[::2]), strict=True):
            words[word] = None
    for at, words in zip(places, found, strict=True):
        if len(words) > 1:
            first[at] = shared(words)
    return written(first)


def _numbered(texts: list[str], members: list[list[int]], counts: Any) -> tuple[Patterns, Any]:
    """Put patterns in order of count; templates that are written alike are one pattern."""
    by_text: dict[str, list[int]] = {}
    for text, some in zip(texts, members, strict=True):
        by_text.setdefault(text, []).extend(some)
    total = {text: int(counts[some].sum()) for text, some in by_text.items()}
    order = sorted(by_text, key=lambda text: (-total[text], text))
    of_texts = np.zeros(len(counts), np.int64)
    for number, text in enumerate(order):
        of_texts[by_text[text]] = number
    return Patterns(order, np.array([total[text] for text in order], np.int64)), of_texts


def _as_texts(lines: Any) -> Any:
    try:
        if isinstance(lines, pa.Array | pa.ChunkedArray):
            texts = lines
        else:
            import pandas as pd

            texts = pa.Array.from_pandas(pd.Series(lines))
        texts = texts.cast(pa.large_string())
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidParameter(
            f"patterns are mined of texts, and these are none: {error}"
        ) from None
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _distinct(texts: Any, memory_budget: int) -> tuple[TextCounts, Any]:
    """Give the distinct reduced texts, and for each row that is not missing the number of its."""
    present = texts.drop_null()
    slices = [present.slice(start, _ROWS) for start in range(0, len(present), _ROWS)]
    together = TextCounts(pa.array([], pa.large_string()), np.zeros(0, np.int64))
    codes = [np.zeros(0, np.int64)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(slices), _SLICES):
            found = list(pool.map(reduced_counts, slices[start : start + _SLICES]))
            # The texts found before keep their numbers, because they come first.
            together, (_, *numbers) = merged([together, *(counted for counted, _ in found)])
            codes += [of[code] for of, (_, code) in zip(numbers, found, strict=True)]
            _check_budget(together.nbytes, memory_budget)
    return together, np.concatenate(codes)


def _check_budget(held: int, memory_budget: int) -> None:
    if held > memory_budget:
        raise QueryTooLarge(
            f"the distinct texts need {held:,} bytes, more than the budget of {memory_budget:,}"
        )
