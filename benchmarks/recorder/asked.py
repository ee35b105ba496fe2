"""What is asked for a recording: every case of tests/fixtures and 2,000 random queries."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = REPOSITORY / "tests" / "fixtures"
# Drawn once from tests/insights/strategies.py: neither it nor Hypothesis decides what is asked.
RANDOM = FIXTURES / "recorded"
# Noon of the day of the case tables, and the first time of the random events: 2026-11-25T08:00Z.
NOON_MS = 1_795_176_000_000
RANDOM_START_MS = 1_795_593_600_000
RANDOM_NOW_MS = RANDOM_START_MS + 3_600_000
# What the queries of tests/fixtures/insights are asked of.
_SAMPLE_EVENTS = (
    '{"level": "ERROR", "status": 500, "ms": 7.5, "user": {"id": "u1"}, "flag": true, "mixed": 1}',
    '{"level": "WARN", "status": 200, "ms": 0.5, "user": {"id": "u2"}, "mixed": "a b"}',
    '{"level": "info", "status": 404, "flag": false, "mixed": "7.50"}',
    "[WARN] user=7 took 12 ms",
    '{"level": "ERROR", "status": 200, "ms": 200.0, "user": {"id": "u1"}, "mixed": 2.5}',
)


@dataclass(frozen=True)
class Group:
    """The events of a log group, and how they come into a store.

    `events` are (milliseconds, stream, message), put in batches as `cuts` says: how many events,
    and whether a flush follows. Or a file's `content` is loaded.
    """

    events: tuple[tuple[int, str, str], ...] = ()
    cuts: tuple[tuple[int, bool], ...] = ()
    compacted: bool = False
    log_type: str | None = None
    content: str | None = None

    @cached_property
    def digest(self) -> str:
        """A short text that only this group has."""
        whole = [self.events, self.cuts, self.compacted, self.log_type, self.content]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        # Not a running number: `@log` shows it, and a new case must not rename all that follow.
        return f"/recorded/{self.digest}"


@dataclass(frozen=True)
class Ask:
    """One query, by its name in the recording, of a group in a store, of a frame, or of both."""

    name: str
    query: str
    group: Group | None = None
    make_frame: Callable[[], Any] | None = None
    strict: bool = False
    window: tuple[int, int] | None = None
    now_ms: int = NOON_MS


def asks() -> list[Ask]:
    """Give all that is asked, in the order of the tables."""
    sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "insights")]
    return [
        *_query_tables(),
        *_language_tables(),
        *_function_tables(),
        *_discovery_tables(),
        *_files(),
        *_random(),
    ]


def _query_tables() -> Iterator[Ask]:
    import cases

    for case in cases.read_cases():
        events = tuple((e.time_ms, e.stream, e.message) for e in case.events)
        yield Ask(
            f"queries/{case.id}",
            case.query,
            # As tests/insights/test_cases.py: one event a batch, a flush after every third. A case
            # that names its log groups is asked of a frame only.
            None
            if any(event.group for event in case.events)
            else Group(events, tuple((1, place % 3 == 1) for place in range(len(events)))),
            make_frame=lambda case=case: cases.frame_of(case.events),
            strict=case.strict,
            window=case.window,
            now_ms=case.now_ms or NOON_MS,
        )


def _language_tables() -> Iterator[Ask]:
    from dialect_tables import FOLDER, read_table

    events = tuple((NOON_MS + n * 1000, "s", text) for n, text in enumerate(_SAMPLE_EVENTS))
    group = Group(events, ((2, True), (2, False)))
    for table in ("parse", "errors", "rules"):
        for case in read_table(table):
            name = f"insights/{table}: {case.title}"
            yield Ask(name, case.query, group, lambda: frame_of(events), strict=case.strict)
    for sample in (FOLDER / "samples.txt").read_text("utf-8").strip().split("\n\n"):
        title, _, query = sample.partition("\n")
        for strict in (False, True):
            name = f"insights/samples{' strict' * strict}: {title[2:]}"
            yield Ask(name, query, group, lambda: frame_of(events), strict=strict)


def _function_tables() -> Iterator[Ask]:
    """Give each function once with columns as its arguments and once with what is written."""
    for path in sorted((FIXTURES / "functions").glob("*.txt")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            function, arguments, _ = (cell.strip() for cell in line.split("|"))
            values = list(_arguments(arguments))
            for way in ("columns", "literals"):
                columns: dict[str, Any] = {}
                words = [_word(v, way, columns) for v in values]
                yield Ask(
                    f"functions/{path.stem}:{number:03} {way}: {function} {arguments}",
                    f"fields {function}({', '.join(words)}) as x",
                    make_frame=lambda columns=columns: _frame_of_columns(columns),
                    now_ms=1_767_323_045_678,
                    window=(1_767_322_800_000, 1_767_326_400_000),
                )


_ARGUMENT = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*")|(?P<time>@[0-9T:.\-]+)|(?P<period>\d+(?:mo|ms|[smhdwqy])\b)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?P<word>true|false|null)"
    r"|(?P<structure>[\[{].*[\]}])"
)


def _arguments(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        match = _ARGUMENT.match(text, place)
        assert match, text
        yield str(match.lastgroup), match[0]
        place = match.end() + len(re.match(r"\s*,?\s*", text[match.end() :])[0])


def _word(value: tuple[str, str], way: str, columns: dict[str, Any]) -> str:
    """Write an argument as the query's text, which may name a column that is added."""
    kind, text = value
    if kind == "period" or (way == "literals" and kind in {"text", "number"}):
        return text
    if way == "literals" and text in {"true", "false"}:
        return text
    name = f"c{len(columns)}"
    columns[name] = (kind, text)
    return f"jsonParse({name})" if kind == "structure" else name


def _frame_of_columns(columns: dict[str, tuple[str, str]]) -> Any:
    import pyarrow as pa

    made: dict[str, Any] = {
        "@timestamp": pa.array([1_767_323_045_678] * 3, pa.timestamp("ms", "UTC")),
        "@message": pa.array(["m"] * 3),
    }
    for name, (kind, text) in columns.items():
        if kind == "time":
            moment = datetime.fromisoformat(f"{text[1:]}+00:00")
            made[name] = pa.array([moment] * 3, pa.timestamp("ms", "UTC"))
        elif kind == "structure":
            made[name] = pa.array([text] * 3)
        else:
            made[name] = pa.array([json.loads(text)] * 3)
    return _frame(made)


def frame_of(events: tuple[tuple[int, str, str], ...]) -> Any:
    """Give the events as a frame, whose fields are found in the messages."""
    import pyarrow as pa

    return _frame(
        {
            "@timestamp": pa.array([e[0] for e in events], pa.timestamp("ms", "UTC")),
            "@message": pa.array([e[2] for e in events], pa.string()),
            "@logStream": pa.array([e[1] for e in events], pa.string()),
        }
    )


def _frame(columns: dict[str, Any]) -> Any:
    import pandas as pd
    import pyarrow as pa

    made = {name: pa.chunked_array([array]) for name, array in columns.items()}
    return pd.DataFrame({n: pd.arrays.ArrowExtensionArray(array) for n, array in made.items()})


def _discovery_tables() -> Iterator[Ask]:
    """Show all fields that a message has."""
    for path in sorted((FIXTURES / "discovery").glob("*.txt")):
        for number, block in enumerate(path.read_text("utf-8").split("\n===\n"), 1):
            lines = [line for line in block.split("\n") if not line.startswith("# ")]
            log_type = lines.pop(0)[3:] if lines[0].startswith("== ") else None
            message = lines[0]
            if path.stem == "lines":
                message = message.replace("\\t", "\t").replace("\\n", "\n")
            names = [line.split(" = ")[0] for line in lines[2:] if line]
            shown = ", ".join(_quoted(name) for name in ["@message", *names])
            yield Ask(
                f"discovery/{path.stem}: {number:03}",
                f"fields {shown}",
                Group(((NOON_MS, "s", message),), ((1, number % 2 == 0),), log_type=log_type),
            )


def _quoted(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))


def _files() -> Iterator[Ask]:
    """Load the lines of tests/fixtures/sources, and show the events that they become."""
    sources = FIXTURES / "sources"
    lines = [x for x in _lines(sources / "times.txt") if not x.startswith("#")][::2]
    texts = {f"times: {number:03}": f"{line}\n" * 3 for number, line in enumerate(lines)}
    texts["times: all"] = "".join(f"{line}\n" for line in lines)
    cases = (sources / "multiline.txt").read_text("utf-8").split("\n", 1)[1].split("---\n")
    texts |= {f"multiline: {n:03}": case.split("===\n")[0] for n, case in enumerate(cases)}
    for name, text in texts.items():
        query = "fields @timestamp, @message, @logStream | sort @timestamp"
        yield Ask(f"sources/{name}", query, Group(content=text))


def _random() -> Iterator[Ask]:
    lists = [json.loads(line) for line in _lines(RANDOM / "events.jsonl")]
    for number, line in enumerate(_lines(RANDOM / "queries.jsonl")):
        drawn = json.loads(line)
        held = lists[drawn["events"]]
        events = tuple((RANDOM_START_MS + when, "s", text) for when, text in held["events"])
        cuts = tuple((size, flushed) for size, flushed in held["cuts"])
        window = drawn.get("window")
        yield Ask(
            f"random/{number:04}",
            drawn["query"],
            Group(events, cuts, held["compacted"]),
            lambda events=events: frame_of(events),
            window=(RANDOM_START_MS + window[0], RANDOM_START_MS + window[1]) if window else None,
            now_ms=RANDOM_NOW_MS,
        )


def _lines(path: Path) -> list[str]:
    # Not splitlines: a message may hold a line separator of Unicode.
    return path.read_text("utf-8").rstrip("\n").split("\n")
