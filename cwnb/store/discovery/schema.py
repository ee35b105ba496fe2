"""What `pyarrow.json` is told to expect, learnt from documents that `orjson` has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

# Documents beyond these limits are parsed event by event: a block takes memory for all its columns
# times all its rows.
LEAF_LIMIT = 400
DEPTH_LIMIT = 24
LIST_LIMIT = 32

_SCALARS = {
    "null": pa.null(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
}
_KINDS = {str: "string", float: "float", dict: "object", list: "list", bool: "bool"}


class Misfit(Exception):
    """A document that this schema cannot be widened to hold."""


class Node:
    """One place in a document: a scalar of one kind, an object by key, or a list of one kind."""

    __slots__ = ("items", "kind", "seen")

    def __init__(self, kind: str = "null") -> None:
        self.kind = kind
        self.items: dict[str, Node] = {}  # a list's one item stands under ""
        self.seen = 0

    def type(self) -> pa.DataType:
        """Give the Arrow type."""
        if self.kind == "object":
            return pa.struct([(name, child.type()) for name, child in self.items.items()])
        if self.kind == "list":
            return pa.list_(self.items[""].type() if "" in self.items else pa.null())
        return _SCALARS[self.kind]


class Schema:
    """One shape for many documents; `version` counts how often it was widened."""

    def __init__(self) -> None:
        self.root = Node("object")
        self.leaves = 0
        self.version = 0
        self._arrow: tuple[int, pa.Schema] | None = None

    def learn(self, document: dict[str, Any], *, add: bool) -> None:
        """Widen to hold `document`; raises Misfit if no widening does.

        Keys that are not there yet are added, or without `add` a misfit.
        """
        self._learn(self.root, document, 0, add)

    def forget_rare(self, least: int) -> None:
        """Drop the keys seen in fewer than `least` documents; their lines cost less one by one."""
        _prune(self.root, least)
        self.version += 1

    def arrow(self) -> pa.Schema:
        """Give the Arrow schema."""
        if self._arrow is None or self._arrow[0] != self.version:
            fields = [(name, node.type()) for name, node in self.root.items.items()]
            self._arrow = self.version, pa.schema(fields)
        return self._arrow[1]

    def _learn(self, node: Node, value: Any, depth: int, add: bool) -> None:
        node.seen += 1
        if value is None:
            return
        kind = _kind(value)
        if node.kind != kind:
            if node.kind == "null" or (node.kind, kind) == ("int", "float"):
                node.kind = kind
                self.version += 1
            elif (node.kind, kind) != ("float", "int"):
                raise Misfit
        if kind not in {"object", "list"}:
            return
        if depth >= DEPTH_LIMIT or (kind == "list" and len(value) > LIST_LIMIT):
            raise Misfit
        items: Sequence[tuple[str, Any]] = (
            list(value.items()) if kind == "object" else [("", item) for item in value]
        )
        for key, item in items:
            child = node.items.get(key)
            if child is None:
                # The item of a list is always added: without it the list could only be empty.
                if not add and kind == "object":
                    raise Misfit
                child = self._add(node, key)
            self._learn(child, item, depth + 1, add)

    def _add(self, node: Node, key: str) -> Node:
        if self.leaves >= LEAF_LIMIT:
            raise Misfit
        self.leaves += 1
        self.version += 1
        child = node.items[key] = Node()
        return child


def signature(document: Any) -> tuple[Any, ...]:
    """Give keys and types of a document, all the way down: documents that share it fit alike."""
    values = list(document.values()) if type(document) is dict else document
    kinds = tuple(map(type, values))
    keys = tuple(document) if type(document) is dict else None
    if dict in kinds or list in kinds:
        below = [signature(value) for value in values if type(value) is dict or type(value) is list]
        return keys, kinds, *below
    return keys, kinds


def _kind(value: Any) -> str:
    if type(value) is int:
        if not -(2**63) <= value < 2**63:
            raise Misfit
        return "int"
    return _KINDS[type(value)]


def _prune(node: Node, least: int) -> None:
    if node.kind == "object":
        node.items = {key: child for key, child in node.items.items() if child.seen >= least}
    for child in node.items.values():
        _prune(child, least)
