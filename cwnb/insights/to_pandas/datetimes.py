"""Write date and time functions as pandas code."""

from __future__ import annotations

from cwnb.events import TIMESTAMP
from cwnb.insights.functions.dates import strftime_of_java
from cwnb.insights.to_pandas.writing import (
    CannotSay,
    Script,
    Snippet,
    as_column,
    data,
    literal,
    quoted,
    text,
    writes,
)

# Units that a pandas frequency can express; those below follow the calendar.
FIXED = {"ms": "ms", "s": "s", "m": "min", "h": "h", "d": "D"}
CALENDAR = {"w": "week", "mo": "month", "q": "quarter", "y": "year"}


@writes("bin")
def _bin(script: Script, period: Snippet) -> Snippet:
    if TIMESTAMP not in script.kinds:
        raise CannotSay("bin without '@timestamp'")
    time = _time(script, Snippet(script.at(TIMESTAMP), script.kinds[TIMESTAMP]))
    if not script.bin_offset:
        return rounded("floor", time, period)
    earlier = Snippet(f"{time.operand} - {script.bin_offset}", "time", whole=False)
    floored = rounded("floor", earlier, period)
    return Snippet(f"{floored.operand} + {script.bin_offset}", "time", whole=False)


@writes("datefloor")
def _datefloor(script: Script, time: Snippet, period: Snippet) -> Snippet:
    return rounded("floor", _time(script, time), period)


@writes("dateceil")
def _dateceil(script: Script, time: Snippet, period: Snippet) -> Snippet:
    return rounded("ceil", _time(script, time), period)


def rounded(direction: str, time: Snippet, period: Snippet) -> Snippet:
    """Write a rounding of times to a period."""
    count, unit = period.literal
    if unit in FIXED:
        return Snippet(f'{time.operand}.dt.{direction}("{count}{FIXED[unit]}")', "time")
    helper = "floor_time" if direction == "floor" else "ceil_time"
    return Snippet(f'{helper}({time.code}, {count}, "{CALENDAR[unit]}")', "time")


def _time(script: Script, value: Snippet) -> Snippet:
    if value.kind == "time":
        return value
    return Snippet(f"from_millis({as_column(script, data(value)).code})", "time")


@writes("frommillis")
def _frommillis(script: Script, value: Snippet) -> Snippet:
    return _time(script, value)


@writes("tomillis")
def _tomillis(script: Script, value: Snippet) -> Snippet:
    time = _time(script, value)
    return Snippet(f'{time.operand}.astype("int64[pyarrow]")', "integer")


@writes("now")
def _now(script: Script) -> Snippet:
    if script.now_ms is None:
        raise CannotSay("now() without the time of the query")
    return literal(script.now_ms // 1000)


@writes("querystarttime")
def _querystarttime(script: Script) -> Snippet:
    return literal(_window(script)[0])


@writes("queryendtime")
def _queryendtime(script: Script) -> Snippet:
    return literal(_window(script)[1])


@writes("querytimerange")
def _querytimerange(script: Script) -> Snippet:
    start, end = _window(script)
    return literal(end - start)


def _window(script: Script) -> tuple[int, int]:
    if script.window is None:
        raise CannotSay("the bounds of the query's window without a window")
    return script.window.start_ms, script.window.end_ms


@writes("formatdate")
def _formatdate(
    script: Script, time: Snippet, pattern: Snippet, zone: Snippet | None = None
) -> Snippet:
    arguments = [_time(script, time).code, *_constants("formatDate", pattern, zone)]
    return Snippet(f"format_date({', '.join(arguments)})", "text")


@writes("parsedate")
def _parsedate(
    script: Script, value: Snippet, pattern: Snippet, zone: Snippet | None = None
) -> Snippet:
    _constants("parseDate", pattern, zone)
    try:
        translated = literal(strftime_of_java(str(pattern.literal)))
    except KeyError as unknown:
        raise CannotSay(f"parseDate's pattern letters {unknown.args[0]!r}") from None
    arguments = [text(script, value).code, *_constants("parseDate", translated, zone)]
    return Snippet(f"parse_date({', '.join(arguments)})", "integer")


def _constants(function: str, *arguments: Snippet | None) -> list[str]:
    given = [a for a in arguments if a is not None]
    if not all(a.is_literal for a in given):
        raise CannotSay(f"{function} with a pattern or time zone that differs by row")
    return [quoted(str(a.literal)) for a in given]
