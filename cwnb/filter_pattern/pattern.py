"""FilterPattern, a pattern that was read, and which of its grammars it is written in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from cwnb.errors import InvalidParameter, MalformedPattern
from cwnb.events import MESSAGE
from cwnb.filter_pattern.fields import read_fields
from cwnb.filter_pattern.json_grammar import read_selectors
from cwnb.filter_pattern.json_pattern import JsonPattern
from cwnb.filter_pattern.scanner import Scanner
from cwnb.filter_pattern.stand_alone import read_stand_alone
from cwnb.filter_pattern.terms import Everything, read_terms
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandas import DataFrame, Series

    from cwnb.filter_pattern.conditions import Mask
    from cwnb.filter_pattern.pieces import Piece

# Source: PutMetricFilter and FilterLogEvents, filterPattern.
MOST_CHARACTERS = 1_024
# Messages that are looked at at a time: few enough for the processor's cache.
_ROWS = 8_192
_TEXT = pa.string()
_TOO_LONG = (
    "1 validation error detected: Value '{}' at 'filterPattern' failed to satisfy constraint: "
    "Member must have length less than or equal to 1024"
)


class Grammar(Protocol):
    """What each of the grammars makes of a pattern."""

    @property
    def kind(self) -> str:
        """Name the grammar: "everything", "terms", "regex", "json" or "fields"."""
        ...

    def mask(self, texts: pa.Array) -> Mask:
        """Tell which messages match; `texts` has no nulls."""
        ...

    def extract(self, text: str) -> dict[str, str]:
        """Give the values of the fields of a message that matches."""
        ...

    def explain(self, text: str) -> list[Piece]:
        """Say piece by piece why a message matches or does not."""
        ...


@dataclass(frozen=True, repr=False)
class FilterPattern:
    """A filter pattern, as metric filters, subscriptions, live tail and FilterLogEvents take it.

    >>> pattern = FilterPattern.parse('{ $.status >= 500 && $.path = "/api/*" }')
    >>> events[pattern.mask(events)]

    `kind` is its grammar: "everything", "terms", "regex", "json" or "fields".
    """

    text: str
    grammar: Grammar = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> FilterPattern:
        """Read a pattern; raises MalformedPattern, which points to the fault.

        Spaces around it do not count. An empty one, and `" "`, match every event.
        """
        if not isinstance(text, str):
            raise InvalidParameter(f"a filter pattern is a text, not {text!r:.80}")
        text_array([text])
        if len(text) > MOST_CHARACTERS:
            raise MalformedPattern(
                f"a filter pattern has at most {MOST_CHARACTERS:,} characters, not {len(text):,}",
                service_text=_TOO_LONG.format(text),
            )
        start = len(text) - len(text.lstrip())
        try:
            return cls(text, _grammar(text, start, len(text.rstrip())))
        except MalformedPattern as error:
            error.message += _hint(text)
            raise

    @property
    def kind(self) -> str:
        """The grammar: "everything", "terms", "regex", "json" or "fields"."""
        return self.grammar.kind

    def __repr__(self) -> str:
        return f"FilterPattern({self.text!r})"

    def __str__(self) -> str:
        return self.text

    def mask(self, events: Any) -> Series:
        """Tell which events match, as booleans with the index of the events.

        `events`: a DataFrame with `@message`, or messages (a Series, an Arrow array, a list of
        texts). A missing message matches nothing. Raises InvalidParameter for anything else.
        """
        import pandas as pd

        texts, index = _messages(events)
        return pd.Series(self.matches(texts), index=index, dtype=bool, name="matches")

    def extract(self, events: Any) -> DataFrame:
        """Give the values that the pattern extracts, a row for each event that matches.

        Columns are `$name` for the named fields of `[…]` and `$1`, `$2`, … by position for the
        others; the index is that of the events. Patterns of other kinds extract nothing. A line
        with fewer fields than others has missing values.
        """
        import pandas as pd

        texts, index = _messages(events)
        rows = np.flatnonzero(self.matches(texts))
        found = [self.grammar.extract(text) for text in texts.take(pa.array(rows)).to_pylist()]
        names = dict.fromkeys(name for values in found for name in values)
        columns = {
            name: _column([one.get(name) for one in found])
            for name in sorted(names, key=_numbers_last)
        }
        return pd.DataFrame(columns, index=index[rows])

    @property
    def columns(self) -> frozenset[str]:
        """Name the discovered fields that may exclude events; none for most kinds."""
        grammar = self.grammar
        return grammar.columns if isinstance(grammar, JsonPattern) else frozenset()

    @property
    def doubt(self) -> str | None:
        """An RE2 pattern of the messages of which these fields prove nothing."""
        grammar = self.grammar
        return grammar.doubt if isinstance(grammar, JsonPattern) else None

    def possible(self, columns: Mapping[str, pa.Array], rows: int) -> Mask:
        """Tell which events may match, by their discovered fields; `matches` decides."""
        grammar = self.grammar
        if isinstance(grammar, JsonPattern):
            return grammar.possible(columns, rows)
        return np.ones(rows, dtype=bool)

    def matches(self, texts: pa.Array) -> Mask:
        """Tell which texts of an Arrow array match; null does not."""
        made = np.zeros(len(texts), dtype=bool)
        for start in range(0, len(texts), _ROWS):
            part = texts.slice(start, _ROWS)
            if part.null_count:
                valid = np.flatnonzero(np.asarray(part.is_valid()))
                made[start + valid] = self.grammar.mask(part.take(pa.array(valid)))
            else:
                made[start : start + len(part)] = self.grammar.mask(part)
        return made


# Beginnings of what other languages write, and what is written here instead.
_COMMANDS = "fields|filter|stats|sort|parse|limit|display|dedup|source"
_FOREIGN = {
    rf"({_COMMANDS})\s": "a filter pattern is no query: write terms such as ERROR -timeout, or a "
    'selector such as { $.level = "ERROR" }',
    r"\$[.\[]": "selectors stand in braces: { $.status >= 500 }",
    r"/.+/\s*$": "a regex stands between percent signs: %[0-9]+ ms%",
    r"[\w.@]+\s*(=|!=|<|>|like\s)": 'a field is compared so: { $.level = "ERROR" }',
}


def _hint(text: str) -> str:
    """Give what to write in place of another language's pattern."""
    for beginning, instead in _FOREIGN.items():
        if re.match(beginning, text.lstrip(), re.IGNORECASE):
            return f"; {instead}"
    return ""


def _column(texts: list[str | None]) -> Any:
    import pandas as pd

    return pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(texts, pa.string())]))


def _numbers_last(name: str) -> tuple[bool, int]:
    return (True, int(name[1:])) if name[1:].isdecimal() else (False, 0)


def _grammar(text: str, start: int, end: int) -> Grammar:
    """Choose the grammar by the first character."""
    if start >= end:
        return Everything()
    closing = {"{": "}", "[": "]", "%": "%"}.get(text[start])
    scanner = Scanner(text, start, end)
    if closing is None:
        return read_terms(scanner)
    if end - start < 2 or text[end - 1] != closing:
        said = f"If a filter pattern starts with {text[start]!r} it must end with {closing!r}"
        raise scanner.fault(said, end - 1, end, said if closing == "}" else None)
    if closing == "%":
        return read_stand_alone(scanner)
    inside = Scanner(text, start + 1, end - 1)
    return read_selectors(inside) if closing == "}" else read_fields(inside)


def text_array(messages: Any, kind: pa.DataType | None = _TEXT) -> pa.Array:
    """Give messages as an Arrow array; raises InvalidParameter for what is no Unicode text."""
    try:
        return pa.array(messages, kind)
    except UnicodeEncodeError as error:
        raise InvalidParameter(f"{error.object!r:.80} is not Unicode text") from None


def _messages(events: Any) -> tuple[pa.Array, Any]:
    """Give the messages as one Arrow array of strings, and the index of the events."""
    import pandas as pd

    if isinstance(events, pd.DataFrame):
        if MESSAGE not in events:
            near = suggestion(MESSAGE, map(str, events.columns), otherwise="call the texts so")
            raise InvalidParameter(f"the frame has no column {MESSAGE!r}{near}")
        events = events[MESSAGE]
    if isinstance(events, str | bytes):
        raise InvalidParameter("messages are a list of texts; put the one into a list")
    index = events.index if isinstance(events, pd.Series) else None
    try:
        is_array = isinstance(events, pa.Array | pa.ChunkedArray)
        array = events if is_array else text_array(events, None)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if not _holds_texts(array.type):
            raise InvalidParameter(f"messages are texts, not {array.type}")
        array = array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as error:
        raise InvalidParameter(f"messages are texts: {error}") from None
    return array, pd.RangeIndex(len(array)) if index is None else index


def _holds_texts(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    )
