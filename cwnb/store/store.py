"""A store: the folder where the events of log groups live."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from cwnb.errors import InvalidParameter, ResourceAlreadyExists, StoreReadOnly
from cwnb.store import claims
from cwnb.store.groups import (
    find_group,
    group_info,
    group_names,
    insert_group,
    known_group,
    remove_group,
)
from cwnb.store.ingest.load import Loading, load_place
from cwnb.store.ingest.put import Putting
from cwnb.store.ingest.recent import SELECT_BATCH, SealedBatch
from cwnb.store.maintenance import work as maintenance
from cwnb.store.maintenance.background import Background
from cwnb.store.maintenance.retention import check_retention, cutoff_ms
from cwnb.store.names import check_group_name, check_stream_name, match_names
from cwnb.store.opening import open_catalog, read_meta
from cwnb.store.records import FieldInfo, GroupInfo, LoadRecord, PutResult, StreamInfo
from cwnb.store.segments.facts import SELECT_SEGMENT, facts_of
from cwnb.store.segments.files import StoreRef
from cwnb.store.segments.writer import Home
from cwnb.store.snapshot import GroupState, Snapshot
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cwnb.events import EventBatch
    from cwnb.store.catalog.connection import Catalog


class Store:
    """Where events live; several processes and threads may hold the same one.

    >>> store = Store.open("shop-logs")
    >>> store.put("/shop/app", event_batch([1_700_000_000_000], ["hello"], "i-1"))
    PutResult(accepted=1, refused=[])

    What failed in the background since the last call is raised by the next one, once and before it
    does anything.
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
        self._putting = Putting(self)
        self.background = Background(self)
        self._failure: Exception | None = None

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
        catalog = open_catalog(folder, create=create)
        try:
            meta = read_meta(catalog, str(folder), encryption)
            ref = StoreRef(str(folder), meta["store_id"], meta["key_id"])
            store = cls(catalog, ref, clock, meta["now_ms"])
            if not catalog.read_only:
                claims.clean(store)
        except BaseException:
            catalog.close()
            raise
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; what was put is durable, closed or not."""
        self.background.stop()
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
            if find_group(connection, name) is not None:
                raise ResourceAlreadyExists(f"log group {name!r} exists already")
            insert_group(connection, name, self.clock.now_ms(), retention_days, log_type)

    def delete_group(self, name: str) -> None:
        """Remove a log group with all its streams and events."""
        self._raise_failure()
        with self.catalog.write() as connection:
            remove_group(connection, known_group(connection, name).id)

    def set_retention(self, name: str, days: int | None) -> None:
        """Keep events for so many days, counted from their own time; None is for ever."""
        self._raise_failure()
        check_retention(days)
        with self.catalog.write() as connection:
            group = known_group(connection, name)
            connection.execute(
                "UPDATE groups SET retention_days = ? WHERE id = ?", (days, group.id)
            )

    def has_group(self, name: str) -> bool:
        """Tell whether there is such a group."""
        with self.catalog.read() as connection:
            return find_group(connection, name) is not None

    def groups(self) -> list[GroupInfo]:
        """Tell about all groups, by name; expired events do not count."""
        self._raise_failure()
        snapshot = self._snapshot_of(None, with_batches=False)
        return [group_info(snapshot, group, self.ref) for group in snapshot.groups]

    def streams(self, group: str) -> list[StreamInfo]:
        """Tell about the streams of a group, by name."""
        self._raise_failure()
        with self.catalog.read() as connection:
            rows = connection.execute(
                "SELECT name, created_ms, first_ms, last_ms, last_ingestion_ms, events"
                " FROM streams WHERE group_id = ? ORDER BY name",
                (known_group(connection, group).id,),
            ).fetchall()
        return [StreamInfo(*row) for row in rows]

    def create_stream(self, group: str, stream: str) -> None:
        """Make an empty stream."""
        self._raise_failure()
        check_stream_name(stream)
        with self.catalog.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO streams (group_id, name, created_ms, events)"
                " VALUES (?, ?, ?, 0)",
                (known_group(connection, group).id, stream, self.clock.now_ms()),
            )
            if not connection.changes():
                raise ResourceAlreadyExists(f"log stream {stream!r} exists already")

    def match_groups(self, names: Sequence[str]) -> list[str]:
        """Give the groups that the names mean; a trailing `*` is a prefix."""
        with self.catalog.read() as connection:
            known = group_names(connection)
        return match_names(names, known)

    # Events in

    def put(self, group: str, batch: EventBatch) -> PutResult:
        """Store events; they are durable when this returns.

        Makes the group and the streams where they are absent. What the store does not take (empty,
        over 1 MB, expired, a time outside 1970 to 9999) is refused with its reason.
        """
        self._raise_failure()
        result = self._putting.put(group, batch)
        self.background.start()
        return result

    @contextmanager
    def loading(self, group: str, *, log_type: str | None = None) -> Iterator[Loading]:
        """Take many events, all or nothing: see Loading. Makes the group where it is absent."""
        self._raise_failure()
        check_group_name(group)
        _check_log_type(log_type)
        now = self.clock.now_ms()
        with self.catalog.write() as connection:
            found = find_group(connection, group)
            if found is None:
                found = insert_group(connection, group, now, log_type=log_type)
            work = claims.claim(self, connection, found.id, "load")
        self.background.start()
        cutoff = cutoff_ms(found.retention_days, now)
        with Loading(self, found.id, log_type or found.log_type, cutoff, work) as loading:
            yield loading

    def load_records(self, group: str) -> list[LoadRecord]:
        """Tell what has been loaded into a group, oldest first."""
        with self.catalog.read() as connection:
            found = find_group(connection, group)
            if found is None:
                return []
            rows = connection.execute(
                "SELECT record FROM loads WHERE group_id = ? ORDER BY id", (found.id,)
            ).fetchall()
        sealer, what = self.ref.sealer(), f"a load record of log group {group!r}"
        return [
            LoadRecord(**json.loads(sealer.open(sealed, load_place(found.id), what)))
            for (sealed,) in rows
        ]

    # Events out

    def snapshot(self, group_names: Sequence[str]) -> Snapshot:
        """Give a source of the events that the groups have at this moment."""
        self._raise_failure()
        return self._snapshot_of(list(dict.fromkeys(group_names)))

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
        claims.remove_strays(self)

    def note_failure(self, error: Exception) -> None:
        """Keep the error of background work for the next call."""
        self._failure = error

    def _raise_failure(self) -> None:
        error, self._failure = self._failure, None
        if error is not None:
            raise error

    def _ids(self, group: str | None) -> list[int]:
        if self.catalog.read_only:
            raise StoreReadOnly(f"the store {self.path!r} may not be written by this user")
        with self.catalog.read() as connection:
            if group is not None:
                return [known_group(connection, group).id]
            return [number for (number,) in connection.execute("SELECT id FROM groups")]

    def _snapshot_of(self, names: list[str] | None, *, with_batches: bool = True) -> Snapshot:
        select = SELECT_BATCH if with_batches else SELECT_BATCH.replace(" data", " x''")
        states = []
        with self.catalog.read() as connection:
            fixed = connection.execute("SELECT value FROM meta WHERE key = 'now_ms'").get
            for name in group_names(connection) if names is None else names:
                key = known_group(connection, name)
                segments = connection.execute(
                    f"{SELECT_SEGMENT} WHERE group_id = ? ORDER BY first_ms, id", (key.id,)
                ).fetchall()
                batches = connection.execute(
                    f"{select} WHERE group_id = ? ORDER BY id", (key.id,)
                ).fetchall()
                states.append((name, key, segments, batches))
        # What was read is parsed after the transaction, which holds back the log of the catalog.
        self._stored_clock = Clock(fixed)
        return Snapshot(
            self.ref,
            [
                GroupState(
                    key.id,
                    name,
                    key.created_ms,
                    key.retention_days,
                    key.log_type,
                    tuple(map(facts_of, segments)),
                    tuple(SealedBatch(*row) for row in batches),
                )
                for name, key, segments, batches in states
            ],
            self.clock.now_ms(),
        )


def _check_log_type(log_type: str | None) -> None:
    if log_type is not None:
        from cwnb.store.discovery import discover

        discover(pa.array([], pa.string()), log_type=log_type)
