"""A key in a file that a passphrase protects."""

from __future__ import annotations

import json
import shutil

import pytest
from contents import messages

from cwnb.errors import InvalidParameter, SourceError, StoreKeyMissing
from cwnb.store import Store, event_batch, import_key
from cwnb.store.keys.ring import ring_file

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def exported(tmp_path):
    """Give a closed store and its exported key."""
    with Store.open(tmp_path / "store") as store:
        store.put("/g", event_batch([1], ["x"], "s"))
        store.export_key(tmp_path / "shop.key", "a good passphrase")
    return tmp_path / "store", tmp_path / "shop.key"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Be a user of another machine."""

    def go():
        monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "elsewhere"))

    return go


def test_a_key_comes_to_another_machine(exported, elsewhere, tmp_path):
    store, file = exported
    elsewhere()
    shutil.copytree(store, tmp_path / "copied")
    with pytest.raises(StoreKeyMissing, match="cwnb key import"):
        Store.open(tmp_path / "copied")
    import_key(file, "a good passphrase")
    with Store.open(tmp_path / "copied") as copied:
        assert messages(copied, "/g") == ["x"]
    before = ring_file().read_bytes()
    import_key(file, "a good passphrase")  # again, which changes nothing
    assert ring_file().read_bytes() == before


def test_the_file_is_for_its_owner_and_says_nothing_without_the_passphrase(exported):
    _, file = exported
    assert file.stat().st_mode & 0o777 == 0o600
    (entry,) = json.loads(ring_file().read_bytes())["keys"].values()
    assert entry["key"] not in file.read_text()
    before = ring_file().read_bytes()
    for wrong in ("", "a good passphras", "A good passphrase"):
        with pytest.raises(InvalidParameter, match="the passphrase does not open"):
            import_key(file, wrong)
    assert ring_file().read_bytes() == before


def test_a_file_that_was_changed_opens_nothing(exported, elsewhere):
    _, file = exported
    whole = json.loads(file.read_text())
    elsewhere()
    for name, value in whole.items():
        changed = ("B" if value[0] == "A" else "A") + value[1:]
        file.write_text(json.dumps(whole | {name: changed}))
        with pytest.raises((InvalidParameter, SourceError)):
            import_key(file, "a good passphrase")
        file.write_text(json.dumps({k: v for k, v in whole.items() if k != name}))
        with pytest.raises(SourceError, match="is no key"):
            import_key(file, "a good passphrase")
    for text in ("", "[]", "7", '"x"', "{}", "\xff"):
        file.write_text(text)
        with pytest.raises(SourceError, match="is no key"):
            import_key(file, "a good passphrase")
    with pytest.raises(SourceError, match="cannot be read"):
        import_key(file.with_name("nothing"), "a good passphrase")
    assert not ring_file().exists()


def test_a_key_of_the_ring_is_not_replaced(exported):
    _, file = exported
    ring = json.loads(ring_file().read_bytes())
    for entry in ring["keys"].values():
        entry["key"] = "A" * 43 + "="
    ring_file().write_text(json.dumps(ring))
    with pytest.raises(InvalidParameter, match="has another key under the id"):
        import_key(file, "a good passphrase")
    assert json.loads(ring_file().read_bytes()) == ring


def test_what_cannot_be_exported(exported, tmp_path):
    store, file = exported
    before = file.read_bytes()
    with Store.open(store) as opened:
        with pytest.raises(InvalidParameter, match="exists already"):
            opened.export_key(file, "a good passphrase")
        with pytest.raises(InvalidParameter, match="passphrase is empty"):
            opened.export_key(tmp_path / "other.key", "")
        with pytest.raises(InvalidParameter, match="there is no folder"):
            opened.export_key(tmp_path / "none" / "other.key", "p")
    assert file.read_bytes() == before
    assert not (tmp_path / "other.key").exists()
    with (
        Store.open(tmp_path / "plain", encryption="none") as plain,
        pytest.raises(InvalidParameter, match="is not encrypted"),
    ):
        plain.export_key(tmp_path / "other.key", "p")
