"""Why an answer has no rows: which command dropped them, or that there were none to begin with."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from cwnb.plurals import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cwnb.insights import Step
    from cwnb.results.result import QueryResult

# What stands in the text of a scan before the conditions by which it leaves events out.
_CONDITIONS = " where "
# So many parts of a condition are told, those that keep the fewest rows.
_PARTS_TOLD = 5


def reasons_for_no_rows(result: QueryResult) -> list[str]:
    """Give sentences that say why an answer has no rows; none for an answer that has some.

    The warnings of the answer say where the events lie, and which field none of them has.
    """
    steps = result.outcome.steps
    if len(result) or not steps:
        return []
    told = list(result.warnings)
    keys = result.outcome.keys_beside
    return list(dict.fromkeys([*told, *_reasons(steps, steps[-1].pipeline, told, keys)]))


def reasons_beside_warnings(result: QueryResult) -> list[str]:
    """Give the first reason that no warning has said, for what shows an answer with its warnings.

    The rows so far of a query that runs need none.
    """
    if result.is_partial:
        return []
    new = (reason for reason in reasons_for_no_rows(result) if reason not in result.warnings)
    return [f"no rows: {reason}" for reason in islice(new, 1)]


def _reasons(
    steps: Sequence[Step], pipeline: int, told: Sequence[str], keys: Mapping[str, str]
) -> Iterator[str]:
    """Say why a pipeline of a query has no rows; `told` has been said before.

    `keys` has what the maps hold instead of a part that none of them has.
    """
    scan, *commands = (step for step in steps if step.pipeline == pipeline)
    _, has_conditions, conditions = scan.text.partition(_CONDITIONS)
    if scan.rows_out == 0 and scan.rows_in and has_conditions and not told:
        alone = listed([text for text, _ in scan.alone])
        enough = f" ({alone} alone leaves out all)" if len(scan.alone) == 1 else ""
        enough = f" ({alone} each leave out all)" if len(scan.alone) > 1 else enough
        instead = f"; {scan.instead}" if scan.instead else ""
        yield (
            f"none of the {scan.rows_in:,} events was read, because by what the catalog knows of "
            f"them none can pass: {conditions}{enough}{instead}"
        )
    for place, step in enumerate(commands):
        if step.rows_in > 0 and step.rows_out == 0:
            yield from _dropped(step, commands[:place], steps, told, keys)
            break


def _dropped(
    step: Step,
    before: Sequence[Step],
    steps: Sequence[Step],
    told: Sequence[str],
    keys: Mapping[str, str],
) -> Iterator[str]:
    """Say why a command has dropped all rows; `before` are those before it in its pipeline."""
    several = step.rows_in > 1
    all_of = f"all {step.rows_in:,} rows" if several else "the one row"
    means = step.none_means or _of_parts(step)
    meant = f" ({means})" if means else ""
    were = "were" if several else "was"
    instead = f"; {step.instead}" if step.instead else ""
    yield f"{all_of} that came to it {were} dropped by: {step.text}{meant}{instead}"
    answers = list(step.answers)
    for name in sorted(step.absent):
        maker = next((one for one in reversed(before) if _makes(one, name)), None)
        if maker is not None:
            if not any(f"no value of {name!r}" in text for text in told):
                makes = f"which this would make: {maker.text}"
                yield f"none of them has a value of {name!r}, {makes}{keys.get(name, '')}"
            answers += maker.answers
        elif not any(repr(name) in text for text in told):
            yield f"none of them has a value of {name!r}"
    for answer in dict.fromkeys(answers):
        yield from _about(answer, steps, told, keys)


def _of_parts(step: Step) -> str:
    """Say how many rows each part of a condition keeps alone, of many parts the fewest."""
    least = sorted(step.alone, key=lambda part: part[1])[:_PARTS_TOLD]
    told = [part for part in step.alone if part in least]
    if not told:
        return ""
    counts = [f"{text} keeps {rows:,}" if rows else f"{text} keeps none" for text, rows in told]
    newest = f" of the newest {step.alone_of:,}" if step.alone_of < step.rows_in else ""
    return f"alone,{newest} {listed(counts)}"


def _makes(step: Step, name: str) -> bool:
    return any(name == made or name.startswith(f"{made}.") for made in step.writes)


def _about(
    answer: int, steps: Sequence[Step], told: Sequence[str], keys: Mapping[str, str]
) -> Iterator[str]:
    """Say how many rows another answer has that the query reads, and if it has none, why."""
    own = [step for step in steps if step.pipeline == answer]
    if not own:  # of the rows so far, only the last pipeline's steps are known
        return
    rows = own[-1].rows_out
    if rows:
        yield f"answer {answer + 1} has {counted(rows, 'row')}"
        return
    yield f"answer {answer + 1} has no rows"
    # A warning about other events is no reason why this answer is empty, one about times may be.
    about_times = [text for text in told if "no events" in text]
    for reason in _reasons(steps, answer, about_times, keys):
        yield f"in answer {answer + 1}, {reason}"
