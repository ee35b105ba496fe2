from __future__ import annotations

import io
import re
from html import unescape

import pandas as pd
import pytest

from cwnb.sources import load
from cwnb.sources.report import REFUSED_KEPT, FileReport, LoadReport
from cwnb.sources.report_html import FILES_SHOWN


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
    assert repr(report) == "<LoadReport '/g': 3 events from 1 file, 0 refused>"


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


TIMES = {
    "text": ("2026-02-03 09:14:07 x\n", {}, "iso", "UTC (assumed)"),
    "text with zone": ("2026-02-03T09:14:07+01:00 x\n", {}, "iso", "in the times"),
    "text with tz": ("2026-02-03 09:14:07 x\n", {"tz": "Asia/Seoul"}, "iso", "Asia/Seoul (tz)"),
    "fixed tz": ("2026-02-03 09:14:07 x\n", {"tz": "-03:30"}, "iso", "-03:30 (tz)"),
    "tz for nothing": ("1770110047 x\n", {"tz": "+01:00"}, "epoch", "in the times (tz not used)"),
    "ndjson": ('{"time": "2026-02-03T09:14:07Z"}\n', {}, "field 'time'", "in the times"),
    "two fields": ('{"time": 1770110047}\n{"ts": 1770110048}\n', {}, "fields 'time', 'ts'", "in the times"),
    "csv": ("day,at\na,2026-02-03 09:14:07\n", {"time_field": "at"}, "field 'at'", "UTC (assumed)"),
    "csv of two": ("date,time,n\n2026-02-03,09:14:07,1\n", {}, "field 'date and time'", "UTC (assumed)"),
    "frame": (pd.DataFrame({"n": [1], "sent": [pd.Timestamp("2026-02-03")]}), {}, "field 'sent'", "UTC (assumed)"),
    "none": ("hello\n", {}, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", TIMES)
def test_where_the_times_stand_and_which_zone_they_have(memory, name) -> None:
    data, options, form, zone = TIMES[name]
    what = io.BytesIO(data.encode()) if isinstance(data, str) else data
    rows = dict(load(memory, what, group="/g", **options).rows())
    assert (rows.get("times"), rows.get("zone")) == (form, zone)


UNTIMED = {
    "csv": ("sent;got;n\n20.11.2026 08:00;20.11.2026 09:00;1234567890\n20.11.2026 10:00;20.11.2026 11:00;1234567891\n", "'got', 'sent' hold times"),
    "ndjson": ('{"at": "2026-02-03T09:14:07Z", "id": "1770110047"}\n', "'at' holds times"),
    "slashes": ('{"at": "03/04/2026 09:14:07"}\n', "'at' holds times"),
    "no field": ('{"id": 1770110047, "name": "a"}\n', "time_field and time_format say"),
    "text": ("hello\n", "time_field and time_format say"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNTIMED)
def test_fields_that_could_have_the_time_are_named(memory, name) -> None:
    data, said = UNTIMED[name]
    report = load(memory, io.BytesIO(data.encode()), group="/g")
    assert said in dict(report.rows())["no times"]


def html(report) -> str:
    """Give what a reader of the HTML sees, cells and items parted by bars."""
    text = re.sub(r"<style>.*?</style>", "", report._repr_mimebundle_()["text/html"])
    return unescape(re.sub(r"\|+", "|", re.sub(r"<[^>]*>", "|", text)))


def test_the_html_has_a_line_for_each_file(memory, tmp_path) -> None:
    (tmp_path / "a.log").write_text("2026-02-03 09:14:07 x\n\n2026-02-03 09:14:08 y\n")
    (tmp_path / "b.log").write_text("1969-02-03 09:14:07 x\n2026-02-03 09:14:08 y\n")
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n")
    seen = html(load(memory, str(tmp_path), group="/g")).replace(f"{tmp_path}/", "")
    assert "|3 events| into |/g| · 2026-02-03 09:14:07.000 to 2026-02-03 09:14:08.000 UTC" in seen
    assert "|check this|1 record refused: time before 1970 (at b.log:1)|" in seen
    assert "|not loaded: 'c.png' is a PNG image, not a log|" in seen
    heads = "|file|format|times|zone|lines|blank|events|refused|first (UTC)|last (UTC)|"
    assert heads in seen
    assert "|a.log|text|iso|UTC (assumed)|3|1|2|2026-02-03 09:14:07.000|" in seen
    assert "|b.log|text|iso|UTC (assumed)|2|1|1|2026-02-03 09:14:08.000|" in seen
    assert "|notes|a.log, b.log: times without a zone were read as UTC; tz names another|" in seen
    again = html(load(memory, str(tmp_path), group="/g")).replace(f"{tmp_path}/", "")
    assert again.startswith("|nothing new| in /g|check this|not loaded: 'c.png'")
    assert "a.log: already loaded (2 events)" in again


def test_the_html_names_a_stream_that_is_not_called_as_its_file(memory, tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.log").write_text("2026-02-03 09:14:07 x\n")
    seen = html(load(memory, str(tmp_path), group="/folder"))
    assert "|zone|stream|lines|" in seen
    assert "|UTC (assumed)|a/b.log|1|" in seen
    seen = html(load(memory, str(tmp_path / "a" / "b.log"), group="/named", stream="s"))
    assert "|UTC (assumed)|s|1|" in seen


def test_the_html_of_many_files_has_an_end() -> None:
    files = [FileReport(f"{n}.log", events=1, loaded=True) for n in range(FILES_SHOWN + 5)]
    bad = [FileReport(f"{n}.png", error=f"'{n}.png' is no log") for n in range(30)]
    report = LoadReport("/g", files + bad)
    assert f"|{FILES_SHOWN - 1}.log|1|… and 5 more in report.files|" in html(report)
    assert "|not loaded: '9.png' is no log|20 more files not loaded, in report.errors|" in html(
        report
    )


def test_the_html_has_hostile_names_as_text() -> None:
    name = "<img src=x onerror=alert(1)>\u202e\x1b[31m$x$"
    report = LoadReport(
        name, [FileReport(name, format="text", notes=[name], events=1, loaded=True)]
    )
    page = report._repr_mimebundle_()["text/html"]
    assert "<img" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;⟨U+202E⟩⟨U+001B⟩[31m$x$") == 3
    assert "mathjax_ignore" in page
