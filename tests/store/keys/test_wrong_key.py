"""A key under the right name that is not the store's."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest
from contents import events, messages

from cwnb.errors import StoreKeyMissing
from cwnb.store import Store, event_batch
from cwnb.store.cache import ShortLived
from cwnb.store.keys import store_key
from cwnb.store.keys.ring import ring_file

pytestmark = pytest.mark.usefixtures("quiet")

OLD = Path(__file__).resolve().parents[2] / "fixtures" / "stores" / "1"


@pytest.fixture
def change_keys(monkeypatch):
    """Change every key of the ring, as seen by a process that has not read it yet."""

    def change(to):
        ring = json.loads(ring_file().read_text())
        for entry in ring["keys"].values():
            entry["key"] = to(entry["key"])
        ring_file().write_text(json.dumps(ring))
        monkeypatch.setattr(store_key, "_sealers", ShortLived(64))

    return change


def another(_):
    return base64.b64encode(bytes(32)).decode()


WRONG = {
    "another": another,
    "one bit": lambda key: base64.b64encode(
        (int.from_bytes(base64.b64decode(key)) ^ 1).to_bytes(32)
    ).decode(),
    "cut off": lambda key: key[:20],
    "empty": lambda _: "",
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("filled", [False, True])
def test_a_wrong_key_under_the_right_name_seals_nothing(tmp_path, change_keys, wrong, filled):
    kept = {}
    with Store.open(tmp_path / "store") as store:
        if filled:
            store.put("/g", event_batch([1], ["x"], "s"))
    kept["ring"] = ring_file().read_text()
    change_keys(WRONG[wrong])
    with pytest.raises(StoreKeyMissing, match=r"another key under the id|is damaged"):
        Store.open(tmp_path / "store")
    ring_file().write_text(kept["ring"])
    change_keys(lambda key: key)
    with Store.open(tmp_path / "store") as store:
        store.put("/g", event_batch([2], ["y"], "s"))
        assert messages(store, "/g")[-1] == "y"


@pytest.fixture
def old(tmp_path, monkeypatch):
    shutil.copytree(OLD / "encrypted", tmp_path / "old")
    shutil.copytree(OLD / "keys", tmp_path / "keys")
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "keys"))
    return tmp_path / "old"


def test_a_wrong_key_does_not_become_that_of_an_older_store(old, change_keys):
    ring = ring_file().read_text()
    change_keys(another)
    for _ in range(2):
        with pytest.raises(StoreKeyMissing, match="another key under the id"):
            Store.open(old)
    ring_file().write_text(ring)
    change_keys(lambda key: key)
    with Store.open(old) as store:
        assert len(events(store, ["/shop/web"])) == 205
        assert store.context.facts.key_check == store.context.sealer().check_value


def test_one_damaged_batch_does_not_hide_that_a_key_is_right(old):
    with Store.open(old) as store, store.catalog.write() as connection:
        connection.execute("UPDATE meta SET value = x'' WHERE key = 'key_check'")
        connection.execute("UPDATE segments SET wrapped_key = x'00' WHERE group_id = 1")
    with Store.open(old) as store:
        assert store.context.facts.key_check


def test_an_older_store_that_may_not_be_written_is_checked_too(old, change_keys, monkeypatch):
    monkeypatch.setattr("cwnb.store.opening.may_write", lambda _: False)
    with Store.open(old) as store:
        assert len(events(store, ["/shop/web"])) == 205
    change_keys(another)
    with pytest.raises(StoreKeyMissing, match="another key under the id"):
        Store.open(old)
