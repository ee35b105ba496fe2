"""Arguments of a wrong kind, and folders that cannot be used, are errors of cwnb."""

from __future__ import annotations

from pathlib import Path

import pytest

import cwnb
from cwnb.errors import InvalidParameter, StoreError


@pytest.fixture
def logs(tmp_path):
    with cwnb.open(tmp_path / "store") as opened:
        opened.put("/a", "s", [(1_700_000_000, "x")])
        yield opened


WRONG = [
    (lambda logs: logs.put("/a", 3, [(1, "x")]), "stream is named by a text, not 3"),
    (lambda logs: logs.put("/a", None, [(1, "x")]), "stream is named by a text, not None"),
    (lambda logs: logs.load([{"a": 1}], group="/a", stream=3), "stream is named by a text, not 3"),
    (lambda logs: logs.put("/a", "s", [(1, 3)]), "a message is text or bytes, not 3"),
    (lambda logs: logs.put("/a", "s", [(1, "x"), (1, None)]), "text or bytes, not None"),
    (lambda logs: logs.put("/a", "s", [(1, {"a": 1})]), "text or bytes, not {'a': 1}"),
    (lambda logs: logs.put("/a", "s", None), r"pairs \(time, message\), not None"),
    (lambda logs: logs.put("/a", "s", [(10**5000, "x")]), "cannot read so large a number"),
    (lambda logs: logs.query("limit 1", [None]), "group is named by a text, not None"),
    (lambda logs: logs.query("limit 1", 3), "a text or a list of texts, not 3"),
    (lambda logs: logs.query("limit 1", b"/a"), "a text or a list of texts, not b'/a'"),
    (lambda logs: logs.query("limit 1", []), "name a log group, as in"),
    (lambda logs: logs.query("limit 1", "/a", executor=3), "'executor' is a concurrent.futures"),
    (lambda logs: logs.query("limit 1", "/a", memory_budget="x"), "number of bytes, not 'x'"),
    (lambda logs: logs.query("limit 1", "/a", memory_budget=-1), "number of bytes, not -1"),
    (lambda logs: logs.delete_group(None), "group is named by a text, not None"),
    (lambda logs: logs.set_retention(3, 1), "group is named by a text, not 3"),
    (lambda logs: logs.fields(None), "group is named by a text, not None"),
    (lambda logs: logs.streams(["/a"]), r"group is named by a text, not \['/a'\]"),
    (lambda logs: logs.flush(3), "group is named by a text, not 3"),
    (lambda logs: logs.compact(3), "group is named by a text, not 3"),
    (lambda logs: logs.sweep(3), "group is named by a text, not 3"),
    (lambda logs: logs.around("1-1-1", before="x"), "are numbers of events, from 0, not 'x'"),
    (lambda logs: logs.around("1-1-1", after=-1), "are numbers of events, from 0, not -1"),
    (lambda logs: logs.query("limit 1", "/a").export_events("/no/such"), "no such file"),
    (lambda logs: logs.query("limit 1", "/a").export_events("a\0b"), "it has a NUL character"),
    (
        lambda logs: logs.load([{"a": 1}], group="/a", fromat="csv"),
        r"load\(\) has no argument 'fromat'; did you mean 'format'\?",
    ),
    (
        lambda logs: logs.query("limit 1", group="/a"),
        r"query\(\) has no argument 'group'; did you mean 'groups'\?",
    ),
    (lambda logs: logs.start("limit 1", "/a", limt=1), "'limt'; did you mean 'limit'"),
    (lambda _: cwnb.query("limit 1", [{"a": 1}], strt=1), "'strt'; did you mean 'start'"),
    (lambda _: cwnb.start("limit 1", [{"a": 1}], limt=1), "'limt'; did you mean 'limit'"),
    (lambda _: cwnb.query("limit 1", [{"a": 1}], qqq=1), "'qqq'; there are end, executor,"),
    (lambda _: cwnb.open(None), "a store is a folder, not None"),
    (lambda _: cwnb.open(3), "a store is a folder, not 3"),
    (lambda _: cwnb.open("a\0b"), "has a NUL character"),
    (lambda _: cwnb.open("/tmp/\udcff"), "is not Unicode text"),
]


@pytest.mark.parametrize(("ask", "said"), WRONG, ids=[said for _, said in WRONG])
def test_an_argument_of_a_wrong_kind(logs, ask, said):
    with pytest.raises(InvalidParameter, match=said):
        ask(logs)


@pytest.mark.parametrize("path", ["x" * 5000, "x" * 300, "y/" * 3000])
def test_a_path_that_is_too_long(tmp_path, path):
    with pytest.raises(StoreError, match=r"no store can be opened or made at .*name too long"):
        cwnb.open(tmp_path / path)


def test_a_folder_that_may_not_be_entered(tmp_path, monkeypatch):
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)  # root may enter every folder
    with pytest.raises(StoreError, match="may not be entered by this user"):
        cwnb.open(tmp_path / "store")
