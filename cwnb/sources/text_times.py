"""Read the times of lines and texts by the layouts, and tell which layouts a file has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.sources.clocks import (
    DAY_MS,
    MOST_OFFSET_MINUTES,
    Array,
    civil_days,
    epoch_ms,
    is_date,
    latest_year,
)
from cwnb.sources.iso import octets_of, read_iso, read_iso_lines
from cwnb.sources.layouts import (
    DAY_FIRST,
    INSIDE,
    INSIDE_BYTES,
    LAYOUTS,
    MONTH_FIRST,
    MONTHS,
    WHOLE,
    ZONE_HOURS,
    Layout,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.sources.clocks import Reading


# White space, as RE2 has it.
_IS_WHITE = np.isin(np.arange(256), list(b"\t\n\f\r "))


class TimeReader:
    """Reads the times of lines: first by the layouts that the sample had, then by the others."""

    def __init__(self, order: Sequence[Layout], reading: Reading) -> None:
        self.order = tuple(order)
        rest = (layout for layout in LAYOUTS if not layout.loose and layout not in self.order)
        own = reading.layout
        self._all = (*self.order, *rest) if own is None else (own,)
        self.reading = reading

    @property
    def name(self) -> str | None:
        """Name the first layout, or None where the sample had no times."""
        return self.order[0].name if self.order else None

    def read(self, lines: pa.Array) -> tuple[Array, Array]:
        """Give epoch milliseconds and a mask of the lines that have a time."""
        times = np.zeros(len(lines), np.int64)
        timed = np.zeros(len(lines), bool)
        # Lines of stack traces are indented: most layouts need not look at these.
        margin = _at_margin(lines)
        for layout in self._all:
            anywhere = layout.indented or layout.inside
            rows = np.flatnonzero(~timed if anywhere else ~timed & margin)
            if not len(rows):
                continue
            subset = lines if len(rows) == len(lines) else lines.take(pa.array(rows))
            found, good = read_layout(layout, subset, self.reading)
            times[rows[good]] = found[good]
            timed[rows[good]] = True
        return times, timed


def _at_margin(lines: pa.Array) -> Array:
    """Tell which lines begin with something else than white space."""
    offsets, octets = octets_of(lines)
    found: Array = np.diff(offsets) > 0
    found[found] = ~_IS_WHITE[octets[offsets[:-1][found]]]
    return found


def recognise_layouts(sample: pa.Array, reading: Reading) -> list[Layout]:
    """Order the layouts that a sample of lines (not indented, not blank) has, commonest first."""
    if reading.layout is not None:
        return [reading.layout]
    for layout in LAYOUTS:
        # A form of its own that nearly every line has needs no rival.
        if not layout.loose and _count(layout, sample, reading) * 10 > len(sample) * 9:
            return [layout]
    counts = [(layout, _count(layout, sample, reading)) for layout in LAYOUTS]
    strict = sum(count for layout, count in counts if not layout.loose)
    rule = max(strict, len(sample) // 2)
    if (slashed := _slashed(sample, reading, rule)) is not None:
        return [slashed]
    order = [
        layout
        for layout, count in sorted(counts, key=lambda pair: -pair[1])
        if count and (not layout.loose or count > rule)
    ]
    if not order:
        inside = [(layout, _count(layout, sample, reading)) for layout in INSIDE]
        best = max(inside, key=lambda pair: pair[1])
        order = [best[0]] if best[1] * 2 > len(sample) else []
    return order


def _slashed(texts: pa.Array, reading: Reading, rule: int) -> Layout | None:
    """Give the order of day and month that dates with slashes have, if more than `rule` have one.

    Raises ValueError where neither these texts nor the file before them tell the order.
    """
    by_day, day_good = read_layout(DAY_FIRST, texts, reading)
    by_month, month_good = read_layout(MONTH_FIRST, texts, reading)
    if int((day_good | month_good).sum()) <= rule:
        return None
    if reading.day_first is not None:
        return DAY_FIRST if reading.day_first else MONTH_FIRST
    only_day, only_month = int((day_good & ~month_good).sum()), int((month_good & ~day_good).sum())
    unsure = np.flatnonzero(day_good & month_good & (by_day != by_month))
    if only_day == only_month and len(unsure):
        text = texts[int(unsure[0])].as_py()
        shown = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:40]
        raise ValueError(
            f"the date of {shown!r} may begin with its day or with its month; say which by"
            " time_format, such as '%d/%m/%Y %H:%M:%S' or '%m/%d/%Y %I:%M:%S %p'"
        )
    return DAY_FIRST if only_day >= only_month else MONTH_FIRST


_SLASHED_DATE = re.compile(rb"(?<![\d/-])(\d{1,2})[/-](\d{1,2})[/-]\d{4}(?:,?[ T]\d|[\",\t])")


def day_first(sample: bytes) -> bool | None:
    """Tell whether dates with slashes begin with the day; None where the sample does not tell."""
    pairs = [(int(one), int(two)) for one, two in _SLASHED_DATE.findall(sample)]
    days = sum(12 < one <= 31 and two <= 12 for one, two in pairs)
    months = sum(12 < two <= 31 and one <= 12 for one, two in pairs)
    return None if days == months else days > months


def _count(layout: Layout, sample: pa.Array, reading: Reading) -> int:
    return int(read_layout(layout, sample, reading)[1].sum())


def read_texts(texts: pa.Array, reading: Reading) -> tuple[Array, Array]:
    """Read texts that are times as a whole, as a field's value is; digits are epoch numbers."""
    if reading.layout is not None:
        return read_layout(reading.layout, texts, reading)
    times, timed = read_iso(texts, reading)
    for layout in WHOLE:
        rows = np.flatnonzero(~timed)
        if not len(rows):
            break
        found, good = read_layout(layout, texts.take(pa.array(rows)), reading)
        times[rows[good]] = found[good]
        timed[rows[good]] = True
    rows = np.flatnonzero(~timed)
    if len(rows):
        rest = texts.take(pa.array(rows))
        if (slashed := _slashed(rest, reading, 0)) is not None:
            found, good = read_layout(slashed, rest, reading)
            times[rows[good]] = found[good]
            timed[rows[good]] = True
    return times, timed


def read_layout(layout: Layout, lines: pa.Array, reading: Reading) -> tuple[Array, Array]:
    """Read one layout's times; the mask leaves out dates that do not exist."""
    may = np.ones(len(lines), bool)
    times = np.zeros(len(lines), np.int64)
    timed = np.zeros(len(lines), bool)
    if layout.holds:
        may = pc.match_substring(lines, layout.holds).to_numpy(zero_copy_only=False)
    elif layout is LAYOUTS[0]:
        times, timed = read_iso_lines(lines, reading)
        may = ~timed
    rows = np.flatnonzero(may)
    if len(rows):
        subset = lines if len(rows) == len(lines) else lines.take(pa.array(rows))
        found, good = _read_by_expression(layout, subset, reading)
        times[rows[good]] = found[good]
        timed[rows[good]] = True
    return times, timed


def _read_by_expression(layout: Layout, lines: pa.Array, reading: Reading) -> tuple[Array, Array]:
    if layout.inside:
        lines = pc.binary_slice(lines.cast(pa.binary()), 0, INSIDE_BYTES)
    parts = pc.extract_regex(lines, pattern=layout.pattern)
    rows = np.flatnonzero(np.asarray(parts.is_valid()))
    times = np.zeros(len(lines), np.int64)
    timed = np.zeros(len(lines), bool)
    if not len(rows):
        return times, timed
    parts = parts.take(pa.array(rows)) if len(rows) < len(lines) else parts
    names = [field.name for field in parts.type]
    columns = {
        name: column.cast(pa.string()) for name, column in zip(names, parts.flatten(), strict=True)
    }
    found, good = _epoch(columns["epoch"]) if "epoch" in columns else _civil(columns, reading)
    times[rows] = found
    timed[rows] = good
    return times, timed


def _epoch(digits: pa.Array) -> tuple[Array, Array]:
    if pc.any(pc.match_substring(digits, ".")).as_py():
        return epoch_ms(np.asarray(digits.cast(pa.float64())))
    whole, good = epoch_ms(np.asarray(digits.cast(pa.int64())))
    return whole, good


def _civil(columns: dict[str, pa.Array], reading: Reading) -> tuple[Array, Array]:
    count = len(columns["d"])

    def number(name: str) -> Array:
        if name not in columns:
            return np.zeros(count, np.int64)
        text = pc.utf8_trim_whitespace(columns[name])
        return np.asarray(pc.if_else(pc.equal(text, ""), "0", text).cast(pa.int64()))

    if "b" in columns:
        month = np.asarray(
            pc.index_in(pc.utf8_lower(columns["b"]), value_set=pa.array(MONTHS)), np.int64
        )
        month = month + 1
    else:
        month = number("m")
    day = number("d")
    hour, minute, second = number("h"), number("mi"), number("s")
    if "p" in columns:
        half = pc.utf8_lower(columns["p"])
        said = np.asarray(pc.not_equal(half, ""))
        afternoon = np.asarray(pc.equal(half, "p"))
        clock_12 = (hour >= 1) & (hour <= 12)
        hour = np.where(said, np.where(clock_12, hour % 12 + 12 * afternoon, 99), hour)
    of_day = (hour * 3600 + minute * 60 + second) * 1000
    if "f" in columns:
        padded = pc.utf8_slice_codeunits(pc.utf8_rpad(columns["f"], 3, "0"), 0, 3)
        of_day = of_day + np.asarray(padded.cast(pa.int64()))
    clock_good = (hour <= 23) & (minute <= 59) & (second <= 60)
    if "y" in columns:
        year = number("y")
    elif "yy" in columns:
        year = number("yy")
        year = year + np.where(year >= 70, 1900, 2000)
    else:
        shaped = is_date(np.full(count, 2000), month, day)
        year = latest_year(np.where(shaped, month, 1), np.where(shaped, day, 1), of_day, reading)
    good = clock_good & is_date(year, month, day)
    if "y" not in columns and "yy" not in columns and reading.assumed is not None:
        reading.assumed.years.update(np.unique(year[good]).tolist())
    local = np.where(good, civil_days(year, np.where(good, month, 1), day) * DAY_MS + of_day, 0)
    if "z" not in columns:
        return _naive_to_utc(local, good, reading), good
    zone = columns["z"]
    zoned = np.asarray(pc.not_equal(zone, ""))
    offsets, known = _offsets(zone)
    good &= known
    return _naive_to_utc(local - offsets, good & ~zoned, reading), good


def _naive_to_utc(times: Array, naive: Array, reading: Reading) -> Array:
    """Turn those times that name no zone into UTC."""
    if naive.all():
        return reading.to_utc(times)
    if naive.any():
        times[naive] = reading.to_utc(times[naive])
    return times


def _offsets(zones: pa.Array) -> tuple[Array, Array]:
    """Give offsets in milliseconds, and a mask of the zones that mean one."""
    coded = zones.dictionary_encode()
    values = [_offset(zone.strip()) for zone in coded.dictionary.to_pylist()]
    codes = np.asarray(coded.indices)
    offsets: Array = np.array([value or 0 for value in values], np.int64)[codes]
    known: Array = np.array([value is not None for value in values])[codes]
    return offsets, known


def _offset(zone: str) -> int | None:
    if zone in ZONE_HOURS:
        hours = ZONE_HOURS[zone]
        return None if hours is None else hours * 3_600_000
    digits = "".join(c for c in zone if c.isdigit())
    minutes = int(digits[:2]) * 60 + int(digits[2:4] or 0) if digits else 0
    if int(digits[2:4] or 0) > 59 or minutes > MOST_OFFSET_MINUTES:
        return None
    return (-minutes if "-" in zone else minutes) * 60_000
