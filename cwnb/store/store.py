"""A store: the folder where the events of log groups live."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cwnb.errors import InvalidParameter, ResourceAlreadyExists, StoreReadOnly
from cwnb.events import STANDARD
from cwnb.store import claims, history, kept, lookups, saved_queries
from cwnb.store.catalog import counters, groups, loads, streams
from cwnb.store.expired import expired_between
from cwnb.store.extract import Extract, ExtractReader
from cwnb.store.group_info import group_info
from cwnb.store.ingest.load import Loading, begin
from cwnb.store.ingest.load_records import open_record
from cwnb.store.ingest.put import BatchWriter
from cwnb.store.maintenance.background import Background
from cwnb.store.maintenance.flush import flush
from cwnb.store.maintenance.retention import check_retention
from cwnb.store.maintenance.rewriting import compact, sweep
from cwnb.store.memory import forget_store
from cwnb.store.names import check_group_name, check_log_class, check_tags, match_names
from cwnb.store.opening import open_context
from cwnb.store.positions import Position
from cwnb.store.processing import NOTHING, Processing
from cwnb.store.read_after import (
    PAGE_BYTES,
    PAGE_ROWS,
    Page,
    chosen_groups,
    events_after,
    position_of,
    read_after,
)
from cwnb.store.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from cwnb.events import EventBatch, GroupSelector
    from cwnb.store.catalog import Catalog
    from cwnb.store.context import StoreContext
    from cwnb.store.kept import KeptRecord, Present
    from cwnb.store.records import (
        FieldInfo,
        GroupInfo,
        LoadRecord,
        LookupInfo,
        PutResult,
        SavedQuery,
        StreamInfo,
    )
    from cwnb.times import Clock


class Store:
    """Where events live; several processes and threads may hold the same one.

    >>> store = Store.open("shop-logs")
    >>> store.put("/shop/app", event_batch([1_700_000_000_000], ["hello"], "i-1"))
    PutResult(accepted=1, refused=[])

    What failed in the background since the last call is raised by the next one, once and before it
    does anything.
    """

    def __init__(self, context: StoreContext) -> None:
        self.context = context
        self.path = context.path
        self.encryption = "default" if context.encrypted else "none"
        self.background = Background(context)
        self._batches = BatchWriter(context, self.background.after_put)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        encryption: str = "default",
        create: bool = True,
        accept_loss: bool = False,
        clock: Clock | None = None,
    ) -> Store:
        """Open the store in a folder; make it where there is none, unless `create` is false.

        `encryption`: `"none"` makes a new store of open Parquet files; an existing store keeps what
        it was made with. `accept_loss` opens a store whose log is damaged with what was committed
        before the damage. Raises NotAStore, StoreTooNew, StoreKeyMissing, StoreReadOnly,
        StoreDamaged.
        """
        if encryption not in {"default", "none"}:
            raise InvalidParameter(f"encryption {encryption!r} is neither 'default' nor 'none'")
        folder = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
        context = open_context(
            folder, encryption=encryption, create=create, accept_loss=accept_loss, clock=clock
        )
        try:
            if not context.catalog.read_only:
                claims.clean(context)
        except BaseException:
            context.catalog.close()
            raise
        return cls(context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; what was put is durable, closed or not.

        What this process has written is merged into few segments first.
        """
        self.background.stop()
        try:
            self.background.tidy()
        finally:
            forget_store(self.context)
            self.catalog.close()

    @property
    def catalog(self) -> Catalog:
        """Give the catalog of the store."""
        return self.context.catalog

    @property
    def clock(self) -> Clock:
        """Give the clock that was given, or else the one that the store carries."""
        return self.context.clock

    def set_now(self, now_ms: int | None) -> None:
        """Give the store a "now" of its own that stands still, or none."""
        with self.catalog.write() as connection:
            counters.set_fixed_now_ms(connection, now_ms)
        self.context.set_fixed_now(now_ms)

    # Groups and streams

    def create_group(
        self,
        name: str,
        *,
        retention_days: int | None = None,
        log_type: str | None = None,
        log_class: str = STANDARD,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Make a log group; `log_type` says how its lines are recognised."""
        self.background.raise_failure()
        check_group_name(name)
        check_retention(retention_days)
        check_log_class(log_class)
        held = check_tags(tags or {})
        processing = Processing(log_type=log_type).check()
        with self.catalog.write() as connection:
            if groups.find(connection, name) is not None:
                raise ResourceAlreadyExists(f"log group {name!r} exists already")
            now_ms = self.clock.now_ms()
            groups.insert(
                *(connection, name, now_ms, retention_days, processing),
                log_class=log_class,
                tags=held,
            )

    def delete_group(self, name: str) -> None:
        """Remove a log group with all its streams and events."""
        self.background.raise_failure()
        with self.catalog.write() as connection:
            group = groups.known(connection, name)
            # Its files stay for queries that run.
            groups.remove(connection, group.id, time.time() + claims.GRACE_S)

    def set_retention(self, name: str, days: int | None) -> None:
        """Keep events for this many days, counted from their own time; None is for ever."""
        self.background.raise_failure()
        check_retention(days)
        with self.catalog.write() as connection:
            groups.set_retention(connection, groups.known(connection, name).id, days)

    def set_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Give a group these tags in the place of those that it has."""
        self.background.raise_failure()
        held = check_tags(tags)
        with self.catalog.write() as connection:
            groups.set_tags(connection, groups.known(connection, name).id, held)

    def has_group(self, name: str) -> bool:
        """Tell whether there is such a group."""
        with self.catalog.read() as connection:
            return groups.find(connection, name) is not None

    def groups(self) -> list[GroupInfo]:
        """Tell about all groups, by name; expired events do not count."""
        self.background.raise_failure()
        snapshot = take_snapshot(self.context, None, with_data=False)
        return [group_info(snapshot, group, self.context) for group in snapshot.groups]

    def streams(self, group: str) -> list[StreamInfo]:
        """Tell about the streams of a group, by name."""
        self.background.raise_failure()
        with self.catalog.read() as connection:
            return streams.of_group(connection, groups.known(connection, group).id)

    def group_id(self, name: str) -> int:
        """Give the id of a log group, which one made later under its name does not have."""
        with self.catalog.read() as connection:
            return groups.known(connection, name).id

    def group_name(self, group_id: int) -> str | None:
        """Name the group of this id; None if it has been deleted."""
        with self.catalog.read() as connection:
            found = groups.with_id(connection, group_id)
        return None if found is None else found.name

    def match_groups(self, names: Sequence[str]) -> list[str]:
        """Give the groups that the names mean; a trailing `*` is a prefix."""
        with self.catalog.read() as connection:
            known = groups.names(connection)
        return match_names(names, known)

    def group_ids(self, names: Sequence[str]) -> list[tuple[int, str]]:
        """Give id and name of the groups that there are of these names and prefixes."""
        with self.catalog.read() as connection:
            found = chosen_groups(connection, names, may_lack=True)
        return [(group.id, group.name) for group in found]

    # Events in

    def put(self, group: str, batch: EventBatch) -> PutResult:
        """Store events; they are durable when this returns.

        Makes the group and the streams where they are absent. What the store does not take (empty,
        over 1 MB, expired, a time outside 1970 to 9999) is refused with its reason.
        """
        self.background.raise_failure()
        result = self._batches.put(group, batch)
        self.background.start()
        return result

    @contextmanager
    def loading(
        self,
        group: str,
        processing: Processing = NOTHING,
        *,
        deliver: bool = True,
        load_id: str = "",
    ) -> Iterator[Loading]:
        """Take many events, all or nothing: see Loading. Makes the group where it is absent.

        A group that this made and that is empty when nothing is committed goes again.

        `processing` goes before that of the group, which keeps its own. With `deliver=False` the
        events have no position: `read_after` never gives them. `load_id`: see `unload`.
        """
        self.background.raise_failure()
        check_group_name(group)
        processing.check()
        loading = begin(self.context, group, processing, deliver=deliver, load_id=load_id)
        self.background.start()
        with loading:
            yield loading
        if loading.events:
            self.background.after_load(loading.group_id, loading.events)

    def load_records(self, group: str) -> list[LoadRecord]:
        """Tell what has been loaded into a group, oldest first."""
        with self.catalog.read() as connection:
            found = groups.find(connection, group)
            if found is None:
                return []
            sealed = loads.of_group(connection, found.id)
        sealer = self.context.sealer()
        return [open_record(record, found.id, group, sealer) for record in sealed]

    def number_of_loads(self, group: str) -> int:
        """Give how many files have been loaded into a group; 0 for a group that is not there."""
        with self.catalog.read() as connection:
            found = groups.find(connection, group)
            return 0 if found is None else loads.count(connection, found.id)

    def unload(self, group: str, load_id: str) -> int:
        """Take back what was loaded into a group under this id; give how many events went.

        The files can be loaded again. All or nothing; events keep their positions. Raises
        ResourceNotFound, and InvalidParameter where a later load goes on where this one ended.
        """
        from cwnb.store.maintenance.unload import unload

        self.background.raise_failure()
        return unload(self.context, group, load_id)

    # Events out

    def snapshot(
        self,
        group_names: Sequence[str],
        selectors: Sequence[GroupSelector] = (),
        tables: Sequence[str] = (),
    ) -> Snapshot:
        """Give a source of the events that the groups have at this moment.

        A trailing `*` of a name is a prefix; the groups that `selectors` mean are there too, and
        the lookup `tables` of these names. Raises ResourceNotFound.
        """
        self.background.raise_failure()
        names = list(dict.fromkeys(group_names))
        return take_snapshot(self.context, names, selectors=selectors, tables=tables)

    def field_statistics(self, *groups: str) -> list[FieldInfo]:
        """Tell about the discovered fields of these groups, those of most events first."""
        from cwnb.store.statistics import field_statistics

        return field_statistics(self.snapshot(groups))

    def position(self) -> Position:
        """Give the position after all events that are visible now."""
        with self.catalog.read() as connection:
            return counters.newest_position(connection)

    def read_after(
        self,
        position: Position,
        groups: Sequence[str | int] | None = None,
        *,
        limit_rows: int = PAGE_ROWS,
        limit_bytes: int = PAGE_BYTES,
        may_lack: bool = False,
    ) -> Page:
        """Give the events that became visible after a position, in that order, a page at a time.

        `groups`: names, of which a trailing `*` is a prefix, and ids; all where it is None. A group
        that was deleted has no events under its id. With `may_lack` a name that no group has means
        none, and it is no error. See `Page`. Raises ResourceNotFound, and InvalidParameter for a
        position that the store has not reached.
        """
        self.background.raise_failure()
        return read_after(
            self.context,
            Position(*position),
            groups,
            limit_rows=limit_rows,
            limit_bytes=limit_bytes,
            may_lack=may_lack,
        )

    def events_after(self, position: Position, groups: Sequence[str | int]) -> int:
        """Give how many events of these groups became visible after a position, at most.

        Some of them may have expired. `groups` as for `read_after`.
        """
        return events_after(self.context, Position(*position), groups)

    def expired_between(self, group_id: int, after: Position, until: Position) -> int:
        """Give how many events of a group with these positions have expired, stored or removed.

        `until` is one of the positions.
        """
        return expired_between(self.context, group_id, Position(*after), Position(*until))

    def position_of(self, group_id: int, sequence: int) -> Position | None:
        """Give the position of an event; None if it has none, or if the event is not there."""
        return position_of(self.context, group_id, sequence)

    def extract(self, extract: Extract) -> ExtractReader:
        """Read all events of a log group up to a position, page by page; see `ExtractReader`."""
        return ExtractReader(self.context, extract)

    # What other rooms keep

    def kept_records(self, family: str) -> list[KeptRecord]:
        """Give the records of a family that other rooms keep, by group and name."""
        return kept.all_of(self.context, family)

    def kept_record(self, family: str, name: str, group_id: int | None) -> KeptRecord | None:
        """Give a record that another room keeps, or None."""
        return kept.find(self.context, family, name, group_id)

    def change_kept(
        self,
        family: str,
        name: str,
        change: Callable[[dict[str, Any] | None, Present], dict[str, Any] | None],
        *,
        group: str | int | None = None,
        durable: bool = True,
    ) -> dict[str, Any] | None:
        """Change a record that another room keeps, in one transaction; see `kept.change`."""
        self.background.raise_failure()
        return kept.change(self.context, family, name, change, group=group, durable=durable)

    # Queries that users save

    def save_query(self, query: SavedQuery) -> None:
        """Save a query, in the place of one with the same name; raises InvalidParameter."""
        self.background.raise_failure()
        saved_queries.save(self.context, query)

    def saved_queries(self) -> list[SavedQuery]:
        """Give the saved queries, by name."""
        return saved_queries.all_of(self.context)

    def saved_query(self, name: str) -> SavedQuery:
        """Give one saved query; raises ResourceNotFound."""
        return saved_queries.find(self.context, name)

    def delete_query(self, name: str) -> None:
        """Delete a saved query; raises ResourceNotFound."""
        saved_queries.delete(self.context, name)

    # Lookup tables

    def put_lookup(self, name: str, table: pa.Table, text_bytes: int) -> None:
        """Keep a lookup table, in the place of one with the same name; see `lookups.save`."""
        self.background.raise_failure()
        lookups.save(self.context, name, table, text_bytes)

    def lookups(self) -> list[LookupInfo]:
        """Tell about the lookup tables, by name."""
        return lookups.all_of(self.context)

    def delete_lookup(self, name: str) -> None:
        """Delete a lookup table; raises ResourceNotFound."""
        lookups.delete(self.context, name)

    def add_to_history(self, record: bytes) -> int:
        """Keep what the user has asked; gives its number. The newest 200 records are kept."""
        return history.add(self.context, record)

    def history(self) -> list[tuple[int, bytes]]:
        """Give what the user has asked, with numbers, oldest first."""
        return history.all_of(self.context)

    # Maintenance by hand; each also happens by itself

    def flush(self, group: str | None = None) -> None:
        """Turn all recent batches into segments."""
        self.background.raise_failure()
        for group_id in self._ids(group):
            while flush(self.context, group_id):
                pass

    def compact(self, group: str | None = None) -> None:
        """Merge small segments, and renew those that an older version made."""
        self.background.raise_failure()
        for group_id in self._ids(group):
            compact(self.context, group_id)

    def sweep(self, group: str | None = None) -> None:
        """Remove expired events and the files that nothing needs any more."""
        self.background.raise_failure()
        for group_id in self._ids(group):
            sweep(self.context, group_id)
        claims.remove_strays(self.context)

    def backup(self, target: str | os.PathLike[str], *, link: bool = False) -> None:
        """Copy the store into a new or empty folder; see `backups.backup`."""
        from cwnb.store.backups import backup

        self.background.raise_failure()
        backup(self.context, target, link=link)

    def export_key(self, file: Path, passphrase: str) -> None:
        """Write the store's key into a new file that a passphrase protects; see `export_key`."""
        from cwnb.store.keys.transfer import export_key

        if not self.context.encrypted:
            raise InvalidParameter(f"the store {self.path!r} is not encrypted and has no key")
        self.context.sealer()  # raises for a key that is not the store's
        export_key(self.context.facts.key_id, self.path, file, passphrase)

    def _ids(self, group: str | None) -> list[int]:
        if self.catalog.read_only:
            raise StoreReadOnly(f"the store {self.path!r} may not be written by this user")
        with self.catalog.read() as connection:
            if group is not None:
                return [groups.known(connection, group).id]
            return groups.ids(connection)
