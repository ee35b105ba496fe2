"""Write the commands that give a row values of other rows as pandas code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.events import ALL_TIME, TIMESTAMP
from cwnb.insights.engine.commands.gaps import bounds, length_of
from cwnb.insights.ql.writer import to_text
from cwnb.insights.to_pandas.datetimes import CALENDAR
from cwnb.insights.to_pandas.expressions import write
from cwnb.insights.to_pandas.writing import (
    NUMERIC,
    CannotSay,
    Script,
    Snippet,
    as_column,
    data,
    number_column,
    quoted,
)
from cwnb.insights.tree import Call, Field
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.insights.tree import (
        Accum,
        AddTotals,
        Autoregress,
        Filldown,
        Fillmissing,
        Outlier,
        Sessionize,
        Tail,
    )


def write_tail(script: Script, command: Tail) -> None:
    """Write a `tail`."""
    script.add(f"{script.frame} = {script.frame}.tail({command.row_cap()})")


def write_accum(script: Script, command: Accum) -> None:
    """Write an `accum`."""
    value = number_column(script, write(script, command.args["value"]))
    code = f"running_total({value.code})"
    script.assign(command.args["name"], _sums(code, value.kind))


def _sums(code: str, kind: str) -> Snippet:
    """Give sums as doubles where all numbers are."""
    if kind == "number":
        return Snippet(f'{code}.astype("double[pyarrow]")', kind)
    return Snippet(code, "numeric")


def write_autoregress(script: Script, command: Autoregress) -> None:
    """Write an `autoregress`."""
    value = _column(script, command.args["value"])
    for name, lag in command.lags().items():
        script.assign(name, Snippet(f"{value.operand}.shift({lag})", value.kind))


def write_filldown(script: Script, command: Filldown) -> None:
    """Write a `filldown`."""
    for field in command.args["fields"]:
        value = _column(script, field)
        script.assign(field.name, Snippet(f"{value.operand}.ffill()", value.kind))


def write_outlier(script: Script, command: Outlier) -> None:
    """Write an `outlier`."""
    marks, lower = command.marks(), bool(command.args["uselower"])
    width = to_text(command.args["param"])
    drops, changed = [], []
    for place, field in enumerate(command.args["fields"]):
        numbers = number_column(script, write(script, field))
        numbers_name, borders = script.free_name(f"{field.name}'"), f"borders_{place}"
        script.write(script.at(numbers_name), numbers.code)
        script.kinds[numbers_name] = numbers.kind
        at = script.at(numbers_name)
        script.add(f"{borders} = fences({at}, {width}, lower={lower})")
        if field.name in marks:
            code = f'outside({at}, {borders}).astype("int64[pyarrow]")'
            changed.append((marks[field.name], Snippet(code, "integer")))
        if command.args["action"] == "remove":
            drops.append(f"outside({at}, {borders})")
        else:
            value = _column(script, field)
            code = f"clamped({value.code}, {at}, {borders})"
            numeric = value.kind in NUMERIC
            made = f"as_number({code})" if numeric else code
            kind = "numeric" if numeric else "any"
            if value.kind == "number":
                made, kind = f'{code}.astype("double[pyarrow]")', "number"
            changed.append((field.name, Snippet(made, kind)))
    for name, snippet in changed:
        script.assign(name, snippet)
    if drops:
        script.add(f"{script.frame} = {script.frame}[~({' | '.join(drops)})]")


def write_sessionize(script: Script, command: Sessionize) -> None:
    """Write a `sessionize`."""
    if script.kinds.get(TIMESTAMP) != "time":
        raise CannotSay(f"sessionize where {TIMESTAMP!r} is no time")
    keys = [_column(script, field).code for field in command.args["fields"]]
    period = command.args["maxspan"]
    longest = int(period.args["count"]) * UNIT_MS[str(period.args["unit"])]
    code = f"session_ids({script.at(TIMESTAMP)}, {longest}, {', '.join(keys)})"
    script.assign(command.args["name"], Snippet(code, "text"))


def write_addtotals(script: Script, command: AddTotals) -> None:
    """Write an `addtotals`."""
    names, numbers = [], []
    for field in command.args["fields"]:
        value = _column(script, field)
        if script.at(field.name) != value.code:
            script.assign(field.name, value)
        if value.kind != "time":
            names.append(field.name)
            numbers.append(number_column(script, value))
    total = command.total_column()
    for name in total:
        code = f"row_totals({', '.join(n.code for n in numbers)})"
        kinds = {n.kind for n in numbers}
        empty = f"pd.Series(pd.NA, index={script.frame}.index, dtype=TEXT)"
        sums = _sums(code, "number" if kinds == {"number"} else "numeric")
        script.assign(name, sums if numbers else Snippet(empty, "text"))
    if not command.args["col"]:
        return
    script.add(f"{script.frame} = with_row({script.frame})")
    for name in [*names, *total]:
        kind, at = script.kinds[name], script.at(name)
        value = number_column(script, Snippet(at, kind))
        ended = f"ending_with({at}, total({value.code}))"
        made = {"number": Snippet(f'{ended}.astype("double[pyarrow]")', "number")}
        other = Snippet(f"as_number({ended})", "numeric") if kind in NUMERIC else None
        script.assign(name, made.get(kind) or other or Snippet(ended, "any"))


def write_fillmissing(script: Script, command: Fillmissing) -> None:
    """Write a `fillmissing`."""
    (count, unit), shift = length_of(command)
    moved = f" - {shift}" if shift else ""
    if unit in CALENDAR:
        following = f'period_start(ms{moved}, {count}, "{CALENDAR[unit]}", after=1)'
        following += f" + {shift}" if shift else ""
    else:
        following = f"ms + {count * UNIT_MS[unit]}"
    keys = []
    for name in command.args["keys"]:
        exact = script.kinds[name] in ("integer", "boolean", "time")
        keys.append(f"{quoted(name)}: {script.at(name) if exact else f'same({script.at(name)})'}")
    ends = bounds(command, script.window or ALL_TIME)
    known = f"[{', '.join(str(end) for end in ends if end is not None)}]"
    bins, added = command.args["bins"], script.free_name("added")
    script.add(
        f"{script.frame} = with_all_bins(",
        f"    {script.frame}, {quoted(bins)}, lambda ms: {following}, {known},",
        f"    {{{', '.join(keys)}}}, added={quoted(added)},",
        ")",
    )
    script.kinds[added] = "boolean"
    for name, value in command.filled().items():
        made, before = write(script, value), script.kinds[name]
        if before == "numeric" and made.kind in NUMERIC:
            code = f"{script.at(name)}.astype(object).mask({script.at(added)}, {made.code})"
            script.assign(name, Snippet(f"as_number({code})", "numeric"))
            continue
        choice = [Field(parts=[added]), value, Field(parts=[name])]
        script.assign(name, write(script, Call(function="if", arguments=choice)))
    del script.kinds[added]


def _column(script: Script, node: exp.Expression) -> Snippet:
    return as_column(script, data(write(script, node)))
