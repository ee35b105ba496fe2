"""Write commands as pandas code: one writer for each command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cwnb.insights.to_pandas.expressions import step, write, write_condition
from cwnb.insights.to_pandas.parsing import (
    write_csv,
    write_json,
    write_logfmt,
    write_parse,
    write_xml,
)
from cwnb.insights.to_pandas.sequences import (
    write_accum,
    write_addtotals,
    write_autoregress,
    write_filldown,
    write_fillmissing,
    write_outlier,
    write_sessionize,
    write_tail,
)
from cwnb.insights.to_pandas.stats import write_stats
from cwnb.insights.to_pandas.writing import (
    WIDTH,
    CannotSay,
    Script,
    Snippet,
    Written,
    as_column,
    data,
    quoted,
    split_outside,
    text,
)
from cwnb.insights.tree import (
    Accum,
    AddTotals,
    Anomaly,
    AppendCols,
    Autoregress,
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
    Item,
    Join,
    Json,
    Limit,
    Logcompare,
    Lookup,
    Order,
    Outlier,
    Parse,
    ParseCsv,
    ParseLogfmt,
    ParseXml,
    Pattern,
    RelevantFields,
    Rows,
    Sessionize,
    Sort,
    Stats,
    Tail,
    Unmask,
    Unnest,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def write_command(script: Script, command: Command) -> None:
    """Write a command; raises CannotSay for one without a writer."""
    if reason := UNSAID.get(type(command)):
        raise CannotSay(f"{command.keyword} {reason}")
    writer = COMMANDS.get(type(command))
    if writer is None:
        raise CannotSay(f"no words for the command {command.keyword!r}")
    writer(script, command)
    script.events = script.events and command.rows is not Rows.NEW
    script.newest_first = script.newest_first and command.order is Order.KEEPS


# Fields and display


def _fields(script: Script, command: Fields | Display) -> None:
    for item in command.args["items"]:
        script.assign(item.name, write(script, item.value))


# Filter


def _filter(script: Script, command: Filter | FilterIndex) -> None:
    code = write_condition(script, command.args["condition"], only_true=True)
    line = f"{script.frame} = {script.frame}[{code}]"
    if len(line) <= WIDTH or not _splits(command.args["condition"]):
        script.add(line)
        return
    sign = "&" if isinstance(command.args["condition"], exp.And) else "|"
    parts = split_outside(code, f" {sign} ")
    script.add(f"{script.frame} = {script.frame}[")
    script.add(f"    {parts[0]}", *(f"    {sign} {part}" for part in parts[1:]), "]")


def _splits(condition: exp.Expression) -> bool:
    return isinstance(condition, exp.And | exp.Or)


# Lists


def _unnest(script: Script, command: Unnest) -> None:
    items = as_column(script, data(write(script, command.args["value"])))
    _rows_of_items(script, str(command.args["name"]), items.code)


def _expand(script: Script, command: Expand) -> None:
    name = command.args["value"].name
    items = as_column(script, write(script, command.args["value"]))
    below = [other for other in script.kinds if other.startswith(f"{name}.")]
    _rows_of_items(script, name, f"each(list_in, object, {items.code})")
    for other in below:
        part = step(Snippet(script.at(name), "any"), other.split(".")[name.count(".") + 1 :])
        script.add(f"{script.at(other)} = {part.code}.fillna({script.at(other)}.astype(object))")
        script.kinds[other] = "any"


def _rows_of_items(script: Script, name: str, code: str) -> None:
    script.add(f"{script.frame} = unnested({script.frame}, {quoted(name)}, {code})")
    # Names below it are parts of the items now.
    script.kinds = {n: kind for n, kind in script.kinds.items() if not n.startswith(f"{name}.")}
    script.kinds[name] = "any"


# Lookup tables


def _lookup(script: Script, command: Lookup) -> None:
    names = [quoted(key.args["column"]) for key in command.args["keys"]]
    texts = [text(script, _scalars(write(script, key.field))).code for key in command.args["keys"]]
    table = script.answers[command.args["answer"].place]
    script.add(f"found = looked_up({table.frame}, [{', '.join(names)}], {', '.join(texts)})")
    _outputs(script, command, table)


def _cidr_lookup(script: Script, command: CidrLookup) -> None:
    address = text(script, _scalars(write(script, command.args["field"]))).code
    table = script.answers[command.args["answer"].place]
    script.add(f"found = in_networks({table.frame}, {quoted(command.args['column'])}, {address})")
    _outputs(script, command, table)


def _scalars(snippet: Snippet) -> Snippet:
    """Leave out lists and dicts, whose text matches nothing."""
    if snippet.kind != "any" or snippet.is_literal:
        return snippet
    return Snippet(f"{snippet.operand}.map(scalar)", "any")


def _outputs(script: Script, command: Lookup | CidrLookup, table: Written) -> None:
    for output in command.args["outputs"]:
        name, column = output.args["name"], output.args["column"]
        found, kind = f"found[{quoted(column)}]", table.kinds[column]
        before = script.kinds.get(name)
        if command.args.get("new") and before is not None:
            if before != kind:
                found, kind = (
                    f"{script.at(name)}.astype(object).fillna({found}.astype(object))",
                    "any",
                )
            else:
                found = f"{script.at(name)}.fillna({found})"
        script.write(script.at(name), found)
        script.kinds[name] = kind


# Joins


def _join(script: Script, command: Join) -> None:
    answer = script.answers[command.args["answer"].place]
    left = [_join_key(write(script, key.args["left"])) for key in command.args["keys"]]
    right = [_join_key(answer.at(key.args["right"])) for key in command.args["keys"]]
    keys = f"[{', '.join(left)}], [{', '.join(right)}]"
    keep = bool(command.args.get("outer"))
    script.add(
        f"{script.frame}, found = paired(",
        f"    {script.frame}, {answer.frame}, {keys}, keep={keep}",
        ")",
    )
    for name in command.args["columns"]:
        own = f"{command.args['right']}.{name}"
        script.write(script.at(own), f"found[{quoted(name)}]")
        script.kinds[own] = answer.kinds.get(name, "any")
    for shown, name in command.args["shown"]:
        script.assign(shown, write(script, Field(parts=name.split("."))))


def _append_cols(script: Script, command: AppendCols) -> None:
    answer = script.answers[command.args["answer"].place]
    names = f"[{', '.join(map(quoted, command.gives()))}]"
    call = f"beside({script.frame}, {answer.frame}, {names}, {command.most})"
    script.add(f"{script.frame} = {call}")
    for name in command.gives():
        script.kinds[name] = answer.kinds.get(name, "any")


def _join_key(snippet: Snippet) -> str:
    snippet = _scalars(data(snippet))
    if snippet.kind == "time":
        return f'same({snippet.operand}.astype("int64[pyarrow]"))'
    return f"same({snippet.code})"


# Sort, limit, dedup


def _sort(script: Script, command: Sort) -> None:
    names: list[str] = []
    ascending: list[bool] = []
    plain = True
    for key in command.args["keys"]:
        item: Item = key.args["item"]
        snippet = write(script, item.value)
        name = item.name
        if snippet.code != script.at(name):
            name = script.free_name(item.name)
            script.assign(name, snippet)
        kind = script.kinds[name]
        plain = plain and kind in ("integer", "number", "time", "boolean")
        names.append(name)
        ascending.append(not key.args["descending"])
    by = quoted(names[0]) if len(names) == 1 else f"[{', '.join(map(quoted, names))}]"
    same_way = len(set(ascending)) == 1
    order = "" if all(ascending) else f", ascending={ascending[0] if same_way else ascending}"
    if plain and same_way:
        order += f', na_position="{"first" if ascending[0] else "last"}"'
    else:
        order += ", key=sort_order"
    script.add(f'{script.frame} = {script.frame}.sort_values({by}{order}, kind="stable")')


def _limit(script: Script, command: Limit) -> None:
    script.add(f"{script.frame} = {script.frame}.head({command.row_cap()})")


def _dedup(script: Script, command: Dedup) -> None:
    keys = []
    plain = True
    for item in command.args["items"]:
        value = item.value if isinstance(item, Item) else item
        snippet = as_column(script, data(write(script, value)))
        exact = snippet.kind in ("boolean", "time")
        plain = plain and exact and isinstance(value, Field)
        # Beside a missing value, pandas compares integers as doubles.
        whole = f"{snippet.operand}.astype(TEXT)" if snippet.kind == "integer" else ""
        code = snippet.code if exact else whole or f"same({snippet.code})"
        keys.append((item.name, code))
    if plain:
        script.add(f"keys = {script.frame}[[{', '.join(quoted(name) for name, _ in keys)}]]")
    else:
        pairs = ", ".join(f"{quoted(name)}: {code}" for name, code in keys)
        script.add(f"keys = pd.DataFrame({{{pairs}}})")
    script.add(f"{script.frame} = {script.frame}[~keys.duplicated() | keys.isna().any(axis=1)]")


# The whole


def finish(script: Script, outputs: list[str], rows: int | None, result: str) -> None:
    """Write the frame named `result`: the columns to show, and at most `rows` rows."""
    columns = ", ".join(map(quoted, outputs))
    head = "" if rows is None else f".head({rows:_})"
    script.add(f"{result} = {script.frame}[[{columns}]]{head}")


COMMANDS: dict[type[Command], Callable[[Script, Any], None]] = {
    Fields: _fields,
    Display: _fields,
    Unmask: _fields,
    Filter: _filter,
    FilterIndex: _filter,
    Parse: write_parse,
    ParseLogfmt: write_logfmt,
    ParseCsv: write_csv,
    ParseXml: write_xml,
    Json: write_json,
    Lookup: _lookup,
    CidrLookup: _cidr_lookup,
    Join: _join,
    AppendCols: _append_cols,
    Unnest: _unnest,
    Expand: _expand,
    Stats: write_stats,
    Sort: _sort,
    Limit: _limit,
    Dedup: _dedup,
    Tail: write_tail,
    AddTotals: write_addtotals,
    Accum: write_accum,
    Autoregress: write_autoregress,
    Filldown: write_filldown,
    Outlier: write_outlier,
    Sessionize: write_sessionize,
    Fillmissing: write_fillmissing,
}

# Commands that plain pandas cannot say in a page that somebody would read, with the reason.
_MINES = "groups texts by an algorithm of several hundred lines: see cwnb.insights.patterns"
_COMPARES = "compares distributions of all fields: see cwnb.insights.patterns.relevance"
UNSAID: dict[type[Command], str] = {
    Pattern: _MINES,
    Diff: _MINES,
    Logcompare: _MINES,
    Anomaly: _MINES,
    RelevantFields: _COMPARES,
    Estimate: "asks for sizes of log groups, which the exported events do not tell",
}
