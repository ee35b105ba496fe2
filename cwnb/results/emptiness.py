"""Why an answer has no rows: which command dropped them, or that there were none to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.results.result import QueryResult

# What stands in the text of a scan before the conditions by which it leaves events out.
_CONDITIONS = " where "


def reasons_for_no_rows(result: QueryResult) -> list[str]:
    """Give sentences that say why an answer has no rows; none for an answer that has some.

    The warnings of the answer say where the events lie, and which field none of them has.
    """
    if len(result) or not result.outcome.steps:
        return []
    told = list(result.warnings)
    scan, *commands = result.outcome.steps
    _, has_conditions, conditions = scan.text.partition(_CONDITIONS)
    if scan.rows_out == 0 and not told and has_conditions:
        told.append(
            f"none of the {scan.rows_in:,} events was read, because by what the catalog knows of "
            f"them none can pass: {conditions}"
        )
    for step in commands:
        if step.rows_in > 0 and step.rows_out == 0:
            all_of = f"all {step.rows_in:,} rows" if step.rows_in > 1 else "the one row"
            told.append(f"{all_of} that came to it were dropped by: {step.text}")
            break
    return told
