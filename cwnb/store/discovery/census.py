"""What kinds of values are at each place of many documents, and the schema that most fit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cwnb.store.discovery.schema import DEPTH_LIMIT, LIST_LIMIT, Place, Schema, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# A block takes memory for all its columns times all its rows: at most so many columns, and fewer
# for many rows. What has other keys is another schema's.
_LEAF_LIMIT, _CELL_LIMIT = 400, 6_000_000
# A column for a key that fewer of the documents have costs more than to parse these apart.
_SHARE = 512
# Places that a census counts; it takes no notice of further keys.
_PLACES = 4 * _LEAF_LIMIT
# What the JSON of a value begins with.
_BEGINS = {
    "string": '"', "object": r"\{", "list": r"\[", "bool": "tf", "int": "0-9-", "float": "0-9-"
}  # fmt: skip


class Census:
    """How often each kind of value is at each place of some documents."""

    def __init__(self) -> None:
        self._root = _Counted()
        self._places = 0

    def learn(self, document: dict[str, Any], times: int = 1) -> None:
        """Count a document as so many."""
        self._learn(self._root, document, 0, times)

    def copy(self) -> Census:
        """Give another one with the same counts."""
        made = Census()
        made._root, made._places = self._root.copy(), self._places
        return made

    def settle(self, rows: int, grown: Schema | None = None) -> tuple[Schema, str | None]:
        """Choose the kinds that most documents have, and the keys, for a block of so many rows.

        Gives the schema, and a pattern of documents that are known not to fit; None if all known
        ones do. What fits a schema that is to be `grown` fits the new one too.
        """
        limit = min(_LEAF_LIMIT, max(1, _CELL_LIMIT // max(rows, 1)))
        counts = sorted((leaf.total for leaf in _leaves(self._root)), reverse=True)
        least = counts[limit] + 1 if len(counts) > limit else 0
        least = max(least, self._root.total // _SHARE)
        apart: set[str] = set()
        schema = Schema(_settled(self._root, least, apart, None if grown is None else grown.root))
        return schema, "|".join(sorted(apart)) or None

    def _learn(self, place: _Counted, value: Any, depth: int, times: int) -> None:
        kind = kind_of(value)
        place.total += times
        place.counts[kind] = place.counts.get(kind, 0) + times
        if depth >= DEPTH_LIMIT:
            return
        if kind == "object":
            for key, item in value.items():
                below = place.items.get(key)
                if below is None:
                    if self._places >= _PLACES:
                        continue
                    self._places += 1
                    below = place.items[key] = _Counted()
                self._learn(below, item, depth + 1, times)
        elif kind == "list":
            if place.item is None:
                place.item = _Counted()
            for item in value[:LIST_LIMIT]:
                self._learn(place.item, item, depth + 1, times)


class _Counted:
    """A place: the kinds of values there, and what is below objects and in lists."""

    __slots__ = ("counts", "item", "items", "total")

    def __init__(self) -> None:
        self.total = 0
        self.counts: dict[str, int] = {}
        self.items: dict[str, _Counted] = {}
        self.item: _Counted | None = None

    def copy(self) -> _Counted:
        made = _Counted()
        made.total, made.counts = self.total, dict(self.counts)
        made.items = {key: below.copy() for key, below in self.items.items()}
        made.item = None if self.item is None else self.item.copy()
        return made

    @property
    def kind(self) -> str:
        """Give the kind that most values have; integers fit among doubles."""
        numbers = self.counts.get("int", 0) + self.counts.get("float", 0)
        totals = {k: n for k, n in self.counts.items() if k in {"string", "object", "list", "bool"}}
        totals["float" if "float" in self.counts else "int"] = numbers
        best = max(totals, key=lambda kind: totals[kind])
        return best if totals[best] else "null"


def _leaves(place: _Counted) -> Iterator[_Counted]:
    kind = place.kind
    if kind == "object":
        for below in place.items.values():
            yield from _leaves(below)
    elif kind == "list" and place.item is not None:
        yield from _leaves(place.item)
    else:
        yield place


def _settled(place: _Counted, least: int, apart: set[str], old: Place | None) -> Place:
    """Give the place of a schema, and add patterns of what is not in it to `apart`."""
    kind = place.kind
    if old is not None and old.kind != "null" and {old.kind, kind} != {"int", "float"}:
        kind = old.kind
    items = {}
    for key, below in place.items.items() if kind == "object" else ():
        name = re.escape(json.dumps(key, ensure_ascii=False)) + "[ \t]*:"
        before = None if old is None else old.items.get(key)
        if below.total < least and before is None:
            apart.add(name)
            continue
        items[key] = inner = _settled(below, least, apart, before)
        others = {_BEGINS[k] for k in below.counts if k in _BEGINS} - {_BEGINS.get(inner.kind)}
        if others:
            apart.add(f"{name}[ \t]*[{''.join(sorted(others))}]")
    item = place.item if kind == "list" else None
    before = None if old is None else old.item
    return Place(kind, items, None if item is None else _settled(item, least, apart, before))
