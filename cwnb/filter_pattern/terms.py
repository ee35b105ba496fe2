"""Unstructured patterns: terms that a message must have, must not have, or may have one of.

    pattern := (["-" | "?"] (word | "a phrase"))*

A term is searched anywhere in the message, also within a word, and case counts. Terms with `?` are
alternatives, and count only where every term has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb import regex
from cwnb.filter_pattern.pieces import Piece, shown

if TYPE_CHECKING:
    from cwnb.filter_pattern.conditions import Mask
    from cwnb.filter_pattern.scanner import Scanner

REQUIRED, EXCLUDED, OPTIONAL = "", "-", "?"
_WORD = re.compile(r"\S+")
# The documented pattern for all events, which is no search for a space.
_EVERYTHING = '" "'


@dataclass(frozen=True)
class Term:
    """A text to search for; `sign` is one of "", "-" and "?"."""

    sign: str
    text: str
    written: str


@dataclass(frozen=True)
class Everything:
    """The pattern that every event matches."""

    kind = "everything"

    def mask(self, texts: pa.Array) -> Mask:
        """Tell which messages match: all."""
        return np.ones(len(texts), dtype=bool)

    def extract(self, text: str) -> dict[str, str]:
        """Give nothing: only fields have values."""
        del text
        return {}

    def explain(self, text: str) -> list[Piece]:
        """Say that every message matches."""
        del text
        return [Piece('""', holds=True, reason="an empty pattern matches every event")]


@dataclass(frozen=True)
class Terms:
    """A pattern of terms."""

    terms: tuple[Term, ...]

    kind = "terms"

    @property
    def are_alternatives(self) -> bool:
        """Tell whether every term is an optional one, so that one of them suffices."""
        return all(term.sign == OPTIONAL for term in self.terms)

    def mask(self, texts: pa.Array) -> Mask:
        """Tell which messages match; each term is searched in those that are undecided."""
        settles = self.are_alternatives
        mask = np.full(len(texts), not settles)
        for term in self.terms:
            if term.sign == OPTIONAL and not settles:
                continue
            still = np.flatnonzero(mask != settles)
            if not len(still):
                break
            there = _has(taken(texts, still), term.text)
            mask[still] = ~there if term.sign == EXCLUDED else there
        return mask

    def extract(self, text: str) -> dict[str, str]:
        """Give nothing: only fields have values."""
        del text
        return {}

    def explain(self, text: str) -> list[Piece]:
        """Say of each term whether and where it is in the message."""
        return [self._piece(term, text) for term in self.terms]

    def _piece(self, term: Term, text: str) -> Piece:
        at = text.find(term.text)
        said = f"at character {at + 1}" if at >= 0 else "not in the message"
        if at < 0 and (other := text.lower().find(term.text.lower())) >= 0:
            there = text[other : other + len(term.text)]
            said = f"not in the message, which has {shown(there)}: case counts"
        if term.sign == OPTIONAL and not self.are_alternatives:
            reason = f"ignored: a term with ? counts only where every term has one ({said})"
            return Piece(term.written, holds=None, reason=reason)
        if term.sign == EXCLUDED and at >= 0:
            said = f"excluded, and {said}"
        return Piece(term.written, holds=(at >= 0) != (term.sign == EXCLUDED), reason=said)


def taken(texts: pa.Array, rows: np.ndarray[Any, Any]) -> pa.Array:
    """Give the texts of some rows; all of them without a copy."""
    return texts if len(rows) == len(texts) else texts.take(pa.array(rows))


def _has(texts: pa.Array, literal: str) -> Mask:
    return np.asarray(regex.contains(texts, literal))


def read_terms(scanner: Scanner) -> Terms | Everything:
    """Read the terms of a pattern; raises MalformedPattern."""
    if scanner.rest.strip() == _EVERYTHING:
        return Everything()
    terms = []
    while not scanner.at_end():
        start = scanner.place
        sign = next((s for s in (EXCLUDED, OPTIONAL) if scanner.take_text(s)), REQUIRED)
        text = _quoted(scanner) if scanner.at('"') else _word(scanner, sign)
        terms.append(Term(sign, text, scanner.text[start : scanner.place]))
    return Terms(tuple(terms))


def _quoted(scanner: Scanner) -> str:
    start = scanner.place
    text = scanner.quoted()
    if not text:
        remedy = "a phrase has at least one character; leave the pattern empty for all events"
        raise scanner.invalid_term('""', remedy, start, scanner.place)
    if scanner.place < scanner.end and (more := _WORD.match(scanner.rest)):
        raise scanner.fault(
            f"a space is missing before {more[0]!r}", scanner.place, scanner.place + more.end()
        )
    return text


def _word(scanner: Scanner, sign: str) -> str:
    start = scanner.place
    found = scanner.take(_WORD)
    if found is None:
        what = "excludes" if sign == EXCLUDED else "makes optional"
        raise scanner.fault(
            f"{sign!r} {what} the term behind it, and none stands there", start - 1, start
        )
    word = found[0]
    if all(one.isalnum() or one == "_" for one in word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    remedy = f'write it in double quotes: "{escaped}"'
    if word.startswith("%"):
        remedy = "a regex stands alone, without terms beside it"
    elif word[0] in "-?":
        remedy = "a term has one sign, - or ?"
    raise scanner.invalid_term(word, remedy, start, scanner.place)
