"""Datetime functions. Source: CWL_QuerySyntax-operations-functions, and -Stats for the units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.insights.functions import dates
from cwnb.insights.functions.calling import Context, rows_of
from cwnb.insights.functions.registry import Reads, function
from cwnb.insights.values.conversion import to_time
from cwnb.insights.values.numbers import INT64_MAX
from cwnb.insights.values.value_types import Value, broadcast
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.context import QueryValues

Period = tuple[int, str]

_MONTHS = {"mo": 1, "q": 3, "y": 12}
# 1970 began on a Thursday; the Monday before it is three days earlier.
_MONDAY_MS = -3 * UNIT_MS["d"]
# A longer period has all times of the years 1 to 9999 in one bin.
_LONGEST_MS, _LONGEST_MONTHS = 2**60, 2**20
# Up to this distance from 1970 a year has four digits, and Arrow writes it as Python does.
_FOUR_DIGIT_YEARS_MS = 900 * 365 * UNIT_MS["d"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@function("bin(period period) -> time", reads=Reads.EVENT_TIME, bins=True)
def bin(context: Context, period: Period) -> Value:
    """Round each event's time down to a multiple of `period`, counted from 1970 in UTC.

    Weeks begin on Monday; months, quarters and years on their calendar day.
    """
    # A query may have given the name `@timestamp` to something else.
    return floor_to(to_time(context.timestamp()), period)


@function("datefloor(time t, period period) -> time")
def floor_to(t: Value, period: Period) -> Value:
    """Round each time down to a multiple of `period`, as `bin` does."""
    return _rounded(t, period, up=False)


@function("dateceil(time t, period period) -> time")
def ceil_to(t: Value, period: Period) -> Value:
    """Round each time up to a multiple of `period`; a time that is one already stays."""
    return _rounded(t, period, up=True)


@function("fromMillis(number n) -> time")
def from_millis(n: Value) -> Value:
    """Read a number as epoch milliseconds; missing outside the years 1 to 9999."""
    return to_time(n)


@function("toMillis(time t) -> number", epoch_unit="ms")
def to_millis(t: Value) -> Value:
    """Give epoch milliseconds."""
    return pc.cast(t, pa.int64())


@function("now() -> number", reads=Reads.QUERY, epoch_unit="s")
def now(query: QueryValues) -> Value:
    """Give the time at which the query began, in epoch seconds."""
    return pa.scalar(query.now_ms // 1000, pa.int64())


@function("queryStartTime() -> number", reads=Reads.QUERY, epoch_unit="ms")
def query_start_time(query: QueryValues) -> Value:
    """Give the start of the query's window in epoch milliseconds."""
    return pa.scalar(query.window.start_ms, pa.int64())


@function("queryEndTime() -> number", reads=Reads.QUERY, epoch_unit="ms")
def query_end_time(query: QueryValues) -> Value:
    """Give the end of the query's window in epoch milliseconds."""
    return pa.scalar(query.window.end_ms, pa.int64())


@function("queryTimeRange() -> number", reads=Reads.QUERY)
def query_time_range(query: QueryValues) -> Value:
    """Give the length of the query's window in milliseconds."""
    return pa.scalar(min(query.window.end_ms - query.window.start_ms, INT64_MAX), pa.int64())


@function(
    "parseDate(text s, literal_text pattern [, literal_text zone]) -> number",
    epoch_unit="ms",
    pattern=lambda pattern: dates.reader(pattern, UTC),
    zone=dates.zone_named,
)
def parse_date(s: Value, pattern: str, zone: str = "UTC") -> Value:
    """Read a date by a Java pattern (`yyyy-MM-dd HH:mm`) as epoch milliseconds.

    Missing if the pattern does not match. A zone in the text overrides the one given.
    """
    reader = dates.reader(pattern, dates.zone_named(zone))
    encoded = broadcast(s, rows_of(s)).dictionary_encode()
    read = [None if word is None else reader(word) for word in encoded.dictionary.to_pylist()]
    return pa.array(read, pa.int64()).take(encoded.indices)


@function(
    "formatDate(time t, literal_text format [, literal_text zone]) -> text",
    "strftime",
    format=dates.writer,
    zone=dates.zone_named,
)
def format_date(t: Value, format: str, zone: str = "UTC") -> Value:
    """Write a time by a strftime format (`%Y-%m-%d %H:%M`), in UTC or a zone given.

    Missing where it is a time outside the years 1 to 9999 in that zone.
    """
    tz = dates.zone_named(zone)
    write = dates.writer(format)
    step = dates.resolution_ms(format)
    ms = pc.cast(broadcast(t, rows_of(t)), pa.int64())
    floored = _floor_fixed(ms.fill_null(0).to_numpy(zero_copy_only=False), step, 0)
    if tz is UTC and dates.arrow_writes(format) and (np.abs(floored) < _FOUR_DIGIT_YEARS_MS).all():
        seconds = pa.array(floored // 1000, pa.timestamp("s"), mask=_missing(ms))
        return pc.strftime(seconds, format=format)
    # All times within one step of the format are written alike, so each step is written once.
    encoded = pa.array(floored).dictionary_encode()
    words = [_written(write, value, tz) for value in encoded.dictionary.to_pylist()]
    codes = encoded.indices
    if ms.null_count:
        codes = pc.if_else(ms.is_valid(), codes, pa.scalar(None, codes.type))
    return pa.array(words, pa.string()).take(codes)


def _written(write: Callable[[datetime], str], ms: int, zone: tzinfo) -> str | None:
    try:
        return write((_EPOCH + timedelta(milliseconds=ms)).astimezone(zone))
    except OverflowError:  # the year 0 or 10000 of that zone
        return None


def _rounded(t: Value, period: Period, *, up: bool) -> Value:
    count, unit = period
    if count < 1:
        raise MalformedQuery(f"a period has at least 1 {unit}, not {count}")
    times = broadcast(t, rows_of(t))
    ms = pc.cast(times, pa.int64())
    values = ms.fill_null(0).to_numpy(zero_copy_only=False)
    floored = _floored(values, period)
    rounded = floored
    if up:
        length, calendar = _length(period)
        following = _add_months(floored, length) if calendar else floored + length
        rounded = np.where(floored == values, values, following)
    return to_time(pa.array(rounded, mask=_missing(ms)))


def bin_of(ms: int, period: Period) -> int:
    """Round a time in epoch milliseconds down to a multiple of `period`, as `bin` does."""
    return int(_floored(np.array([ms], dtype=np.int64), period)[0])


def bins_between(
    first: int, last: int, period: Period, *, most: int
) -> np.ndarray[Any, Any] | None:
    """Give the bins from `first` to `last`, both included, in epoch milliseconds.

    Both are bins. None where there are more than `most`.
    """
    step, calendar = _length(period)
    if calendar:
        steps = np.array([first, last], dtype="datetime64[ms]").astype("datetime64[M]")
        begin, end = map(int, steps.astype(np.int64))
        number = (end - begin) // step + 1
        return None if number > most else _month_start(begin + step * np.arange(number))
    number = (last - first) // step + 1
    return None if number > most else first + step * np.arange(number, dtype=np.int64)


def _length(period: Period) -> tuple[int, bool]:
    """Give the length of a period in months and True, or in milliseconds and False."""
    count, unit = period
    if unit in _MONTHS:
        return min(count * _MONTHS[unit], _LONGEST_MONTHS), True
    return min(count * UNIT_MS[unit], _LONGEST_MS), False


def _floored(ms: np.ndarray[Any, Any], period: Period) -> np.ndarray[Any, Any]:
    length, calendar = _length(period)
    if calendar:
        return _floor_months(ms, length)
    return _floor_fixed(ms, length, _MONDAY_MS if period[1] == "w" else 0)


def _missing(values: pa.Array) -> np.ndarray[Any, Any] | None:
    return values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None


def _floor_fixed(ms: np.ndarray[Any, Any], length: int, origin: int) -> np.ndarray[Any, Any]:
    floored: np.ndarray[Any, Any] = (ms - origin) // length * length + origin
    return floored


def _floor_months(ms: np.ndarray[Any, Any], months: int) -> np.ndarray[Any, Any]:
    month = ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return _month_start(month // months * months)


def _add_months(ms: np.ndarray[Any, Any], months: int) -> np.ndarray[Any, Any]:
    month = ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return _month_start(month + months)


def _month_start(month: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    starts = month.astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
    return np.asarray(starts)
