from __future__ import annotations

import io

from cwnb.sources import load
from cwnb.sources.report import REFUSED_KEPT, FileReport, LoadReport


def test_a_report_tells_all(memory) -> None:
    data = b"hello <b>\n\n2026-02-03 09:14:07 x\n2026-02-03 09:14:08 y\n"
    stream = io.BytesIO(data)
    stream.name = "<script>.log"
    report = load(memory, stream, group="/g")
    rows = dict(report.rows())
    assert rows["events"] == "3"
    assert rows["lines"] == "4"
    assert rows["blank lines"] == rows["without a time"] == "1"
    assert rows["from"] == "2026-02-03 09:14:07.000 UTC"
    assert rows["to"] == "2026-02-03 09:14:08.000 UTC"
    assert rows["size"] == "55 bytes"
    bundle = report._repr_mimebundle_()
    assert "&lt;script&gt;.log" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert bundle["text/plain"] == str(report)
    assert repr(report) == "<LoadReport '/g': 3 events from 1 files, 0 refused>"


def test_refused_records_are_counted_without_end_and_kept_up_to_a_hundred() -> None:
    file = FileReport("a.log")
    for number in range(1000):
        file.refuse(number, "odd" if number % 2 else "even")
    assert len(file.refused) == REFUSED_KEPT
    assert file.refused_by_reason == {"odd": 500, "even": 500}
    text = str(LoadReport("/g", [file]))
    assert "500 x even (at 0, 2, 4, 6, 8, …)" in text


def test_bad_files_do_not_count() -> None:
    report = LoadReport("/g", [FileReport("a", events=3), FileReport("b", events=9, error="no")])
    assert (report.events, report.errors) == (3, [("b", "no")])
    assert "not loaded  b: no" in str(report)
