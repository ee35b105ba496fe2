from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwnb.errors import InvalidParameter
from cwnb.sources.assumed import Assumed
from cwnb.sources.clocks import Reading, civil_days, epoch_ms, read_zone
from cwnb.sources.field_times import read_field_times
from cwnb.sources.iso import read_iso, read_iso_lines
from cwnb.sources.layouts import INSIDE, LAYOUTS
from cwnb.sources.text_times import (
    TimeReader,
    _read_by_expression,
    read_layout,
    read_texts,
    recognise_layouts,
)

PLAIN_ISO = re.compile(r"[\d-]{10}[T ][\d:]{8}([.,]\d{1,9})?(Z|[+-]\d\d:\d\d)?")
FILE_MS = int(datetime(2026, 2, 10, tzinfo=UTC).timestamp() * 1000)
TABLE = Path(__file__).parents[1] / "fixtures" / "sources" / "times.txt"


def cases():
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    return list(zip(lines[::2], (line.strip() for line in lines[1::2]), strict=True))


def shown(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%d %H:%M:%S}.{ms % 1000:03d}"


def read(lines: list[str], tz: str | None = None) -> list[str]:
    reading = Reading(FILE_MS, read_zone(tz))
    array = pa.array([line.encode() for line in lines], pa.binary())
    times, timed = TimeReader(recognise_layouts(array, reading), reading).read(array)
    return [shown(t) if good else "-" for t, good in zip(times.tolist(), timed, strict=True)]


@pytest.mark.parametrize(("line", "time"), cases())
def test_a_line_tells_its_time(line: str, time: str) -> None:
    assert read([line] * 3) == [time] * 3


def test_strict_forms_are_known_in_any_company() -> None:
    loose = "17701 26/02 2602 - 11 worke 11/ 20/ 2/2".split()
    mixed = [case for case in cases() if not case[0].startswith(tuple(loose))]
    got = read([line for line, _ in mixed])
    assert got == [time for _, time in mixed]


@pytest.mark.parametrize(
    ("tz", "time"),
    [
        (None, "2026-07-03 09:14:07.000"),
        ("UTC", "2026-07-03 09:14:07.000"),
        ("Europe/Vienna", "2026-07-03 07:14:07.000"),
        ("+05:30", "2026-07-03 03:44:07.000"),
        ("-0800", "2026-07-03 17:14:07.000"),
    ],
)
def test_a_time_without_zone_is_utc_unless_said(tz: str | None, time: str) -> None:
    assert read(["2026-07-03 09:14:07 INFO"], tz) == [time]
    assert read(["2026-07-03 09:14:07Z INFO"], tz) == ["2026-07-03 09:14:07.000"]


def test_an_hour_that_a_zone_has_twice_is_the_first() -> None:
    assert read(["2025-10-26 02:30:00 x"], "Europe/Vienna") == ["2025-10-26 00:30:00.000"]
    assert read(["2025-03-30 02:30:00 x"], "Europe/Vienna") == ["2025-03-30 01:30:00.000"]


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(InvalidParameter, match="unknown time zone 'Mars/Olympus'"):
        read_zone("Mars/Olympus")


def test_days_are_those_of_the_calendar() -> None:
    days = np.arange(-200_000, 200_000, 37)
    dates = days.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    months = dates.astype("datetime64[M]").astype(int) % 12 + 1
    of_month = (dates - dates.astype("datetime64[M]")).astype(int) + 1
    assert (civil_days(years, months, of_month) == days).all()


def test_numbers_are_times_by_their_size() -> None:
    numbers = np.array([1770110047, 1770110047123, 1770110047123456, 1770110047123456789, 12, -5])
    times, good = epoch_ms(numbers)
    assert times[:4].tolist() == [1770110047000] + [1770110047123] * 3
    assert good.tolist() == [True] * 4 + [False] * 2
    times, good = epoch_ms(np.array([1770110047.1234, np.nan, np.inf]))
    assert (times[0], good.tolist()) == (1770110047123, [True, False, False])


def test_the_first_name_with_a_time_gives_it() -> None:
    columns = {
        "date": pa.array(["2026-02-01", "2026-02-01", None]),
        "Timestamp": pa.array([None, "nothing", None], pa.string()),
        "ts": pa.array([1770110047, None, None]),
        "other": pa.array([1, 2, 3]),
    }
    times, timed = read_field_times(columns, 3, Reading(FILE_MS))
    assert timed.tolist() == [True, True, False]
    assert [shown(t) for t in times[:2]] == ["2026-02-03 09:14:07.000", "2026-02-01 00:00:00.000"]


def test_values_of_any_kind_are_read() -> None:
    reading = Reading(FILE_MS)
    moment = datetime(2026, 2, 3, 9, 14, 7, tzinfo=UTC)
    iso = pa.array(["2026-02-03T09:14:07Z", None, "2026-02-03T09:14:07Z"]).dictionary_encode()
    mixed = pa.array([{"text": "1770110047", "type": 1}, None, {"text": "x", "type": 0}])
    for column, want in [
        (iso, [True, False, True]),
        (mixed, [True, False, False]),
        (pa.array([moment, None, moment]), [True, False, True]),
        (pa.array([True, None, False]), [False, False, False]),
    ]:
        times, timed = read_field_times({"time": column}, 3, reading)
        assert timed.tolist() == want
        assert all(t == 1770110047000 for t, good in zip(times, timed, strict=True) if good)
    times, timed = read_texts(pa.array(["1770110047123", "soon", ""]), reading)
    assert timed.tolist() == [True, False, False]


@pytest.mark.parametrize("tz", [None, "Europe/Vienna", "+01:00"])
def test_iso_values_read_the_same_by_bytes_and_by_expressions(tz) -> None:
    reading = Reading(FILE_MS, read_zone(tz))
    dates = ["2026-02-03", "2024-02-29", "2026-02-29", "0001-01-01", "1969-12-31", "2026-2-03"]
    clocks = ["T09:14:07", " 23:59:60", "T24:00:00", "T09:14", "x09:14:07"]
    fractions = ["", ".1", ",12", ".123", ".123456", ".123456789", ".", ".12a"]
    zones = ["", "Z", "+01:00", "-05:30", "+0100", "+01", "Q", "+01:0x"]
    texts = [d + c + f + z for d in dates for c in clocks for f in fractions for z in zones]
    array = pa.array([None, *texts, "", "short"], pa.string())[1:-1]
    fast, good = read_iso(array, reading)
    slow, also = _read_by_expression(LAYOUTS[0], array, reading)
    assert not (good & ~also).any()
    assert (fast[good] == slow[good]).all()
    plain = [bool(PLAIN_ISO.fullmatch(text)) for text in array.to_pylist()]
    assert (good == (also & np.array(plain))).all()
    assert good.sum() == 4 * 2 * 6 * 4


_LINE_PARTS = (
    ["", "<13>", "[", " ", "INFO "],
    ["2026-02-03", "2024-02-29", "2026-02-29", "0001-01-01", "1969-12-31", "2026-2-03", "20260203"],
    ["T09:14:07", " 23:59:60", "_24:00:00", "\t09:14", "x09:14:07", "T09:14:077", "T09:14:7"],
    ["", ".1", ",12", ":123", ".123456789", ".1234567890", ".", ".12a", ".1.2"],
    ["", "Z", "Zx", "Z_", "ZZ", "+01:00", "-0530", "+01", " +0100", "\t-01:00", "UTC", " CEST",
     " BST", " INFO", " ISTANBUL", " CETx", "é", " é", "\x00", "Q", " ", "\v+01", "\n+01:00", "]"],
    ["", " a"],
)  # fmt: skip


@pytest.mark.parametrize("tz", [None, "Europe/Vienna", "+01:00"])
def test_lines_read_the_same_by_bytes_and_by_expressions(tz) -> None:
    reading = Reading(FILE_MS, read_zone(tz))
    texts = ["".join(parts).encode() for parts in product(*_LINE_PARTS)]
    texts += [b"2026-02-03T09:14:07.\xff", b"2026-02-03T09:14:07 \xff", b"", b"\xff"]
    for array in (pa.array([b"x", *texts, None], pa.binary())[1:], pa.array([b"", b"a"])):
        fast, slow = Assumed(), Assumed()
        times, good = read_layout(LAYOUTS[0], array, replace(reading, assumed=fast))
        want, also = _read_by_expression(LAYOUTS[0], array, replace(reading, assumed=slow))
        assert (good == also).all()
        assert (times[good] == want[good]).all()
        assert vars(fast) == vars(slow)
    by_bytes = read_iso_lines(pa.array([b"2026-02-03 09:14:07,123 INFO  [main] a"]), reading)
    assert by_bytes[1].all()


def test_layouts_are_not_tried_where_they_cannot_match() -> None:
    lines = [
        b"\tat com.shop.Cart(Cart.java:3)", b"  2026-02-03T09:14:07Z", b"",
        b' 10.0.0.1 - - [03/Feb/2026:09:14:07 +0000] "GET / HTTP/1.1"', b"\x00", b"\xc2\xa0at x",
        b"\ttype=SYSCALL msg=audit(1770110047.123:45): a", b"Feb  3 09:14:07 host a",
        b"I0203 09:14:07.000123 1 a.go:3] b", b"[Tue Feb 03 09:14:07 2026] a", b"   ", b"1",
    ]  # fmt: skip
    array = pa.array([b"x", *lines], pa.binary())[1:]
    reading = Reading(FILE_MS)
    for order in ([], [LAYOUTS[0]], list(INSIDE)):
        reader = TimeReader(order, reading)
        times, timed = reader.read(array)
        for row, line in enumerate(lines):
            each = pa.array([line], pa.binary())
            found = [_read_by_expression(layout, each, reading) for layout in reader._all]
            first = next((int(when[0]) for when, good in found if good[0]), None)
            assert (int(times[row]) if timed[row] else None) == first, line


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if not layout.indented])
@given(data=st.data())
def test_no_layout_at_the_margin_matches_an_indented_line(layout, data) -> None:
    text = data.draw(st.from_regex(layout.pattern.replace("(?i:", "(?:"), fullmatch=False))
    assert text[0] not in "\t\n\f\r "
    assert layout.holds in text


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.holds])
@given(data=st.data())
def test_every_line_with_such_a_time_holds_the_text(layout, data) -> None:
    assert layout.holds in data.draw(st.from_regex(layout.pattern.replace("(?i:", "(?:")))
