"""The note in a segment from which its row of the catalog can be made again.

It stands before the footer of the fields file, where readers of Parquet do not look: they find all
else by its offset. Which store and key it is of stands there in clear, for a file with an encrypted
footer says nothing without its key; the rest is sealed.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cwnb.errors import StoreDamaged
from cwnb.store.positions import Runs
from cwnb.store.segments.facts import SegmentFacts, footer_check, unpacked
from cwnb.store.segments.folder import FIELDS, MESSAGE, FileName

if TYPE_CHECKING:
    from cwnb.store.keys.sealing import Sealer
    from cwnb.store.segments.folder import SegmentFolder

_MARK = b"cwnbnote"
_LENGTH_BYTES = 8
# Far more than a note of 500 columns and 400,000 runs.
_MAX_BYTES = 64 << 20


class GroupNote(NamedTuple):
    """The log group of a segment, as it was when the segment was written."""

    id: int
    name: str
    created_ms: int
    log_type: str | None


class Origin(NamedTuple):
    """Which store and which key a segment is of."""

    store_id: str
    key_id: str


@dataclass(frozen=True)
class Note:
    """What the catalog knows of a segment, and what the segment was made of.

    `runs` is None where the events were published after they were written, by a load. `replaces`
    names the segments whose living events are in this one.
    """

    group: GroupNote
    facts: SegmentFacts
    runs: Runs | None
    replaces: tuple[str, ...]


class SealedNote(NamedTuple):
    """A note as a file has it."""

    origin: Origin
    check: str
    body: bytes


def pack(note: Note, origin: Origin, sealer: Sealer) -> bytes:
    """Give what the file is given."""
    facts = note.facts
    key = None if facts.wrapped_key is None else _text(facts.wrapped_key)
    row = (facts.first_ms, facts.last_ms, facts.rows, facts.message_bytes, facts.discovery)
    body = {
        "group": note.group,
        "row": row,
        "key": key,
        "facts": _text(facts.packed()),
        "ranges": _text(facts.ranges),
        "runs": None if note.runs is None else _text(note.runs.pack()),
        "replaces": note.replaces,
    }
    sealed = sealer.seal(json.dumps(body).encode(), _place(facts.id))
    head = json.dumps([*origin, sealer.content_check(sealed)]).encode()
    length = len(head).to_bytes(_LENGTH_BYTES, "little")
    whole = length + head + sealed
    return whole + len(whole).to_bytes(_LENGTH_BYTES, "little") + _MARK


def find(folder: SegmentFolder, segment: FileName) -> SealedNote | None:
    """Read the note of a segment without its key; None where an earlier version wrote it."""
    end = len(_MARK) + _LENGTH_BYTES
    mark = folder.before_footer(segment, end)
    if mark[_LENGTH_BYTES:] != _MARK:
        return None
    length = int.from_bytes(mark[:_LENGTH_BYTES], "little")
    if length > _MAX_BYTES:
        raise _damaged(segment.segment_id)
    data = folder.before_footer(segment, length + end)
    head_end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    try:
        store_id, key_id, check = map(str, json.loads(data[_LENGTH_BYTES:head_end]))
    except ValueError:
        raise _damaged(segment.segment_id) from None
    return SealedNote(Origin(store_id, key_id), check, data[head_end:length])


def open_note(sealed: SealedNote, segment: FileName, folder: SegmentFolder, sealer: Sealer) -> Note:
    """Read a note; raise StoreDamaged. Sizes and footers are taken from the files."""
    if sealer.content_check(sealed.body) != sealed.check:
        raise _damaged(segment.segment_id)
    what = f"the note of segment {segment.segment_id}"
    text = sealer.open(sealed.body, _place(segment.segment_id), what)
    try:
        body: dict[str, Any] = json.loads(text)
        first_ms, last_ms, rows, message_bytes, discovery = body["row"]
        key = body["key"]
        facts = SegmentFacts(
            id=segment.segment_id,
            group_id=segment.group_id,
            first_ms=first_ms,
            last_ms=last_ms,
            rows=rows,
            message_bytes=message_bytes,
            file_bytes=0,
            discovery=discovery,
            wrapped_key=None if key is None else b64decode(key),
            ranges=b64decode(body["ranges"]),
            **unpacked(b64decode(body["facts"])),
        )
        runs = body["runs"]
        note = Note(
            GroupNote(*body["group"]),
            facts,
            None if runs is None else Runs.unpack(b64decode(runs), facts.id),
            tuple(body["replaces"]),
        )
    except (ValueError, KeyError, TypeError):
        raise _damaged(segment.segment_id) from None
    if note.group.id != segment.group_id:
        raise _damaged(segment.segment_id)
    files = [segment._replace(kind=kind) for kind in (FIELDS, MESSAGE)]
    size = sum(map(folder.size, files))
    footers = (
        {file.kind: footer_check(folder.footer(file)) for file in files} if key is None else {}
    )
    return replace(note, facts=replace(facts, file_bytes=size, footers=footers))


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _place(segment_id: str) -> str:
    return f"note/{segment_id}"


def _damaged(segment_id: str) -> StoreDamaged:
    return StoreDamaged(f"the note of segment {segment_id} is damaged")
