"""Ask, and write all that an answer says as JSON."""

from __future__ import annotations

import io
import json
import math
import re
import tempfile
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recorder.asked import NOON_MS, Ask, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# One line of `explain()`: rows in and out, milliseconds, bytes read, the command.
_STEP = re.compile(r" *([\d,]+) +([\d,]+) +[\d.,]+ +([\d,]+)  (.*)")


def record(asks: Iterable[Ask]) -> list[str]:
    """Ask everything and give the lines of the recording, sorted by name."""
    wanted = list(asks)
    found = [_line(a, "frame", _on_a_frame(a)) for a in wanted if a.make_frame is not None]
    found += _on_stores([ask for ask in wanted if ask.group is not None])
    return sorted(found)


def _line(ask: Ask, where: str, answer: dict[str, Any]) -> str:
    whole = {
        "name": ask.name,
        "on": where,
        "query": ask.query,
        "strict": ask.strict,
        "window": ask.window,
        "now": ask.now_ms,
        "group": ask.group.digest if ask.group else None,
        **answer,
    }
    return json.dumps(whole)


def _on_a_frame(ask: Ask) -> dict[str, Any]:
    import cwnb

    assert ask.make_frame is not None
    frame = ask.make_frame()
    start, end = ask.window or (None, None)
    return _answer(
        lambda: cwnb.query(
            ask.query, frame, start=start, end=end, strict=ask.strict, now=ask.now_ms
        )
    )


def _on_stores(asks: list[Ask]) -> Iterator[str]:
    """Ask stores that hold a group each.

    A store of its own lets no other group change the numbers of its events. It is written, closed,
    and only read from then on: nothing flushes or merges in between.
    """
    import cwnb
    from cwnb.times import Clock

    def opening(ask: Ask) -> tuple[str, int]:
        assert ask.group is not None
        return ask.group.digest, ask.now_ms

    with tempfile.TemporaryDirectory() as folder:

        def opened(digest: str, now_ms: int) -> Any:
            return cwnb.open(Path(folder, digest), encryption="none", clock=Clock(now_ms))

        for ask in {ask.group: ask for ask in reversed(asks)}.values():
            assert ask.group is not None
            with opened(ask.group.digest, NOON_MS) as logs:
                report = _write(logs, ask.group)
            with opened(ask.group.digest, NOON_MS) as logs:
                yield _line(ask, "catalog", {**report, **_listings(logs, ask.group)})
        for (digest, now_ms), several in groupby(sorted(asks, key=opening), key=opening):
            with opened(digest, now_ms) as logs:
                for ask in several:
                    yield _line(ask, "store", _on_a_store(logs, ask))


def _write(logs: Any, group: Group) -> dict[str, Any]:
    logs.create_group(group.name, log_type=group.log_type)
    if group.content is not None:
        report = logs.load(io.BytesIO(group.content.encode()), group=group.name)
        return {"report": [row for row in report.rows() if row[0] != "speed"]}
    rest = list(group.events)
    for size, flushed in [*group.cuts, (len(rest), False)]:
        for stream, batch in groupby(rest[:size], key=lambda event: event[1]):
            logs.put(group.name, stream, [(when, text) for when, _, text in batch])
        rest = rest[size:]
        if flushed:
            logs.flush(group.name)
    if group.compacted:
        logs.compact(group.name)
    return {}


def _listings(logs: Any, group: Group) -> dict[str, Any]:
    """Tell what the store's own listings say of a group."""
    groups = logs.groups()
    return {
        "listed": _table(groups[groups["name"] == group.name]),
        "streams": _table(logs.streams(group.name)),
        "fields": _table(logs.fields(group.name)),
    }


def _on_a_store(logs: Any, ask: Ask) -> dict[str, Any]:
    assert ask.group is not None
    name = ask.group.name
    start, end = ask.window or (None, None)
    return _answer(lambda: logs.query(ask.query, [name], start, end, strict=ask.strict))


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
        **_table(frame),
        "kind": result.kind,
        "warnings": result.warnings,
        "statistics": {k: v for k, v in result.statistics.items() if not _is_time(k)},
        "rewritten": rewritten,
        "steps": steps,
        "pandas": pandas,
    }


def _table(frame: Any) -> dict[str, Any]:
    rows = frame.itertuples(index=False, name=None)
    return {
        "types": {str(name): str(kind) for name, kind in frame.dtypes.items()},
        "rows": [[_exact(value) for value in row] for row in rows],
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
