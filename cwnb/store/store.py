"""A store: the folder where the events of log groups live."""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import (
    InvalidParameter,
    NotAStore,
    ResourceAlreadyExists,
    ResourceNotFound,
    StoreDamaged,
    StoreError,
    StoreReadOnly,
)
from cwnb.events import ALL_TIME, DEFAULT_ACCOUNT, DEFAULT_REGION, EventBatch
from cwnb.store import maintenance, recent
from cwnb.store.arriving import (
    count_events,
    counts_by_stream,
    refusals,
    stream_column,
    take_sequences,
)
from cwnb.store.background import FLUSH_BATCHES, FLUSH_BYTES, Background
from cwnb.store.catalog import (
    Catalog,
    check_schema,
    create_schema,
    may_write,
    named_file_errors,
)
from cwnb.store.encryption import create_key
from cwnb.store.loading import Loading, load_place
from cwnb.store.messages import lengths, text_and_raw
from cwnb.store.names import check_group_name, check_stream_name, match_names, unknown_group
from cwnb.store.reading import SegmentTask, StoreRef
from cwnb.store.recent import SELECT_BATCH, SealedBatch
from cwnb.store.records import FieldInfo, GroupInfo, LoadRecord, PutResult, StreamInfo
from cwnb.store.retention import check_retention, cutoff_ms
from cwnb.store.segments import SELECT_SEGMENT, facts_of
from cwnb.store.snapshot import GroupState, Snapshot
from cwnb.store.writing import Home
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CATALOG = "catalog.sqlite"
# A put looks for the need of a flush only so often.
_LOOK_BATCHES = 32
_LOOK_BYTES = 1 << 20


class Store:
    """Where events live; several processes and threads may hold the same one.

    >>> store = Store.open("shop-logs")
    >>> store.put("/shop/app", event_batch([1_700_000_000_000], ["hello"], "i-1"))
    PutResult(accepted=1, refused=[])
    """

    def __init__(
        self, catalog: Catalog, ref: StoreRef, clock: Clock | None, fixed_ms: int | None
    ) -> None:
        self.catalog = catalog
        self.ref = ref
        self.path = ref.path
        self.encryption = "default" if ref.key_id else "none"
        self.home = Home(ref.path, ref.store_id, ref.sealer(), bool(ref.key_id))
        self._given_clock = clock
        self._stored_clock = Clock(fixed_ms)
        self._background = Background(self)
        self._failure: Exception | None = None
        self._unseen_batches = 0
        self._unseen_bytes = 0

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        encryption: str = "default",
        create: bool = True,
        clock: Clock | None = None,
    ) -> Store:
        """Open the store in a folder; make it where there is none, unless `create` is false.

        `encryption`: `"none"` makes a new store of open Parquet files; an existing store keeps what
        it was made with. Raises NotAStore, StoreTooNew, StoreKeyMissing, StoreReadOnly.
        """
        if encryption not in {"default", "none"}:
            raise InvalidParameter(f"encryption {encryption!r} is neither 'default' nor 'none'")
        folder = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
        catalog = _open_catalog(folder, create=create)
        try:
            store = cls._opened(catalog, folder, encryption, clock)
        except BaseException:
            catalog.close()
            raise
        if not catalog.read_only:
            maintenance.clean(store)
        return store

    @classmethod
    def _opened(cls, catalog: Catalog, folder: Path, encryption: str, clock: Clock | None) -> Store:
        with catalog.read() as connection:
            made = check_schema(connection, str(folder))
        if not made:
            with catalog.write() as connection:
                if not check_schema(connection, str(folder)):
                    create_schema(connection)
                    key_id = create_key(str(folder)) if encryption == "default" else ""
                    for item in {
                        "store_id": secrets.token_hex(16),
                        "key_id": key_id,
                        "next_sequence": 1,
                        "now_ms": None,
                    }.items():
                        connection.execute("INSERT INTO meta VALUES (?, ?)", item)
        with catalog.read() as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        if encryption == "none" and meta["key_id"]:
            raise InvalidParameter(
                f"the store {str(folder)!r} is encrypted; open it without encryption='none'"
            )
        ref = StoreRef(str(folder), meta["store_id"], meta["key_id"])
        return cls(catalog, ref, clock, meta["now_ms"])

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; what was put is durable, closed or not."""
        self._background.stop()
        self.catalog.close()

    @property
    def clock(self) -> Clock:
        """Give the clock that was given, or else the one that the store carries."""
        return self._given_clock or self._stored_clock

    def set_now(self, now_ms: int | None) -> None:
        """Give the store a "now" of its own that stands still, or none."""
        with self.catalog.write() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'now_ms'", (now_ms,))
        self._stored_clock = Clock(now_ms)

    # Groups and streams

    def create_group(
        self, name: str, *, retention_days: int | None = None, log_type: str | None = None
    ) -> None:
        """Make a log group; `log_type` says how its lines are recognised."""
        self._raise_failure()
        check_group_name(name)
        check_retention(retention_days)
        _check_log_type(log_type)
        with self.catalog.write() as connection:
            if _find_group(connection, name) is not None:
                raise ResourceAlreadyExists(f"log group {name!r} exists already")
            _insert_group(connection, name, self.clock.now_ms(), retention_days, log_type)

    def delete_group(self, name: str) -> None:
        """Remove a log group with all its streams and events."""
        self._raise_failure()
        with self.catalog.write() as connection:
            group_id = self._known_group(connection, name)[0]
            names = [
                found
                for (found,) in connection.execute(
                    "SELECT id FROM segments WHERE group_id = ?", (group_id,)
                )
            ]
            later = time.time() + maintenance.GRACE_S
            maintenance.discard_segments(connection, group_id, names, later)
            connection.execute(
                "INSERT OR REPLACE INTO trash SELECT segment_id, group_id, ? FROM pending_outputs"
                " WHERE group_id = ?",
                (later, group_id),
            )
            claims = "(SELECT id FROM pending WHERE group_id = ?)"
            for table in ("pending_inputs", "pending_outputs"):
                connection.execute(f"DELETE FROM {table} WHERE pending_id IN {claims}", (group_id,))
            for table in ("pending", "batches", "streams", "loads"):
                connection.execute(f"DELETE FROM {table} WHERE group_id = ?", (group_id,))
            connection.execute("DELETE FROM groups WHERE id = ?", (group_id,))

    def set_retention(self, name: str, days: int | None) -> None:
        """Keep events of a group for so many days, counted from their own time; None is for ever."""
        self._raise_failure()
        check_retention(days)
        with self.catalog.write() as connection:
            group_id = self._known_group(connection, name)[0]
            connection.execute(
                "UPDATE groups SET retention_days = ? WHERE id = ?", (days, group_id)
            )

    def has_group(self, name: str) -> bool:
        """Tell whether there is such a group."""
        with self.catalog.read() as connection:
            return _find_group(connection, name) is not None

    def groups(self) -> list[GroupInfo]:
        """Tell about all groups, by name; expired events do not count."""
        self._raise_failure()
        snapshot = self._snapshot_of(None, with_batches=False)
        return [self._group_info(snapshot, group) for group in snapshot.groups]

    def streams(self, group: str) -> list[StreamInfo]:
        """Tell about the streams of a group, by name."""
        self._raise_failure()
        with self.catalog.read() as connection:
            group_id = self._known_group(connection, group)[0]
            rows = connection.execute(
                "SELECT name, created_ms, first_ms, last_ms, last_ingestion_ms, events"
                " FROM streams WHERE group_id = ? ORDER BY name",
                (group_id,),
            ).fetchall()
        return [StreamInfo(*row) for row in rows]

    def create_stream(self, group: str, stream: str) -> None:
        """Make an empty stream."""
        self._raise_failure()
        check_stream_name(stream)
        with self.catalog.write() as connection:
            group_id = self._known_group(connection, group)[0]
            connection.execute(
                "INSERT OR IGNORE INTO streams (group_id, name, created_ms, events)"
                " VALUES (?, ?, ?, 0)",
                (group_id, stream, self.clock.now_ms()),
            )
            if not connection.changes():
                raise ResourceAlreadyExists(f"log stream {stream!r} exists already")

    def match_groups(self, names: Sequence[str]) -> list[str]:
        """Give the groups that the names mean; a trailing `*` is a prefix."""
        with self.catalog.read() as connection:
            known = _group_names(connection)
        return match_names(names, known)

    # Events in

    def put(self, group: str, batch: EventBatch) -> PutResult:
        """Store events; they are durable when this returns.

        Makes the group and the streams where they are absent. What the store does not take (empty,
        over 1 MB, expired, a time outside 1970 to 9999) is refused with its reason.
        """
        self._raise_failure()
        check_group_name(group)
        text, raw = text_and_raw(batch.message)
        event_times = np.ascontiguousarray(batch.time_ms, np.int64)
        stream = stream_column(batch.stream, len(text))
        group_id, days = self._group_for_put(group)
        now = self.clock.now_ms()
        refused = refusals(event_times, text, raw, cutoff_ms(days, now))
        if refused:
            kept = np.ones(len(text), bool)
            kept[[index for index, _ in refused]] = False
            mask = pa.array(kept)
            event_times, stream, text = event_times[kept], stream.filter(mask), text.filter(mask)
            raw = None if raw is None else raw.filter(mask)
        if not len(text):
            return PutResult(0, refused)
        streams = list(counts_by_stream(event_times, stream))
        for name, *_ in streams:
            check_stream_name(name)
        size = int(lengths(text).sum())
        data = recent.encode(event_times, stream, text, raw)
        while not self._append(group_id, event_times, size, now, data, streams):
            group_id, _ = self._group_for_put(group)  # deleted meanwhile by somebody else
        self._after_put(group_id, size)
        return PutResult(len(text), refused)

    @contextmanager
    def loading(self, group: str, *, log_type: str | None = None) -> Iterator[Loading]:
        """Take many events, all or nothing: see Loading. Makes the group where it is absent."""
        self._raise_failure()
        check_group_name(group)
        _check_log_type(log_type)
        now = self.clock.now_ms()
        with self.catalog.write() as connection:
            found = _find_group(connection, group)
            if found is None:
                found = _insert_group(connection, group, now, None, log_type)
            work = maintenance.claim(self, connection, found[0], "load")
        self._background.start()
        with Loading(
            self, found[0], log_type or found[2], cutoff_ms(found[1], now), work
        ) as loading:
            yield loading

    def load_records(self, group: str) -> list[LoadRecord]:
        """Tell what has been loaded into a group, oldest first."""
        with self.catalog.read() as connection:
            found = _find_group(connection, group)
            if found is None:
                return []
            rows = connection.execute(
                "SELECT record FROM loads WHERE group_id = ? ORDER BY id", (found[0],)
            ).fetchall()
        sealer, what = self.ref.sealer(), f"a load record of log group {group!r}"
        return [
            LoadRecord(**json.loads(sealer.open(sealed, load_place(found[0]), what)))
            for (sealed,) in rows
        ]

    # Events out

    def snapshot(self, group_names: Sequence[str]) -> Snapshot:
        """Give a source of the events that the groups have at this moment."""
        self._raise_failure()
        return self._snapshot_of(list(group_names))

    def field_statistics(self, group: str) -> list[FieldInfo]:
        """Tell about the discovered fields of a group, those of most events first."""
        from cwnb.store.statistics import field_statistics

        return field_statistics(self.snapshot([group]))

    # Maintenance by hand; each also happens by itself

    def flush(self, group: str | None = None) -> None:
        """Turn all recent batches into segments."""
        self._raise_failure()
        for group_id in self._ids(group):
            while maintenance.flush(self, group_id):
                pass

    def compact(self, group: str | None = None) -> None:
        """Merge small segments, and renew those that an older version made."""
        self._raise_failure()
        for group_id in self._ids(group):
            maintenance.compact(self, group_id)

    def sweep(self, group: str | None = None) -> None:
        """Remove expired events and the files that nothing needs any more."""
        self._raise_failure()
        for group_id in self._ids(group):
            maintenance.sweep(self, group_id)

    def note_failure(self, error: Exception) -> None:
        """Keep the error of background work for the next call."""
        self._failure = error

    # Inside

    def _raise_failure(self) -> None:
        error, self._failure = self._failure, None
        if error is not None:
            raise error

    def _group_for_put(self, name: str) -> tuple[int, int | None]:
        with self.catalog.read() as connection:
            found = _find_group(connection, name)
        if found is None:
            with self.catalog.write() as connection:
                found = _find_group(connection, name) or _insert_group(
                    connection, name, self.clock.now_ms(), None, None
                )
        return found[0], found[1]

    def _append(
        self,
        group_id: int,
        event_times: Any,
        size: int,
        now: int,
        data: bytes,
        streams: list[tuple[str, int, int, int]],
    ) -> bool:
        token = secrets.token_hex(8)
        sealed = self.home.sealer.seal(data, recent.place(group_id, token))
        first, last = int(event_times.min()), int(event_times.max())
        with self.catalog.write() as connection:
            sequence = take_sequences(connection, len(event_times))
            connection.execute(
                "INSERT INTO batches (group_id, first_ms, last_ms, events, message_bytes,"
                " first_sequence, ingestion_ms, put_at, token, data)"
                " SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM groups WHERE id = ?",
                (
                    *(first, last, len(event_times), size, sequence, now, time.time()),
                    *(token, sealed, group_id),
                ),
            )
            if not connection.changes():
                return False
            for name, first, last, count in streams:
                count_events(connection, group_id, name, first, last, count, now)
        return True

    def _after_put(self, group_id: int, size: int) -> None:
        """Flush if there is much to flush; whatever happens here, the put has succeeded."""
        self._unseen_batches += 1
        self._unseen_bytes += size
        if self._unseen_batches >= _LOOK_BATCHES or self._unseen_bytes >= _LOOK_BYTES:
            self._unseen_batches = self._unseen_bytes = 0
            try:
                with self.catalog.read() as connection:
                    count, total = connection.execute(
                        "SELECT count(*), ifnull(sum(message_bytes), 0) FROM batches"
                        " WHERE group_id = ?",
                        (group_id,),
                    ).fetchone()
                if count >= FLUSH_BATCHES or total >= FLUSH_BYTES:
                    maintenance.flush(self, group_id)
            except Exception as error:
                self.note_failure(error)
        self._background.start()

    def _known_group(self, connection: Any, name: str) -> tuple[int, int | None, str | None]:
        found = _find_group(connection, name)
        if found is None:
            raise unknown_group(name, _group_names(connection))
        return found

    def _ids(self, group: str | None) -> list[int]:
        if self.catalog.read_only:
            raise StoreReadOnly(f"the store {self.path!r} may not be written by this user")
        with self.catalog.read() as connection:
            if group is not None:
                return [self._known_group(connection, group)[0]]
            return [number for (number,) in connection.execute("SELECT id FROM groups")]

    def _snapshot_of(self, names: list[str] | None, *, with_batches: bool = True) -> Snapshot:
        states = []
        with self.catalog.read() as connection:
            fixed = connection.execute("SELECT value FROM meta WHERE key = 'now_ms'").get
            for name in _group_names(connection) if names is None else names:
                group_id, days, log_type = self._known_group(connection, name)
                segments = connection.execute(
                    f"{SELECT_SEGMENT} WHERE group_id = ? ORDER BY first_ms, id", (group_id,)
                ).fetchall()
                select = SELECT_BATCH if with_batches else SELECT_BATCH.replace(" data", " x''")
                batches = connection.execute(
                    f"{select} WHERE group_id = ? ORDER BY id", (group_id,)
                ).fetchall()
                states.append((group_id, name, days, log_type, segments, batches))
        self._stored_clock = Clock(fixed)
        return Snapshot(
            self.ref,
            [
                GroupState(
                    *state[:4],
                    segments=tuple(facts_of(row) for row in state[4]),
                    batches=tuple(SealedBatch(*row) for row in state[5]),
                )
                for state in states
            ],
            self.clock.now_ms(),
        )

    def _group_info(self, snapshot: Snapshot, group: GroupState) -> GroupInfo:
        cutoff = cutoff_ms(group.retention_days, snapshot.now_ms)
        events = size = 0
        times: list[int] = []
        window = replace(ALL_TIME, start_ms=cutoff)
        for segment in group.segments:
            for number, part in enumerate(segment.row_groups):
                if part.last_ms < cutoff:
                    continue
                rows, first = part.rows, part.first_ms
                if first < cutoff:
                    first = cutoff
                    try:
                        rows = (
                            SegmentTask(
                                self.ref,
                                group.name,
                                group.log,
                                group.log_type,
                                segment,
                                number,
                                window,
                            )
                            .open()
                            .rows
                        )
                    except StoreDamaged:
                        rows = part.rows  # the group's other facts are still true
                events += rows
                size += part.message_bytes * rows // part.rows
                times += [first, part.last_ms]
        for batch in group.batches:
            if batch.last_ms >= cutoff:
                events, size = events + batch.events, size + batch.message_bytes
                times += [max(batch.first_ms, cutoff), batch.last_ms]
        with self.catalog.read() as connection:
            created = connection.execute(
                "SELECT created_ms FROM groups WHERE id = ?", (group.id,)
            ).get
        return GroupInfo(
            id=group.id,
            name=group.name,
            created_ms=created,
            retention_days=group.retention_days,
            log_type=group.log_type,
            events=events,
            stored_bytes=size,
            first_ms=min(times, default=None),
            last_ms=max(times, default=None),
            segments=len(group.segments),
            recent_batches=len(group.batches),
        )


def _open_catalog(folder: Path, *, create: bool) -> Catalog:
    file = folder / _CATALOG
    if folder.exists() and not folder.is_dir():
        raise NotAStore(f"{str(folder)!r} is a file, not the folder of a store")
    if file.exists():
        if file.is_dir() or not os.access(file, os.R_OK):
            raise NotAStore(f"{str(file)!r} cannot be read by this user")
        return Catalog(file, read_only=not (may_write(folder) and os.access(file, os.W_OK)))
    if not create:
        raise ResourceNotFound(f"there is no store at {str(folder)!r}")
    try:
        others = [] if not folder.exists() else sorted(os.listdir(folder))  # noqa: PTH208
        if set(others) - {"segments"}:
            raise NotAStore(
                f"the folder {str(folder)!r} holds other things, such as {others[0]!r}, "
                "and is not a store; name a new or empty folder"
            )
        with named_file_errors(str(folder)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
            (folder / "segments").mkdir(exist_ok=True, mode=0o700)
            (folder / "segments").chmod(0o700)
            # SQLite gives its log the mode of the catalog.
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.fchmod(handle, 0o600)
            os.close(handle)
    except (FileExistsError, NotADirectoryError):
        raise NotAStore(f"{str(folder)!r} cannot be a folder: a file is in the way") from None
    except OSError as error:
        raise StoreError(f"no store can be made at {str(folder)!r}: {error.strerror}") from error
    return Catalog(file, read_only=False)


def _check_log_type(log_type: str | None) -> None:
    if log_type is not None:
        from cwnb.store.discovery import discover

        discover(pa.array([], pa.string()), log_type=log_type)


def _group_names(connection: Any) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM groups WHERE account = ? AND region = ? ORDER BY name",
        (DEFAULT_ACCOUNT, DEFAULT_REGION),
    )
    return [name for (name,) in rows]


def _find_group(connection: Any, name: str) -> tuple[int, int | None, str | None] | None:
    row: tuple[int, int | None, str | None] | None = connection.execute(
        "SELECT id, retention_days, log_type FROM groups"
        " WHERE account = ? AND region = ? AND name = ?",
        (DEFAULT_ACCOUNT, DEFAULT_REGION, name),
    ).fetchone()
    return row


def _insert_group(
    connection: Any, name: str, now_ms: int, retention_days: int | None, log_type: str | None
) -> tuple[int, int | None, str | None]:
    if log_type is None and name.startswith("/aws/lambda/"):
        log_type = "lambda"
    connection.execute(
        "INSERT INTO groups (account, region, name, created_ms, retention_days, log_type)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (DEFAULT_ACCOUNT, DEFAULT_REGION, name, now_ms, retention_days, log_type),
    )
    return connection.last_insert_rowid(), retention_days, log_type
