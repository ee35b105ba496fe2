"""The index of a segment: which row groups of messages may hold a text.

It stands in the fields file before the note, where readers of Parquet do not look. For each place
that a gram's hash can have it has a bit for each row group, so that a question reads a few small
parts of it, however large it is. Parts are sealed: without the key they tell nothing of the words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cwnb.errors import StoreDamaged
from cwnb.events import MESSAGE, AllOf, Candidates, Holds
from cwnb.store.cache import ShortLived
from cwnb.store.segments.facts import MESSAGE_GROUP, TEXT, IndexFacts
from cwnb.store.segments.folder import FIELDS
from cwnb.store.segments.gram_tables import place_of, plain_runs
from cwnb.store.segments.grams import hashes_of

if TYPE_CHECKING:
    from cwnb.events import Need
    from cwnb.store.context import StoreContext
    from cwnb.store.keys.sealing import Sealer
    from cwnb.store.segments.facts import SegmentFacts
    from cwnb.store.segments.files import SegmentFiles
    from cwnb.store.segments.gram_tables import GramTables

    Mask = np.ndarray[Any, np.dtype[np.bool_]]

# Facts of an index name it, and an index of another version is passed over: raise it when other
# grams are chosen, when they are hashed otherwise, or when the bits stand in another order.
VERSION = 1
# Of the bytes of a segment's files, so much at most is its index, and less than this has none.
_SHARE = 0.045
_LEAST_MESSAGE_BYTES = 1 << 16
# What is sealed as one, about; an eighth of it in bytes.
_PART_BITS = 1 << 16
# What a seal adds to a part: nonce and tag, or the checksum of an open store.
_SEAL_BYTES, _CHECK_BYTES = 28, 32
# Grams of one text that are looked up; more tell hardly more.
_MOST_GRAMS = 12
_answers: ShortLived[tuple[Mask, frozenset[str]]] = ShortLived(1024)


def write(
    sink: Any, tables: GramTables, sealer: Sealer, facts: SegmentFacts, file_bytes: int
) -> IndexFacts | None:
    """Write the index behind what the file has, and tell where; None where it is not worth it.

    `file_bytes`: the size of the segment's files without it.
    """
    places = tables.places(int(file_bytes * _SHARE))
    if facts.message_bytes < _LEAST_MESSAGE_BYTES or places < 1:
        return None
    made = IndexFacts(VERSION, sink.tell(), places)
    for number, part in enumerate(tables.rows(places, _step(tables.groups, places))):
        sealed = sealer.seal(part, _place(facts.id, number))
        sink.write(sealed)
        sink.write(sealer.content_check(sealed).encode())
    return made


def candidates(
    context: StoreContext, segment: SegmentFacts, files: SegmentFiles, need: Need
) -> Candidates | None:
    """Give the row groups of messages that may hold what is needed; None where all may."""
    if segment.index is None or segment.index.version != VERSION:
        return None
    sealer = context.sealer()  # first, so that without the key nothing known is given
    key = (context.identity, segment.id, files.version(FIELDS), need)
    known = _answers.get(key)
    if known is None:
        looking = _Looking(segment, segment.index, files, sealer)
        mask = looking.groups(need)
        known = mask, frozenset(looking.fields)
        _answers.put(key, known)
    groups, fields = known
    return None if groups.all() else Candidates(groups, fields)


class _Part(NamedTuple):
    number: int
    bits: np.ndarray[Any, np.dtype[np.uint8]]


class _Looking:
    """Looks up the texts of one need in the index of one segment."""

    def __init__(
        self, segment: SegmentFacts, index: IndexFacts, files: SegmentFiles, sealer: Sealer
    ) -> None:
        self.fields: set[str] = set()
        self._segment = segment
        self._index = index
        self._files = files
        self._sealer = sealer
        self._groups = -(-segment.rows // MESSAGE_GROUP)
        self._part = _Part(-1, np.array([], np.uint8))

    def groups(self, need: Need) -> Mask:
        """Give a Boolean for each row group: whether one of its events may meet the need."""
        if isinstance(need, Holds):
            return self._holding(need)
        every = isinstance(need, AllOf)
        found = np.full(self._groups, every)
        for each in need.needs:
            one = self.groups(each)
            found = found & one if every else found | one
            if every and not found.any():
                break
        return found

    def _holding(self, need: Holds) -> Mask:
        texts = [need.text]
        of_message = need.field == MESSAGE
        if not of_message:
            if not self._is_in_messages(need.field):
                return np.ones(self._groups, bool)
            texts = plain_runs(need.text)
        if need.ignore_case:
            texts = [part for text in texts for part in _same_in_both_cases(text)]
        hashes = [hashes_of(text) for text in texts]
        places = np.unique(place_of(np.concatenate([*hashes, _NONE]), self._index.places))
        found = np.ones(self._groups, bool)
        if not len(places):
            return found
        # Those that lie far from each other in the index, so that many texts share few of them.
        for place in places[:: -(-len(places) // _MOST_GRAMS)].tolist():
            found &= self._bits(place)
            if not found.any():
                break
        if not of_message:
            found |= self._bits(self._index.places)
            if not found.all():
                self.fields.add(need.field)
        return found

    def _is_in_messages(self, field: str) -> bool:
        """Tell whether each value of a field is a text that its message has, but for escapes.

        The texts of a dictionary are few, and are compared before their rows are.
        """
        from cwnb.store.discovery import derived_fields

        segment = self._segment
        return (
            segment.columns.get(field) == TEXT
            and not segment.is_stale
            and field not in derived_fields(segment.processing.log_type)
        )

    def _bits(self, place: int) -> Mask:
        step = _step(self._groups, self._index.places)
        number, here = divmod(place, step)
        if self._part.number != number:
            self._part = _Part(number, self._read(number, step * self._groups // 8))
        first = here * self._groups
        bits = self._part.bits[first // 8 : -(-(first + self._groups) // 8)]
        start = first % 8
        found: Mask = np.unpackbits(bits, bitorder="little")[start : start + self._groups] > 0
        return found

    def _read(self, number: int, size: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        encrypted = self._segment.wrapped_key is not None
        whole = size + (_SEAL_BYTES if encrypted else _CHECK_BYTES)
        stored = self._files.index_part(self._index.at + number * whole, whole)
        what = self._files.described_index()
        sealed, check = (stored, b"") if encrypted else (stored[:size], stored[size:])
        if self._sealer.content_check(sealed).encode() != check:
            raise StoreDamaged(f"{what} is damaged: it fails its check")
        bits = self._sealer.open(sealed, _place(self._segment.id, number), what)
        return np.frombuffer(bits, np.uint8)


_NONE = np.array([], np.int64)


def _same_in_both_cases(text: str) -> list[str]:
    """Cut a text at the letters that RE2 also finds in other bytes than those of a to z.

    The index knows letters of ASCII in both cases. K is also the Kelvin sign, and S the long s.
    """
    return re.split(r"[kKsS]|[^\x00-\x7f]", text)


def _step(groups: int, places: int) -> int:
    """Give how many places stand in one part; their bits are whole bytes, and all parts alike."""
    parts = -(-(places + 1) * groups // _PART_BITS)
    return -(-(places + 1) // (parts * 8)) * 8


def _place(segment_id: str, number: int) -> str:
    return f"index/{segment_id}/{number}"
