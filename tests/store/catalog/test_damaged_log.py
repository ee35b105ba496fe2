"""Damage in SQLite's log, and what a process that was killed leaves in it."""

from __future__ import annotations

import random
import struct

import pytest
from contents import messages

from cwnb.errors import StoreDamaged
from cwnb.store import Store, event_batch
from cwnb.store.catalog.log_check import find_damage

pytestmark = pytest.mark.usefixtures("quiet")

PUTS = 20
KILLED = """
import os, sys
from cwnb.store import Store, event_batch
store = Store.open(sys.argv[1])
for n in range(int(sys.argv[2])):
    store.put("/g", event_batch([n], [str(n)], "s"))
"""
ALL = KILLED + "os._exit(0)"
# The cache of pages is too small for this transaction, so its frames are in the log without a commit.
UNFINISHED = """
connection = store.catalog._connection()
connection.execute("PRAGMA cache_size = 5")
connection.execute("BEGIN IMMEDIATE")
for n in range(300):
    connection.execute("INSERT INTO meta VALUES (?, zeroblob(2000))", (f"left {n}",))
"""
IN_A_TRANSACTION = KILLED + UNFINISHED + "os._exit(0)"
ROLLED_BACK = (
    KILLED
    + UNFINISHED
    + """
connection.execute("ROLLBACK")
store.put("/g", event_batch([1000], [str(int(sys.argv[2]))], "s"))
os._exit(0)
"""
)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "store" / "catalog.sqlite-wal"


def frames(log):
    """Give the position of each frame and whether it is a commit."""
    data = log.read_bytes()
    (page,) = struct.unpack_from(">I", data, 8)
    return [
        (at, struct.unpack_from(">I", data, at + 4)[0] != 0)
        for at in range(32, len(data) - page - 23, page + 24)
    ]


def flip(log, position, bit=1):
    data = bytearray(log.read_bytes())
    data[position] ^= bit
    log.write_bytes(data)


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_part_of_the_log_is_checked(run, tmp_path, log):
    run(ALL, tmp_path / "store", PUTS)
    good = log.read_bytes()
    assert find_damage(log) is None
    commits = [at for at, commit in frames(log) if commit]
    chance = random.Random(5)
    # The three words of the header that say nothing of the frames are in its checksum too.
    for position in [*range(32), *(chance.randrange(32, commits[-2]) for _ in range(150))]:
        flip(log, position, 1 << chance.randrange(8))
        assert find_damage(log) is not None, position
        log.write_bytes(good)


@pytest.mark.parametrize("part", ["page", "header", "salt", "checksum"])
def test_transactions_behind_damage_are_not_dropped_in_silence(run, tmp_path, log, part):
    run(ALL, tmp_path / "store", PUTS)
    commits = [at for at, commit in frames(log) if commit]
    at = commits[len(commits) // 2]
    flip(log, at + {"page": 1000, "header": 1, "salt": 9, "checksum": 17}[part])
    before = contents(tmp_path / "store")
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=r"damaged at byte .* nothing was changed"):
            Store.open(tmp_path / "store")
    assert contents(tmp_path / "store") == before
    damaged = log.read_bytes()
    with Store.open(tmp_path / "store", accept_loss=True) as store:
        left = messages(store, "/g")
        assert 0 < len(left) < PUTS
        assert left == [str(n) for n in range(len(left))]
        store.put("/g", event_batch([1000], ["after"], "s"))
    (kept,) = (tmp_path / "store").glob("*.damaged-*")
    assert kept.read_bytes() == damaged
    with Store.open(tmp_path / "store") as store:
        assert messages(store, "/g") == [*left, "after"]


def test_a_store_that_may_only_be_read_is_checked_and_left_alone(run, tmp_path, log, monkeypatch):
    run(ALL, tmp_path / "store", PUTS)
    flip(log, frames(log)[len(frames(log)) // 2][0] + 500)
    before = contents(tmp_path / "store")
    monkeypatch.setattr("cwnb.store.opening.may_write", lambda _: False)
    with pytest.raises(StoreDamaged, match="damaged at byte"):
        Store.open(tmp_path / "store")
    assert contents(tmp_path / "store") == before


@pytest.mark.parametrize(
    ("code", "puts"), [(ALL, PUTS), (IN_A_TRANSACTION, PUTS), (ROLLED_BACK, PUTS + 1)]
)
def test_what_a_process_that_was_killed_left_is_no_damage(run, tmp_path, log, code, puts):
    run(code, tmp_path / "store", PUTS)
    commits = [commit for _, commit in frames(log)]
    assert commits[-1] == (code is ALL)
    with Store.open(tmp_path / "store") as store:
        assert messages(store, "/g") == [str(n) for n in range(puts)]


def test_a_log_that_was_cut_off_opens_with_the_whole_transactions(run, tmp_path, log):
    run(ALL, tmp_path / "store", PUTS)
    log.write_bytes(log.read_bytes()[:-100])
    with Store.open(tmp_path / "store") as store:
        assert messages(store, "/g") == [str(n) for n in range(PUTS - 1)]


def test_damage_in_the_last_transaction_cannot_be_told_from_a_torn_write(run, tmp_path, log):
    run(ALL, tmp_path / "store", PUTS)
    flip(log, frames(log)[-1][0] + 1000)
    with Store.open(tmp_path / "store") as store:
        assert messages(store, "/g") == [str(n) for n in range(PUTS - 1)]


def test_a_log_that_is_being_written_is_not_taken_for_damage(start, store, tmp_path, log):
    code = KILLED.replace("range(int(sys.argv[2]))", "__import__('itertools').count()")
    writers = [start(code, tmp_path / "store") for _ in range(2)]
    while not log.exists() or log.stat().st_size < 1 << 20:
        assert all(writer.poll() is None for writer in writers)
    for _ in range(30):
        assert find_damage(log) is None
