"""The key ring: where it lies, and what is said of one that is damaged, open or out of reach."""

from __future__ import annotations

import json
import pwd
import warnings

import pytest

import cwnb
from cwnb.errors import StoreError, StoreKeyMissing
from cwnb.store.keys import ring


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Give the folder of a key ring that has one key."""
    folder = tmp_path / "config"
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(folder))
    with cwnb.open(tmp_path / "store"):
        return folder


def test_where_the_ring_lies(monkeypatch):
    monkeypatch.delenv("CWNB_CONFIG_DIR", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for config, path in (
        ("/etc/me", "/etc/me/cwnb/keys.json"),
        ("relative", "/home/me/.config/cwnb/keys.json"),
        ("", "/home/me/.config/cwnb/keys.json"),
    ):
        monkeypatch.setenv("XDG_CONFIG_HOME", config)
        assert ring.ring_path() == path
    monkeypatch.setenv("CWNB_CONFIG_DIR", "here")
    assert ring.ring_path() == "here/keys.json"


@pytest.mark.parametrize("home", ["", "relative", None])
def test_a_home_that_is_none(monkeypatch, home):
    for name in ("CWNB_CONFIG_DIR", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    known = pwd.getpwuid(0)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: known)
    assert ring.ring_path() == f"{known.pw_dir}/.config/cwnb/keys.json"

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(StoreKeyMissing, match="no home folder for the key ring; set CWNB_CONFIG"):
        ring.ring_path()


DAMAGED = [
    b"", b"[]", b"\xff\xfe", b'{"keys": []}', b'{"keys": null}', b'{"keys": 3}', b"[" * 100_000,
    b'{"keys": ' + b"9" * 6000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: str(text[:16]))
def test_a_ring_that_is_damaged(config, text):
    (config / "keys.json").write_bytes(text)
    for use in (lambda: ring.read_key("0", "store"), lambda: ring.create_key("store")):
        with pytest.raises(StoreKeyMissing, match=r"the key ring '.*' is damaged"):
            use()


@pytest.mark.parametrize("entry", [3, [], {}, {"key": 3}, {"key": "é"}, {"key": "QUJD"}], ids=str)
def test_an_entry_that_is_damaged(config, entry):
    file = config / "keys.json"
    (key_id,) = json.loads(file.read_text())["keys"]
    file.write_text(json.dumps({"keys": {key_id: entry}}))
    with pytest.raises(StoreKeyMissing, match=f"the entry of key '{key_id}' .* is damaged"):
        ring.read_key(key_id, "store")


def test_a_folder_that_cannot_have_a_ring(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for bad in ("file", "file/below", "loop", "x" * 300):
        monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / bad))
        with pytest.raises(StoreError, match=r"cannot be written: .*; set CWNB_CONFIG_DIR to"):
            cwnb.open(tmp_path / "store")
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "good"))
    cwnb.open(tmp_path / "store").close()


def test_a_ring_that_others_may_read_is_said(config, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cwnb.open(tmp_path / "store").close()
    (config / "keys.json").chmod(0o640)
    with pytest.warns(UserWarning, match="is open to other users; run: chmod 600"):
        cwnb.open(tmp_path / "other").close()
