"""What must not hurt: killed writers, many processes at once, a full disk."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from contents import messages

from cwnb.store import Store, claims

# Runs in a process that has imported everything and started no thread, and forks a fresh process for
# each round of work and each look at the result.
KILLED = """
import os, random, signal, sys, time
from collections import Counter
from contents import messages
from cwnb.store import LoadRecord, Store, claims, event_batch, discovery, statistics
from cwnb.store.maintenance import background
import pandas, pyarrow.parquet  # Arrow imports pandas when first given a list

path, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
EACH, NOW, DAY = 5, 20_000 * 86_400_000, 86_400_000
claims.LEASE_S = 1.0
background._TICK_S = 1e6

def work(number):
    store = Store.open(path)
    store.set_now(NOW)
    acknowledged = os.open(path + ".acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    chance = random.Random(seed + number)
    count = 0
    def batch(when):
        nonlocal count
        count += 1
        name = f"{number}-{count}"
        return name, event_batch([when] * EACH, [f'{{"batch": "{name}", "n": {n}}}' for n in range(EACH)], "s")
    while True:
        act = chance.choice(["put"] * 6 + ["flush", "load", "compact", "sweep"])
        if act == "put":
            name, events = batch(NOW)
            store.put("/g", events)
            os.write(acknowledged, f"{name}\\n".encode())
        elif act == "load":
            with store.loading("/g") as loading:
                names = []
                for _ in range(3):
                    name, events = batch(NOW)
                    loading.add(events)
                    names.append(name)
                loading.commit(LoadRecord(names[0], names[0], "s", 1, 1, 1))
            os.write(acknowledged, ("\\n".join(names) + "\\n").encode())
        elif act == "sweep":
            store.set_retention("/g", None)
            store.put("/g", batch(NOW - 9 * DAY)[1])
            store.flush("/g")
            store.set_retention("/g", 3)
            store.sweep()
        else:
            getattr(store, act)("/g")

def look():
    begun = time.monotonic()
    with Store.open(path) as store:
        assert time.monotonic() - begun < 5, "slow to open"
        if not store.has_group("/g"):
            return
        kept = Counter(text.split('"')[3] for text in messages(store, "/g"))
        assert set(kept.values()) <= {EACH}, f"not whole, or doubled: {kept}"
        if os.path.exists(path + ".acknowledged"):
            lost = set(open(path + ".acknowledged").read().split()) - set(kept)
            assert not lost, f"lost: {lost}"
        records = [record.name for record in store.load_records("/g")]
        assert len(set(records)) == len(records) and set(records) <= set(kept)

def child(act, *args):
    number = os.fork()
    if number == 0:
        try:
            act(*args)
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    return number

moments = random.Random(seed)
for number in range(rounds):
    writer = child(work, number)
    time.sleep(moments.uniform(0.01, 0.3))
    os.kill(writer, signal.SIGKILL)
    status = os.waitpid(writer, 0)[1]
    assert status == signal.SIGKILL, f"round {number}: the writer failed"
    assert os.waitpid(child(look), 0)[1] == 0, f"round {number}"
print(len(open(path + ".acknowledged").read().split()))
"""


def test_writers_killed_at_fifty_moments_lose_and_double_nothing(run, tmp_path, monkeypatch):
    acknowledged = int(run(KILLED, tmp_path / "store", 50, 11))
    assert acknowledged > 50
    with Store.open(tmp_path / "store") as store:
        later = claims.time.time() + claims.GRACE_S + 60
        monkeypatch.setattr(claims.time, "time", lambda: later)
        store.flush()
        store.sweep()
        store.compact()
        later += claims.GRACE_S + 60
        store.sweep()
        known = {facts.id for facts in store.snapshot(["/g"]).groups[0].segments}
        kept = {file.name.split(".")[0] for file in (tmp_path / "store").rglob("*.parquet")}
        assert kept == known
        assert len(messages(store, "/g")) >= 5 * acknowledged


WRITER = """
import sys, time
from cwnb.store import Store, event_batch
from cwnb.store.maintenance import background
background._TICK_S = 0.2
background._COMPACT_S = 1.0
store, me, end, count = Store.open(sys.argv[1]), sys.argv[2], time.time() + float(sys.argv[3]), 0
while time.time() < end:
    texts = [f'{{"writer": "{me}", "batch": {count}, "n": {n}}}' for n in range(20)]
    assert store.put("/g", event_batch([time.time_ns() // 10**6] * 20, texts, me)).accepted == 20
    count += 1
    time.sleep(0.01)
print(count)
"""
READER = """
import sys, time
from collections import Counter
from cwnb.errors import SnapshotExpired
from cwnb.events import ALL_TIME
from cwnb.store import Store
store, end = Store.open(sys.argv[1]), time.time() + float(sys.argv[2])
looks, before = 0, Counter()
while time.time() < end:
    try:
        tasks = store.snapshot(["/g"]).scan([], ALL_TIME, []).tasks
        seen = Counter()
        for task in tasks:
            columns = task.open().columns(["writer", "batch"])
            writers = columns["writer"].to_pylist()
            seen.update(zip(writers, columns["batch"].to_pylist(), strict=True))
    except SnapshotExpired:
        continue
    assert set(seen.values()) <= {20}, "part of a batch, or one doubled"
    now = Counter(writer for writer, _ in seen)
    for writer, count in now.items():
        assert {batch for who, batch in seen if who == writer} == set(range(count)), "a gap"
        assert count >= before[writer], "fewer than before"
    before, looks = now, looks + 1
print(looks)
"""


@pytest.mark.parametrize("seconds", [20])
def test_readers_see_whole_batches_while_others_write(store, start, seconds):
    store.create_group("/g")
    writers = [start(WRITER, store.path, f"w{number}", seconds) for number in range(4)]
    readers = [start(READER, store.path, seconds + 1) for _ in range(3)]
    answers = [process.communicate(timeout=90) for process in writers + readers]
    assert [process.returncode for process in writers + readers] == [0] * 7, answers
    put = [int(out) for out, _ in answers[:4]]
    assert len(messages(store, "/g")) == 20 * sum(put)
    assert all(count > 3 for count in put)
    assert all(int(out) > 1 for out, _ in answers[4:])
    with store.catalog.read() as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"


FULL = """
import os, random, sys
from contents import messages
from cwnb.errors import StoreFull
from cwnb.store import LoadRecord, Store, event_batch
from cwnb.store.maintenance import background
background._TICK_S = 1e6
folder = sys.argv[1]
with open(folder + "/ballast", "wb") as ballast:
    ballast.write(bytes(16 << 20))
store = Store.open(folder + "/store")
chance = random.Random(3)
kept = []
def texts():
    return ["%0200x" % chance.getrandbits(800) for _ in range(200)]
def put():
    batch = texts()
    store.put("/g", event_batch(range(len(kept), len(kept) + 200), batch, "s"))
    kept.extend(batch)
def refused(act):
    try:
        act()
    except StoreFull as error:
        assert "no space" in str(error), error
        return True
    return False
while not refused(put):
    pass
assert len(kept) > 1000
assert messages(store, "/g") == kept
assert refused(lambda: store.flush("/g"))
def load():
    with store.loading("/h") as loading:
        for number in range(200):
            loading.add(event_batch([number] * 200, texts(), "s"))
        loading.commit(LoadRecord("f", "f", "s", 1, 1, 1))
assert refused(load)
assert messages(store, "/g") == kept
os.unlink(folder + "/ballast")
put()
store.flush()
put()
assert messages(store, "/g") == kept
assert refused(load)
assert not store.has_group("/h") or messages(store, "/h") == []
assert messages(store, "/g") == kept
store.close()
assert messages(Store.open(folder + "/store"), "/g") == kept
print("whole")
"""


def test_a_full_disk_is_said_and_loses_nothing(start, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    unshare = shutil.which("unshare")
    mount = f"mount -t tmpfs -o size=34m tmpfs '{disk}'"
    may = unshare and subprocess.run(
        [unshare, "-m", "sh", "-c", mount], capture_output=True, check=False
    )
    if not may or may.returncode:
        pytest.skip("no right to mount")
    code = (
        "import os, sys\n"
        "os.execv(sys.argv[1], [sys.argv[1], '-m', 'sh', '-c', sys.argv[2] + ' && exec \"$@\"',"
        " 'sh', *sys.argv[3:]])"
    )
    process = start(code, unshare, mount, sys.executable, "-c", FULL, disk)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.strip() == "whole"
