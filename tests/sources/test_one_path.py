"""Of a load, each message is converted, checked and discovered once, in threads of the loading."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from cwnb.sources import load
from cwnb.store import checks
from cwnb.store.ingest import messages
from cwnb.store.processing import Processing


@pytest.mark.parametrize("files", [1, 3])
def test_every_message_is_looked_at_once(store, tmp_path, monkeypatch, files):
    lines = 30_000
    for number in range(files):
        text = "".join(
            f'{{"file": {number}, "n": {n}, "pad": "{"x" * 200}"}}\n' for n in range(lines)
        )
        (tmp_path / f"{number}.log").write_text(text)
    seen, threads = Counter(), Counter()

    def counted(module, name, size):
        original = getattr(module, name)

        def wrapper(*args):
            seen[name] += size(*args)
            threads[name, threading.current_thread().name.rsplit("_", 1)[0]] += 1
            return original(*args)

        monkeypatch.setattr(module, name, wrapper)

    counted(messages, "_text_and_raw", len)
    counted(checks, "refused_by_size", len)
    counted(checks, "refused_by_time", lambda time, _: len(time))
    counted(checks, "counts_by_stream", lambda time, _: len(time))
    counted(Processing, "discover", lambda _, texts, *_written: len(texts))
    report = load(store, [str(tmp_path / f"{number}.log") for number in range(files)], group="/g")
    assert report.events == files * lines
    assert seen == dict.fromkeys(
        ("_text_and_raw", "refused_by_size", "refused_by_time", "counts_by_stream", "discover"),
        files * lines,
    )
    assert {thread for name, thread in threads if name in {"discover", "_text_and_raw"}} == {
        "cwnb-prepare"
    }
    left = {thread.name.rsplit("_", 1)[0] for thread in threading.enumerate()}
    assert not left & {"cwnb-prepare", "cwnb-write", "cwnb-complete", "cwnb-lease"}
