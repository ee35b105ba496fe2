"""The tables of the catalog, as the steps that made them.

A new store takes all steps in one transaction; an older one takes those that it lacks, each in a
transaction of its own. A step never changes once a version that has it was released; a change to
the tables is another step at the end.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cwnb.errors import NotAStore, StoreDamaged, StoreTooNew
from cwnb.store.catalog.row_seals import REMEDY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPLICATION_ID = 0x63776E62  # "cwnb"
# Where it lies in the file: sqlite.org/fileformat2.html, the database header.
APPLICATION_ID_BYTES = slice(68, 72)

_FIRST_TABLES = """
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


_POSITIONS = """
INSERT INTO meta VALUES ('last_commit', 0);
-- Events from before this step have commit 0. The table is made anew because a column behind the
-- data of a batch could not be read without reading the data.
ALTER TABLE batches RENAME TO batches_before;
DROP INDEX batches_of_group;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL, events INTEGER NOT NULL, message_bytes INTEGER NOT NULL,
    ingestion_ms INTEGER NOT NULL, put_at REAL NOT NULL, commit_number INTEGER NOT NULL,
    token TEXT NOT NULL, data BLOB NOT NULL);
INSERT INTO batches SELECT id, group_id, first_ms, last_ms, events, message_bytes, ingestion_ms,
    put_at, 0, token, data FROM batches_before;
DROP TABLE batches_before;
CREATE INDEX batches_of_group ON batches (group_id, id, message_bytes, put_at, commit_number);
-- Commits of the segment's events: `first_commit` and `last_commit` are 0 where none of them is
-- ever delivered. The runs have a table of their own, which a query of events does not read.
ALTER TABLE segments ADD COLUMN first_commit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN last_commit INTEGER NOT NULL DEFAULT 0;
CREATE INDEX segments_by_commit ON segments (group_id, last_commit, first_commit);
CREATE TABLE segment_runs (segment_id TEXT PRIMARY KEY, runs BLOB NOT NULL) WITHOUT ROWID;
"""

_SEALS = """
INSERT INTO meta VALUES ('sealed', NULL);
ALTER TABLE groups ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
ALTER TABLE streams ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
ALTER TABLE segments ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
ALTER TABLE segment_runs ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
ALTER TABLE loads ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
-- Made anew because of the place of the data, as above.
ALTER TABLE batches RENAME TO batches_before;
DROP INDEX batches_of_group;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL, events INTEGER NOT NULL, message_bytes INTEGER NOT NULL,
    ingestion_ms INTEGER NOT NULL, put_at REAL NOT NULL, commit_number INTEGER NOT NULL,
    token TEXT NOT NULL, data_check TEXT NOT NULL, seal BLOB NOT NULL, data BLOB NOT NULL);
INSERT INTO batches SELECT id, group_id, first_ms, last_ms, events, message_bytes, ingestion_ms,
    put_at, commit_number, token, '', x'', data FROM batches_before;
DROP TABLE batches_before;
CREATE INDEX batches_of_group ON batches (group_id, id, message_bytes, put_at, commit_number);
"""


def first_tables(connection: Any) -> None:
    """Make the tables of version 0.1.0."""
    _run(connection, _FIRST_TABLES)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def positions(connection: Any) -> None:
    """Note for each event in which transaction it was published."""
    _run(connection, _POSITIONS)


def key_check(connection: Any) -> None:
    """Make room for the check value of the key, which is filled in when the store is opened."""
    connection.execute("INSERT INTO meta VALUES ('key_check', x'')")


def seals(connection: Any) -> None:
    """Make room for the seals of rows, which are filled in when the store is opened."""
    _run(connection, _SEALS)


def tags(connection: Any) -> None:
    """Make room for the class and the tags of log groups; NULL is the standard class, and none."""
    for column in ("log_class", "tags"):
        connection.execute(f"ALTER TABLE groups ADD COLUMN {column} TEXT")


def marks(_connection: Any) -> None:
    """Change nothing here: from now on the files of segments may have marks for missing values.

    Earlier versions would show these marks as values, so they must not open the store.
    """


STEPS: tuple[Callable[[Any], None], ...] = (
    *(first_tables, positions, key_check, seals),
    *(tags, marks),
)
# The version of a catalog is the number of steps it has taken.
SCHEMA_VERSION = len(STEPS)
# From this version on rows have seals.
FIRST_WITH_SEALS = STEPS.index(seals) + 1


def version(connection: Any) -> int:
    """Give how many steps the catalog has taken."""
    number: int = connection.execute("PRAGMA user_version").get
    return number


def check_version(connection: Any, folder: str) -> bool:
    """Tell whether the catalog has tables; raise NotAStore or StoreTooNew where it may not."""
    # Where there are tables the id is looked at once more: between the two reads another process
    # may have made the store, and it writes both in one transaction.
    if not _says_it_is_a_catalog(connection):
        has_tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
        if has_tables and not _says_it_is_a_catalog(connection):
            if has_segments_folder(folder):
                raise StoreDamaged(
                    f"the catalog of the store {folder!r} is damaged: it does not say that it is "
                    f"one; {REMEDY}"
                )
            raise NotAStore(f"{folder!r} holds a SQLite file that is not the catalog of a store")
        if not has_tables:
            return False
    found = version(connection)
    if found > SCHEMA_VERSION:
        raise StoreTooNew(
            f"the store {folder!r} was written by a newer version of cwnb "
            f"(format {found}, this one knows {SCHEMA_VERSION}); update cwnb"
        )
    return True


def _says_it_is_a_catalog(connection: Any) -> bool:
    return bool(connection.execute("PRAGMA application_id").get == APPLICATION_ID)


def has_segments_folder(folder: str) -> bool:
    """Tell whether a folder looks like that of a store, whatever its catalog says."""
    return os.path.isdir(f"{folder}/segments")  # noqa: PTH112


@contextmanager
def transaction(connection: Any) -> Iterator[None]:
    """Write in one transaction, which is durable once the block has ended."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def create(connection: Any) -> None:
    """Take all steps, inside the transaction that makes a store."""
    for step in STEPS:
        step(connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def migrate(connection: Any) -> None:
    """Take the steps that an older store lacks, each in a transaction.

    Of several processes that do this at once, one takes each step; one that is killed leaves the
    store as it was before its step, and the next to open the store goes on from there.
    """
    while True:
        with transaction(connection):
            at = version(connection)
            if at < SCHEMA_VERSION:
                STEPS[at](connection)
                connection.execute(f"PRAGMA user_version = {at + 1}")
        if at >= SCHEMA_VERSION:
            return


def _run(connection: Any, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            connection.execute(statement)
