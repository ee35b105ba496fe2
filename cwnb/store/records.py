"""Records that describe a store to its users: groups, streams, fields, puts, loads."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class GroupInfo:
    """A log group; `stored_bytes` counts the messages as text, expired segments left out."""

    id: int
    name: str
    created_ms: int
    retention_days: int | None
    log_type: str | None
    log_class: str
    tags: dict[str, str]
    events: int
    stored_bytes: int
    first_ms: int | None
    last_ms: int | None
    segments: int
    recent_batches: int


@dataclass(frozen=True)
class StreamInfo:
    """A log stream; `events` counts what was ever put, also what has expired since."""

    name: str
    created_ms: int
    first_ms: int | None
    last_ms: int | None
    last_ingestion_ms: int | None
    events: int


@dataclass(frozen=True)
class PutResult:
    """How many events are durable now, and index and reason of each that was refused."""

    accepted: int
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class LoadRecord:
    """A file that was loaded: what recognises it again, and where its tail begins.

    `load_id` names the load by which it can be taken back, `spans` the sequence numbers (first,
    last) of all that was published with it, `after` the fingerprint of what an earlier load had of
    it.
    """

    fingerprint: str
    name: str
    stream: str
    bytes: int
    events: int
    lines: int
    tail_state: str = ""
    loaded_ms: int = 0
    load_id: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    after: str = ""


@dataclass(frozen=True)
class FieldInfo:
    """A discovered field of a group.

    `share` of all events have it; `types` counts events by the type of the value; `distinct` and
    `examples` come from the newest events. `values`: all that these have, the most frequent first,
    where they are few and short, else none. `conflicts`: events give it values of several types.
    """

    name: str
    events: int
    share: float
    types: dict[str, int]
    distinct: int
    examples: list[str]
    values: list[str]
    conflicts: bool


@dataclass(frozen=True)
class LookupInfo:
    """A lookup table; `bytes` is the size of its texts."""

    name: str
    rows: int
    columns: list[str]
    bytes: int
    saved_ms: int


@dataclass(frozen=True)
class SavedQuery:
    """A query under a name, whose `/` make folders.

    `groups` are those to ask. `parameters` are the names that stand as `{{name}}` in the text, each
    with the value that it has if no other is given.
    """

    name: str
    text: str
    groups: list[str] = field(default_factory=list)
    parameters: dict[str, object] = field(default_factory=dict)
    saved_ms: int = 0
