"""Find the time of events that have fields: in which field it is, and how it is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.sources.clocks import epoch_ms
from cwnb.sources.text_times import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cwnb.sources.clocks import Reading

    Array = np.ndarray[Any, Any]

# Fields that may hold the time of an event: the first one whose value is a time counts. Upper and
# lower case do not matter. A field `@x` of a JSON message is discovered as `@@x`.
# The event's own words come before words that may mean something else.
TIME_NAMES = (
    *(
        "@timestamp @@timestamp timestamp time ts eventTime event_time datetime date_time"
        " @t @@t date logTime log_time"
        " queryTimestamp query_timestamp requestReceivedTimestamp requestTime createdAt created_at"
        " created asctime start_time startTime"
        # journalctl; OpenTelemetry, a record a line or as its exporters write them.
        " _SOURCE_REALTIME_TIMESTAMP __REALTIME_TIMESTAMP timeUnixNano"
        " resourceLogs.0.scopeLogs.0.logRecords.0.timeUnixNano observedTimeUnixNano"
        # Get-WinEvent | Export-Csv.
        " TimeCreated"
    ).split(),
    "Date and Time",  # the event viewer of Windows
)


_PROBED_VALUES = 100


def time_columns(names: Iterable[str], field: str | None = None) -> list[str]:
    """Give those of the names that can hold the time, in the order in which they are asked.

    With `field`, the name that the user gave: that one alone.
    """
    if field is not None:
        wanted_names = {field, f"@{field}" if field.startswith("@") else field}
        there = list(names)
        exact = [name for name in there if name in wanted_names]
        return exact or [name for name in there if name.lower() == field.lower()]
    known: dict[str, list[str]] = {}
    for name in names:
        known.setdefault(name.lower(), []).append(name)
    return [name for wanted in TIME_NAMES for name in known.get(wanted.lower(), ())]


def read_field_times(
    columns: Mapping[str, pa.Array], count: int, reading: Reading
) -> tuple[Array, Array]:
    """Give the events' times in milliseconds, and a mask of the events that have one.

    This is the rule for records that are loaded and for the rows of a frame. The time of a row is
    the value of the first field of `TIME_NAMES` that holds a time; `date` and `time` are read
    together. If there is no such field and just one column of datetimes, that column is read.
    """
    own_names = set(columns)
    columns = _with_date_and_time(columns)
    if not time_columns(columns, reading.field) and reading.field is None:
        dated = [name for name, column in columns.items() if pa.types.is_timestamp(column.type)]
        if len(dated) == 1:
            found, good = read_values(columns[dated[0]], reading)
            _note_field(reading, dated[0], good)
            return found, good
    times = np.zeros(count, np.int64)
    timed = np.zeros(count, bool)
    for name in time_columns(columns, reading.field):
        rows = np.flatnonzero(~timed)
        if not len(rows):
            break
        column = columns[name]
        if len(rows) < count:
            column = column.take(pa.array(rows))
        found, good = read_values(column, reading)
        times[rows[good]] = found[good]
        timed[rows[good]] = True
        _note_field(reading, name if name in own_names else "date and time", good)
    return times, timed


def _note_field(reading: Reading, name: str, good: Array) -> None:
    """Remember that a field had times, for the report."""
    if reading.assumed is not None and good.any():
        reading.assumed.fields.add(name)


def possible_time_columns(columns: Mapping[str, pa.Array], reading: Reading) -> list[str]:
    """Name the columns that could be the times of a frame, first the one that is read.

    One that has times in its first values could be. `date` and `time`, read together, are one.
    """
    whole = _with_date_and_time(columns)
    names = time_columns(whole)
    dated = [name for name, column in columns.items() if pa.types.is_timestamp(column.type)]
    if not names and len(dated) != 1:
        return []
    names += [name for name in dated if name not in names]
    found = [name for name in names if _has_times(whole[name], reading)]
    if "timestamp" in found and "timestamp" not in columns:
        parts = {"timestamp", "date", "time"}
        return ["date and time", *(name for name in found if name.lower() not in parts)]
    return found


def fields_with_times(columns: Mapping[str, pa.Array], reading: Reading) -> list[str]:
    """Name the fields whose first values are all times, written as text or as timestamps.

    Numbers do not count, for most numbers of ten digits are no times.
    """
    quiet = replace(reading, field=None, layout=None, assumed=None)
    found = []
    for name, column in columns.items():
        head = column.slice(0, _PROBED_VALUES).drop_null()
        if pa.types.is_dictionary(head.type):
            head = head.dictionary_decode()
        if pa.types.is_string(head.type):
            head = head.filter(pc.invert(pc.match_substring_regex(head, r"^[\d.]*$")))
        elif not pa.types.is_timestamp(head.type):
            continue
        try:
            if len(head) and read_values(head, quiet)[1].all():
                found.append(name)
        except ValueError:
            found.append(name)  # only day and month may be one or the other
    return found


def _has_times(column: pa.Array, reading: Reading) -> bool:
    head = column.slice(0, _PROBED_VALUES).drop_null()
    try:
        return bool(read_values(head, reading)[1].any())
    except ValueError:
        return True  # only day and month may be one or the other


def search_field_times(names: list[str], texts: pa.Array, reading: Reading) -> tuple[Array, Array]:
    """Give the times in texts that begin as a JSON object and are none, and a mask of those found.

    A field counts only before the first value that is an object or a list: there it belongs to the
    record itself, whatever is wrong or cut off behind it.
    """
    times = np.zeros(len(texts), np.int64)
    timed = np.zeros(len(texts), bool)
    parted = {"date", "time"} <= {name.lower() for name in names}
    # Of a date and a time of day in two fields one alone would be a wrong time.
    for name in [] if parted else names:
        key = re.escape(json.dumps(name, ensure_ascii=False))
        pattern = (
            rf'^\s*\{{[^{{\[]*?{key}\s*:\s*(?:"(?P<text>[^"\\]*)"|(?P<number>\d[\d.]*)\s*[,}}])'
        )
        parts = pc.extract_regex(texts, pattern=pattern)
        values = pc.binary_join_element_wise(parts.field("text"), parts.field("number"), "")
        found, good = read_values(pc.if_else(parts.is_valid(), values, ""), reading)
        new = good & ~timed
        times[new] = found[new]
        timed |= new
    return times, timed


def _with_date_and_time(columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
    """Add `timestamp`, made of a column of dates and one of times, as CloudFront's files have."""
    by_lower = {name.lower(): name for name in columns}
    if "timestamp" in by_lower or not {"date", "time"} <= by_lower.keys():
        return columns
    texts = [_texts(columns[by_lower[part]]) for part in ("date", "time")]
    if None in texts:
        return columns
    return {**columns, "timestamp": pc.binary_join_element_wise(*texts, " ")}


def _texts(column: pa.Array) -> pa.Array | None:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column if pa.types.is_string(column.type) else None


def read_values(column: pa.Array, reading: Reading) -> tuple[Array, Array]:
    """Read a column of texts, numbers, timestamps or mixed values as times."""
    kind = column.type
    count = len(column)
    if pa.types.is_dictionary(kind) and isinstance(reading.tz, str):
        # Events are counted that lie in an hour which the zone has twice or not at all, so each
        # row is converted and not each value of the dictionary.
        return read_values(column.dictionary_decode(), reading)
    if pa.types.is_dictionary(kind):
        times, timed = read_values(column.dictionary, reading)
        present = np.asarray(column.is_valid())
        if not len(times):
            return np.zeros(count, np.int64), np.zeros(count, bool)
        codes = np.asarray(pc.fill_null(column.indices, 0))
        return times[codes], timed[codes] & present
    if pa.types.is_struct(kind):
        # A mixed column: the text form of a number reads as the number.
        return read_values(column.field("text"), reading)
    if pa.types.is_timestamp(kind):
        whole = column.cast(pa.timestamp("ms", kind.tz), safe=False)
        times = np.asarray(pc.fill_null(whole.cast(pa.int64()), 0))
        times = times if kind.tz else reading.to_utc(times)
        return times, np.asarray(column.is_valid())
    if pa.types.is_date(kind):
        return read_values(column.cast(pa.timestamp("ms")), reading)
    if reading.layout is not None and pa.types.is_integer(kind):
        return read_texts(pc.fill_null(column.cast(pa.string()), ""), reading)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        wide = column.cast(pa.int64() if pa.types.is_integer(kind) else pa.float64(), safe=False)
        times, timed = epoch_ms(np.asarray(pc.fill_null(wide, 0)))
        return times, timed & np.asarray(column.is_valid())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return read_texts(pc.fill_null(column, "").cast(pa.string()), reading)
    return np.zeros(count, np.int64), np.zeros(count, bool)
