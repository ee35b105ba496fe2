"""Taking a load back: its events go, all others stay as they are."""

from __future__ import annotations

import random
from itertools import chain

import pytest
from contents import events, messages

import cwnb
from cwnb.errors import InvalidParameter, ResourceNotFound, StoreDamaged, StoreError
from cwnb.store import Position, Store, event_batch
from cwnb.store.catalog import claims as claim_rows
from cwnb.store.maintenance import unload as unloading

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def logs(tmp_path):
    with cwnb.open(tmp_path / "store") as opened:
        yield opened


def write(folder, name, numbers):
    file = folder / name
    file.write_text("".join(f'{{"time": {1_700_000_000 + n}, "n": {n}}}\n' for n in numbers))
    return file


def numbers(logs, group="/g"):
    return [n for *_, n in events(logs.store, [group], names=["n"])]


def positions(logs):
    page = logs.store.read_after(Position(0, 0)).events
    return list(zip(*(page[name].to_pylist() for name in ("@commit", "@sequence")), strict=True))


def test_the_events_of_a_load_go_and_the_file_can_be_loaded_again(logs, tmp_path):
    wrong = write(tmp_path, "wrong.json", range(100))
    right = write(tmp_path, "right.json", range(100, 150))
    first = logs.load(wrong, group="/g")
    logs.load(right, group="/g")
    logs.put("/g", "live", [(1_700_000_000_500, '{"n": -1}')])
    assert logs.unload(first) == 100
    assert sorted(numbers(logs)) == [-1, *range(100, 150)]
    assert list(logs.loads("/g")["name"]) == [str(right)]
    assert [(s.name, s.events) for s in logs.store.streams("/g")] == [
        ("live", 1),
        ("right.json", 50),
    ]
    with pytest.raises(ResourceNotFound, match="no load"):
        logs.unload(first)
    again = logs.load(wrong, group="/g")
    assert (again.events, again.files[0].loaded) == (100, True)
    assert sorted(numbers(logs)) == [-1, *range(150)]


@pytest.mark.parametrize("encryption", ["default", "none"])
def test_events_in_segments_that_were_merged_go_too(tmp_path, encryption):
    with cwnb.open(tmp_path / "store", encryption=encryption) as logs:
        chance = random.Random(3)
        kept, reports = {}, {}
        for name in "abcdef":
            some = [chance.randrange(10**6) for _ in range(200)]
            reports[name] = logs.load(write(tmp_path, f"{name}.json", some), group="/g")
            kept[name] = some
            logs.store.compact()
            if name in "be":
                logs.put("/g", "live", [(1_700_000_000_000, f'{{"n": {-ord(name)}}}')])
                logs.flush()
        logs.compact()
        (group,) = logs.store.groups()
        assert group.segments == 1
        before = logs.store.read_after(Position(0, 0)).events
        seen = logs.store.position()
        for name in "cfa":
            assert logs.unload(reports[name].id, group="/g") == 200
            del kept[name]
            assert sorted(numbers(logs)) == sorted([-98, -101, *chain(*kept.values())])
        # What is left has the positions that it had, and readers that had seen it see nothing again.
        after = logs.store.read_after(Position(0, 0)).events
        left = set(after["@sequence"].to_pylist())
        mask = [sequence in left for sequence in before["@sequence"].to_pylist()]
        assert after.to_pylist() == before.filter(mask).to_pylist()
        assert len(logs.store.read_after(seen).events) == 0
        logs.load(write(tmp_path, "c.json", [1, 2]), group="/g")
        assert logs.store.read_after(seen).events["@message"].to_pylist() == [
            '{"time": 1700000001, "n": 1}',
            '{"time": 1700000002, "n": 2}',
        ]


def test_files_that_were_loaded_together_go_together(logs, tmp_path):
    for number in range(5):
        write(tmp_path, f"{number}.json", [number])
    report = logs.load(str(tmp_path / "*.json"), group="/g")
    write(tmp_path, "5.json", [5])
    logs.load(str(tmp_path / "*.json"), group="/g")
    assert len(set(logs.loads("/g")["load"])) == 2
    assert logs.unload(report) == 5
    assert numbers(logs) == [5]


def test_a_field_that_only_the_load_had_is_gone(logs, tmp_path):
    file = tmp_path / "odd.json"
    file.write_text('{"time": 1700000000, "odd": 1}\n')
    logs.load(write(tmp_path, "a.json", range(9)), group="/g")
    report = logs.load(file, group="/g")
    logs.compact()
    assert "odd" in logs.store.snapshot(["/g"]).field_names()
    logs.unload(report)
    assert "odd" not in logs.store.snapshot(["/g"]).field_names()
    assert len(numbers(logs)) == 9


def test_a_load_that_another_one_goes_on_from_is_refused(logs, tmp_path):
    file = write(tmp_path, "app.json", range(60))
    first = logs.load(file, group="/g")
    write(tmp_path, "app.json", range(90))
    second = logs.load(file, group="/g")
    assert second.events == 30
    with pytest.raises(InvalidParameter, match=f"load '{second.id}' goes on in .*app.json"):
        logs.unload(first)
    assert numbers(logs) == list(range(90))
    assert logs.unload(second) == 30
    assert logs.load(file, group="/g").events == 30
    # The load that was taken back is no longer in the way, the new one is.
    with pytest.raises(InvalidParameter, match="goes on in"):
        logs.unload(first)


def test_what_has_no_name_is_refused(logs):
    with logs.store.loading("/g") as loading:
        loading.add(event_batch([1], ["x"], "s"))
        loading.commit()
    for group, load in (("/g", ""), ("/g", "nothing"), ("/other", "nothing")):
        with pytest.raises(ResourceNotFound):
            logs.unload(load, group=group)
    with pytest.raises(InvalidParameter, match="group="):
        logs.unload("nothing")
    assert messages(logs.store, "/g") == ["x"]


def test_segments_that_others_work_on_are_waited_for(logs, tmp_path, monkeypatch):
    report = logs.load(write(tmp_path, "a.json", range(9)), group="/g")
    monkeypatch.setattr(unloading, "_PATIENCE_S", 0.3)
    (facts,) = logs.store.snapshot(["/g"]).groups[0].segments
    with logs.store.catalog.write() as connection:
        claim_rows.insert(connection, "a", 1, "compact", lease_until=4e9)
        claim_rows.add_inputs(connection, "a", [facts.id])
    monkeypatch.setattr(unloading, "clean", lambda _: None)
    with pytest.raises(StoreError, match="nothing was changed; try again"):
        logs.unload(report)
    assert numbers(logs) == list(range(9))
    with logs.store.catalog.write() as connection:
        claim_rows.end(connection, "a")
    assert logs.unload(report) == 9


def test_an_unload_that_fails_changes_nothing(logs, tmp_path, monkeypatch):
    report = logs.load(write(tmp_path, "a.json", range(9)), group="/g")
    logs.put("/g", "live", [(1, "x")])
    logs.flush()
    logs.compact()
    before = sorted(tmp_path.rglob("*.parquet")), events(logs.store, ["/g"])

    def fails(*_):
        raise StoreDamaged("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(unloading.segments, "insert", fails)
        with pytest.raises(StoreDamaged, match="on purpose"):
            logs.unload(report)
    assert events(logs.store, ["/g"]) == before[1]
    assert set(tmp_path.rglob("*.parquet")) <= set(before[0])
    assert logs.unload(report) == 9
    assert messages(logs.store, "/g") == ["x"]


def test_a_load_without_delivery_goes_too(logs, tmp_path):
    report = logs.load(write(tmp_path, "a.json", range(9)), group="/g", deliver=False)
    logs.load(write(tmp_path, "b.json", range(20, 22)), group="/g")
    logs.compact()
    logs.unload(report)
    assert numbers(logs) == [20, 21]
    assert len(positions(logs)) == 2


MANY = """
import sys
from pathlib import Path
import cwnb
from cwnb.store.maintenance import background
background._TICK_S = background._COMPACT_S = 0.02
background._MERGE_AT = 2
me, folder = sys.argv[2], Path(sys.argv[3])
logs = cwnb.open(sys.argv[1])
for number in range(6):
    file = folder / f"{me}-{number}.json"
    file.write_text("".join('{"time": %d, "n": "%s-%d-%d"}\\n' % (1700000000 + i, me, number, i) for i in range(50)))
    report = logs.load(file, group="/g")
    if number % 2:
        assert logs.unload(report) == 50
logs.close()
"""


def test_processes_that_load_merge_and_unload_at_once(start, tmp_path):
    Store.open(tmp_path / "store").close()
    running = [start(MANY, tmp_path / "store", me, tmp_path) for me in "abc"]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    with cwnb.open(tmp_path / "store") as logs:
        wanted = [f"{me}-{number}-{i}" for me in "abc" for number in (0, 2, 4) for i in range(50)]
        assert sorted(numbers(logs)) == sorted(wanted)
        assert len(positions(logs)) == len(set(positions(logs))) == len(wanted)
