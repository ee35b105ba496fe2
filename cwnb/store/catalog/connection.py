"""The SQLite file of a store: its schema, its connections and its transactions.

Transactions are short: a long one would stall every writer, and an open reader would let the
write-ahead log grow without bound. A connection belongs to one process and thread. SQLite's locks
do not survive a fork: see `gate`.
"""

from __future__ import annotations

import atexit
import errno
import os
import random
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import apsw

from cwnb.errors import (
    NotAStore,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
)
from cwnb.store.catalog.fork_guard import GATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x63776E62  # "cwnb"
SCHEMA_VERSION = 1
# 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write and checkpoint at once
# (sqlite.org/wal.html, the WAL-reset bug).
OLDEST_SQLITE = (3, 51, 3)
BUSY_S = 30.0
_SPARE_BYTES = 1 << 20

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL,
    name TEXT NOT NULL, created_ms INTEGER NOT NULL, retention_days INTEGER, log_type TEXT,
    UNIQUE (account, region, name));
CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, name TEXT NOT NULL,
    created_ms INTEGER NOT NULL, first_ms INTEGER, last_ms INTEGER, last_ingestion_ms INTEGER,
    events INTEGER NOT NULL, UNIQUE (group_id, name));
CREATE TABLE segments (
    id TEXT PRIMARY KEY, group_id INTEGER NOT NULL, first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL, rows INTEGER NOT NULL, message_bytes INTEGER NOT NULL,
    file_bytes INTEGER NOT NULL, discovery INTEGER NOT NULL, wrapped_key BLOB,
    facts BLOB NOT NULL, ranges BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX segments_of_group ON segments (group_id, first_ms);
-- The id of a batch is the sequence number of its first event: ids grow, and no second counter is
-- written with every put.
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL, events INTEGER NOT NULL, message_bytes INTEGER NOT NULL,
    ingestion_ms INTEGER NOT NULL, put_at REAL NOT NULL,
    token TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX batches_of_group ON batches (group_id, id, message_bytes, put_at);
CREATE TABLE loads (
    id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    record BLOB NOT NULL);
CREATE INDEX loads_of_group ON loads (group_id, fingerprint);
-- Work that was claimed: nobody else touches what it claims until its lease is over.
CREATE TABLE pending (
    id TEXT PRIMARY KEY, group_id INTEGER NOT NULL, kind TEXT NOT NULL, lease_until REAL NOT NULL,
    first_batch INTEGER, last_batch INTEGER) WITHOUT ROWID;
CREATE UNIQUE INDEX one_flush ON pending (group_id) WHERE kind = 'flush';
CREATE TABLE pending_inputs (
    segment_id TEXT PRIMARY KEY, pending_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pending_outputs (
    segment_id TEXT PRIMARY KEY, pending_id TEXT NOT NULL, group_id INTEGER NOT NULL) WITHOUT ROWID;
-- Files that no snapshot made from now on can name, and when they may go.
CREATE TABLE trash (
    segment_id TEXT PRIMARY KEY, group_id INTEGER NOT NULL, remove_at REAL NOT NULL) WITHOUT ROWID;
"""

Rows = list[tuple[Any, ...]]


class Catalog:
    """Hands out read and write transactions on `catalog.sqlite`, for any thread and process."""

    def __init__(self, file: Path, *, read_only: bool) -> None:
        if tuple(map(int, apsw.sqlite_lib_version().split("."))) < OLDEST_SQLITE:
            raise StoreError(
                f"SQLite {apsw.sqlite_lib_version()} can corrupt a store; "
                "install an apsw of 3.51.3 or later"
            )
        self.file = file
        self.read_only = read_only
        self._local = threading.local()
        self._closed = False
        _catalogs.add(self)

    @contextmanager
    def read(self) -> Iterator[Any]:
        """Give a connection on which every statement sees one state of the store."""
        with GATE.use(), self._named_errors():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Give a connection in a transaction that is durable once the block has ended."""
        if self.read_only:
            raise self._refusal()
        with GATE.use(), self._named_errors():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the connections of all threads; a later use raises."""
        with GATE.use(exclusive=True):
            self._closed = True
            self._close_connections()

    def _connection(self) -> Any:
        if self._closed:
            raise StoreError(f"the store {str(self.file.parent)!r} has been closed")
        generation = getattr(self._local, "generation", None)
        if generation != GATE.generation:
            self._local.connection = self._open()
            self._local.generation = GATE.generation
            GATE.keep(self, self._local.connection)
        return self._local.connection

    def _open(self) -> Any:
        if self.read_only:
            # SQLite cannot make the files that a shared reader needs where it may not write;
            # a store that was closed cleanly has no log, and nothing changes under it.
            log = self.file.with_name(self.file.name + "-wal")
            how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
            flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            connection = apsw.Connection(f"file:{quote(str(self.file))}?{how}", flags=flags)
            connection.set_busy_handler(_patience())
            return connection
        connection = apsw.Connection(str(self.file), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_handler(_patience())
        check_schema(connection, str(self.file.parent))  # before anything in the file changes
        connection.execute("PRAGMA temp_store = MEMORY")  # nothing of an event in a temporary file
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        # Most commits rewrite the same few pages, so fewer checkpoints write less.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        return connection

    def _close_connections(self) -> None:
        GATE.drop(lambda owner, _: owner is self)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        folder = str(self.file.parent)
        try:
            yield
        except apsw.NotADBError:
            raise NotAStore(f"{str(self.file)!r} is not a catalog of a store") from None
        except apsw.CorruptError as error:
            raise StoreDamaged(f"the catalog {str(self.file)!r} is damaged: {error}") from error
        except apsw.FullError as error:
            raise no_space(folder) from error
        except (apsw.ReadOnlyError, apsw.PermissionsError, apsw.CantOpenError) as error:
            if is_full(folder):
                raise no_space(folder) from error
            if not self.file.exists():
                raise NotAStore(f"the store {folder!r} is gone") from error
            raise self._refusal() from error
        except apsw.BusyError as error:
            raise StoreError(
                f"another process has held the store {folder!r} for {BUSY_S:.0f} s"
            ) from error
        except apsw.IOError as error:
            if is_full(folder):
                raise no_space(folder) from error
            raise StoreError(f"the catalog {str(self.file)!r} cannot be used: {error}") from error

    def _refusal(self) -> StoreReadOnly:
        return StoreReadOnly(
            f"the store {str(self.file.parent)!r} may not be written by this user; "
            "it can be queried once it has been closed cleanly"
        )


def catalog_at(folder: Path) -> Catalog:
    """Give the process's catalog of a store, for a task that was sent here without its store."""
    file = folder / "catalog.sqlite"
    if (known := _visited.get(file)) is None:
        known = _visited[file] = Catalog(file, read_only=not may_write(folder))
    return known


def may_write(folder: Path) -> bool:
    """Tell whether this user may write into the folder, and its medium allows it."""
    return os.access(folder, os.W_OK | os.X_OK)


def create_schema(connection: Any) -> None:
    """Make the tables of a new store, inside a write transaction."""
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def check_schema(connection: Any, folder: str) -> bool:
    """Tell whether the catalog has its tables; raise NotAStore or StoreTooNew where it may not."""
    application = connection.execute("PRAGMA application_id").get
    version = connection.execute("PRAGMA user_version").get
    if application != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_schema").get:
            raise NotAStore(f"{folder!r} holds a SQLite file that is not the catalog of a store")
        return False
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            f"the store {folder!r} was written by a newer version of cwnb "
            f"(format {version}, this one knows {SCHEMA_VERSION}); update cwnb"
        )
    return True


def is_full(folder: str) -> bool:
    """Tell whether the folder's file system has no room left."""
    try:
        system = os.statvfs(folder)
    except OSError:
        return False
    return system.f_bavail * system.f_frsize < _SPARE_BYTES or (
        system.f_files > 0 and system.f_favail == 0
    )


def no_space(folder: str) -> StoreFull:
    """Word the error for a full disk."""
    return StoreFull(
        f"no space is left for the store {folder!r}; nothing acknowledged is lost, "
        "and it works again when there is room"
    )


@contextmanager
def named_file_errors(folder: str) -> Iterator[None]:
    """Turn the errors of writing files into those of the store."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT} or is_full(folder):
            raise no_space(folder) from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise StoreReadOnly(f"the store {folder!r} may not be written by this user") from error
        raise


def _patience() -> Any:
    # SQLite's own handler sleeps up to 100 ms, which starves a writer among quick ones.
    deadline = 0.0

    def wait(tries: int) -> bool:
        nonlocal deadline
        now = time.monotonic()
        if tries == 0:
            deadline = now + BUSY_S
        if now > deadline:
            return False
        waited = now - (deadline - BUSY_S)
        # Who has waited long asks more often, so that nobody starves.
        longest = 0.0005 if waited < 0.05 else 0.003 if waited < 0.25 else 0.0002
        time.sleep(random.uniform(0.0001, longest))  # noqa: S311
        return True

    return wait


_visited: dict[Path, Catalog] = {}
_catalogs: weakref.WeakSet[Catalog] = weakref.WeakSet()


def _close_all() -> None:
    # The last connection that closes folds the log into the catalog, which then can be queried
    # on a medium that may not be written.
    for catalog in list(_catalogs):
        with suppress(Exception):
            catalog.close()


atexit.register(_close_all)
