"""Ctrl-C in the middle of a transaction: it comes after it, and the next one works."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from cwnb.store.catalog.interrupts import uninterrupted

pytestmark = pytest.mark.usefixtures("quiet")


def test_an_interrupt_waits_for_the_end_of_the_block():
    done = []
    before = signal.getsignal(signal.SIGINT)

    def work():
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done.append(sum(range(10_000)))

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done
    assert signal.getsignal(signal.SIGINT) is before


def test_an_error_in_the_block_is_raised_where_nothing_came():
    with pytest.raises(ZeroDivisionError), uninterrupted():
        _ = 1 / 0
    with uninterrupted():
        pass


def test_other_threads_get_no_interrupt_and_change_nothing():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_read_that_was_interrupted_leaves_the_store_in_order(store):
    store.create_group("/g")

    def read():
        with store.catalog.read() as connection:
            os.kill(os.getpid(), signal.SIGINT)
            seen.append(connection.execute("SELECT count(*) FROM groups").get)

    seen = []
    with pytest.raises(KeyboardInterrupt):
        read()
    assert seen == [1]
    assert [group.name for group in store.groups()] == ["/g"]


def test_a_transaction_that_nobody_ended_is_rolled_back(store):
    """As Ctrl-C leaves one that comes before the `try` which would end it."""
    with store.catalog.read() as connection:
        pass
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO meta VALUES ('left', 1)")
    assert store.groups() == []
    store.create_group("/g")
    with store.catalog.read() as connection:
        assert connection.execute("SELECT count(*) FROM meta WHERE key = 'left'").get == 0


def test_a_write_waits_for_the_disk_after_one_that_did_not_and_was_interrupted(store):
    with store.catalog.write() as connection:
        assert connection.execute("PRAGMA synchronous").get == 2
    with store.catalog.write(durable=False) as connection:
        assert connection.execute("PRAGMA synchronous").get == 1
    assert connection.execute("PRAGMA synchronous").get == 2
    # As Ctrl-C leaves it that comes before the end of such a write.
    connection.execute("PRAGMA synchronous = NORMAL")
    with store.catalog.write() as connection:
        assert connection.execute("PRAGMA synchronous").get == 2
