"""Each command on the rows of a batch; a command that is not in the table is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import MalformedQuery
from cwnb.events import MESSAGE, RAW
from cwnb.insights import extraction, values
from cwnb.insights.commands import (
    Command,
    Dedup,
    Display,
    Field,
    Fields,
    Filter,
    Limit,
    Parse,
    Regex,
    Sort,
    Stats,
    TopRows,
    conjuncts,
    literal_value,
)
from cwnb.insights.engine.collect import CollectPlan, partial_collect
from cwnb.insights.engine.expressions import as_array, evaluate_array, evaluate_condition
from cwnb.insights.engine.order import RowOrder
from cwnb.insights.engine.stats import finish_stats, partial_stats, plan_stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from cwnb.insights.engine.batch import Batch


def apply(command: Command, batch: Batch) -> Batch:
    """Run one command; gives the batch itself, changed, or the new rows of a `stats`.

    The rows of a task may take commands that work row by row; those that need all rows (sort,
    stats, dedup, limit) are for rows in memory, in the order in which they are shown.
    """
    step = _STEPS.get(type(command))
    if step is None:
        raise MalformedQuery(f"cannot run {command.keyword or type(command).__name__!r}")
    return step(command, batch)


def command_classes() -> set[type[Command]]:
    """Name the commands that can be run (for the completeness test)."""
    return set(_STEPS)


# ---------------------------------------------------------------- row by row


def _fields(command: Fields | Display, batch: Batch) -> Batch:
    for item in command.args["items"]:
        value = item.value
        if item.args.get("alias") or not isinstance(value, Field):
            define(item.name, value, batch)
    return batch


def define(name: str, node: exp.Expression, batch: Batch) -> None:
    """Make an expression a column, computed when it is asked for."""
    reads = {field.name for field in node.find_all(Field)}
    batch.define(name, lambda rows: evaluate_array(node, rows), reads)


def _filter(command: Filter, batch: Batch) -> Batch:
    # Cheap conditions first, so that messages are decoded for the rows that are left.
    for condition in sorted(conjuncts(command.args["condition"]), key=_cost):
        if not batch.rows:
            break
        batch.filter(evaluate_condition(condition, batch))
    return batch


def _cost(condition: exp.Expression) -> int:
    names = {field.name for field in condition.find_all(Field)}
    return 2 if names & {MESSAGE, RAW} else 1


def _parse(command: Parse, batch: Batch) -> Batch:
    source, pattern, names = command.args["value"], command.args["pattern"], command.args["names"]
    reads = {field.name for field in source.find_all(Field)}
    if command.args.get("multi"):
        text = _text(source, batch)
        rows, found = extraction.parse_multi(text, pattern.pattern)
        batch.take(rows)
        for name, array in zip(names, found.values(), strict=True):
            batch.set(name, array)
        return batch

    # One extraction gives all its fields; the first that is asked for runs it.
    def extract(rows: Batch) -> dict[str, Any]:
        text = _text(source, rows)
        if isinstance(pattern, Regex):
            return dict(
                zip(names, extraction.parse_regex(text, pattern.pattern).values(), strict=True)
            )
        found = extraction.parse_glob(text, str(pattern.this), len(names))
        return dict(zip(names, found, strict=True))

    batch.define_together(names, extract, reads)
    return batch


def _text(source: exp.Expression, batch: Batch) -> Any:
    value = evaluate_array(source, batch)
    if values.is_structure(value.type):
        return pa.nulls(batch.rows, pa.string())
    text = as_array(values.to_text(value), batch.rows)
    return text.dictionary_decode() if pa.types.is_dictionary(text.type) else text


# ---------------------------------------------------------------- rows in memory


def _stats(command: Stats, batch: Batch) -> Batch:
    plan = plan_stats(command)
    merged = partial_stats(plan, batch, RowOrder(batch, in_memory=True))
    return finish_stats(plan, merged, batch)


def _keep(plan: CollectPlan, batch: Batch) -> Batch:
    best = partial_collect(plan, batch, RowOrder(batch, in_memory=True), 0)
    batch.take(-best.ranks.minor)
    return batch


def _sort(command: Sort | TopRows, batch: Batch) -> Batch:
    keys = [(k.args["item"].value, bool(k.args["descending"])) for k in command.args["keys"]]
    count = literal_value(command.args["count"]) if isinstance(command, TopRows) else None
    return _keep(CollectPlan(keys=keys, count=count), batch)


def _dedup(command: Dedup, batch: Batch) -> Batch:
    return _keep(CollectPlan(unique=[item.value for item in command.args["items"]]), batch)


def _limit(command: Limit, batch: Batch) -> Batch:
    count = literal_value(command.args["count"])
    if count < batch.rows:
        batch.take(np.arange(count, dtype=np.int64))
    return batch


_STEPS: dict[type[Command], Callable[..., Batch]] = {
    Fields: _fields,
    Display: _fields,
    Filter: _filter,
    Parse: _parse,
    Stats: _stats,
    Sort: _sort,
    TopRows: _sort,
    Dedup: _dedup,
    Limit: _limit,
}
