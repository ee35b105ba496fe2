"""Points of metrics, counted from what became visible, where the position moves."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.delivery.metrics.metric_filter import FAMILY, MetricFilter
from cwnb.delivery.system_fields import values_of
from cwnb.events import MESSAGE, TIMESTAMP
from cwnb.filter_pattern import FilterPattern, Reference, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store import Page, Present, Store

POINTS = "metric-points"
MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_PAGE_ROWS, _PAGE_BYTES = 50_000, 32 << 20


@dataclass(frozen=True)
class Point:
    """A minute of a metric: its values added up, how many, the least and the greatest."""

    time_ms: int
    group: str
    namespace: str
    metric: str
    dimensions: dict[str, str]
    unit: str
    sum: float
    count: int
    min: float
    max: float


# Of one minute and metric: sum, count, least and greatest; the default of a minute without values.
Tally = list[Any]


def catch_up(store: Store, found: MetricFilter) -> None:
    """Count what has become visible since; several processes may do this at once."""
    pattern = FilterPattern.parse(found.pattern)
    complete = False
    while not complete:
        page = store.read_after(
            found.position, [found.group_id], limit_rows=_PAGE_ROWS, limit_bytes=_PAGE_BYTES
        )
        complete = page.complete
        if not len(page.events) and not page.expired:
            return
        tallied = _tallied(found, pattern, page)

        def add(
            old: dict[str, Any] | None,
            present: Present,
            page: Page = page,
            tallied: _Tallied = tallied,
            found: MetricFilter = found,
        ) -> dict[str, Any] | None:
            if old is None:
                return old
            there = MetricFilter.read(old)
            if there.position != found.position or not there.counts_as(found):
                return old  # it has been replaced, or another process has counted
            add_tallies(present, tallied.tallies)
            there.position = page.position
            there.matched += tallied.matched
            there.without_number += tallied.without_number
            there.without_dimension += tallied.without_dimension
            there.expired += page.expired
            return there.held()

        held = store.change_kept(FAMILY, found.name, add, group=found.group_id)
        if held is None:
            return
        now = MetricFilter.read(held)
        if not now.counts_as(found):
            return  # what it counts has been changed meanwhile
        complete = complete and now.position == page.position
        found = now


@dataclass
class _Tallied:
    """The tallies of a page by minute and metric, and the counts of `MetricFilter`."""

    tallies: dict[int, dict[str, Tally]]
    matched: int
    without_number: int = 0
    without_dimension: int = 0


def _tallied(found: MetricFilter, pattern: FilterPattern, page: Page) -> _Tallied:
    texts = page.events[MESSAGE].combine_chunks()
    minutes = page.events[TIMESTAMP].cast(pa.int64()).to_numpy() // MINUTE_MS * MINUTE_MS
    rows = np.flatnonzero(pattern.matches(texts))
    matching = texts.take(pa.array(rows)).to_pylist()
    tallies: dict[int, dict[str, Tally]] = defaultdict(dict)
    if found.default is not None:
        for minute in np.unique(minutes).tolist():
            tallies[minute][_key(found, {})] = [0.0, 0, None, None, found.default]
    values = (
        [float(found.value)] * len(matching)
        if not found.value.startswith("$")
        else [number_of(value) for value in Reference.parse(found.value, pattern).values(matching)]
    )
    columns = {
        name: Reference.parse(reference, pattern).values(matching)
        for name, reference in found.dimensions.items()
    }
    tallied = _Tallied(tallies, len(matching))
    emitted = values_of(found.system_fields, found.group)
    for place, (minute, value) in enumerate(zip(minutes[rows].tolist(), values, strict=True)):
        dimensions = {name: column[place] for name, column in columns.items()}
        # An event that lacks a value gives no point. Source: CWL metric filters, dimensions.
        if value is None:
            tallied.without_number += 1
            continue
        if any(held is None for held in dimensions.values()):
            tallied.without_dimension += 1
            continue
        texts_of = {name: _text(held) for name, held in dimensions.items()} | emitted
        key = _key(found, texts_of)
        tally = tallies[minute].setdefault(key, [0.0, 0, None, None, None])
        join(tally, [value, 1, value, value, None])
    return tallied


def add_tallies(present: Present, tallies: dict[int, dict[str, Tally]]) -> None:
    """Add tallies by minute and key to those of their days."""
    days: dict[int, list[int]] = defaultdict(list)
    for minute in tallies:
        days[minute // _DAY_MS].append(minute)
    for day, minutes in days.items():
        held = present.read(POINTS, str(day)) or {}
        for minute in minutes:
            there = held.setdefault(str(minute), {})
            for key, tally in tallies[minute].items():
                join(there.setdefault(key, [0.0, 0, None, None, None]), tally)
        present.write(POINTS, str(day), held)


def join(into: Tally, more: Tally) -> None:
    """Add a tally to another one."""
    if more[1]:
        into[2] = more[2] if into[2] is None else min(into[2], more[2])
        into[3] = more[3] if into[3] is None else max(into[3], more[3])
    into[0] += more[0]
    into[1] += more[1]
    into[4] = more[4] if more[4] is not None else into[4]


def points(store: Store, groups: dict[int, str]) -> Iterator[Point]:
    """Give the points of these log groups (names by id), by group, time and metric."""
    for record in store.kept_records(POINTS):
        if record.group_id not in groups:
            continue
        for minute in sorted(record.value, key=int):
            # Several filters may make one metric.
            merged: dict[str, Tally] = {}
            for key, tally in record.value[minute].items():
                join(
                    merged.setdefault(json.dumps(json.loads(key)[:4]), [0.0, 0, None, None, None]),
                    tally,
                )
            for key, tally in sorted(merged.items()):
                namespace, metric, unit, dimensions = json.loads(key)
                total, count, least, greatest, default = tally
                if not count and default is None:
                    continue
                if not count:  # events came, and none of them matched
                    total, count, least, greatest = default, 1, default, default
                group = groups[record.group_id]
                yield Point(
                    *(int(minute), group, namespace, metric, dimensions, unit),
                    *(total, count, least, greatest),
                )


def _key(found: MetricFilter, dimensions: dict[str, str]) -> str:
    held = [found.namespace, found.metric, found.unit, dimensions, found.name]
    return json.dumps(held, sort_keys=True)


def forget(present: Present, name: str) -> None:
    """Forget the points that a filter of the group has made, so that it can count anew."""
    for record in present.all_of(POINTS):
        if record.group_id != present.group_id:
            continue
        left = {
            minute: {key: tally for key, tally in held.items() if json.loads(key)[4] != name}
            for minute, held in record.value.items()
        }
        present.write(POINTS, record.name, {minute: held for minute, held in left.items() if held})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
