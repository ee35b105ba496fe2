"""What `pyarrow.json` is told to expect: one kind of value at each place of a document."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

# Documents beyond these limits are parsed event by event.
DEPTH_LIMIT = 24
LIST_LIMIT = 32

_SCALARS = {
    "null": pa.null(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
}
_KINDS = {
    type(None): "null", str: "string", float: "float", dict: "object", list: "list", bool: "bool",
}  # fmt: skip

_HOLDERS = frozenset({dict, list})


class Schema:
    """The kinds at all places; `version` counts how often it was widened."""

    def __init__(self, root: Place) -> None:
        self.root = root
        self.version = 0
        self._arrow: tuple[int, pa.Schema] | None = None

    def arrow(self) -> pa.Schema:
        """Give the Arrow schema."""
        if self._arrow is None or self._arrow[0] != self.version:
            fields = [(name, place.type()) for name, place in self.root.items.items()]
            self._arrow = self.version, pa.schema(fields)
        return self._arrow[1]

    def fits(self, document: Any) -> bool:
        """Tell whether a document can be parsed with this schema."""
        return _fits(self.root, document, 0)

    def widen(self, document: Any) -> bool:
        """Take doubles where a document has them and integers were expected; tell if it fits."""
        if _widened(self.root, document):
            self.version += 1
        return self.fits(document)


class Place:
    """One place in a document: a scalar of one kind, an object by key, or a list of one kind."""

    __slots__ = ("item", "items", "kind")

    def __init__(self, kind: str, items: dict[str, Place], item: Place | None) -> None:
        self.kind = kind
        self.items = items
        self.item = item

    def type(self) -> pa.DataType:
        """Give the Arrow type."""
        if self.kind == "object":
            return pa.struct([(name, below.type()) for name, below in self.items.items()])
        if self.kind == "list":
            return pa.list_(pa.null() if self.item is None else self.item.type())
        return _SCALARS[self.kind]


def shape_of(value: Any, depth: int = 0) -> Any:
    """Give the keys and the types of the values of an object or list: alike, both fit or neither.

    Not of integers beyond 64 bits, which are of a kind that no schema holds.
    """
    if depth >= DEPTH_LIMIT:
        return type(value)
    values = value.values() if type(value) is dict else value
    kinds = tuple(map(type, values))
    keys = tuple(value) if type(value) is dict else None
    if dict not in kinds and list not in kinds:
        return keys, kinds
    return keys, kinds, *[shape_of(one, depth + 1) for one in values if type(one) in _HOLDERS]


def kind_of(value: Any) -> str:
    """Give the kind of a value; `big` for an integer beyond 64 bits, which no schema holds."""
    if type(value) is int:
        return "int" if -(2**63) <= value < 2**63 else "big"
    return _KINDS[type(value)]


def _fits(place: Place, value: Any, depth: int) -> bool:
    kind = kind_of(value)
    if kind == "null":
        return True
    if kind != place.kind:
        return kind == "int" and place.kind == "float"
    if kind == "object":
        items = place.items
        if depth >= DEPTH_LIMIT or not items.keys() >= value.keys():
            return False
        return all(_fits(items[key], item, depth + 1) for key, item in value.items())
    if kind == "list":
        inner = place.item
        if depth >= DEPTH_LIMIT or len(value) > LIST_LIMIT:
            return False
        return all(
            item is None or (inner is not None and _fits(inner, item, depth + 1)) for item in value
        )
    return True


def _widened(place: Place, value: Any) -> bool:
    kind = type(value)
    if kind is float and place.kind == "int":
        place.kind = "float"
        return True
    below: list[tuple[Place | None, Any]] = []
    if kind is dict and place.kind == "object":
        below = [(place.items.get(key), item) for key, item in value.items()]
    elif kind is list and place.kind == "list":
        below = [(place.item, item) for item in value]
    widened = [_widened(inner, item) for inner, item in below if inner is not None]
    return any(widened)
