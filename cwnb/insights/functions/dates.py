"""Dates as text: read by Java patterns, written by strftime formats; names of time zones."""

from __future__ import annotations

import functools
import re
from calendar import day_abbr, day_name, month_abbr, month_name
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from cwnb.errors import MalformedQuery
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(
    r"(?:UTC|GMT|UT)?(?P<sign>[+-])(?P<h>\d{1,2}):?(?P<m>\d{2})?(?::?(?P<s>\d{2}))?"
)


# Letters of Java's DateTimeFormatter, and the directives of strftime for them.
STRFTIME_OF_JAVA = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "EEEE": "%A",
    "EEE": "%a",
    "EE": "%a",
    "E": "%a",
    "HH": "%H",
    "H": "%H",
    "hh": "%I",
    "h": "%I",
    "mm": "%M",
    "m": "%M",
    "ss": "%S",
    "s": "%S",
    "S": "%f",
    "SS": "%f",
    "SSS": "%f",
    "SSSSSS": "%f",
    "a": "%p",
    "X": "%z",
    "XX": "%z",
    "XXX": "%z",
    "Z": "%z",
    "DDD": "%j",
}


class InvalidPattern(MalformedQuery):
    """A date pattern that cannot be read."""


@functools.cache
def zone_named(name: str) -> tzinfo:
    """Give the time zone of an IANA name, `UTC`, `Z` or an offset such as `+02:00`."""
    if name.upper() in {"UTC", "GMT", "Z", "UT"}:
        return UTC
    offset = _offset(name)
    if offset is not None:
        return offset
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = suggestion(name, available_timezones())
        raise MalformedQuery(f"unknown time zone {name!r}{near}") from None


def _offset(text: str) -> tzinfo | None:
    if text in {"Z", "z", "UTC", "GMT"}:
        return UTC
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    length = timedelta(
        hours=int(match["h"]), minutes=int(match["m"] or 0), seconds=int(match["s"] or 0)
    )
    if length >= timedelta(hours=24):
        return None
    return timezone(-length if match["sign"] == "-" else length)


# Writing, as strftime does

_DIRECTIVE = re.compile(r"%(?P<flag>[-_0^#]?)(?P<letter>[a-zA-Z%])")
# Directives that write more than the minute, and the shortest time between two that differ.
_RESOLUTION_MS = {"f": 1, **dict.fromkeys("SsTcXr+", 1000)}


def resolution_ms(format: str) -> int:
    """Give the resolution of a strftime format: times in the same step of it have the same text."""
    letters = [match["letter"] for match in _DIRECTIVE.finditer(format)]
    return min((_RESOLUTION_MS.get(letter, 60_000) for letter in letters), default=60_000)


def arrow_writes(format: str) -> bool:
    """Tell whether Arrow writes a format as Python does: to the second, without names or flags."""
    found = list(_DIRECTIVE.finditer(format))
    same = all(not m["flag"] and m["letter"] in "HMSYmdjTFIp%" for m in found)
    return same and resolution_ms(format) == 1000 and "%" not in _DIRECTIVE.sub("", format)


def writer(format: str) -> Callable[[datetime], str]:
    """Give a function that writes a time by a strftime format.

    Raises InvalidPattern for a format without a directive, which may be meant as one of Java.
    """
    if "%" not in format:
        raise InvalidPattern(
            f"formatDate takes a format of strftime, and {format!r} has no directive such as %Y; "
            f"write {_as_strftime(format)!r}"
        )
    # Python passes %s to the C library, which would use the time zone of this machine.
    if not any(match["letter"] == "s" for match in _DIRECTIVE.finditer(format)):
        return lambda when: _strftime(when, format)

    def write(when: datetime) -> str:
        seconds = str((when - _EPOCH) // timedelta(seconds=1))
        without_s = _DIRECTIVE.sub(lambda m: seconds if m["letter"] == "s" else m[0], format)
        return _strftime(when, without_s)

    return write


def _strftime(when: datetime, format: str) -> str:
    # The C library writes years before 1000 without leading zeros.
    return when.strftime(format.replace("%Y", f"{when.year:04d}") if when.year < 1000 else format)


def _as_strftime(pattern: str) -> str:
    """Write a Java pattern as a strftime format; a usual one where that is not possible."""
    try:
        format = strftime_of_java(pattern)
    except KeyError:
        format = ""
    return format if _DIRECTIVE.search(format.replace("%%", "")) else "%Y-%m-%d %H:%M:%S"


def strftime_of_java(pattern: str) -> str:
    """Translate a Java DateTimeFormatter pattern to strftime's.

    Raises KeyError with the letters that strftime has no directive for.
    """
    made = []
    for part in _TOKEN.finditer(pattern):
        if part["letters"] is not None:
            made.append(STRFTIME_OF_JAVA[part["letters"]])
        elif part["quoted"] is not None:
            made.append(_unquoted(part["quoted"]).replace("%", "%%"))
        else:
            made.append(part["other"].replace("%", "%%"))
    return "".join(made)


def _unquoted(quoted: str) -> str:
    """Give what stands between quotes in a Java pattern; two quotes alone are one."""
    return quoted.replace("''", "'") or "'"


def _as_java(format: str) -> str:
    """Write a strftime format as a Java pattern; a usual one where that is not possible."""
    short = {"T": "HH:mm:ss", "F": "yyyy-MM-dd", "R": "HH:mm", "f": "SSSSSS"}
    java = {directive[1:]: run for run, directive in reversed(STRFTIME_OF_JAVA.items())} | short
    found = list(_DIRECTIVE.finditer(format))
    if not all(match["letter"] in java for match in found):
        return "yyyy-MM-dd HH:mm:ss"
    pieces = re.split(r"%[-_0^#]?[a-zA-Z%]", format)
    quoted = [re.sub("[A-Za-z]+", lambda word: f"'{word[0]}'", piece) for piece in pieces]
    runs = [java[match["letter"]] for match in found]
    return "".join(piece + run for piece, run in zip(quoted, [*runs, ""], strict=True))


# Reading, as Java does


def _words(words: Any) -> dict[str, int]:
    return {word.lower(): i for i, word in enumerate(words) if word}


_MONTHS = {**_words(month_abbr), **_words(month_name)}
_DAYS = {**_words(day_abbr), **_words(day_name)}
_HALVES = {"am": 0, "pm": 1}
# Pattern letters that stand for numbers, and what each one means.
_NUMBERS = {
    "u": "year",
    "y": "year",
    "M": "month",
    "L": "month",
    "d": "day",
    "D": "day_of_year",
    "H": "hour",
    "k": "hour_1_24",
    "h": "hour_1_12",
    "K": "hour_0_11",
    "m": "minute",
    "s": "second",
    "A": "milli_of_day",
    "n": "nano",
}
_TOKEN = re.compile(
    r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>.)", re.DOTALL
)
_ZONE = r"(?:[A-Za-z_]+(?:/[A-Za-z0-9_+\-]+)*(?:[+-]\d{1,2}(?::?\d{2})?)?|[+-]\d{2}:?\d{2})"


@functools.lru_cache(maxsize=256)
def reader(pattern: str, zone: tzinfo) -> Callable[[str], int | None]:
    """Give a function that reads a text by a Java DateTimeFormatter pattern as epoch ms.

    None if the pattern does not match the whole text. Raises InvalidPattern for a letter that is
    not supported, and for a format of strftime.
    """
    if re.search("%[a-zA-Z]", pattern):
        raise InvalidPattern(
            f"parseDate takes a pattern of Java, and {pattern!r} is a format of strftime; "
            f"write {_as_java(pattern)!r}"
        )
    expression, fields = _translate(pattern)

    def read(text: str) -> int | None:
        match = expression.fullmatch(text)
        if match is None:
            return None
        parts = {
            name: value for i, name in enumerate(fields, 1) if (value := match.group(i)) is not None
        }
        try:
            return _build(parts, zone)
        except (ValueError, OverflowError, KeyError, MalformedQuery):
            return None

    return read


def _translate(pattern: str) -> tuple[re.Pattern[str], list[str]]:
    """Give the pattern as a regex, and the meaning of each of its groups, in order."""
    out, fields, depth = [], [], 0
    tokens = list(_TOKEN.finditer(pattern))
    for i, token in enumerate(tokens):
        if token["letters"] is not None:
            following = tokens[i + 1]["letters"] if i + 1 < len(tokens) else None
            name, expression = _field(token["letters"], pattern, following or "")
            fields.append(name)
            out.append(f"({expression})")
        elif token["other"] == "[":
            depth += 1
            out.append("(?:")
        elif token["other"] == "]":
            depth -= 1
            out.append(")?")
            if depth < 0:
                raise InvalidPattern(f"date pattern {pattern!r} closes a ']' that was not opened")
        elif token["quoted"] is not None:
            out.append(re.escape(_unquoted(token["quoted"])))
        elif token["other"] in tuple("'#{}"):
            raise InvalidPattern(f"date pattern {pattern!r} has a {token['other']!r} out of place")
        else:
            out.append(re.escape(token["other"]))
    if depth:
        raise InvalidPattern(f"date pattern {pattern!r} does not close its '['")
    return re.compile("".join(out), re.IGNORECASE), fields


# Of Java's DateTimeFormatterBuilder: a number has at most 19 digits.
_MOST_LETTERS = 19


def _field(letters: str, pattern: str, following: str) -> tuple[str, str]:
    letter, count = letters[0], len(letters)
    if count > _MOST_LETTERS:
        raise InvalidPattern(
            f"the date pattern has {letter!r} {count} times in a row; {_MOST_LETTERS} is the most"
        )
    if letter in "ML" and count >= 3:
        return "month_name", "|".join(sorted(_MONTHS, key=len, reverse=True))
    if letter == "E" or (letter in "ec" and count >= 3):
        return "ignored", "|".join(sorted(_DAYS, key=len, reverse=True))
    if letter == "a":
        return "half", "am|pm"
    if letter == "G":
        return "era", "AD|BC|CE|BCE"
    if letter == "S":
        return "fraction", rf"[0-9]{{{count}}}"
    if letter in "uy" and count == 2:
        return "year_of_century", "[0-9]{2}"
    if letter in _NUMBERS:
        return _NUMBERS[letter], _digits(letter, count, following)
    if letter == "X":
        return "zone", "Z|" + _offset_expression(count)
    if letter == "x":
        return "zone", _offset_expression(count)
    if letter == "Z":
        return "zone", (r"[+-]\d{4}" if count < 4 else r"GMT[+-]\d{2}:\d{2}|GMT|Z|[+-]\d{2}:\d{2}")
    if letter in "zVOv":
        return "zone", _ZONE
    raise InvalidPattern(
        f"letter {letter!r} of the date pattern {pattern!r} is not supported; "
        "these are: y u M L d D E a H k K h m s S n A z V O X x Z, quotes and [ ]"
    )


def _digits(letter: str, count: int, following: str) -> str:
    if letter in "uy":
        # If a number follows at once (`yyyyMMdd`), the year has as many digits as letters.
        adjacent = following and (following[0] in _NUMBERS or following[0] == "S")
        if count >= 4 and not adjacent:
            return rf"[0-9]{{{count},{max(count, 9)}}}"
        return rf"[0-9]{{{count}}}" if count > 1 else "[0-9]{1,9}"
    if count > 1:
        return rf"[0-9]{{{count}}}"
    return {"D": "[0-9]{1,3}", "n": "[0-9]{1,9}", "A": "[0-9]{1,8}"}.get(letter, "[0-9]{1,2}")


def _offset_expression(count: int) -> str:
    return {
        1: r"[+-]\d{2}(?:\d{2})?",
        2: r"[+-]\d{4}",
        3: r"[+-]\d{2}:\d{2}",
        4: r"[+-]\d{4}(?:\d{2})?",
    }.get(count, r"[+-]\d{2}:\d{2}(?::\d{2})?")


def _build(parts: dict[str, str], zone: tzinfo) -> int | None:
    """Put the parts of a date together; missing ones default to 1970-01-01 00:00:00.000."""
    numbers = {name: int(text) for name, text in parts.items() if text.isdigit()}
    year = numbers.get("year", 1970)
    if "year_of_century" in numbers:
        year = 2000 + numbers["year_of_century"]
    month = (
        _MONTHS[parts["month_name"].lower()] if "month_name" in parts else numbers.get("month", 1)
    )
    first = datetime(year, month, numbers.get("day", 1))  # noqa: DTZ001  (its zone comes below)
    if "day_of_year" in numbers:
        first = datetime(year, 1, 1) + timedelta(days=numbers["day_of_year"] - 1)  # noqa: DTZ001
        if numbers["day_of_year"] < 1 or first.year != year:
            return None
    hour, minute, second = _hour(parts, numbers), numbers.get("minute", 0), numbers.get("second", 0)
    if not (0 <= hour <= 23 and minute <= 59 and second <= 59):
        return None
    when = first + timedelta(hours=hour, minutes=minute, seconds=second)
    when += timedelta(milliseconds=_fraction_ms(parts, numbers))
    if "milli_of_day" in numbers:
        when = first + timedelta(milliseconds=numbers["milli_of_day"])
    tz = zone_named(_zone_text(parts["zone"])) if "zone" in parts else zone
    return int((when.replace(tzinfo=tz) - _EPOCH) // timedelta(milliseconds=1))


def _hour(parts: dict[str, str], numbers: dict[str, int]) -> int:
    if "hour" in numbers:
        return numbers["hour"]
    if "hour_1_24" in numbers:
        return numbers["hour_1_24"] % 24 if 1 <= numbers["hour_1_24"] <= 24 else -1
    half = _HALVES[parts["half"].lower()] if "half" in parts else 0
    if "hour_1_12" in numbers:
        return numbers["hour_1_12"] % 12 + 12 * half if 1 <= numbers["hour_1_12"] <= 12 else -1
    if "hour_0_11" in numbers:
        return numbers["hour_0_11"] + 12 * half if numbers["hour_0_11"] <= 11 else -1
    return 0


def _fraction_ms(parts: dict[str, str], numbers: dict[str, int]) -> int:
    if "fraction" in parts:
        return int(parts["fraction"][:3].ljust(3, "0"))
    return numbers.get("nano", 0) // 1_000_000


def _zone_text(text: str) -> str:
    return text.upper() if text.upper() in {"Z", "UTC", "GMT"} else text
