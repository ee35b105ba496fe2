"""Patterns of JSON selectors, and how they are decided for many messages.

The message decides. It is read when nothing excludes it: a message that matches has certain texts
in it, which a search finds first. With a wildcard one of the values that are selected suffices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cwnb import regex
from cwnb.filter_pattern.comparing import Number, necessary
from cwnb.filter_pattern.conditions import decide, leaves
from cwnb.filter_pattern.json_columns import columns_of, doubt_of, possible
from cwnb.filter_pattern.json_conditions import MISSING, Absent, Compared, Selector, needed
from cwnb.filter_pattern.json_documents import Documents, inexact, is_document, number_text
from cwnb.filter_pattern.pieces import Piece, shown
from cwnb.filter_pattern.terms import taken
from cwnb.memo import memo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from cwnb.filter_pattern.conditions import Mask, Rows
    from cwnb.filter_pattern.json_conditions import Condition

_VALUES_SHOWN = 3


@dataclass(frozen=True)
class JsonPattern:
    """A pattern of JSON selectors."""

    conditions: Any

    kind = "json"

    def mask(self, texts: pa.Array) -> Mask:
        """Tell which messages match."""
        mask = np.zeros(len(texts), dtype=bool)
        rows = self._candidates(texts)
        if not len(rows):
            return mask
        documents = Documents(taken(texts, rows).to_pylist(), self._readers)
        mask[rows[documents.rows]] = self._holds(documents)
        return mask

    @memo
    def _selectors(self) -> list[Selector]:
        """Give the selectors of all conditions, each once."""
        return list(dict.fromkeys(one.selector for one in leaves(self.conditions)))

    @property
    def _readers(self) -> list[Callable[[Any], Any]]:
        return [selector.read for selector in self._selectors]

    def _holds(self, documents: Documents) -> Mask:
        places = np.arange(len(documents.rows))
        return decide(self.conditions, places, lambda one, some: self._test(one, documents, some))

    def _test(self, one: Condition, documents: Documents, places: Rows) -> Mask:
        """Tell for which documents a single condition holds."""
        selector = one.selector
        number = self._selectors.index(selector)
        owners, values = _selected(selector, documents.column(number), places)
        if isinstance(one, Absent):
            if not selector.has_wildcard:
                return np.fromiter((value is MISSING for value in values), bool, len(values))
            return cast("Mask", np.bincount(owners, minlength=len(places)) == 0)
        holds = one.holds_of_numbers(values) if isinstance(one, Compared) else None
        if holds is None:
            if isinstance(one, Compared) and self._read_exactly(
                one, documents, places[owners], values
            ):
                owners, values = _selected(selector, documents.column(number), places)
            holds = one.holds(values)
        if not selector.has_wildcard:
            return holds
        mask = np.zeros(len(places), dtype=bool)
        mask[owners[holds]] = True
        return mask

    def _read_exactly(
        self, one: Compared, documents: Documents, owners: Rows, values: list[Any]
    ) -> bool:
        """Read documents anew where a comparison needs more digits; tell whether it read any."""
        found = inexact(values, as_texts=not isinstance(one.operand, Number))
        for place in np.unique(owners[found]).tolist():
            documents.read_exactly(place)
        return bool(found)

    def _candidates(self, texts: pa.Array) -> Rows:
        """Leave out the messages that lack what a message must have that matches."""
        rows: Rows = np.arange(len(texts))
        patterns = necessary(self.conditions, needed)
        # Any character can be written as an escape, and then no search finds it.
        escaped = np.asarray(regex.contains(texts, "\\u")) if patterns else None
        for pattern in patterns:
            found = np.asarray(regex.matches(taken(texts, rows), pattern))
            rows = rows[found | escaped[rows]] if escaped is not None else rows[found]
            if not len(rows):
                return rows
        begins = np.asarray(regex.matches(taken(texts, rows), r"\A[ \t\r\n]*[\[{]"))
        return cast("Rows", rows[begins])

    @memo
    def columns(self) -> frozenset[str]:
        """Name the discovered fields that may exclude events."""
        return columns_of(self.conditions)

    @memo
    def doubt(self) -> str | None:
        """Give an RE2 pattern of messages of which the columns prove nothing."""
        return doubt_of(self.conditions)

    def possible(self, columns: Mapping[str, pa.Array], rows: int) -> Mask:
        """Tell for which events the columns leave it open whether the message matches."""
        return possible(self.conditions, columns, rows)

    def extract(self, text: str) -> dict[str, str]:
        """Give nothing: only fields have values."""
        del text
        return {}

    def explain(self, text: str) -> list[Piece]:
        """Say of each condition what it found in the message."""
        documents = Documents([text], self._readers)
        if not documents.rows:
            reason = "the message is not a JSON object or array on its own"
            return [Piece("{ … }", holds=False, reason=reason)]
        documents.read_exactly(0)
        place = np.zeros(1, np.int64)
        pieces = []
        for one in leaves(self.conditions):
            found = documents.column(self._selectors.index(one.selector))[0]
            holds = bool(self._test(one, documents, place)[0])
            pieces.append(Piece(one.written, holds, _reason(one.selector, found)))
        return pieces


def _selected(selector: Selector, column: list[Any], places: Rows) -> tuple[Rows, list[Any]]:
    """Give the values that are selected, and of each the number of its document."""
    found = column if len(places) == len(column) else [column[place] for place in places.tolist()]
    if not selector.has_wildcard:
        return np.arange(len(found)), found
    owners = np.repeat(np.arange(len(found)), [len(values) for values in found])
    return owners, [value for values in found for value in values]


def _reason(selector: Selector, found: Any) -> str:
    values = found if selector.has_wildcard else [found]
    if not values or values == [MISSING]:
        return f"{selector.written} is not in the message"
    said = ", ".join(_value_text(value) for value in values[:_VALUES_SHOWN])
    return f"{selector.written} is {said}" + ", …" * (len(values) > _VALUES_SHOWN)


def _value_text(value: Any) -> str:
    if is_document(value):
        return "a map" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return shown(value) if isinstance(value, str) else number_text(value)
