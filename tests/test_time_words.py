"""Times as `times.to_ms` documents them: every form, and what is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cwnb.errors import InvalidParameter
from cwnb.times import Clock, to_ms

NOW = 1_795_593_600_000  # 2026-11-25T08:00:00Z
HOUR = 3_600_000
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("now", NOW),
        (" NOW ", NOW),
        ("-1h", NOW - HOUR),
        ("1h", NOW - HOUR),
        ("+1h", NOW + HOUR),
        ("-90m", NOW - 90 * 60_000),
        ("-1.5h", NOW - 90 * 60_000),
        ("- 1h", None),
        ("-30 s", NOW - 30_000),
        ("-250ms", NOW - 250),
        ("-2d", NOW - 48 * HOUR),
        ("-1w", NOW - 168 * HOUR),
        ("-1mo", None),
        ("2026-11-25", NOW - 8 * HOUR),
        ("2026-11-25T08:00", NOW),
        ("2026-11-25 08:00:00", NOW),
        ("2026-11-25T08:00Z", NOW),
        ("2026-11-25T09:00+01:00", NOW),
        ("2026-11-25T08:00:00.250Z", NOW + 250),
        ("2026-11-25T08:00:00.250999", NOW + 250),
        ("20261125T080000Z", NOW),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1795593600", NOW),
        ("1795593600000", NOW),
        ("-1795593600000", -NOW),
        ("12345678", None),
        ("3 days ago", NOW - 72 * HOUR),
        ("a day ago", NOW - 24 * HOUR),
        ("An  Hour ago", NOW - HOUR),
        ("90 minutes ago", NOW - 90 * 60_000),
        ("1 second ago", NOW - 1000),
        ("2 weeks ago", NOW - 336 * HOUR),
        ("1 month ago", NOW - 31 * 24 * HOUR),
        ("1 year ago", NOW - 365 * 24 * HOUR),
        ("9999 years ago", None),
        ("99999999 hours ago", None),
        ("3 days", None),
        ("three days ago", None),
        ("in 3 days", None),
        ("today", NOW - 8 * HOUR),
        ("yesterday", NOW - 32 * HOUR),
        ("Yesterday 08:00", NOW - 24 * HOUR),
        ("yesterday at 8am", NOW - 24 * HOUR),
        ("yesterday 8:30 pm", NOW - 24 * HOUR + 12 * HOUR + 30 * 60_000),
        ("yesterday 12am", NOW - 32 * HOUR),
        ("yesterday noon", NOW - 20 * HOUR),
        ("today 18:00:05", NOW + 10 * HOUR + 5000),
        ("wednesday", NOW - 8 * HOUR),
        ("wednesday 08:00", NOW),
        ("wednesday 08:01", NOW - 168 * HOUR + 60_000),
        ("monday 08:00", NOW - 48 * HOUR),
        ("thursday", NOW - (6 * 24 + 8) * HOUR),
        ("last monday", None),
        ("mon", None),
        ("monday 8", None),
        ("monday 24:00", None),
        ("yesterday 13pm", None),
        ("yesterday 08:60", None),
        ("08:00", None),
        ("tomorrow", NOW + 16 * HOUR),
        ("tomorrow noon", NOW + 28 * HOUR),
        ("9" * 5000, None),
        ("-" + "9" * 5000 + "d", None),
        ("-99999999999999d", None),
        ("", None),
        ("2026-13-01", None),
        (1_795_593_600, NOW),
        (1_795_593_600.25, NOW + 250),
        (NOW, NOW),
        (float(NOW), NOW),
        (0, 0),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
        (-5, -5000),
        (np.int64(NOW), NOW),
        (np.float64(1_795_593_600.5), NOW + 500),
        (1e16, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
        ([], None),
        (datetime(2026, 11, 25, 8), NOW),  # noqa: DTZ001
        (datetime(2026, 11, 25, 8, tzinfo=UTC), NOW),
        (datetime(2026, 11, 25, 10, tzinfo=timezone(timedelta(hours=2))), NOW),
        (datetime(2026, 11, 25, 8, 0, 0, 1999, tzinfo=UTC), NOW + 1),
        (pd.Timestamp("2026-11-25T08:00Z"), NOW),
        (pd.Timestamp("2026-11-25T08:00"), NOW),
        (pd.NaT, None),
        (date(2026, 11, 25), NOW - 8 * HOUR),
        (np.datetime64("2026-11-25T08:00"), NOW),
        (np.datetime64("2026-11-25T08:00:00.123456789"), NOW + 123),
        (np.datetime64("NaT"), None),
    ],
    ids=repr,
)
def test_time(when, expected):
    if expected is None:
        with pytest.raises(InvalidParameter, match=r"cannot read .* as a time; write '-1h'"):
            to_ms(when, NOW)
    else:
        found = to_ms(when, NOW)
        assert found == expected
        assert type(found) is int


def test_a_time_without_zone_is_in_the_zone_that_is_given():
    assert to_ms("2026-11-25T09:00", NOW, BERLIN) == NOW
    assert to_ms(datetime(2026, 11, 25, 9), NOW, BERLIN) == NOW  # noqa: DTZ001
    assert to_ms("2026-11-25T08:00Z", NOW, BERLIN) == NOW


def test_the_clock():
    assert Clock(5).now_ms() == 5
    first = Clock().now_ms()
    assert isinstance(first, int)
    assert Clock().now_ms() >= first > 1.7e12


def test_words_are_of_the_calendar_of_the_zone():
    # 2026-10-26T08:00 in Berlin, the day after the clocks went back.
    now = to_ms("2026-10-26T07:00Z", 0)
    assert datetime.fromtimestamp(now / 1000, BERLIN).isoformat() == "2026-10-26T08:00:00+01:00"
    for words, expected in (
        ("yesterday", "2026-10-25T00:00+02:00"),
        ("2 days ago", "2026-10-24T08:00+02:00"),
        ("48 hours ago", "2026-10-24T09:00+02:00"),
        ("sunday 02:30", "2026-10-25T02:30+02:00"),
        ("today noon", "2026-10-26T12:00+01:00"),
    ):
        assert to_ms(words, now, BERLIN) == to_ms(expected, now), words


def test_months_end_where_the_calendar_has_them_end():
    now = to_ms("2026-03-31T10:00Z", 0)
    assert to_ms("1 month ago", now) == to_ms("2026-02-28T10:00Z", 0)
    assert to_ms("1 month ago", now + 7) == to_ms("2026-02-28T10:00Z", 0) + 7


@pytest.mark.parametrize("digits", [400, 5000])
def test_an_integer_of_many_digits_is_no_time(digits):
    # Python refuses to write one of over 4,300 digits.
    with pytest.raises(InvalidParameter, match="cannot read so large a number as a time"):
        to_ms(10**digits, NOW)
