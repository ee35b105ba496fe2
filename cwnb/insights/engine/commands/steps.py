"""Run each command on a batch: one function per command class, and an error for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.events import MESSAGE
from cwnb.insights.control import with_checkpoints
from cwnb.insights.engine.commands import sequences
from cwnb.insights.engine.commands.append_cols import append_cols
from cwnb.insights.engine.commands.barrier import InMemory
from cwnb.insights.engine.commands.collect import CollectPlan
from cwnb.insights.engine.commands.columns import define
from cwnb.insights.engine.commands.gaps import fillmissing
from cwnb.insights.engine.commands.join import join
from cwnb.insights.engine.commands.lists import expand, unnest
from cwnb.insights.engine.commands.lookups import cidr_lookup, lookup
from cwnb.insights.engine.commands.patterns import PatternPlan
from cwnb.insights.engine.commands.relevance import RelevancePlan
from cwnb.insights.engine.commands.stats import plan_stats
from cwnb.insights.engine.evaluate import encode_tested_texts, evaluate_condition
from cwnb.insights.engine.faults import fault_at, pointed
from cwnb.insights.engine.message_slices import (
    Documents,
    filter_slices,
    over_slices,
    text_of,
)
from cwnb.insights.engine.needs import need_of
from cwnb.insights.engine.order import RowOrder
from cwnb.insights.text import extraction
from cwnb.insights.text.comma_separated import parse_csv
from cwnb.insights.text.every_match import parse_multi
from cwnb.insights.text.json_paths import json_path
from cwnb.insights.text.logfmt import read_logfmt
from cwnb.insights.text.xml_paths import xml_path
from cwnb.insights.tree import (
    Accum,
    AddTotals,
    Anomaly,
    AppendCols,
    Autoregress,
    Call,
    CidrLookup,
    Command,
    Dedup,
    Diff,
    Display,
    Estimate,
    Expand,
    Field,
    Fields,
    Filldown,
    Fillmissing,
    Filter,
    FilterIndex,
    Join,
    Json,
    Limit,
    Logcompare,
    Lookup,
    Outlier,
    Parse,
    ParseCsv,
    ParseLogfmt,
    ParseXml,
    Pattern,
    Regex,
    RelevantFields,
    Sessionize,
    Sort,
    Stats,
    Tail,
    TopRows,
    Unmask,
    Unnest,
    conjuncts,
    fields_read,
    literal_value,
    touches,
)
from cwnb.insights.values.documents import one_by_one
from cwnb.insights.values.structures import read_structures

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from cwnb.insights.engine.batch import Batch


# Between two conditions rows are dropped only if no more than this share is left, because it takes
# a pass over every column in use.
_FEW = 0.02
# The fields that later commands read; None when that is not known.
Wanted = set[str] | None


def apply(command: Command, batch: Batch, wanted: Wanted = None) -> Batch:
    """Run one command; gives the same batch after changes, or a new one for `stats`.

    `wanted` names the fields that later commands read; others need not be computed.

    On the rows of a task only commands that work row by row may run. Those that need all rows
    (sort, stats, dedup, limit) run on rows in memory, in the order in which they are shown.
    """
    step = STEPS.get(type(command))
    if step is None:
        raise fault_at(command, f"cannot run {command.keyword or type(command).__name__!r}")
    try:
        return step(command, batch, wanted)
    except MalformedQuery as error:
        raise pointed(error, command) from error.__cause__


# Row by row


def _fields(command: Fields | Display | Unmask, batch: Batch, wanted: Wanted) -> Batch:
    wanted = None if wanted is None else wanted | command.reads()
    for item in command.args["items"]:
        value = item.value
        if isinstance(value, Call) and (read := value.entry.read_documents) is not None:
            (source,) = value.arguments
            _define_document(item.name, Documents(source, read), batch, wanted)
        elif item.args.get("alias") or not isinstance(value, Field):
            define(item.name, value, batch)
    return batch


def _define_document(name: str, documents: Documents, batch: Batch, wanted: Wanted) -> None:
    batch.define_document(name, documents, wanted)


def _filter(command: Filter | FilterIndex, batch: Batch, wanted: Wanted) -> Batch:
    conditions = conjuncts(command.args["condition"])
    # Cheap conditions first, so that messages are decoded for the rows that are left.
    _filter_all([c for c in conditions if MESSAGE not in fields_read(c)], batch)
    about_message = [c for c in conditions if MESSAGE in fields_read(c)]
    alone = [c for c in about_message if fields_read(c) == {MESSAGE}]
    for condition in alone:
        if (may := _candidates(condition, batch)) is not None:
            batch.filter(may)
    slices = batch.message_slices() if alone else None
    if slices is not None:
        filter_slices(alone, batch, slices, keep=wanted is None or MESSAGE in wanted)
        about_message = [c for c in about_message if fields_read(c) != {MESSAGE}]
    _filter_all(about_message, batch)
    return batch


def _filter_all(conditions: list[exp.Expression], batch: Batch) -> None:
    """Keep the rows for which all conditions are true."""
    mask = None
    encode_tested_texts(conditions, batch)
    for condition in conditions:
        if not batch.rows:
            return
        if (may := _candidates(condition, batch)) is not None:
            batch.filter(may if mask is None else pc.and_kleene(mask, may))
            mask = None
            if not batch.rows:
                return
        one = evaluate_condition(condition, batch)
        mask = one if mask is None else pc.and_kleene(mask, one)
        if mask.true_count < _FEW * batch.rows:
            batch.filter(mask)
            mask = None
    if mask is not None:
        batch.filter(mask)


def _candidates(condition: exp.Expression, batch: Batch) -> Any:
    """Give the rows of which a condition may be true, as an index knows; None where all may."""
    need = need_of(condition, batch)
    return None if need is None else batch.candidates(need)


def _parse(command: Parse, batch: Batch, wanted: Wanted) -> Batch:
    source, pattern, names = command.args["value"], command.args["pattern"], command.args["names"]
    if command.args.get("multi"):
        text = text_of(source, batch)
        rows, found = parse_multi(text, pattern.pattern)
        batch.take(rows)
        for name, array in zip(names, found.values(), strict=True):
            batch.set(name, array)
        return batch
    needed = [wanted is None or touches(wanted, {name}) for name in names]

    def extract(text: Any) -> list[Any]:
        if isinstance(pattern, Regex):
            return list(extraction.parse_regex(text, pattern.pattern).values())
        return extraction.parse_glob(text, str(pattern.this), len(names), needed)

    # One extraction gives all fields; the first use of one of them runs it.
    def extract_all(rows: Batch) -> dict[str, Any]:
        return dict(zip(names, over_slices(source, rows, extract), strict=True))

    batch.define_together(names, extract_all, fields_read(source))
    return batch


def _parse_logfmt(command: ParseLogfmt, batch: Batch, wanted: Wanted) -> Batch:
    documents = Documents(command.args["value"], one_by_one(read_logfmt))
    _define_document(command.args["name"], documents, batch, wanted)
    return batch


def _parse_csv(command: ParseCsv, batch: Batch, _: Wanted) -> Batch:
    source, names = command.args["value"], command.args["names"]

    def split_all(rows: Batch) -> dict[str, Any]:
        columns = over_slices(source, rows, lambda text: parse_csv(text, len(names)))
        return dict(zip(names, columns, strict=True))

    batch.define_together(names, split_all, fields_read(source))
    return batch


def _parse_xml(command: ParseXml, batch: Batch, _: Wanted) -> Batch:
    source, path = command.args["value"], xml_path(literal_value(command.args["path"]))

    def texts_at(text: Any) -> list[Any]:
        found = [None if t is None else path.read(t) for t in with_checkpoints(text.to_pylist())]
        return [pa.array(found, pa.string())]

    name = command.args["name"]
    batch.define(name, lambda rows: over_slices(source, rows, texts_at)[0], fields_read(source))
    return batch


def _json(command: Json, batch: Batch, wanted: Wanted) -> Batch:
    path = json_path(literal_value(command.args["path"]))
    documents = Documents(command.args["value"], read_structures, tuple(path))
    _define_document(command.args["name"], documents, batch, wanted)
    return batch


# Rows in memory


def _stats(command: Stats, batch: Batch, _: Wanted) -> Batch:
    plan = plan_stats(command)
    whole = plan.partial(batch, RowOrder(batch, in_memory=True), 0)
    return plan.finish(whole, InMemory(batch))


def _pattern(command: Pattern, batch: Batch, _: Wanted) -> Batch:
    plan = PatternPlan(command.args["value"])
    whole = plan.partial(batch, RowOrder(batch, in_memory=True), 0)
    return plan.finish(whole, InMemory(batch))


def _relevant_fields(command: RelevantFields, batch: Batch, _: Wanted) -> Batch:
    plan = RelevancePlan(command.args["fields"], command.args["condition"])
    whole = plan.partial(batch, RowOrder(batch, in_memory=True), 0)
    return plan.finish(whole, InMemory(batch))


def _two_windows(command: Command, batch: Batch, wanted: Wanted) -> Batch:  # noqa: ARG001
    raise fault_at(command, f"{command.keyword} needs the events before the patterns")


def _estimate(command: Estimate, batch: Batch, wanted: Wanted) -> Batch:  # noqa: ARG001
    raise fault_at(command, "estimate comes instead of an answer, and not after one")


def _keep(plan: CollectPlan, batch: Batch) -> Batch:
    best = plan.partial(batch, RowOrder(batch, in_memory=True), 0)
    batch.take(-best.ranks.minor)
    return batch


def _sort(command: Sort | TopRows, batch: Batch, _: Wanted) -> Batch:
    keys = [(k.args["item"].value, bool(k.args["descending"])) for k in command.args["keys"]]
    return _keep(CollectPlan(keys=keys, count=command.row_cap()), batch)


def _dedup(command: Dedup, batch: Batch, _: Wanted) -> Batch:
    return _keep(CollectPlan(unique=[item.value for item in command.args["items"]]), batch)


def _limit(command: Limit, batch: Batch, _: Wanted) -> Batch:
    count = command.row_cap()
    if count < batch.rows:
        batch.take(np.arange(count, dtype=np.int64))
    return batch


STEPS: dict[type[Command], Callable[..., Batch]] = {
    Fields: _fields,
    Display: _fields,
    Unmask: _fields,
    Filter: _filter,
    FilterIndex: _filter,
    Parse: _parse,
    ParseLogfmt: _parse_logfmt,
    ParseCsv: _parse_csv,
    ParseXml: _parse_xml,
    Json: _json,
    Unnest: unnest,
    Expand: expand,
    Lookup: lookup,
    CidrLookup: cidr_lookup,
    Join: join,
    AppendCols: append_cols,
    Stats: _stats,
    Sort: _sort,
    TopRows: _sort,
    Dedup: _dedup,
    Limit: _limit,
    Pattern: _pattern,
    Diff: _two_windows,
    Logcompare: _two_windows,
    Anomaly: _two_windows,
    RelevantFields: _relevant_fields,
    Tail: sequences.tail,
    AddTotals: sequences.addtotals,
    Accum: sequences.accum,
    Autoregress: sequences.autoregress,
    Filldown: sequences.filldown,
    Outlier: sequences.outlier,
    Sessionize: sequences.sessionize,
    Fillmissing: fillmissing,
    Estimate: _estimate,
}
