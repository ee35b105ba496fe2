"""A segment: an immutable pair of Parquet files, and the facts about it that the catalog keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet.encryption as pe

from cwnb.events import mixed_type
from cwnb.store.cache import Cache
from cwnb.store.processing import Processing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cwnb.store.keys.sealing import Sealer
    from cwnb.store.segments.folder import FileName

# A row group of the fields file begins where one of the message file does.
MESSAGE_GROUP = 8192
FIELDS_GROUP = 30 * MESSAGE_GROUP
PART_ROWS = 15 * MESSAGE_GROUP
# Whole row groups; two, so that one segment is completed while the next is filled.
MAX_ROWS = 2 * FIELDS_GROUP
MAX_MESSAGE_BYTES = 256 << 20
REST = "@rest"
INTEGER, NUMBER, BOOLEAN, TEXT, DICTIONARY, MIXED = "i", "n", "b", "t", "d", "m"
# Characters of the names of rare fields that the catalog keeps of a segment.
_MAX_RARE_TEXT = 32_768
_NUL = "\0"
_CODEC = pa.Codec("zstd")


class RowGroup(NamedTuple):
    """A row group of the fields file."""

    rows: int
    first_ms: int
    last_ms: int
    message_bytes: int


class IndexFacts(NamedTuple):
    """Where in the fields file the index stands, and how many places for hashes it has."""

    version: int
    at: int
    places: int


@dataclass(frozen=True)
class SegmentFacts:
    """What a query must know of a segment before it opens a file.

    `columns`: code of the type of each discovered field; `present`: how many events have it.
    `streams` is None when there are too many to list. `ranges`: least and greatest value of each
    numeric field, sealed, because they come from events. `processing`: what was done to its events.
    `rare`: the names of the fields without a column, as `rare_text` writes them; None if not known.
    `footers`: checksum of the footer of each file of an open store, of whose pages Parquet has one.
    `index`: None where there is none, as in segments of earlier versions.
    """

    id: str
    group_id: int
    first_ms: int
    last_ms: int
    rows: int
    message_bytes: int
    file_bytes: int
    discovery: int
    wrapped_key: bytes | None
    columns: dict[str, str]
    present: dict[str, int]
    row_groups: tuple[RowGroup, ...]
    streams: tuple[str, ...] | None
    has_rest: bool
    rare: str | None
    capped: int
    ranges: bytes
    processing: Processing
    footers: dict[str, str] = field(default_factory=dict)
    index: IndexFacts | None = None

    @property
    def is_stale(self) -> bool:
        """Whether its fields are not what discovery would find in its events today."""
        return self.discovery != self.processing.version

    def may_have(self, name: str) -> bool:
        """Tell whether an event may have this discovered field; a guess where `rare` is None."""
        if name in self.columns:
            return True
        return self.has_rest and (self.rare is None or f"{_NUL}{name}{_NUL}" in self.rare)

    def may_have_below(self, beginning: str) -> bool:
        """Tell whether an event may have a field that begins so; a guess where `rare` is None."""
        if any(name.startswith(beginning) for name in self.columns):
            return True
        return self.has_rest and (self.rare is None or f"{_NUL}{beginning}" in self.rare)

    def field_names(self) -> list[str]:
        """Name the discovered fields, as far as they are known."""
        return [*self.columns, *(self.rare[1:-1].split(_NUL) if self.rare else ())]

    def packed(self) -> bytes:
        """Give what the catalog keeps as one value, because no statement asks for a part of it."""
        facts: dict[str, Any] = {
            "columns": self.columns,
            "present": list(self.present.values()),
            "row_groups": self.row_groups,
            "streams": self.streams,
            "rest": self.has_rest,
            "rare_names": self.rare,
            "capped": self.capped,
            "log_type": self.processing.log_type,
        }
        facts |= {"footers": self.footers} if self.footers else {}
        facts |= {} if self.index is None else {"index": self.index}
        packed: bytes = _CODEC.compress(json.dumps(facts).encode(), asbytes=True)
        return packed


def rare_text(names: Iterable[str]) -> str | None:
    """Write the names of rare fields as one text, a NUL before, between and after them.

    None if that would be too long, or if a name has a NUL. One text is read from the catalog faster
    than a list of names is.
    """
    listed = sorted(names)
    if not listed:
        return ""
    text = _NUL + _NUL.join(listed) + _NUL
    clear = text.count(_NUL) == len(listed) + 1
    return text if clear and len(text) <= _MAX_RARE_TEXT else None


def unpacked(packed: bytes) -> dict[str, Any]:
    """Give the facts that `SegmentFacts.packed` put together, by the names of its fields."""
    facts = json.loads(_decompress(packed))
    columns = facts["columns"]
    return {
        "columns": columns,
        "present": dict(zip(columns, facts["present"], strict=True)),
        "row_groups": tuple(RowGroup(*group) for group in facts["row_groups"]),
        "streams": None if facts["streams"] is None else tuple(facts["streams"]),
        "has_rest": facts["rest"],
        "rare": facts.get("rare_names"),  # segments of earlier versions do not say
        "capped": facts["capped"],
        "processing": Processing(log_type=facts["log_type"]),
        "footers": facts.get("footers", {}),
        "index": IndexFacts(*facts["index"]) if "index" in facts else None,
    }


def ranges_of(facts: SegmentFacts, sealer: Sealer) -> dict[str, tuple[float, float]]:
    """Give the least and greatest value of each numeric field."""
    # Sealed ranges are the key themselves, because a copy of the store has the same segment ids.
    if (known := _ranges.get(facts.ranges)) is not None:
        return known
    what = f"what the catalog says of segment {facts.id}"
    text = sealer.open(facts.ranges, ranges_place(facts.id), what)
    made = {name: (low, high) for name, (low, high) in json.loads(text).items()}
    _ranges.put(facts.ranges, made)
    return made


_ranges: Cache[dict[str, tuple[float, float]]] = Cache(20_000)


def key_place(segment_id: str) -> str:
    """Name the place that the wrapped key of a segment is bound to, as authenticated data."""
    return f"key/{segment_id}"


def ranges_place(segment_id: str) -> str:
    """Name the place that the sealed ranges of a segment are bound to (as in `key_place`)."""
    return f"ranges/{segment_id}"


def encrypting(key: bytes | None, store_id: str, file: FileName) -> Any:
    """Give the properties that encrypt one file, or None for an open store."""
    if key is None:
        return None
    return pe.create_encryption_properties(
        key, aad_prefix=_prefix(store_id, file), store_aad_prefix=False
    )


def decrypting(key: bytes | None, store_id: str, file: FileName) -> Any:
    """Give the properties that decrypt one file, or None for an open store."""
    if key is None:
        return None
    return pe.create_decryption_properties(key, aad_prefix=_prefix(store_id, file))


def footer_check(footer: bytes) -> str:
    """Give the checksum of a footer."""
    return blake2b(footer, digest_size=16).hexdigest()


def type_code(kind: Any) -> str:
    """Give the code of a discovered field's type."""
    for code, test in _TESTS.items():
        if test(kind):
            return code
    if kind == mixed_type():
        return MIXED
    raise TypeError(f"no field has the type {kind}")


def leaves(code: str) -> int:
    """Give how many Parquet columns a field takes."""
    return 2 if code == MIXED else 1


def _prefix(store_id: str, file: FileName) -> bytes:
    return f"{store_id}/{file.segment_id}/{file.kind}".encode()


def _decompress(data: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        text: bytes = stream.read()
    return text


_TESTS = {
    INTEGER: pa.types.is_int64,
    NUMBER: pa.types.is_float64,
    BOOLEAN: pa.types.is_boolean,
    TEXT: pa.types.is_string,
    DICTIONARY: pa.types.is_dictionary,
}
