"""Helpers for emitted pandas source: functions of the language that pandas does not have.

The functions that a query needs are copied, as text, to the head of the emitted source. So they may
use only pandas, pyarrow, the standard library and other names of this module, by these imports.
Columns are Series of `ArrowDtype`, missing values `pd.NA`; a column of `object` holds values of
several types or lists and dicts.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import math
import operator
import re
import statistics
import urllib.parse
from collections.abc import Callable, Collection, Iterable  # noqa: TC003 - emitted source has no such block
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import pairwise, repeat
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pd.ArrowDtype(pa.string())
TIME = pd.ArrowDtype(pa.timestamp("ms", "UTC"))
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


# Columns


def column(array: Any, like: pd.Series) -> pd.Series:
    """Make a column of an Arrow array, with the index of the column `like`."""
    return pd.Series(pd.array(array, dtype=pd.ArrowDtype(array.type)), index=like.index)


def absent(value: Any) -> bool:
    """Tell whether a value is missing: pd.NA, None, NaN or NaT."""
    return value is pd.NA or value is None or bool(value != value)  # noqa: PLR0124


def each(function: Callable[..., Any], dtype: Any, *columns: Any) -> pd.Series:
    """Call a function with the values of each row; a row with a missing value stays missing.

    An argument that is not a column is one value for all rows.
    """
    index = next(c.index for c in columns if isinstance(c, pd.Series))
    rows = zip(*(c if isinstance(c, pd.Series) else repeat(c) for c in columns), strict=False)
    made = [pd.NA if any(absent(v) for v in row) else function(*row) for row in rows]
    return pd.Series(made, index=index, dtype=dtype)


# Text and numbers


def text_of(value: Any) -> Any:
    """Write a value as text: 1.0 is `1`, true is `true`; a list or dict has no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and 1e10 <= abs(value) <= 2**53:
        return str(int(value))
    if isinstance(value, float):
        return pc.cast(pa.scalar(value), pa.string()).as_py()
    if isinstance(value, dict | list):
        return pd.NA
    if isinstance(value, pd.Timestamp):
        rest = value.strftime("-%m-%d %H:%M:%S.")
        return f"{value.year:04}{rest}{value.microsecond // 1000:03}"
    return str(value)


def as_text(values: pd.Series) -> pd.Series:
    """Write each value as text."""
    return each(text_of, TEXT, values)


def is_number(text: str) -> bool:
    """Tell whether a text is a number: it looks like one, and a float can hold it."""
    if not NUMBER.fullmatch(text):
        return False
    if text.lstrip("+-").isdecimal():
        return True
    value = float(text)
    return math.isfinite(value) and (value != 0 or not re.match("[-+.0]*[1-9]", text))


def number_of(value: Any) -> Any:
    """Read a value as a number: text that looks like one, 1 and 0 for Booleans, a time in ms."""
    if isinstance(value, str):
        if not is_number(value):
            return pd.NA
        digits = value.lstrip("+-")
        return int(value) if digits.isdecimal() and len(digits) < 4000 else float(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, pd.Timestamp):
        return value.value // 1_000_000
    return value if isinstance(value, int | float) else pd.NA


def as_number(values: pd.Series) -> pd.Series:
    """Read each value as a number; a value that is not one is missing.

    Integers that doubles do not hold stay integers, in a column of objects.
    """
    numbers = each(number_of, object, values)
    present = numbers.dropna()
    if all(isinstance(n, int) and -(2**63) <= n < 2**63 for n in present):
        return numbers.astype("int64[pyarrow]")
    if any(isinstance(n, int) and 2**53 < abs(n) <= 2**63 for n in present):
        return each(within_64_bits, object, numbers)
    return each(to_double, "double[pyarrow]", numbers)


def within_64_bits(number: Any) -> Any:
    """Give an integer of 64 bits as it is, a whole double within 2**53 as one, others as double."""
    if isinstance(number, int) and -(2**63) <= number < 2**63:
        return number
    real = to_double(number)
    return int(real) if real.is_integer() and abs(real) <= 2**53 else real


def to_double(number: Any) -> float:
    """Give the nearest double; an integer beyond all doubles is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def without_booleans(values: pd.Series) -> pd.Series:
    """Refuse `true` and `false` where numbers are wanted.

    The export writes a field of several types as text, so a Boolean cannot be told from the word.
    """
    if values.isin(["true", "false"]).any():
        message = f"{values.name!r} mixes Booleans with other values and is text in this file"
        raise ValueError(message)
    return values


def same_key(value: Any) -> Any:
    """Give a key that values share if the query language takes them as equal."""
    text = text_of(value)
    if text is pd.NA or isinstance(value, bool) or not is_number(text):
        return text
    sign = "-" if text.startswith("-") else ""
    digits = text.lstrip("+-")
    if not digits.isdecimal():
        real = float(text)
        if not real.is_integer():
            return repr(real)
        digits = str(abs(int(real)))
    digits = digits.lstrip("0") or "0"
    return digits if digits == "0" else sign + digits


def same(values: pd.Series) -> pd.Series:
    """Give a key that equal values share; 200, "200", "0200" and 200.0 are equal."""
    return each(same_key, TEXT, values)


def compare(left: Any, relation: str, right: Any) -> pd.Series:
    """Compare as numbers where both sides are numbers, else as text; missing stays missing.

    A Boolean is 1 or 0 beside a number, and a text beside others.
    """
    holds = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    }[relation]

    def pair(a: Any, b: Any) -> bool:
        if isinstance(a, dict | list) or isinstance(b, dict | list):
            return relation == "!="
        if not (isinstance(a, bool) and isinstance(b, bool)):
            x, y = number_of(a), number_of(b)
            if x is not pd.NA and y is not pd.NA:
                return bool(holds(x, y))
        return bool(holds(text_of(a), text_of(b)))

    return each(pair, "bool[pyarrow]", left, right)


def keys_of(values: pd.Series) -> set[str]:
    """Give the keys of all values that are there; a list or dict equals nothing and has none."""
    scalars = [v for v in values if not absent(v) and not isinstance(v, dict | list)]
    flags = {str(int(value)) for value in scalars if isinstance(value, bool)}
    return {same_key(value) for value in scalars} | flags


def is_in(values: pd.Series, keys: Collection[str]) -> pd.Series:
    """Tell which values are among those with these keys; missing stays missing."""

    def found(value: Any) -> bool:
        if isinstance(value, bool) and str(int(value)) in keys:
            return True
        return not isinstance(value, dict | list) and same_key(value) in keys

    return each(found, "bool[pyarrow]", values)


def of_scalars(found: pd.Series, values: pd.Series) -> pd.Series:
    """Give what was found of the texts of values; false for lists and dicts, which have none."""
    structures = values.map(lambda value: isinstance(value, dict | list)).astype(bool)
    return found.mask(structures, False)


def is_true(value: Any) -> bool:
    """Tell whether a value counts as true: true, the text `true`, a number other than zero."""
    number = number_of(value)
    return bool(value == "true" if number is pd.NA else number != 0)


def truth(values: pd.Series) -> pd.Series:
    """Tell which values count as true."""
    return each(is_true, "bool[pyarrow]", values)


# Order


def natural(value: Any) -> Any:
    """Give the sort key of a value: text before numbers, and `5A` before `111A`."""
    text = text_of(value)
    # Of the value and not of its text, for that of an infinite number is none.
    number = pd.NA if isinstance(value, bool | pd.Timestamp) else number_of(value)
    if number is not pd.NA:
        return (1, number, text)
    # A run of digits compares with other characters as "0" does.
    runs = re.findall(r"[0-9]+|[^\W0-9_]+|[\W_]", text)
    return (0, tuple(("0", len(r), r) if r[0] in "0123456789" else (r, 0, "") for r in runs), "")


def sort_order(values: pd.Series) -> pd.Series:
    """Give each value its place in the order of `sort`, from 1; missing comes first, so it is 0."""
    # 1 and "1" have one place, so that their rows stay in their order.
    keys = [None if absent(v) else natural(v) for v in values]
    ordered = sorted({key for key in keys if key is not None})
    places = {key: place for place, key in enumerate(ordered, 1)}
    made = [places.get(key, 0) for key in keys]
    return pd.Series(made, index=values.index, dtype="int64")


def natural_of_type(value: Any) -> Any:
    """Give the sort key of a value, which tells texts from what is written as they are."""
    types = (str, int, float, bool)
    kinds = [place for place, kind in enumerate(types) if isinstance(value, kind)]
    return natural(value), max(kinds, default=len(types))


def sorts_first(values: pd.Series) -> Any:
    """Give the value that an ascending `sort` would put first; missing if all are missing."""
    return min((v for v in values if not absent(v)), key=natural_of_type, default=pd.NA)


def sorts_last(values: pd.Series) -> Any:
    """Give the value that an ascending `sort` would put last; missing if all are missing."""
    return max((v for v in values if not absent(v)), key=natural_of_type, default=pd.NA)


# Arithmetic


def divide(left: Any, right: Any) -> pd.Series:
    """Divide; by zero is missing."""
    return each(lambda a, b: pd.NA if b == 0 else a / b, "double[pyarrow]", left, right)


def remainder(left: Any, right: Any) -> pd.Series:
    """Give the remainder of a division, with the sign of the dividend.

    Missing for the divisor zero and for an infinite dividend.
    """

    def rest(a: Any, b: Any) -> Any:
        if b == 0 or abs(a) == math.inf:
            return pd.NA
        if isinstance(a, int) and isinstance(b, int):
            return abs(a) % abs(b) * (1 if a >= 0 else -1)
        return math.fmod(a, b)

    return as_number(each(rest, object, left, right))


def power(left: Any, right: Any) -> pd.Series:
    """Raise to a power; a result that is not a real number is missing."""

    def raised(a: Any, b: Any) -> Any:
        try:
            answer = a**b
        except ZeroDivisionError:
            return pd.NA
        except OverflowError:
            return -math.inf if a < 0 and b % 2 == 1 else math.inf
        return pd.NA if isinstance(answer, complex) else answer

    return as_number(each(raised, object, left, right))


def rounded(number: Any, decimals: int) -> Any:
    """Round a number as it is written, with halves away from zero; an integer stays one."""
    written = Decimal(repr(number))
    if not written.is_finite() or -int(written.as_tuple().exponent) <= decimals:
        return number
    precise = Context(prec=1200, rounding=ROUND_HALF_UP)
    made = written.quantize(Decimal((0, (1,), -decimals)), context=precise)
    return int(made) if isinstance(number, int) else float(made)


def round_half_away(values: pd.Series, decimals: int = 0) -> pd.Series:
    """Round as the numbers are written, with halves away from zero."""
    made = each(lambda number: rounded(number, decimals), object, values)
    return made.astype(values.dtype) if values.dtype == "double[pyarrow]" else as_number(made)


def floor(values: pd.Series) -> pd.Series:
    """Round down."""
    if pd.api.types.is_integer_dtype(values.dtype):
        return values
    if values.dtype == object:
        return each(math.floor, object, values)
    return column(pc.floor(pa.array(values)), values)


def ceil(values: pd.Series) -> pd.Series:
    """Round up."""
    if pd.api.types.is_integer_dtype(values.dtype):
        return values
    if values.dtype == object:
        return each(math.ceil, object, values)
    return column(pc.ceil(pa.array(values)), values)


def root(values: pd.Series) -> pd.Series:
    """Give the square root; of a negative it is missing."""
    return each(lambda n: math.sqrt(n) if n >= 0 else pd.NA, "double[pyarrow]", values)


def natural_log(values: pd.Series) -> pd.Series:
    """Give the natural logarithm; of zero and below it is missing."""
    return each(lambda n: math.log(n) if n > 0 else pd.NA, "double[pyarrow]", values)


def extreme(which: Callable[..., Any], *columns: Any) -> pd.Series:
    """Give the greatest or least number of each row, missing ones left out."""
    index = next(c.index for c in columns if isinstance(c, pd.Series))
    rows = zip(*(c if isinstance(c, pd.Series) else repeat(c) for c in columns), strict=False)
    made = [which((v for v in row if not absent(v)), default=pd.NA) for row in rows]
    return as_number(pd.Series(made, index=index, dtype=object))


def to_integer(values: pd.Series, bits: int) -> pd.Series:
    """Cut off the fraction; a number that does not fit into so many bits is missing."""

    def cut(number: Any) -> Any:
        if not math.isfinite(number):
            return pd.NA
        whole = math.trunc(number)
        return whole if -(2 ** (bits - 1)) <= whole < 2 ** (bits - 1) else pd.NA

    return each(cut, "int64[pyarrow]", each(number_of, object, values))


def lower_border(values: pd.Series, width: float) -> pd.Series:
    """Give the lower border of the range in which each number lies, of ranges from 0."""

    def border(number: Any) -> Any:
        if isinstance(number, int) and float(width).is_integer():
            return number // int(width) * int(width)
        if not math.isfinite(number):
            return number
        decimals = -int(Decimal(repr(width)).normalize().as_tuple().exponent)
        return float(round(math.floor(round(number / width, 9)) * width, max(0, decimals)))

    return as_number(each(border, object, values))


def haversine(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> pd.Series:
    """Give the great-circle distance in km of two places in degrees, on a globe of 6371 km."""

    def distance(*degrees: Any) -> float:
        a_lat, a_lon, b_lat, b_lon = (math.radians(d) for d in degrees)
        half = math.sin((b_lat - a_lat) / 2) ** 2
        half += math.cos(a_lat) * math.cos(b_lat) * math.sin((b_lon - a_lon) / 2) ** 2
        return 2 * 6371 * math.asin(math.sqrt(min(1.0, half)))

    return each(distance, "double[pyarrow]", lat1, lon1, lat2, lon2)


# Times


def period_start(ms: int, count: int, unit: str, after: int = 0) -> Any:
    """Give the start of the period in which a time lies, or of one `after` it; all in UTC ms.

    Periods of weeks begin on Mondays; others follow the calendar, counted from 1970.
    """
    if unit == "week":
        length, monday = 7 * 86_400_000 * count, -3 * 86_400_000
        return ((ms - monday) // length + after) * length + monday
    day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    month = (((day.year - 1970) * 12 + day.month - 1) // months + after) * months
    year = 1970 + month // 12
    if not 1 <= year <= 9999:
        return pd.NA
    start = datetime(year, month % 12 + 1, 1, tzinfo=UTC)
    return (start - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400_000


def floor_time(times: pd.Series, count: int, unit: str) -> pd.Series:
    """Round times down to whole units of the calendar, weeks from Monday, in UTC."""
    millis = times.astype("int64[pyarrow]")
    made = each(lambda ms: period_start(ms, count, unit), "int64[pyarrow]", millis)
    return made.astype(TIME)


def ceil_time(times: pd.Series, count: int, unit: str) -> pd.Series:
    """Round times up to whole units of the calendar, weeks from Monday, in UTC."""

    def end(ms: int) -> Any:
        start = period_start(ms, count, unit)
        return ms if start == ms else period_start(ms, count, unit, after=1)

    return each(end, "int64[pyarrow]", times.astype("int64[pyarrow]")).astype(TIME)


def from_millis(values: pd.Series) -> pd.Series:
    """Read epoch milliseconds as times."""
    return to_integer(values, 64).astype(TIME)


def format_date(times: pd.Series, pattern: str, zone: str = "UTC") -> pd.Series:
    """Write times by a strftime pattern, in a time zone; missing outside the years 1 to 9999."""

    def written(ms: int) -> Any:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
        try:
            there = moment.astimezone(zone_named(zone))
        except OverflowError:
            return pd.NA
        # The C library writes years before 1000 without leading zeros, and has no zone for `%s`.
        years = pattern.replace("%Y", f"{there.year:04d}") if there.year < 1000 else pattern
        return there.strftime(years.replace("%s", str(ms // 1000)))

    return each(written, TEXT, times.astype("int64[pyarrow]"))


def zone_named(zone: str) -> tzinfo:
    """Give a time zone by its name or its offset, such as `+02:00`."""
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone)
    if offset is None:
        return ZoneInfo(zone)
    length = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(-length if offset[1] == "-" else length)


def parse_date(values: pd.Series, pattern: str, zone: str = "UTC") -> pd.Series:
    """Read text by a strptime pattern, in a time zone, as epoch milliseconds."""

    def millis(text: str) -> Any:
        try:
            when = datetime.strptime(text, pattern)  # noqa: DTZ007
        except ValueError:
            return pd.NA
        if when.tzinfo is None:
            when = when.replace(tzinfo=zone_named(zone))
        away = when.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (away.days * 86_400 + away.seconds) * 1000 + away.microseconds // 1000

    return each(millis, "int64[pyarrow]", values)


# Strings


def search(values: pd.Series, pattern: str) -> pd.Series:
    """Tell which texts have a match of an RE2 pattern."""
    return column(pc.match_substring_regex(pa.array(values), pattern), values)


def extract(values: pd.Series, pattern: str) -> pd.DataFrame:
    """Give a column per named group of an RE2 pattern, of its first match in each text.

    A group that took no part in the match is missing; Arrow alone gives "" for it.
    """
    array = pa.array(values)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    found, places = pc.extract_regex(array, pattern), pc.extract_regex_span(array, pattern)
    columns = {}
    for group in (field.name for field in found.type):
        took_part = pc.is_valid(pc.struct_field(places, group))
        texts = pc.if_else(took_part, pc.struct_field(found, group), pa.scalar(None, pa.string()))
        columns[group] = column(texts, values)
    return pd.DataFrame(columns)


def every_match(values: pd.Series, pattern: str) -> pd.DataFrame:
    """Give a row per match, with a column per named group; the index says of which text it is."""
    # So that classes such as word characters mean what they mean in RE2.
    compiled = re.compile(pattern, re.ASCII)
    found: list[tuple[Any, dict[str, Any]]] = []
    for at, text in values.dropna().items():
        place, end = 0, -1
        while place <= len(text) and (match := compiled.search(text, place)):
            place = match.end()
            if match[0] or match.start() != end:
                found.append((at, match.groupdict()))
                end = match.end()
            else:  # RE2 takes no empty match where the one before ended
                place += 1
    groups = {name: [row[name] for _, row in found] for name in compiled.groupindex}
    return pd.DataFrame(groups, index=[at for at, _ in found], dtype=TEXT)


def byte_length(values: pd.Series) -> pd.Series:
    """Count the bytes of each text in UTF-8."""
    return each(lambda text: len(text.encode()), "int64[pyarrow]", values)


def substring(text: str, start: float, length: float = math.inf) -> str:
    """Give the characters from `start`, counted from 0; nothing where there are none."""
    first, size = (int(max(-(2**31), min(2**31, number))) for number in (start, length))
    return text[first : first + size] if first >= 0 and size > 0 else ""


def replaced(text: str, find: str, put: str) -> str:
    """Replace all occurrences of a text; an empty one occurs nowhere."""
    return text.replace(find, put) if find else text


def url_decoded(text: str) -> str:
    """Undo percent-encoding; a plus is a space."""
    return urllib.parse.unquote_plus(text)


def url_encoded(text: str) -> str:
    """Percent-encode all but letters, digits, `-`, `.`, `_` and `~`."""
    return urllib.parse.quote(text, safe="")


def base64_encoded(text: str) -> str:
    """Encode the UTF-8 bytes as base64."""
    return base64.b64encode(text.encode()).decode()


def base64_decoded(text: str) -> Any:
    """Decode base64 to text; missing if it is not base64."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError:
        return pd.NA


def md5(text: str) -> str:
    """Give the MD5 hash of the UTF-8 bytes as hexadecimal digits."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    """Give the SHA-256 hash of the UTF-8 bytes as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def hex_to_ascii(text: str) -> Any:
    """Read pairs of hexadecimal digits as bytes of text; missing for anything else."""
    try:
        return bytes.fromhex(text.removeprefix("0x").removeprefix("0X")).decode("utf-8", "replace")
    except ValueError:
        return pd.NA


def hex_to_number(text: str) -> Any:
    """Read hexadecimal digits, with or without `0x`, as a number; missing for anything else."""
    if not re.fullmatch(r"[+-]?(0[xX])?[0-9a-fA-F]+", text):
        return pd.NA
    return int(text, 16)


def number_to_hex(number: float) -> Any:
    """Write a number in lower-case hexadecimal digits with `0x`, its fraction cut off."""
    return hex(math.trunc(number)) if math.isfinite(number) else pd.NA


def list_of(*texts: str) -> Any:
    """Split a text at a delimiter; if that is empty, the list holds the whole text."""
    text, delimiter = texts
    return text.split(delimiter) if delimiter else [text]


# Structures


def structure(text: str) -> Any:
    """Read a JSON object or array; missing if the text is anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return pd.NA
    return value if isinstance(value, dict | list) else pd.NA


def step_into(value: Any, path: list[str]) -> Any:
    """Follow keys, which may have dots, and indexes into a structure; missing if one is absent."""
    if not path:
        return pd.NA if value is None else value
    if isinstance(value, list):
        index = path[0]
        there = index.isdecimal() and int(index) < len(value)
        return step_into(value[int(index)], path[1:]) if there else pd.NA
    if isinstance(value, dict):
        for end in range(1, len(path) + 1):
            key = ".".join(path[:end])
            found = step_into(value[key], path[end:]) if key in value else pd.NA
            if found is not pd.NA:
                return found
    return pd.NA


def value_at(value: Any, path: list[str]) -> Any:
    """Follow keys and indexes into a list, a dict or JSON text; missing for anything else."""
    document = structure(value) if isinstance(value, str) else value
    return step_into(document, path) if isinstance(document, dict | list) else pd.NA


def logfmt(text: str) -> Any:
    """Read pairs `key=value`, `key="a value"` and `key`; missing if there are none."""
    pair = re.compile(
        r'([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|(\S*)))?'
        r'|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|=\S*',
        re.DOTALL,
    )
    special = {"n": "\n", "r": "\r", "t": "\t"}

    def unescaped(match: re.Match[str]) -> str:
        letter = match[1]
        if len(letter) == 1:
            return special.get(letter, letter)
        code = int(letter[1:], 16)
        return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)

    pairs = {}
    for key, quoted, bare in (match.groups() for match in pair.finditer(text) if match[1]):
        if quoted is not None:
            pairs[key] = re.sub(r"(?s)\\(u[0-9a-fA-F]{4}|.)", unescaped, quoted)
        else:
            pairs[key] = "true" if bare is None else bare
    return pairs or pd.NA


def comma_separated(text: str) -> Any:
    """Read the fields of a record of comma-separated text; missing where its quotes are broken."""
    field = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\r|\n|\Z)')
    fields: list[str] = []
    place, separator = 0, ","
    while separator == ",":
        match = field.match(text, place)
        if match is None:
            return pd.NA
        quoted, bare, separator = match.groups()
        fields.append(bare if quoted is None else quoted.replace('""', '"'))
        place = match.end()
    return fields


def field_at(fields: list[str], place: int) -> Any:
    """Give one of the fields; missing if there are fewer."""
    return fields[place] if place < len(fields) else pd.NA


def xml_text(text: str, path: str, attribute: str | None = None) -> Any:
    """Give the text, or an attribute, of the first element at a path of XML without prefixes."""
    builder, parser = ET.TreeBuilder(), expat.ParserCreate()

    def start(name: str, given: dict[str, str]) -> None:
        builder.start(local_name(name), {local_name(key): value for key, value in given.items()})

    def refuse(*_: Any) -> None:
        raise ValueError("a document type may name entities that grow without end")

    parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, refuse
    parser.EndElementHandler = lambda name: builder.end(local_name(name))
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text.strip(), True)
    except (expat.ExpatError, ValueError):
        return pd.NA
    document = ET.Element("document")
    document.append(builder.close())
    for element in document.iterfind(path):
        if attribute is None:
            return "".join(element.itertext())
        if attribute in element.attrib:
            return element.attrib[attribute]
    return pd.NA


def local_name(name: str) -> str:
    """Give a name of XML without its prefix."""
    return name.rpartition(":")[2]


def unnested(frame: pd.DataFrame, name: str, values: pd.Series) -> pd.DataFrame:
    """Give a row for each item of a list, in a column of this name; an empty list gives no row."""
    lists = [value if isinstance(value, list) else [value] for value in values]
    wide = frame.assign(**{name: pd.Series(lists, index=frame.index, dtype=object)})
    filled = pd.Series([len(one) > 0 for one in lists], index=frame.index, dtype=bool)
    return wide[filled].explode(name).reset_index(drop=True)


# Rows in their order


def running_total(values: pd.Series) -> pd.Series:
    """Give the sum of the numbers up to each row; missing before the first."""
    whole, rest, seen = 0, 0.0, False
    made: list[Any] = []
    for value in values:
        if not absent(value):
            seen = True
            if isinstance(value, int) or (value.is_integer() and abs(value) <= 2**53):
                whole += int(value)
            else:
                rest += value
        sum_so_far = within_64_bits(whole + rest if rest else whole) if rest == rest else pd.NA  # noqa: PLR0124
        made.append(sum_so_far if seen else pd.NA)
    return as_number(pd.Series(made, index=values.index, dtype=object))


def row_totals(*columns: pd.Series) -> pd.Series:
    """Give the sum of the numbers of each row; missing where there is none."""
    rows = zip(*columns, strict=True)
    made = [total(pd.Series(list(row), dtype=object)) for row in rows]
    return as_number(pd.Series(made, index=columns[0].index, dtype=object))


def with_row(frame: pd.DataFrame) -> pd.DataFrame:
    """Add a row without values at the end; without rows there is nothing to add up."""
    whole = frame.reset_index(drop=True)
    return whole.reindex(range(len(whole) + 1)) if len(whole) else whole


def ending_with(values: pd.Series, last: Any) -> pd.Series:
    """Put a value into the last row."""
    made = [*values.iloc[:-1], last] if len(values) else []
    return pd.Series(made, index=values.index, dtype=object)


def fences(values: pd.Series, width: float, *, lower: bool) -> tuple[float, float]:
    """Give the lowest and the highest number that is no outlier, by the quartiles."""
    numbers = pd.Series([to_double(v) for v in values if not absent(v)], dtype=object)
    if numbers.empty:
        return -math.inf, math.inf
    low, high = percentile(25)(numbers), percentile(75)(numbers)
    span = width * (high - low)
    return low - span if lower else -math.inf, high + span


def outside(values: pd.Series, borders: tuple[float, float]) -> pd.Series:
    """Tell which numbers lie outside the borders."""
    low, high = borders
    made = [not absent(v) and (to_double(v) < low or to_double(v) > high) for v in values]
    return pd.Series(made, index=values.index, dtype=bool)


def clamped(values: pd.Series, numbers: pd.Series, borders: tuple[float, float]) -> pd.Series:
    """Move the numbers that lie outside the borders to the nearest one."""
    low, high = (within_64_bits(border) if math.isfinite(border) else border for border in borders)
    rows = zip(values, numbers, outside(numbers, borders), strict=True)
    made = [(high if n > high else low) if far else v for v, n, far in rows]
    return pd.Series(made, index=values.index, dtype=object)


def session_ids(times: pd.Series, longest_ms: int, *keys: pd.Series) -> pd.Series:
    """Give each row the id of its session: the keys, and a number that counts from 1 in time."""
    texts, equal = [as_text(key) for key in keys], [same(key) for key in keys]
    if len(texts) > 1:
        escape = str.maketrans({"\\": "\\\\", "|": "\\|"})
        texts = [each(lambda text: text.translate(escape), TEXT, text) for text in texts]
    groups: dict[Any, list[tuple[Any, int]]] = {}
    names: dict[Any, str] = {}
    for place, (time, *rest) in enumerate(zip(times, *equal, *texts, strict=True)):
        key = tuple(rest[: len(keys)])
        if not any(absent(part) for part in key):
            names.setdefault(key, "|".join(rest[len(keys) :]))
            groups.setdefault(key, []).extend([] if absent(time) else [(time, place)])
    ids: list[Any] = [pd.NA] * len(times)
    for key, events in groups.items():
        session, before = 1, None
        for time, place in sorted(events):
            far = before is not None and time - before > pd.Timedelta(milliseconds=longest_ms)
            session, before = session + far, time
            ids[place] = f"{names[key]}-{session}"
    return pd.Series(ids, index=times.index, dtype=TEXT)


def paired(
    frame: pd.DataFrame, other: pd.DataFrame, left: list[Any], right: list[Any], *, keep: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pair the rows of two frames whose keys are equal, in order; each then has a row a pair.

    `keep`: a row of the first one without a pair stays, beside missing values.
    """
    places: dict[tuple[Any, ...], list[int]] = {}
    for place, key in enumerate(zip(*right, strict=True)):
        if not any(absent(part) for part in key):
            places.setdefault(key, []).append(place)
    alone = [-1] if keep else []
    pairs = [
        (row, place)
        for row, key in enumerate(zip(*left, strict=True))
        for place in places.get(key, alone)
    ]
    mine = frame.iloc[[row for row, _ in pairs]].reset_index(drop=True)
    theirs = other.reset_index(drop=True).reindex([place for _, place in pairs])
    return mine, theirs.reset_index(drop=True)


def beside(frame: pd.DataFrame, other: pd.DataFrame, names: list[str], rows: int) -> pd.DataFrame:
    """Put columns of the first rows of another frame beside the rows, by their numbers."""
    other = other.head(rows)
    places = range(max(len(frame), len(other)))
    made = frame.reset_index(drop=True).reindex(places)
    for name in names:
        made[name] = other[name].reset_index(drop=True).reindex(places)
    return made


def scalar(value: Any) -> Any:
    """Give a value that is no list or dict; else it is missing."""
    return pd.NA if isinstance(value, dict | list) else value


def looked_up(table: pd.DataFrame, keys: list[str], *texts: pd.Series) -> pd.DataFrame:
    """Give for each row the first row of a table whose keys have the same texts; else no values."""
    places: dict[tuple[Any, ...], int] = {}
    for place, key in enumerate(zip(*(as_text(table[name]) for name in keys), strict=True)):
        if not any(absent(part) for part in key):
            places.setdefault(key, place)
    found = [places.get(key, -1) for key in zip(*texts, strict=True)]
    return table.reset_index(drop=True).reindex(found).set_axis(texts[0].index)


def in_networks(table: pd.DataFrame, name: str, addresses: pd.Series) -> pd.DataFrame:
    """Give for each row the row of a table with the smallest network that has its address."""
    networks = [
        (ipaddress.ip_network(text.strip(), strict=False), place)
        for place, text in enumerate(as_text(table[name]))
        if not absent(text)
    ]
    networks.sort(key=lambda pair: pair[0].max_prefixlen - pair[0].prefixlen)

    def row_of(text: Any) -> int:
        known = pd.NA if absent(text) else address(text)
        if known is pd.NA or known is None:
            return -1
        return next((place for network, place in networks if known in network), -1)

    found = [row_of(text) for text in addresses]
    return table.reset_index(drop=True).reindex(found).set_axis(addresses.index)


def list_in(value: Any) -> Any:
    """Give the list in the JSON text of one, and any other value as it is."""
    found = structure(value) if isinstance(value, str) else value
    return found if isinstance(found, list) else value


def json_text(value: Any) -> Any:
    """Write a list or dict as JSON text; missing for anything else."""
    if not isinstance(value, dict | list):
        return pd.NA
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def array_size(text: str) -> Any:
    """Count the elements of a JSON array; missing if the text is not one."""
    value = structure(text)
    return len(value) if isinstance(value, list) else pd.NA


def array_contains(text: str, wanted: Any) -> bool:
    """Tell whether a JSON array has an element that equals a value."""
    value = structure(text)
    if not isinstance(value, list):
        return False
    return any(
        same_key(item) == same_key(wanted)
        for item in value
        if item is not None and not isinstance(item, dict | list)
    )


# Addresses


def address(text: str, version: int | None = None) -> Any:
    """Read an IP address of the version, or of any version; None if it is not one."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found if version in (None, found.version) else None


def is_address(text: str, version: int | None = None) -> bool:
    """Tell whether a text is an IP address of the version, or of any version."""
    return address(text, version) is not None


def in_subnet(text: str, block: str, version: int | None = None) -> bool:
    """Tell whether an address lies in a CIDR block; false if one of the two is invalid."""
    found = address(text, version)
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False
    return found is not None and found.version == network.version and found in network


def ipv4_number(text: str) -> Any:
    """Give an IPv4 address as a number; missing if the text is not one."""
    found = address(text, 4)
    return pd.NA if found is None else int(found)


def is_private(text: str) -> bool:
    """Tell whether an address is one of RFC 1918."""
    blocks = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    return any(in_subnet(text, block) for block in blocks)


def is_public(text: str) -> bool:
    """Tell whether an address is publicly routable."""
    found = address(text)
    return found is not None and bool(found.is_global) and not found.is_multicast


def is_reserved(text: str) -> bool:
    """Tell whether an address lies in a special-purpose range of IANA."""
    found = address(text)
    return found is not None and not is_public(text)


# Aggregations


def percentile(percent: float) -> Callable[[pd.Series], Any]:
    """Make the aggregation that gives a percentile by nearest rank, a value of the data."""

    def pct(values: pd.Series) -> Any:
        ordered = sorted(v for v in values if not absent(v))
        if not ordered:
            return pd.NA
        # 0.07 * 100 is 7.000000000000001 in doubles, and its ceiling would be 8.
        rank = math.ceil(round(percent / 100 * len(ordered), 9))
        return ordered[max(1, rank) - 1]

    return pct


def total(values: pd.Series) -> Any:
    """Add up numbers: integers exactly, to a double where 64 bits do not hold the sum."""
    present = [v for v in values if not absent(v)]
    return within_64_bits(sum(present)) if present else pd.NA


def average(values: pd.Series) -> Any:
    """Give the mean."""
    present = [v for v in values if not absent(v)]
    return sum(present) / len(present) if present else pd.NA


def variance(values: pd.Series) -> Any:
    """Give the variance of the population, exact also for large integers close together."""
    present = [v for v in values if not absent(v)]
    return float(statistics.pvariance(present)) if present else pd.NA


def deviation(values: pd.Series) -> Any:
    """Give the standard deviation of the population."""
    found = variance(values)
    return found if absent(found) else math.sqrt(found)


def rate(groups: Any, name: str, period_ms: int) -> pd.Series:
    """Give the change of each group's numbers in a period, from its oldest event to its newest."""

    def change(rows: pd.DataFrame) -> Any:
        there = rows[[name, "@timestamp"]].dropna()
        there = there.sort_values("@timestamp", ascending=False, kind="stable")
        if there.empty:
            return pd.NA
        numbers, times = there[name], there["@timestamp"]
        elapsed = (times.iloc[0] - times.iloc[-1]) / pd.Timedelta(milliseconds=period_ms)
        return (numbers.iloc[0] - numbers.iloc[-1]) / elapsed if elapsed else 0.0

    answers = [change(rows) for _, rows in groups]
    return pd.Series(answers, index=groups.size().index, dtype="double[pyarrow]")


def by_time(groups: Any, name: str, *, newest: bool) -> pd.Series:
    """Give the value of each group's newest or oldest event that has one, in whatever order."""

    def edge(rows: pd.DataFrame) -> Any:
        there = rows[rows[name].notna()]
        # An event without a time is older than any other.
        there = there.sort_values("@timestamp", ascending=False, kind="stable")
        return pd.NA if there.empty else there[name].iloc[0 if newest else -1]

    answers = [edge(rows) for _, rows in groups]
    return pd.Series(answers, index=groups.size().index, dtype=object)


def histogram(values: pd.Series, parts: int) -> Any:
    """Count the numbers in ranges of equal width, from the least to the greatest."""
    numbers = [float(v) for v in values if not absent(v) and math.isfinite(v)]
    if not numbers:
        return pd.NA
    low, high = min(numbers), max(numbers)
    exact = [low + (high - low) * i / parts for i in range(parts)]
    for inner in ([round(border, 4) for border in exact[1:]], exact[1:], []):
        borders = [low, *inner, high]
        if all(one < other for one, other in pairwise(borders)):
            break
    counts = dict.fromkeys(range(len(borders) - 1), 0)
    for number in numbers:
        above = [i for i, border in enumerate(borders[:-1]) if border <= number]
        counts[above[-1]] += 1
    names = [text_of(border) for border in borders]
    return {f"{names[i]}-{names[i + 1]}": count for i, count in counts.items()}


def distinct(values: Iterable[Any]) -> list[Any]:
    """Give the distinct values in order of first appearance."""
    first: dict[Any, Any] = {}
    for value in values:
        if not absent(value):
            whole = isinstance(value, float) and value.is_integer() and abs(value) <= 2**53
            first.setdefault(same_key(value), int(value) if whole else value)
    return list(first.values())


def most_frequent(values: pd.Series, count: int) -> list[Any]:
    """Give the most frequent values; among equally frequent ones, the first seen first."""
    keys = same(values)
    sizes = keys.value_counts()
    order = sorted(distinct(values), key=lambda value: -sizes[same_key(value)])
    return order[:count]


def per_group(groups: Any, name: str, function: Callable[[pd.Series], Any]) -> pd.Series:
    """Give a value of any kind for each group of rows."""
    answers = [function(rows) for _, rows in groups[name]]
    return pd.Series(answers, index=groups.size().index, dtype=object)


def with_all_bins(
    frame: pd.DataFrame,
    bins: str,
    following: Callable[[int], int],
    ends: list[int],
    keys: dict[str, pd.Series],
    *,
    added: str,
) -> pd.DataFrame:
    """Give a row for each bin and each combination of keys, newest bin first.

    Rows without a time come last; the column `added` marks the rows that were not there.
    """
    times = [None if absent(ms) else int(ms) for ms in frame[bins].astype("int64[pyarrow]")]
    listed = [[None if absent(v) else v for v in column] for column in keys.values()]
    found = list(zip(*listed, strict=True)) if keys else [()] * len(frame)
    first = {key: found.index(key) for key in found} if keys else {(): 0}
    ends = [*ends, *(ms for ms in times if ms is not None)]
    grid = [min(ends)] if ends else []
    while ends and grid[-1] < max(ends):
        grid.append(following(grid[-1]))
    held = {(ms, key): place for place, (ms, key) in enumerate(zip(times, found, strict=True))}
    wanted: list[Any] = [(ms, key) for ms in reversed(grid) for key in first]
    wanted += [(ms, key) for ms, key in zip(times, found, strict=True) if ms is None]
    places = [held.get(one, -1) for one in wanted]
    made = frame.reset_index(drop=True).reindex(places).reset_index(drop=True)
    made[bins] = pd.Series([ms for ms, _ in wanted], dtype="int64[pyarrow]").astype(TIME)
    for name in keys:
        samples = [first[key] if p < 0 else p for p, (_, key) in zip(places, wanted, strict=True)]
        made[name] = frame[name].iloc[samples].reset_index(drop=True)
    made[added] = pd.Series([place < 0 for place in places], dtype="bool[pyarrow]")
    return made
