"""Cut a stream of JSON documents into its records, each with its own bytes.

A document is an array, whose items are records; an object with a list of records, such as
CloudTrail's `Records`; or anything else, which is one record. They may follow each other with or
without white space. Only brackets, quotes, backslashes and commas are looked at, all of a piece at
once.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from cwnb.errors import SourceError
from cwnb.sources.blocks import BLOCK_BYTES, KEPT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.blocks import Readable

    Array = np.ndarray[Any, Any]

_QUOTE, _BACKSLASH, _COMMA, _LIST = 34, 92, 44, 91
_SPECIAL = np.zeros(256, bool)
_SPECIAL[list(b'"\\,[]{}')] = True
_OPENING = frozenset(b"[{")
_STEP = np.zeros(256, np.int8)
_STEP[list(_OPENING)] = 1
_STEP[list(b"]}")] = -1
_WHITE = b" \t\r\n"
_KEY = re.compile(rb'"([A-Za-z]{1,40})"\s*:\s*$')
# The key of a list is looked for in this many bytes before it.
_KEY_BYTES = 100
# A list under the key `held` is kept until its document ends, because what stands after it belongs
# to its records. A longer list is refused.
_MOST_HELD_BYTES = 64 * 1024 * 1024


class Scanner:
    """Finds the brackets and commas outside of texts, in a document that comes in pieces."""

    def __init__(self) -> None:
        self.depth = 0
        self._quoted = False
        self._escaped = False

    @property
    def open(self) -> bool:
        """Tell whether a bracket or quote waits for its end."""
        return self._quoted or self.depth != 0

    def marks(self, piece: bytes) -> tuple[Array, Array, Array]:
        """Give the place of each bracket and comma, the byte itself, and the depth after it."""
        octets = np.frombuffer(piece, np.uint8)
        places = np.flatnonzero(_SPECIAL[octets])
        kinds = octets[places]
        escaped = self._escapes(octets, places, kinds)
        quotes = (kinds == _QUOTE) & ~escaped
        inside = (np.cumsum(quotes) + self._quoted) % 2 == 1
        outside = ~inside & ~quotes & (kinds != _BACKSLASH)
        places, kinds = places[outside], kinds[outside]
        depths = self.depth + np.cumsum(_STEP[kinds], dtype=np.int64)
        self._quoted = bool((int(quotes.sum()) + self._quoted) % 2)
        if len(depths):
            self.depth = int(depths[-1])
        return places, kinds, depths

    def _escapes(self, octets: Array, places: Array, kinds: Array) -> Array:
        """Tell which special characters have an odd number of backslashes before them."""
        escaped = np.zeros(len(places), bool)
        strokes = kinds == _BACKSLASH
        open_before = self._escaped
        self._escaped = False
        if not len(octets):
            self._escaped = open_before
            return escaped
        if not strokes.any():
            if open_before and len(places) and places[0] == 0:
                escaped[0] = True
            return escaped
        # Runs of backslashes: within one, each second is escaped; so is what follows an odd run.
        follows = np.zeros(len(places), bool)
        follows[1:] = strokes[:-1] & (places[1:] == places[:-1] + 1)
        heads = strokes & ~follows
        run = np.cumsum(heads) - 1
        first = np.flatnonzero(heads)
        distance = places - places[first[np.maximum(run, 0)]]
        carried = np.zeros(len(places), np.int64)
        if open_before and places[0] == 0:
            if strokes[0]:
                carried[run == 0] = 1
            else:
                escaped[0] = True
        touching = strokes | follows
        odd = (distance + carried) % 2 == 1
        escaped |= touching & odd & (run >= 0)
        last = len(octets) - 1
        if places[-1] == last and strokes[-1] and not escaped[-1]:
            self._escaped = True
        return escaped


@dataclass
class Document:
    """A document, or some of the records of a long one.

    `key`: the key of its list, None where the document has none or is an array itself. `rest`: its
    bytes without the records, as far as it has been read; for a document that is one record, empty.
    """

    records: list[bytes] = field(default_factory=list)
    key: str | None = None
    rest: bytes = b""
    whole: bool = True

    def others(self) -> dict[str, Any]:
        """Give the values beside the records, as far as they have been read."""
        for end in (b"", b"]}"):
            with suppress(orjson.JSONDecodeError):
                values: dict[str, Any] = orjson.loads(self.rest + end)
                return values
        return {}


def read_documents(
    stream: Readable, name: str, keys: frozenset[str] = frozenset(), *, held: str = ""
) -> Iterator[Document]:
    """Give the documents; raises SourceError where the stream is cut off or is no JSON.

    `keys`: the keys of an object whose lists hold records. A document with many comes in parts,
    unless its key is `held`. Of a record over the limit a piece is kept that is over it still.
    """
    reader = _Reader(name, keys, held)
    while piece := stream.read(BLOCK_BYTES):
        yield from reader.read(piece)
    yield from reader.end()


class _Reader:
    """The state between two pieces: the document that is being read, and text without its end."""

    def __init__(self, name: str, keys: frozenset[str], held: str) -> None:
        self._name = name
        self._keys = keys
        self._held = held
        self._held_bytes = 0
        self._scanner = Scanner()
        # `_document` is the present object with a list. The records of all other documents of a
        # piece are given together, from `_loose`.
        self._document = Document()
        self._loose: list[bytes] = []
        # Whether the document is an array; the depth at which commas part records, or 0.
        self._array = False
        self._items_at = 0
        self._text = b""
        self._count = 0

    def read(self, piece: bytes) -> Iterator[Document]:
        places, kinds, depths = self._scanner.marks(piece)
        if len(depths) and depths.min() < 0:
            raise SourceError(f"{self._name!r} has a bracket too many after {self._where()}")
        wanted = self._wanted(kinds, depths)
        at = 0
        for place, kind, depth in zip(
            places[wanted].tolist(), kinds[wanted].tolist(), depths[wanted].tolist(), strict=True
        ):
            if kind == _COMMA:
                if depth == self._items_at:
                    self._add(self._taken(piece[at:place]))
                    at = place + 1
            elif kind in _OPENING:
                if depth == 1:
                    if self._text or place > at:
                        self._between(self._taken(piece[at:place]))
                    self._array = kind == _LIST
                    self._items_at = 1 if self._array else 0
                    at = place + 1 if self._array else place
                elif not self._items_at and (key := self._key(piece[at:place])) in self._keys:
                    self._document.key, self._items_at = key, 2
                    self._to_rest(self._taken(piece[at : place + 1]))
                    at = place + 1
            else:
                if self._items_at == depth + 1:
                    # There is no record here in `[]`, nor after a comma before the end.
                    if record := self._taken(piece[at:place]).strip(_WHITE):
                        self._add(record)
                    self._items_at = 0
                    at = place
                if depth == 0:
                    text = self._taken(piece[at : place + 1])
                    at = place + 1
                    if self._document.key is not None:
                        self._to_rest(text)
                        yield from self._end_of_document()
                    elif not self._array:
                        self._add(text)
                    self._array = False
        self._text = (self._text + piece[at:])[:KEPT_BYTES]
        yield from self._part()

    def _wanted(self, kinds: Array, depths: Array) -> Array:
        """Mark the bytes that matter, so that the loop over them is as long as there are records.

        In an array: the commas between its records. In an object: lists at the first level.
        """
        steps = _STEP[kinds]
        begins = (steps > 0) & (depths == 1)
        ends = (steps < 0) & (depths == 0)
        arrays = np.append(self._array, kinds[begins] == _LIST)[np.cumsum(begins)]
        commas = kinds == _COMMA
        wanted: Array = begins | ends | (arrays & commas & (depths == 1))
        if self._keys:
            lists = (kinds == _LIST) & (depths == 2)
            list_ends = (steps < 0) & (depths == 1)
            wanted |= ~arrays & (lists | list_ends | (commas & (depths == 2)))
        return wanted

    def _taken(self, text: bytes) -> bytes:
        """Give text with what is left of the piece before, cut to a length that is refused."""
        if self._text:
            text, self._text = (self._text + text)[:KEPT_BYTES], b""
        return text

    def _key(self, before: bytes) -> str | None:
        if len(before) < _KEY_BYTES:
            before = self._text[-_KEY_BYTES:] + before
        match = _KEY.search(before[-_KEY_BYTES:])
        return match[1].decode() if match else None

    def _add(self, record: bytes) -> None:
        record = record.strip(_WHITE)
        if self._document.key is None:
            self._loose.append(record)
        else:
            self._document.records.append(record)
            self._held_bytes += len(record)
        self._count += 1

    def _to_rest(self, text: bytes) -> None:
        self._document.rest = (self._document.rest + text)[:KEPT_BYTES]

    def _between(self, text: bytes) -> None:
        """Add what stands between two documents: numbers, texts and the like are records too."""
        if not text.isspace() and (text := text.strip(_WHITE + b",")):
            too_long = len(text) >= KEPT_BYTES
            records = [text] if too_long or is_json(text) else text.split()
            if not too_long and not all(map(is_json, records)):
                raise SourceError(
                    f"{self._name!r} goes on after {self._where()} with what is no JSON:"
                    f" {text[:40]!r}"
                )
            for record in records:
                self._add(record)

    def _end_of_document(self) -> Iterator[Document]:
        yield from self._loose_records()
        yield self._document
        self._document, self._held_bytes = Document(), 0

    def _loose_records(self) -> Iterator[Document]:
        if self._loose:
            yield Document(self._loose)
            self._loose = []

    def _part(self) -> Iterator[Document]:
        """Give the records so far, unless they wait for what comes after them."""
        yield from self._loose_records()
        document = self._document
        if not document.records:
            return
        if document.key == self._held:
            if self._held_bytes > _MOST_HELD_BYTES:
                raise SourceError(f"{self._name!r} has a list of {self._held!r} that is too long")
            return
        self._document = Document(key=document.key, rest=document.rest)
        document.whole, self._held_bytes = False, 0
        yield document

    def end(self) -> Iterator[Document]:
        if self._scanner.open:
            after = self._document.key is not None and not self._items_at
            where = "after its last record" if after else f"inside record {self._count + 1:,}"
            raise SourceError(f"{self._name!r} is cut off {where}")
        self._between(self._taken(b""))
        yield from self._loose_records()

    def _where(self) -> str:
        return f"record {self._count:,}" if self._count else "its beginning"


def is_json(text: bytes | str) -> bool:
    """Tell whether a text is one JSON document."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
