"""What an editor offers at the cursor of a query: the words that are known, and the candidates.

Notebook cells and the explorer's editor ask the same function, `candidates` of `languages`, which
knows no notebook and opens no store.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownField:
    """A field that events have: the share (0 to 1) of events, its types, its values if few."""

    name: str
    share: float = 1.0
    types: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The names that are known.

    Fields (most frequent first), log streams, variables of `{{…}}`, log groups, lookup tables with
    their columns.
    """

    fields: tuple[KnownField, ...] = ()
    streams: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tables: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Candidate:
    """What may replace the fragment before the cursor.

    `kind`: command, keyword, function, field, value, stream, group, table, period or variable.
    `signature` is how it is used (`substr(s, start [, len]) -> text`), or what is known of a field;
    `about` is a sentence.
    """

    text: str
    kind: str
    signature: str = ""
    about: str = ""


@dataclass(frozen=True)
class Completion:
    """The fragment that ends at the cursor, and what may replace it, the likeliest first."""

    fragment: str
    candidates: tuple[Candidate, ...] = ()
