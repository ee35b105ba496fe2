"""The seven sets for the comparison of two checkouts: what each makes, and what it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.broad.answers import differences
from benchmarks.broad.files import SetFiles, stream_of
from benchmarks.data import SETS
from benchmarks.data.lambda_lines import put_events
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pandas import DataFrame


@dataclass(frozen=True)
class SetWork:
    """One question about a set, as the worker takes it."""

    name: str
    make: dict[str, Any]
    ask: dict[str, Any]
    differences: Callable[[DataFrame, DataFrame], str]


def works(names: list[str], events: int, only: str) -> Iterator[SetWork]:
    """Give the questions about these sets with `only` in their names; the files are made."""
    for name in names:
        files = SetFiles(SETS[name], events)
        group = files.logs.group
        make: dict[str, Any] = {"store": name, "files": {}}
        for question in QUESTIONS[name]:
            title = f"{name}: {question.name}"
            if only not in title:
                continue
            if not make["files"]:
                files.make()
                make["files"] = {group: _arrivals(files)}
            yield SetWork(
                title,
                make,
                {
                    "query": question.insights,
                    "group": group,
                    "window": question.window,
                    "store": name,
                },
                partial(_same, question),
            )


def _arrivals(files: SetFiles) -> Any:
    if files.logs.arrives == "puts":
        return {"puts": str(files.parquet.absolute()), "size": put_events(files.events)}
    return [[str(path.absolute()), stream_of(n)] for n, path in enumerate(files.chunks())]


def _same(question: Any, one: DataFrame, other: DataFrame) -> str:
    return differences(question, one, other, "duckdb")
