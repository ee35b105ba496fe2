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
        ("yesterday", None),
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
