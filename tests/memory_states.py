"""States of the memory between queries, for tests that compare what is asked in each of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cwnb.store.memory import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random


@contextmanager
def no_memory() -> Iterator[None]:
    """Keep nothing, as in a process that has just begun."""
    before = MEMORY.budget
    MEMORY.set_budget(0)
    try:
        yield
    finally:
        MEMORY.set_budget(before)


def kind_of(key: Any) -> str:
    """Say what is kept under a key: the answer of a pipeline, rows, a made column, or a column."""
    _, inner = key
    if isinstance(inner, tuple):
        return inner[0] if inner[0] in {"answer", "rows"} else "made"
    return "column"


def forget_where(drop: Callable[[Any], bool]) -> None:
    """Forget what is kept under some keys, as if there had been no room for it."""
    for key in [key for key in MEMORY._items if drop(key)]:
        MEMORY._remove(key)


def forget_some(random: Random) -> None:
    """Forget about half of what is kept, and often the answers, so that parts are put together."""
    if random.random() < 0.8:
        forget_where(lambda key: kind_of(key) == "answer")
    forget_where(lambda _: random.random() < 0.5)


def said_of(result: Any) -> tuple[Any, ...]:
    """Give all that a result says, but for time and bytes read, which memory may change."""
    frame = result.df
    columns = [(name, str(frame[name].dtype), list(map(repr, frame[name]))) for name in frame]
    of_time = {"bytesRead", "elapsedMs"}
    numbers = {name: n for name, n in result.statistics.items() if name not in of_time}
    steps = [
        (step.text, step.rows_in, step.rows_out, step.absent, step.alone, step.instead)
        for step in result.outcome.steps
    ]
    return columns, result.warnings, numbers, steps
