from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from cwnb import demo
from cwnb.demo import generator, making
from cwnb.errors import NotAStore


@pytest.fixture
def small(monkeypatch):
    """Let the demo have one group only, so that it is made in no time."""

    def one():
        import numpy as np
        import pyarrow as pa

        from cwnb.demo import trail
        from cwnb.events import EventBatch

        times, streams, messages = trail.lines(np.random.default_rng(1))
        made.append(len(times))
        yield "/shop/cloudtrail", EventBatch(times, pa.array(streams), pa.array(messages))

    made: list[int] = []
    monkeypatch.setattr(generator, "batches", one)
    return made


def events(logs) -> int:
    return sum(group.events for group in logs.store.groups())


def test_made_once_and_found_again(small, tmp_path):
    path = tmp_path / "demo"
    for _ in range(2):
        with demo.ensure(path) as logs:
            assert events(logs) == small[0]
    assert len(small) == 1


def test_progress_is_told(small, tmp_path):
    told: list[int] = []
    demo.ensure(tmp_path / "demo", progress=told.append).close()
    assert told == small


def test_an_older_version_is_replaced(small, tmp_path):
    path = tmp_path / "demo"
    demo.ensure(path).close()
    (path / "demo.json").write_text(json.dumps({"version": making.VERSION - 1}))
    demo.ensure(path).close()
    assert len(small) == 2


def test_a_store_without_its_key_is_replaced(small, tmp_path, monkeypatch):
    import cwnb
    from cwnb.errors import StoreKeyMissing

    really = cwnb.open
    path = tmp_path / "demo"
    demo.ensure(path).close()
    refused = []

    def other_machine(where):
        if not refused:
            refused.append(where)
            raise StoreKeyMissing("no key")
        return really(where)

    monkeypatch.setattr(cwnb, "open", other_machine)
    with demo.ensure(path) as logs:
        assert events(logs) == small[0]
    assert len(small) == 2


def test_what_a_killed_maker_left_is_removed(small, tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    left = tmp_path / f"demo.making-{dead.pid}"
    left.mkdir()
    living = tmp_path / f"demo.making-{os.getppid()}"
    living.mkdir()
    demo.ensure(tmp_path / "demo").close()
    assert not left.exists()
    assert living.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["demo", living.name]


def test_an_interrupted_making_leaves_nothing(tmp_path, monkeypatch):
    def stopped():
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(generator, "batches", stopped)
    with pytest.raises(KeyboardInterrupt):
        demo.ensure(tmp_path / "demo")
    assert list(tmp_path.iterdir()) == []


def test_other_peoples_folders_are_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(NotAStore, match="is not a store of the demo"):
        demo.ensure(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_default_is_what_the_laboratory_names(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    demo.ensure("elsewhere").close()
    monkeypatch.setenv("CWNB_STORE", str(tmp_path / "elsewhere"))
    demo.ensure().close()
    assert len(small) == 1
    monkeypatch.setenv("CWNB_STORE", str(tmp_path / "mine, no demo"))
    with demo.ensure() as logs:
        assert str(logs.store.path).endswith(".cwnb-demo")
