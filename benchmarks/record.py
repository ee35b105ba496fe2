"""Write down what the code answers: every case of tests/fixtures and 2,000 random queries.

`python -m benchmarks record OUT` writes one JSON line an answer: the frame with its types,
warnings, statistics, the rewritten text, the pandas text, or the error. Two recordings of code that
answers alike are the same byte for byte, so `diff` shows what a change of the code changes.
`python -m benchmarks record --diff OLD NEW` says the same for readers. `--code FOLDER` records the
package of another checkout, asked the cases of this one.

Only the public names of cwnb are used, since the rest of it may be named differently elsewhere. The
random queries and their events were drawn once from tests/insights/strategies.py and are kept in
tests/fixtures/recorded, so that neither the strategies nor Hypothesis decide what is asked.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

REPOSITORY = Path(__file__).resolve().parents[1]
FIXTURES = REPOSITORY / "tests" / "fixtures"
RANDOM = FIXTURES / "recorded"
# The day of the case tables and the first time of the random events (2026-11-25T08:00Z).
NOON_MS = 1_795_176_000_000
RANDOM_START_MS = 1_795_593_600_000
RANDOM_NOW_MS = RANDOM_START_MS + 3_600_000
# A store is written within a second or two, before its background thread looks for work.
GROUPS_PER_STORE = 40
# What the queries of tests/fixtures/insights are asked of.
_SAMPLE_EVENTS = (
    '{"level": "ERROR", "status": 500, "ms": 7.5, "user": {"id": "u1"}, "flag": true, "mixed": 1}',
    '{"level": "WARN", "status": 200, "ms": 0.5, "user": {"id": "u2"}, "mixed": "a b"}',
    '{"level": "info", "status": 404, "flag": false, "mixed": "7.50"}',
    "[WARN] user=7 took 12 ms",
    '{"level": "ERROR", "status": 200, "ms": 200.0, "user": {"id": "u1"}, "mixed": 2.5}',
)
_STEP = re.compile(r" *([\d,]+) +([\d,]+) +[\d.,]+ +([\d,]+)  (.*)")


@dataclass(frozen=True)
class Ask:
    """One query on one list of events, by its name in the recording.

    `events` are (milliseconds, stream, message), put into a store in batches as `cuts` says: how
    many events, and whether a flush follows. Without `cuts` only the frame is asked.
    """

    name: str
    query: str
    events: tuple[tuple[int, str, str], ...] = ()
    cuts: tuple[tuple[int, bool], ...] | None = None
    compacted: bool = False
    make_frame: Callable[[], Any] | None = None
    strict: bool = False
    window: tuple[int, int] | None = None
    now_ms: int = NOON_MS


# ---------------------------------------------------------------- what is asked


def asks() -> list[Ask]:
    """Give all that is asked, in the order of the tables."""
    sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "insights")]
    return [*_query_tables(), *_language_tables(), *_function_tables(), *_random()]


def _query_tables() -> Iterator[Ask]:
    import cases

    for case in cases.read_cases():
        events = tuple((e.time_ms, e.stream, e.message) for e in case.events)
        yield Ask(
            f"queries/{case.id}",
            case.query,
            events,
            # As tests/insights/test_cases.py: one event a batch, a flush after every third.
            tuple((1, place % 3 == 1) for place in range(len(events))),
            make_frame=lambda case=case: cases.frame_of(case.events),
            strict=case.strict,
            window=case.window,
            now_ms=case.now_ms or NOON_MS,
        )


def _language_tables() -> Iterator[Ask]:
    from dialect_tables import FOLDER, read_table

    events = tuple((NOON_MS + n * 1000, "s", text) for n, text in enumerate(_SAMPLE_EVENTS))
    cuts = ((2, True), (2, False))
    for table in ("parse", "errors", "rules"):
        for case in read_table(table):
            name = f"insights/{table}: {case.title}"
            yield Ask(name, case.query, events, cuts, strict=case.strict)
    for sample in (FOLDER / "samples.txt").read_text("utf-8").strip().split("\n\n"):
        title, _, query = sample.partition("\n")
        for strict in (False, True):
            name = f"insights/samples{' strict' * strict}: {title[2:]}"
            yield Ask(name, query, events, cuts, strict=strict)


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
    import pandas as pd
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
    return pd.DataFrame(
        {n: pd.arrays.ArrowExtensionArray(pa.chunked_array([a])) for n, a in made.items()}
    )


def _random() -> Iterator[Ask]:
    lists = [json.loads(line) for line in _lines(RANDOM / "events.jsonl")]
    for number, line in enumerate(_lines(RANDOM / "queries.jsonl")):
        drawn = json.loads(line)
        held = lists[drawn["events"]]
        window = drawn.get("window")
        yield Ask(
            f"random/{number:04}",
            drawn["query"],
            tuple((RANDOM_START_MS + when, "s", text) for when, text in held["events"]),
            tuple((size, flushed) for size, flushed in held["cuts"]),
            held["compacted"],
            window=(RANDOM_START_MS + window[0], RANDOM_START_MS + window[1]) if window else None,
            now_ms=RANDOM_NOW_MS,
        )


def _lines(path: Path) -> list[str]:
    # Not splitlines: a message may hold a line separator of Unicode.
    return path.read_text("utf-8").rstrip("\n").split("\n")


# ---------------------------------------------------------------- the answers


def record(what: Iterable[Ask]) -> Iterator[str]:
    """Ask everything and give the lines of the recording, sorted by name."""
    wanted = list(what)
    found = [_line(ask, "frame", _on_a_frame(ask)) for ask in wanted]
    stored = [ask for ask in wanted if ask.cuts is not None]
    found += [_line(ask, "store", answer) for ask, answer in _on_stores(stored)]
    return iter(sorted(found))


def _line(ask: Ask, where: str, answer: dict[str, Any]) -> str:
    events = json.dumps([ask.events, ask.cuts, ask.compacted, ask.window, ask.now_ms])
    whole = {
        "name": ask.name,
        "on": where,
        "query": ask.query,
        "strict": ask.strict,
        "events": hashlib.sha256(events.encode()).hexdigest()[:12],
        **answer,
    }
    return json.dumps(whole)


def _on_a_frame(ask: Ask) -> dict[str, Any]:
    import cwnb

    frame = ask.make_frame() if ask.make_frame else _frame_of(ask.events)
    start, end = ask.window or (None, None)
    return _answer(
        lambda: cwnb.query(
            ask.query, frame, start=start, end=end, strict=ask.strict, now=ask.now_ms
        )
    )


def _frame_of(events: tuple[tuple[int, str, str], ...]) -> Any:
    import pandas as pd
    import pyarrow as pa

    made = {
        "@timestamp": pa.array([e[0] for e in events], pa.timestamp("ms", "UTC")),
        "@message": pa.array([e[2] for e in events], pa.string()),
        "@logStream": pa.array([e[1] for e in events], pa.string()),
    }
    return pd.DataFrame(
        {n: pd.arrays.ArrowExtensionArray(pa.chunked_array([a])) for n, a in made.items()}
    )


def _on_stores(stored: list[Ask]) -> Iterator[tuple[Ask, dict[str, Any]]]:
    """Ask stores that hold a group for each list of events.

    They are written, closed, and only read from then on: nothing flushes or merges in between.
    """
    import cwnb
    from cwnb.times import Clock

    layouts = list(dict.fromkeys(map(_layout, stored)))
    with tempfile.TemporaryDirectory() as folder:
        places = {}
        for first in range(0, len(layouts), GROUPS_PER_STORE):
            path = Path(folder) / f"store-{first // GROUPS_PER_STORE}"
            for layout in layouts[first : first + GROUPS_PER_STORE]:
                places[layout] = path, f"/recorded/{len(places)}"
            _write_store(path, layouts[first : first + GROUPS_PER_STORE], places)

        def opening(ask: Ask) -> tuple[str, int]:
            return str(places[_layout(ask)][0]), ask.now_ms

        for (path, now_ms), several in groupby(sorted(stored, key=opening), key=opening):
            with cwnb.open(path, encryption="none", clock=Clock(now_ms)) as logs:
                for ask in several:
                    yield ask, _on_a_store(logs, places[_layout(ask)][1], ask)


def _layout(ask: Ask) -> tuple[Any, ...]:
    return ask.events, ask.cuts, ask.compacted


def _write_store(path: Path, layouts: list[tuple[Any, ...]], places: dict[Any, Any]) -> None:
    import cwnb
    from cwnb.times import Clock

    with cwnb.open(path, encryption="none", clock=Clock(NOON_MS)) as logs:
        for layout in layouts:
            events, cuts, compacted = layout
            group = places[layout][1]
            logs.create_group(group)
            rest = list(events)
            for size, flushed in [*cuts, (len(rest), False)]:
                for stream, batch in groupby(rest[:size], key=lambda event: event[1]):
                    logs.put(group, stream, [(when, text) for when, _, text in batch])
                rest = rest[size:]
                if flushed:
                    logs.flush(group)
            if compacted:
                logs.compact(group)


def _on_a_store(logs: Any, group: str, ask: Ask) -> dict[str, Any]:
    start, end = ask.window or (None, None)
    return _answer(lambda: logs.query(ask.query, [group], start, end, strict=ask.strict))


def _answer(ask: Callable[[], Any]) -> dict[str, Any]:
    try:
        result = ask()
        frame = result.df
    except Exception as error:
        return {"error": _error(error)}
    rewritten, steps = _explained(str(result.explain()))
    try:
        pandas: Any = result.pandas.split("\n")
    except Exception as error:
        pandas = _error(error)
    return {
        "types": {str(name): str(kind) for name, kind in frame.dtypes.items()},
        "rows": [
            [_exact(value) for value in row] for row in frame.itertuples(index=False, name=None)
        ],
        "kind": result.kind,
        "warnings": result.warnings,
        "statistics": {k: v for k, v in result.statistics.items() if not _is_time(k)},
        "rewritten": rewritten,
        "steps": steps,
        "pandas": pandas,
    }


def _is_time(name: str) -> bool:
    return name.endswith(("Ms", "_ms", "seconds", "Seconds"))


def _error(error: Exception) -> list[str]:
    return [type(error).__name__, *str(error).split("\n")]


def _explained(text: str) -> tuple[list[str], list[list[int]]]:
    """Read the table of `explain()`: the text of each command, and its rows and bytes."""
    texts: list[str] = []
    numbers: list[list[int]] = []
    for line in text.split("\n")[1:]:
        if match := _STEP.fullmatch(line):
            numbers.append([int(match[n].replace(",", "")) for n in (1, 2, 3)])
            texts.append(match[4].removeprefix("| "))
        else:
            texts[-1] += f"\n{line}"
    return texts, numbers


def _exact(value: Any) -> Any:
    """Give a value as JSON says it; its column says of which type it is."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date):
        return {"time": value.isoformat()}
    return {type(value).__name__: repr(value)}


# ---------------------------------------------------------------- two recordings


def show_differences(old: Path, new: Path, limit: int) -> int:
    """Print what differs, the first `limit` answers in full; 1 if anything does."""
    before, after = _read(old), _read(new)
    changed = [name for name in before if name in after and before[name] != after[name]]
    parts = {name: list(_parts(before[name], after[name])) for name in changed}
    gone = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    for name in changed[:limit]:
        print(f"\n{name}\n  {before[name]['query']}")
        for part, one, other in parts[name]:
            print(f"  {part}")
            print(f"    - {one}\n    + {other}")
    if len(changed) > limit:
        print(f"\n… and {len(changed) - limit} more; --limit shows them")
    counts = Counter(part for found in parts.values() for part, _, _ in found)
    print()
    for part, count in counts.most_common():
        print(f"{count:6} {part}")
    for word, names in (("only in the first", gone), ("only in the second", added)):
        for name in names[:limit]:
            print(f"{word}: {name}")
    print(f"answers={len(before)} changed={len(changed)} gone={len(gone)} added={len(added)}")
    return int(bool(changed or gone or added))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    read = (json.loads(line) for line in _lines(path))
    return {f"{answer['name']} (on a {answer['on']})": answer for answer in read}


def _parts(one: Any, other: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Name the parts that differ, as far in as both have them."""
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict) and name != "types":
        for key in dict.fromkeys([*one, *other]):
            yield from _parts(one.get(key), other.get(key), f"{name}.{key}".lstrip("."))
    elif name in {"pandas", "error"} and isinstance(one, list) and isinstance(other, list):
        lines = [
            (a, b) for a, b in zip(_long(one, other), _long(other, one), strict=True) if a != b
        ]
        yield name, *(f"\n{'':6}".join(side) for side in zip(*lines, strict=True))
    else:
        yield name, json.dumps(one, ensure_ascii=False), json.dumps(other, ensure_ascii=False)


def _long(lines: list[str], others: list[str]) -> list[str]:
    return lines + [""] * (len(others) - len(lines))


def _hold_to_one() -> None:
    """Keep to one processor: with two, chance decides how far a query reads before it stops."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def main(args: list[str]) -> int:
    """Record, or compare two recordings."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks record",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--code", type=Path, default=REPOSITORY, help="a checkout of cwnb")
    parser.add_argument("--only", default="", help="only what has this in its name")
    parser.add_argument("--diff", nargs=2, type=Path, metavar=("OLD", "NEW"))
    parser.add_argument("--limit", type=int, default=20, help="of answers that --diff shows")
    options = parser.parse_args(args)
    if options.diff:
        return show_differences(*options.diff, options.limit)
    if not options.out:
        parser.error("where to? give OUT, or --diff OLD NEW")
    _hold_to_one()
    code = options.code.resolve()
    sys.path.insert(0, str(code))
    import cwnb

    assert Path(cwnb.__file__).is_relative_to(code), cwnb.__file__
    with tempfile.TemporaryDirectory() as keys, io.StringIO() as text:
        os.environ["CWNB_CONFIG_DIR"] = keys
        count = 0
        for line in record(ask for ask in asks() if options.only in ask.name):
            text.write(line + "\n")
            count += 1
        options.out.write_text(text.getvalue(), "utf-8")
    print(f"answers={count} of {code}")
    return 0
