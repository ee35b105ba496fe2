"""Run `fillmissing`: add the rows of bins in which a `stats` found nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import ALL_TIME
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.grouping import group_rows
from cwnb.insights.engine.commands.stats import period_ms
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.engine.faults import fault_at
from cwnb.insights.functions.datetimes import bin_of, bins_between
from cwnb.insights.functions.general import choose
from cwnb.insights.resolve.complete import MAXIMUM_LIMIT

if TYPE_CHECKING:
    from cwnb.events import Window
    from cwnb.insights.tree import Fillmissing

    Array = np.ndarray[Any, Any]
    Wanted = set[str] | None


def fillmissing(command: Fillmissing, batch: Batch, _: Wanted) -> Batch:
    """Give a row for each bin and each combination of the other keys, newest bin first."""
    name, names = command.args["bins"], command.args["keys"]
    if name is None:
        raise fault_at(command, "fillmissing follows at once a stats by one bin")
    times = values.to_time(_column(batch, name)).cast(pa.int64())
    keys = {key: _column(batch, key) for key in names}
    timed = np.asarray(times.is_valid())
    ms = times.fill_null(0).to_numpy(zero_copy_only=False)
    first, last = bounds(command, batch.query_values.asked)
    ends = [*ms[timed], *(end for end in (first, last) if end is not None)]
    combination, count, sample = _combinations(list(keys.values()), batch.rows)
    if not ends or not count:
        return batch
    bins = _bins(command, int(min(ends)), int(max(ends)), count, batch.rows - int(timed.sum()))
    # The place of each row among all: newest bin first, then by combination.
    place = (len(bins) - 1 - np.searchsorted(bins, ms)) * count + combination
    rows = np.full(len(bins) * count, -1, dtype=np.int64)
    rows[place[timed]] = np.flatnonzero(timed)
    rows = np.concatenate([rows, np.flatnonzero(~timed)])
    untimed = len(rows) - len(bins) * count
    added = rows < 0
    grid = np.concatenate([np.repeat(bins[::-1], count), np.zeros(untimed, dtype=np.int64)])
    timeless = np.arange(len(rows)) >= len(bins) * count
    made: dict[str, Any] = {name: values.to_time(pa.array(grid, mask=timeless))}
    samples = np.concatenate([np.tile(sample, len(bins)), np.zeros(untimed, dtype=np.int64)])
    for key, column in keys.items():
        made[key] = column.take(pa.array(np.where(added, samples, rows)))
    filled, where = command.filled(), pa.array(rows, mask=added)
    for other in sorted(batch.names() - made.keys()):
        checkpoint()
        column = _column(batch, other).take(where)
        if other in filled:
            value = evaluate_array(filled[other], Batch(len(rows), batch.query_values))
            column = choose([added], [value, column], len(rows))
        made[other] = column
    return Batch(len(rows), batch.query_values, columns=made)


def bounds(command: Fillmissing, window: Window) -> tuple[int | None, int | None]:
    """Give the first and the last bin of a window in epoch milliseconds; None for an open end."""
    period, shift = length_of(command)
    first = last = None
    if window.start_ms != ALL_TIME.start_ms:
        first = bin_of(window.start_ms - shift, period) + shift
    if window.end_ms != ALL_TIME.end_ms:
        last = bin_of(window.end_ms - 1 - shift, period) + shift
    if first is not None and last is not None and last < first:
        return None, None
    return first, last


def length_of(command: Fillmissing) -> tuple[tuple[int, str], int]:
    """Give the period of the bins, and by how many milliseconds their borders are shifted."""
    period, offset = command.args["period"], command.args.get("offset")
    shift = period_ms(offset) if offset is not None else 0
    return (int(period.args["count"]), str(period.args["unit"])), shift


def _bins(command: Fillmissing, first: int, last: int, combinations: int, others: int) -> Array:
    """Give all bins in order of time.

    Raises MalformedQuery where they and `others` would be too many rows.
    """
    period, shift = length_of(command)
    most = (MAXIMUM_LIMIT - others) // combinations
    bins = bins_between(first - shift, last - shift, period, most=most)
    if bins is None:
        each = f" for each of {combinations:,} combinations of keys" if combinations > 1 else ""
        message = f"fillmissing would give more than {MAXIMUM_LIMIT:,} rows: one a bin{each}"
        raise fault_at(command, f"{message}; ask about less time, or use longer bins")
    return bins + shift


def _combinations(keys: list[Any], rows: int) -> tuple[Array, int, Array]:
    """Give each combination of the keys a number, in the order in which they come.

    That is the number of each row's combination, how many there are, and a row that has each.
    """
    if not keys:
        return np.zeros(rows, dtype=np.int64), 1, np.zeros(1, dtype=np.int64)
    groups = group_rows([values.equality_key(key) for key in keys], rows)
    first = groups.first_rows()
    order = np.argsort(first, kind="stable")
    number = np.empty(groups.count, dtype=np.int64)
    number[order] = np.arange(groups.count)
    return number[groups.codes], groups.count, first[order]


def _column(batch: Batch, name: str) -> Any:
    column = batch.column(name)
    return pa.nulls(batch.rows) if column is None else column
