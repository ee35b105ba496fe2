"""Read the case tables under tests/fixtures/queries, and compare answers with them.

A case is a block that begins with `# title` at the start of a line:

    # a filter keeps what is true
    events:
    08:00:00 {"status": 200}
    08:00:01 [web-2] GET /cart 500
    query:
    filter status >= 400
    ---
    @timestamp | @message
    08:00:00   | ...

`events of /name:` has the events of another log group, and `table NAME:` the lines of a lookup table
as CSV. They hold until the next `events:`, and a query that begins with SOURCE reads them alone.
`events:` may be left out and is then that of the case before. A line is a time of DAY, a stream in
brackets if it matters, and the message; a JSON object has its keys as fields.
`group: NAME TYPE` in the place of `events:` names the log group of the lines below it, and its log
type (`lambda`, `vpc-flow`, ...; it may be left out), which gives text lines their fields; in these
lines `\\t` is a tab. There may be several groups, which the query reads together.
Between `query:` and `---` may stand `strict: yes`, `strict: both` (the case is two, of which one is
strict), `now: TIME`, `window: TIME TIME`, `pandas: cannot say REASON`, and `rule: KEY`, the rule of the service that the query breaks (see
`insights/resolve/rules.py`).
The table has a header and a row a line. A cell says its type: `200` is an integer, `200.0` a float
(to four decimals), `true` a boolean, `-` is missing, a time of DAY is without the day, and all else
is text, which stands in quotes, as JSON, where it looks like one of these or is empty.
Instead of the table, or after it, `error: TEXT` and `warning: TEXT` say what must occur in the error
or in a warning. Each warning must be told: a case fails for one that it does not expect.
"""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
from line_fields import fields_of_line, json_within

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "fixtures" / "queries"
DAY = "2026-11-20"
ACCOUNT = "000000000000"
EVENT = re.compile(r"(?P<time>[\d:.T-]+Z?) (?:\[(?P<stream>[^\]]+)\] )?(?P<message>.*)", re.DOTALL)
HEADING = re.compile(r"events:|group: (?P<group>\S+)(?: (?P<log_type>[\w-]+))?")
OPTIONS = ("strict", "now", "window", "pandas", "rule")


@dataclass(frozen=True)
class Event:
    """One event of a case; `group` is empty where the case names no log groups."""

    time_ms: int
    stream: str
    message: str
    group: str = ""
    log_type: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that discovery finds in the message."""
        in_json = discovered(self._json)
        if self._json == self.message:
            return in_json
        return fields_of_line(self.message, self.log_type) | in_json

    @property
    def wholes(self) -> dict[str, Any]:
        """The fields of the message that are lists or maps."""
        return {name: value for name, value in containers(self._json) if name}

    @property
    def _json(self) -> str:
        return json_within(self.message, self.log_type)


@dataclass
class Case:
    """One block of a table."""

    file: str
    title: str
    events: tuple[Event, ...]
    query: str
    columns: list[str]
    rows: list[list[str]]
    error: str | None = None
    warnings: list[str] = field(default_factory=list)
    strict: bool = False
    now_ms: int | None = None
    window: tuple[int, int] | None = None
    cannot_say: str | None = None
    rule: str = ""
    groups: dict[str, tuple[Event, ...]] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)

    @property
    def names_groups(self) -> bool:
        """Whether the query says by SOURCE what it reads."""
        return self.query.lower().startswith("source")

    @property
    def id(self) -> str:
        return f"{self.file}: {self.title}"


def read_cases(folder: Path = FOLDER) -> list[Case]:
    """Read every case of every table."""
    return [case for path in sorted(folder.glob("*.txt")) for case in _read_file(path)]


def _read_file(path: Path) -> Iterator[Case]:
    text = path.read_text("utf-8")
    events: tuple[Event, ...] = ()
    groups: dict[str, tuple[Event, ...]] = {}
    tables: dict[str, str] = {}
    for block in re.split(r"^# ", text, flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        head, found, tail = body.partition("\n---")
        assert found, f"{path.name}: no --- in {title!r}"
        before, _, asked = head.partition("query:\n")
        events_given, others = _headings(before)
        if any(HEADING.fullmatch(line) for line in events_given.splitlines()):
            events, groups, tables = tuple(_events(events_given)), {}, {}
        for what, lines in others.items():
            if what.startswith("events of "):
                groups = {**groups, what.removeprefix("events of "): tuple(map(_event, lines))}
            else:
                tables = {**tables, what.removeprefix("table "): "\n".join(lines)}
        case, modes = _case(path.stem, title, events, asked, tail)
        case.groups, case.tables = groups, tables
        yield case
        if modes == "both":
            yield replace(case, title=f"{title}, strictly", strict=True)


def _headings(text: str) -> tuple[str, dict[str, list[str]]]:
    """Give what stands before other groups and tables, and the lines below each of these."""
    found: dict[str, list[str]] = {}
    own: list[str] = []
    lines = own
    for line in text.splitlines():
        if re.fullmatch(r"events of \S+:|table \w+:", line):
            lines = found[line.removesuffix(":")] = []
        elif line.strip():
            lines.append(line)
    return "\n".join(own), found


def _events(text: str) -> Iterator[Event]:
    """Give the events below the headings before a query."""
    group = log_type = ""
    for line in text.splitlines():
        if heading := HEADING.fullmatch(line):
            group, log_type = heading["group"] or "", heading["log_type"] or ""
        elif line.strip():
            yield _event(line, group, log_type)


def _case(
    file: str, title: str, events: tuple[Event, ...], asked: str, tail: str
) -> tuple[Case, str]:
    """Read a case; the text is what its `strict` says."""
    query, options = [], {}
    for line in asked.splitlines():
        name, colon, value = line.partition(":")
        if colon and name in OPTIONS:
            options[name] = value.strip()
        else:
            query.append(line)
    case = Case(file, title, events, "\n".join(query).strip(), [], [])
    case.strict = options.get("strict") == "yes"
    case.rule = options.get("rule", "")
    case.cannot_say = options.get("pandas", "").removeprefix("cannot say ") or None
    if "now" in options:
        case.now_ms = time_ms(options["now"])
    if "window" in options:
        start, end = options["window"].split()
        case.window = (time_ms(start), time_ms(end))
    for line in tail.strip("\n").splitlines():
        if line.startswith("error: "):
            case.error = line[7:]
        elif line.startswith("warning: "):
            case.warnings.append(line[9:])
        elif line.strip():
            cells = _cells(line)
            if not case.columns:
                case.columns = [cell.strip("`") for cell in cells]
            else:
                assert len(cells) == len(case.columns), f"{file}: {title}: {line!r}"
                case.rows.append(cells)
    return case, options.get("strict", "")


def _cells(line: str) -> list[str]:
    """Split at ` | `; a cell that begins with a quote may hold one."""
    return [cell.strip() for cell in re.split(r"\s+\|(?:\s+|$)", line.strip())]


def time_ms(text: str) -> int:
    """Read a time of DAY, or a whole ISO time, as epoch milliseconds."""
    if "T" not in text:
        text = f"{DAY}T{text}"
    moment = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _event(line: str, group: str = "", log_type: str = "") -> Event:
    match = EVENT.fullmatch(line)
    assert match, line
    message = match["message"]
    if not message.startswith("{"):
        message = message.replace("\\n", "\n")
        message = message.replace("\\t", "\t") if group else message
    return Event(time_ms(match["time"]), match["stream"] or "s", message, group, log_type)


def discovered(message: str) -> dict[str, Any]:
    """Flatten a JSON object as the service does: objects by dot, arrays by index."""
    if not message.startswith("{"):
        return {}
    try:
        whole = json.loads(message)
    except ValueError:
        return {}
    found: dict[str, Any] = {}
    _flatten(whole, "", found)
    return found


def containers(message: str) -> Iterator[tuple[str, Any]]:
    """Give the name and the value of each list and map in a message."""
    try:
        waiting = [("", json.loads(message))] if message.startswith("{") else []
    except ValueError:
        return
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict | list):
            yield name, value
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                own = f"@{key}" if not name and str(key).startswith("@") else str(key)
                waiting.append((f"{name}.{own}" if name else own, inner))


def _flatten(value: Any, name: str, found: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            own = f"@{key}" if not name and key.startswith("@") else key
            _flatten(inner, f"{name}.{own}" if name else own, found)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _flatten(inner, f"{name}.{place}", found)
    elif value is not None:
        found[name] = value


# ---------------------------------------------------------------- as frames

_SYSTEM = ("@timestamp", "@message", "@logStream", "@log")


def frame_of(events: tuple[Event, ...]) -> pd.DataFrame:
    """Give the events as a frame whose columns are the fields.

    Integers among floats are floats, as they are where fields are discovered.
    """
    frame = pd.DataFrame(
        {
            "@timestamp": pd.Series([e.time_ms for e in events], dtype="int64[pyarrow]").astype(
                pd.ArrowDtype(pa.timestamp("ms", "UTC"))
            ),
            "@message": pd.Series([e.message for e in events], dtype=pd.ArrowDtype(pa.string())),
            "@logStream": pd.Series([e.stream for e in events], dtype=pd.ArrowDtype(pa.string())),
        }
    )
    if any(event.group for event in events):
        logs = [f"{ACCOUNT}:{event.group}" for event in events]
        frame["@log"] = pd.Series(logs, dtype=pd.ArrowDtype(pa.string()))
    for name in dict.fromkeys(name for event in events for name in event.fields):
        values = [e.fields.get(name) for e in events]
        floats = {type(v) for v in values if v is not None} == {int, float}
        exact = floats and _fit_doubles(values)
        frame[name] = pd.Series(values, dtype=pd.ArrowDtype(pa.float64()) if exact else object)
    return frame


def _fit_doubles(values: list[Any]) -> bool:
    return all(abs(v) <= 2**53 for v in values if isinstance(v, int))


def export_of(events: tuple[Event, ...]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give what `export_events` writes for these events, and its schema."""
    frame = frame_of(events)
    schema = {"@timestamp": "time"}
    schema |= dict.fromkeys((name for name in _SYSTEM[1:] if name in frame), "text")
    for name in frame.columns.difference(_SYSTEM, sort=False):
        values = [event.fields.get(name) for event in events]
        kinds = {type(v) for v in values if v is not None}
        if kinds == {bool}:
            kind, dtype = "boolean", pa.bool_()
        elif kinds == {int} and all(abs(v) < 2**63 for v in values if v is not None):
            kind, dtype = "integer", pa.int64()
        elif kinds == {float} or (kinds == {int, float} and _fit_doubles(values)):
            kind, dtype = "number", pa.float64()
        else:
            kind, dtype = ("text" if kinds == {str} else "mixed"), pa.string()
            values = [v if v is None else _text(v) for v in values]
        schema[name] = kind
        frame[name] = pd.Series(values, dtype=pd.ArrowDtype(dtype))
    for name in dict.fromkeys(name for event in events for name in event.wholes):
        if not any(field.startswith(f"{name}.") for field in schema):
            continue
        held = [{**e.fields, **e.wholes}.get(name) for e in events]
        texts = [v if v is None else json.dumps(v) for v in held]
        frame[name] = pd.Series(texts, dtype=pd.ArrowDtype(pa.string()))
        schema[name] = "structure"
    frame["@sequence"] = pd.Series(range(len(frame)), dtype="int64[pyarrow]")
    return frame, schema


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return str(int(value))
    if isinstance(value, float):
        return str(pa.scalar(value).cast(pa.string()).as_py())
    return str(value)


# ---------------------------------------------------------------- comparing

_INTEGER = re.compile(r"-?\d+")
_FLOAT = re.compile(r"-?(\d+\.\d+(e[+-]?\d+)?|\d+e[+-]?\d+|inf)")
_TIME = re.compile(r"(\d{4,}-\d\d-\d\d )?\d\d:\d\d:\d\d(\.\d{3})?")


def table_of(frame: pd.DataFrame) -> list[list[str]]:
    """Write every value of an answer as the tables do."""
    return [[cell_of(value) for value in row] for row in frame.itertuples(index=False)]


def cell_of(value: Any) -> str:
    """Write one value as the tables do, so that its type can be told."""
    if (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and math.isnan(value))
    ):
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03}"
        today = moment.startswith(DAY)
        return moment.removeprefix(f"{DAY} ").removesuffix(".000") if today else moment
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, float):
        if abs(value) >= 1e15:
            return repr(value)
        rounded = f"{value:.4f}".rstrip("0")
        rounded = f"{rounded}0" if rounded.endswith(".") else rounded
        return "0.0" if rounded == "-0.0" else rounded
    if isinstance(value, str):
        bare = value.strip() == value and value and kind_of(value) == "text"
        return value if bare else json.dumps(value, ensure_ascii=False)
    return str(value)


def kind_of(cell: str) -> str:
    """Name the type that a cell says."""
    if cell == "-":
        return "missing"
    if cell in {"true", "false"}:
        return "boolean"
    if _TIME.fullmatch(cell):
        return "time"
    if _INTEGER.fullmatch(cell):
        return "integer"
    if _FLOAT.fullmatch(cell):
        return "float"
    return "quoted" if cell.startswith('"') else "text"


def same_cell(expected: str, actual: str, *, pandas: bool = False, mixed: bool = False) -> bool:
    """Tell whether a cell is as expected, in its type too; floats to four decimals.

    Plain `pandas` may have a whole number as an integer where the engine has a float, and keeps a
    number among texts, in a `mixed` column, as a number.
    """
    if expected == actual:
        return True
    kinds = {kind_of(expected), kind_of(actual)}
    if kinds == {"float"} or (pandas and kinds <= {"float", "integer"}):
        return math.isclose(float(expected), float(actual), rel_tol=1e-9, abs_tol=1e-4)
    return (mixed or kinds <= {"text", "quoted"}) and _text_of(expected) == _text_of(actual)


def _text_of(cell: str) -> str:
    return str(json.loads(cell)) if kind_of(cell) == "quoted" else cell


def differences(case: Case, frame: pd.DataFrame, *, pandas: bool = False) -> str:
    """Say how an answer, of plain `pandas` or of the engine, differs from the table, if it does."""
    columns, rows = [str(c) for c in frame.columns], table_of(frame)
    if not case.columns:
        return "" if not rows else f"expected no rows, got {rows}"
    objects = [pandas and pd.api.types.is_object_dtype(kind) for kind in frame.dtypes]
    equal = (
        columns == case.columns
        and len(rows) == len(case.rows)
        and all(
            same_cell(a, b, pandas=pandas, mixed=mixed)
            for expected, actual in zip(case.rows, rows, strict=True)
            for a, b, mixed in zip(expected, actual, objects, strict=True)
        )
    )
    if equal:
        return ""
    wanted = [case.columns, *case.rows]
    return "\n".join(
        ["expected", *("  " + " | ".join(r) for r in wanted), "got"]
        + ["  " + " | ".join(r) for r in [columns, *rows]]
    )


def warning_differences(case: Case, warnings: list[str]) -> str:
    """Say which expected warning is missing and which was not expected."""
    missing = [w for w in case.warnings if not any(w in told for told in warnings)]
    new = [told for told in warnings if not any(w in told for w in case.warnings)]
    lines = [*(f"missing: {w}" for w in missing), *(f"not expected: {told}" for told in new)]
    return "\n".join(lines)


# ---------------------------------------------------------------- asking


def table_of_text(text: str) -> Any:
    """Read a lookup table of a case."""
    return pd.read_csv(io.StringIO(text), dtype=str).astype(object)


def ask_frame(case: Case, **options: Any) -> Any:
    """Ask the query of the case's events as a frame."""
    import cwnb

    return cwnb.query(
        case.query,
        None if case.names_groups else frame_of(case.events),
        groups={name: frame_of(events) for name, events in case.groups.items()},
        tables={name: table_of_text(text) for name, text in case.tables.items()},
        strict=case.strict,
        **options,
    )
