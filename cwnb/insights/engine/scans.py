"""What a pipeline scans: its window, and the one that it is compared with if a command compares."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cwnb.events import ALL_TIME, MESSAGE, Window
from cwnb.insights.engine.commands.estimate import EstimatePlan, bytes_in_window
from cwnb.insights.engine.commands.patterns import DiffPlan
from cwnb.insights.engine.commands.stats import StatsPlan
from cwnb.insights.engine.faults import fault_at
from cwnb.insights.rewrite import as_condition
from cwnb.window import window_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cwnb.events import Scan, Source
    from cwnb.insights.context import QueryContext
    from cwnb.insights.engine.plan import Plan


def scan_windows(
    plan: Plan, source: Source, context: QueryContext, structures: frozenset[str]
) -> Scan:
    """Scan the window of a query, and after it the one that a command compares it with.

    Raises MalformedQuery if such a query has a window without a start; one without an end ends now.
    """
    window = context.window
    comparing = next((command for command in plan.barrier_commands if command.compares), None)
    if comparing is None:
        scan = _scan(plan, source, window, structures)
        if isinstance(plan.barrier, EstimatePlan):
            plan.barrier.message_bytes = bytes_in_window(scan.tasks, window)
        return scan
    if window.start_ms == ALL_TIME.start_ms:
        message = "compares a window of time with an earlier one, so it needs a start"
        raise fault_at(comparing, f"{comparing.keyword} {message}")
    if window.end_ms == ALL_TIME.end_ms:
        window = Window(window.start_ms, context.now_ms)
    scan = _scan(plan, source, window, structures)
    before = comparing.compared_with(window)
    earlier = _scan(plan, source, before, structures)
    assert isinstance(plan.barrier, DiffPlan)
    plan.barrier.earlier_task = len(scan.tasks)
    plan.barrier.windows = (window, before)
    return replace(
        scan,
        tasks=(*scan.tasks, *earlier.tasks),
        skipped_rows=scan.skipped_rows + earlier.skipped_rows,
        skipped_bytes=scan.skipped_bytes + earlier.skipped_bytes,
        warnings=tuple(dict.fromkeys([*scan.warnings, *earlier.warnings])),
    )


def warn_of_empty_window(plan: Plan, source: Source, scanned: Mapping[int, int]) -> list[str]:
    """Say if one of two windows that were compared has no events, which makes all new or gone.

    `scanned` has the rows of each task that was read.
    """
    if not isinstance(plan.barrier, DiffPlan):
        return []
    rows = [0, 0]
    for task, count in scanned.items():
        rows[task >= plan.barrier.earlier_task] += count
    if all(rows) or not any(rows):
        return []
    empty = rows.index(0)
    window = plan.barrier.windows[empty]
    extent = source.extent(window)
    # With conditions, events of the window may have been left out because none can meet them.
    if extent is None or (extent.in_window and plan.scan.args.get("conditions")):
        return []
    which, effect = [("window", "gone"), ("earlier window", "new")][empty]
    compared = f"the {which} of {plan.barrier_commands[-1].keyword}, {window_text(window, None)},"
    lie = window_text(ALL_TIME, extent).removeprefix("all events, ")
    return [f"{compared} has no events, so every pattern counts as {effect}; the events lie {lie}"]


def _scan(plan: Plan, source: Source, window: Window, structures: frozenset[str]) -> Scan:
    conditions = [as_condition(node) for node in plan.scan.args.get("conditions") or []]
    # A source knows nothing of the lists and maps in its messages.
    kept = [one for one in conditions if one is not None and one.field not in structures]
    columns = [*plan.scan.args["columns"], *([MESSAGE] if structures else [])]
    scan = source.scan(columns, window, kept)
    if isinstance(plan.barrier, StatsPlan) and scan.joined is not None and not plan.steps:
        names = plan.barrier.summarised()
        if names is not None and structures.isdisjoint(names):
            scan = replace(scan, tasks=scan.joined(names))
    return scan
