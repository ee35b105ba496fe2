"""Connections to the SQLite file of a store, and its transactions.

Transactions are short: a long one would stall every writer, and an open reader would let the
write-ahead log grow without bound. A connection belongs to one process and thread. SQLite's locks
do not survive a fork: see `fork_guard`.
"""

from __future__ import annotations

import atexit
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
    StoreReadOnly,
)
from cwnb.store.catalog import batches, first_seals, meta, migrations
from cwnb.store.catalog.fork_guard import FORK_GUARD
from cwnb.store.catalog.interrupts import uninterrupted
from cwnb.store.catalog.row_seals import REMEDY, SealingConnection
from cwnb.store.disk import is_full, no_space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cwnb.store.catalog.row_seals import RowSeals

# 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write and checkpoint at once
# (sqlite.org/wal.html, the WAL-reset bug).
OLDEST_SQLITE = (3, 51, 3)
BUSY_S = 30.0
# Errors of SQLite and Python that our statements raise only if the catalog is damaged.
_DAMAGE = (
    apsw.CorruptError,
    apsw.SQLError,
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.FormatError,
    UnicodeDecodeError,
)


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
        # Seals and checks rows: given as soon as it is known which store this is.
        self.seals: RowSeals | None = None
        self._local = threading.local()
        self._file_path = str(file)  # `stat` of a text takes half as long as that of a Path
        self._file_id: tuple[int, int] | None = None
        self._copies = False  # reads from copies that were migrated in memory
        self._closed = False
        _catalogs.add(self)

    @contextmanager
    def read(self) -> Iterator[Any]:
        """Give a connection on which every statement sees one state of the store."""
        with uninterrupted(), FORK_GUARD.use(), self._named_errors():
            connection = self._connection()
            self._check_file()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.forget_key()
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Any]:
        """Give a connection in a transaction that is durable once the block has ended.

        One that is not `durable` outlives the process, and only a crash of the machine can undo it
        and those after it that are not either. It does not wait for the disk, so that it keeps
        others from writing for a fraction of the time.
        """
        if self.read_only:
            folder = str(self.file.parent)
            raise StoreReadOnly(f"the store {folder!r} may not be written by this user")
        with FORK_GUARD.use(), self._named_errors():
            connection = self._connection()
            # Also for one that is durable: Ctrl-C may have come before the end of one that is not.
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            try:
                with migrations.transaction(connection):
                    self._check_before_write(connection)
                    yield connection
            finally:
                connection.forget_key()
                if not durable:
                    connection.execute("PRAGMA synchronous = FULL")

    def prepare(self, fill: Callable[[Any], None]) -> None:
        """Make the tables of a new store, or bring those of an older one to this version.

        `fill` writes the first rows, in the same transaction as the tables. A store that may only
        be read is left as it is: see `_migrated_copy`.
        """
        with FORK_GUARD.use(), self._named_errors():
            connection = self._connection()
            folder = str(self.file.parent)
            if migrations.check_version(connection, folder):
                problem = connection.execute("PRAGMA integrity_check(1)").get
                if problem != "ok":
                    raise self._damaged(problem)
            if self.read_only:
                if not migrations.check_version(connection, folder):
                    raise self._refusal()
                return
            if not migrations.check_version(connection, folder):
                with migrations.transaction(connection):
                    # Another process may have been faster.
                    if not migrations.check_version(connection, folder):
                        migrations.create(connection)
                        fill(connection)
            migrations.migrate(connection)

    def seal_rows(self) -> None:
        """Seal the rows of a store that is new, or from before rows had seals; check all batches.

        Other rows are checked, and counted, whenever they are read.
        """
        with self.read() as connection:
            first = not meta.rows_are_sealed(connection)
            if not first:
                batches.check_all(connection)
        if first:
            with self.write() as connection:
                first_seals.seal_all(connection)

    def copy_to(self, file: Path) -> None:
        """Write the catalog as it is at one moment into an empty file."""
        with FORK_GUARD.use(), self._named_errors():
            source = self._connection()
            copy = apsw.Connection(str(file))
            try:
                with copy.backup("main", source, "main") as copying:
                    copying.step()
            finally:
                copy.close()

    def empty_log(self) -> None:
        """Move what is good of the log into the catalog, and make the log empty."""
        with FORK_GUARD.use(), self._named_errors():
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def file_id(self) -> tuple[int, int]:
        """Give device and inode of the file, which tell it from a copy and from a replacement."""
        if self._file_id is None:
            self._file_id = self._found_file()
        return self._file_id

    @property
    def is_closed(self) -> bool:
        """Tell whether the store has been closed."""
        return self._closed

    def is_in_place(self) -> bool:
        """Tell whether the file that was opened is still the one of that name."""
        try:
            self._check_file()
        except StoreError:
            return False
        return True

    def close(self) -> None:
        """Close the connections of all threads; a later use raises."""
        with FORK_GUARD.use(exclusive=True):
            self._closed = True
            self._close_connections()

    def _connection(self) -> Any:
        if self._closed:
            raise StoreError(f"the store {str(self.file.parent)!r} has been closed")
        generation = getattr(self._local, "generation", None)
        if generation == FORK_GUARD.generation and self._copies:
            here = threading.current_thread()
            FORK_GUARD.drop(lambda owner, thread: owner is self and thread is here)
            generation = None
        if generation != FORK_GUARD.generation:
            self._local.connection = self._open()
            self._local.generation = FORK_GUARD.generation
            FORK_GUARD.keep(self, self._local.connection)
        if self._local.connection.in_transaction:
            # Ctrl-C came between the beginning of a transaction and the `try` that would end it.
            self._local.connection.execute("ROLLBACK")
        self._local.connection.seals = self.seals
        return self._local.connection

    def _open(self) -> Any:
        self._check_file()
        connection = self._connected()
        # A file that was replaced just before it was opened is noticed here.
        self._check_file()
        return connection

    def _connected(self) -> Any:
        if self.read_only:
            # SQLite cannot make the files that a shared reader needs where it may not write;
            # a store that was closed cleanly has no log, and nothing changes under it.
            log = self.file.with_name(self.file.name + "-wal")
            how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
            flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            connection = SealingConnection(f"file:{quote(str(self.file))}?{how}", flags=flags)
            connection.set_busy_handler(_patience())
            if migrations.check_version(connection, str(self.file.parent)) and (
                migrations.version(connection) < migrations.SCHEMA_VERSION
                or first_seals.are_missing(connection)
            ):
                self._copies = True
                return self._migrated_copy(connection)
            return connection
        connection = SealingConnection(str(self.file), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_handler(_patience())
        # Before anything in the file changes.
        migrations.check_version(connection, str(self.file.parent))
        # So that SQLite writes no events into temporary files, which are not encrypted.
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        # Most commits rewrite the same few pages, so fewer checkpoints write less.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        return connection

    def _migrated_copy(self, old: Any) -> Any:
        """Give a copy in memory, in this version's format, of an older catalog that stays as it is.

        Every transaction on such a store copies anew, because another user may be writing to it.
        """
        copy = SealingConnection(":memory:")
        with copy.backup("main", old, "main") as backup:
            backup.step()
        old.close()
        migrations.migrate(copy)
        copy.seals = self.seals
        if self.seals is not None:
            first_seals.seal_all(copy)
        return copy

    def _check_before_write(self, connection: Any) -> None:
        """Refuse to write where the store is another one by now, or of another version."""
        self._check_file()
        if migrations.version(connection) != migrations.SCHEMA_VERSION:
            migrations.check_version(connection, str(self.file.parent))
            raise StoreError(
                f"the store {str(self.file.parent)!r} has not been brought to this version; "
                "open it again"
            )

    def _check_file(self) -> None:
        """Raise StoreError where the store was moved, removed or replaced since it was opened.

        SQLite writes on into the file that it has open, which no other process would ever see, and
        segments would go into the folder that has the name now.
        """
        if self._found_file() != self.file_id:
            raise StoreError(
                f"the store {str(self.file.parent)!r} has been replaced by another one since it "
                "was opened; nothing was written; open it again"
            )

    def _found_file(self) -> tuple[int, int]:
        try:
            about = os.stat(self._file_path)  # noqa: PTH116 - see _file_path
        except (FileNotFoundError, NotADirectoryError):
            raise NotAStore(
                f"the store {str(self.file.parent)!r} is gone: it has been moved or removed"
            ) from None
        except OSError as error:
            raise StoreError(
                f"the catalog {self._file_path!r} cannot be used: {error.strerror}"
            ) from error
        return about.st_dev, about.st_ino

    def _close_connections(self) -> None:
        FORK_GUARD.drop(lambda owner, _: owner is self)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        folder = str(self.file.parent)
        try:
            yield
        except apsw.NotADBError:
            if migrations.has_segments_folder(folder):
                raise self._damaged("it is no file of SQLite any more") from None
            raise NotAStore(f"{str(self.file)!r} is not a catalog of a store") from None
        except _DAMAGE as error:
            raise self._damaged(error) from error
        except apsw.FullError as error:
            raise no_space(folder) from error
        except (apsw.ReadOnlyError, apsw.PermissionsError, apsw.CantOpenError) as error:
            if is_full(folder):
                raise no_space(folder) from error
            self._check_file()
            raise self._refusal() from error
        except apsw.BusyError as error:
            raise StoreError(
                f"another process has held the store {folder!r} for {BUSY_S:.0f} s"
            ) from error
        except apsw.IOError as error:
            if is_full(folder):
                raise no_space(folder) from error
            raise StoreError(f"the catalog {str(self.file)!r} cannot be used: {error}") from error

    def _damaged(self, why: object) -> StoreDamaged:
        return StoreDamaged(f"the catalog {str(self.file)!r} is damaged ({why}); {REMEDY}")

    def _refusal(self) -> StoreReadOnly:
        return StoreReadOnly(
            f"the store {str(self.file.parent)!r} may not be written by this user; "
            "it can be queried once it has been closed cleanly"
        )


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
        # A process that has waited long asks more often, so that none starves.
        longest = 0.0005 if waited < 0.05 else 0.003 if waited < 0.25 else 0.0002
        time.sleep(random.uniform(0.0001, longest))  # noqa: S311
        return True

    return wait


_catalogs: weakref.WeakSet[Catalog] = weakref.WeakSet()


def _close_all() -> None:
    # When the last connection closes, SQLite moves the log into the catalog, which can then be
    # queried on a read-only medium.
    for catalog in list(_catalogs):
        with suppress(Exception):
            catalog.close()


atexit.register(_close_all)
