"""One writer for each command, and the order in which they make a script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cwnb.events import MESSAGE, SEQUENCE, TIMESTAMP
from cwnb.insights.commands import (
    Call,
    Command,
    Dedup,
    Display,
    Field,
    Fields,
    Filter,
    Item,
    Limit,
    Parse,
    Sort,
    Stats,
)
from cwnb.insights.to_pandas.aggregates import AGGREGATES, is_aggregate
from cwnb.insights.to_pandas.datetimes import rounded
from cwnb.insights.to_pandas.expressions import aggregate_key, write, write_condition
from cwnb.insights.to_pandas.writing import (
    WIDTH,
    CannotSay,
    Script,
    Snippet,
    as_column,
    canonical,
    data,
    quoted,
    raw,
    split_outside,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_LIMIT = 10_000


def write_command(script: Script, command: Command) -> None:
    """Write a command; raises CannotSay for one without a writer."""
    writer = COMMANDS.get(type(command))
    if writer is None:
        raise CannotSay(f"no words for the command {command.keyword!r}")
    writer(script, command)


# ---------------------------------------------------------------- fields and display


def _fields(script: Script, command: Fields) -> None:
    script.shown += _compute(script, command.args["items"])
    script.asked = True


def _display(script: Script, command: Display) -> None:
    script.displayed = _compute(script, command.args["items"])


def _compute(script: Script, items: list[Item]) -> list[str]:
    for item in items:
        script.assign(item.name, write(script, item.value))
    return [item.name for item in items]


# ---------------------------------------------------------------- filter


def _filter(script: Script, command: Filter) -> None:
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


# ---------------------------------------------------------------- parse


def _parse(script: Script, command: Parse) -> None:
    source = text(script, write(script, command.args["value"]))
    names: list[str] = list(command.args["names"])
    pattern = command.args["pattern"]
    regex = glob_regex(str(pattern.this)) if isinstance(pattern, exp.Literal) else pattern.pattern
    regex, groups = _named_groups(regex, names)
    if command.args.get("multi"):
        _every_match(script, source, regex, groups, names)
    else:
        _first_match(script, source, regex, groups, names)
    for name in names:
        script.kinds[name] = "text"
    script.shown += names


def glob_regex(glob: str) -> str:
    """Translate a glob: each `*` takes as little as it can, one at the end takes the rest.

    A glob without `*` extracts what stands after it.
    """
    literals = glob.split("*") if "*" in glob else [glob, ""]
    last = len(literals) - 2
    pattern = _escape(literals[0])
    for place, literal in enumerate(literals[1:]):
        rest = place == last and not literal
        pattern += ("(.*)" if rest else "(.*?)") + _escape(literal)
    return f"(?s){pattern}"


def _escape(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text).replace("\n", "\\n")


def _named_groups(regex: str, names: list[str]) -> tuple[str, list[str]]:
    """Give every capturing group a name that Python takes, the field's own where it can be."""
    groups: list[str] = []

    def name(found: re.Match[str]) -> str:
        if not found[0].startswith("("):
            return found[0]
        if not found[1] and has_names:
            return "(?:"
        wanted = names[len(groups)] if len(groups) < len(names) else ""
        groups.append(wanted if wanted.isidentifier() and wanted.isascii() else f"g{len(groups)}")
        return f"(?P<{groups[-1]}>"

    piece = r"\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\((?:\?P?<([^>=!]+)>|(?!\?))"
    has_names = any(found[1] for found in re.finditer(piece, regex, re.DOTALL))
    written = re.sub(piece, name, regex, flags=re.DOTALL)
    if len(groups) != len(names):
        raise CannotSay(f"a pattern with {len(groups)} groups for {len(names)} names")
    return written, groups


def _first_match(
    script: Script, source: Snippet, regex: str, groups: list[str], names: list[str]
) -> None:
    try:
        re.compile(regex)
        found = f"{source.operand}.str.extract({raw(regex)})"
    except (re.error, OverflowError, RecursionError):
        # Python does not read every pattern of RE2, and pandas asks Python for the names.
        found = f"extract({source.code}, {raw(regex)})"
    if len(names) == 1:
        script.add(f"{script.at(names[0])} = {found}[{quoted(groups[0])}]")
        return
    script.add(f"found = {found}")
    for name, group in zip(names, groups, strict=True):
        script.add(f"{script.at(name)} = found[{quoted(group)}]")


def _every_match(
    script: Script, source: Snippet, regex: str, groups: list[str], names: list[str]
) -> None:
    try:
        re.compile(regex)
    except (re.error, OverflowError, RecursionError) as error:
        raise CannotSay("parse multi with a pattern that Python does not read") from error
    script.add(
        f"{script.frame} = {script.frame}.reset_index(drop=True)",
        "# Python's regular expressions find every match; ASCII classes are RE2's.",
        f"found = {source.operand}.astype(object).str.extractall({raw(regex)}, flags=re.ASCII)",
        "found = found.droplevel(1).astype(TEXT)",
    )
    renamed = {g: n for g, n in zip(groups, names, strict=True) if g != n}
    if renamed:
        pairs = ", ".join(f"{quoted(g)}: {quoted(n)}" for g, n in renamed.items())
        script.add(f"found = found.rename(columns={{{pairs}}})")
    known = [name for name in names if name in script.kinds]
    frame = script.frame
    if known:
        frame += f".drop(columns=[{', '.join(map(quoted, known))}])"
    script.add(f"{script.frame} = {frame}.join(found).reset_index(drop=True)")


# ---------------------------------------------------------------- stats


def _stats(script: Script, command: Stats) -> None:
    keys: list[Item] = list(command.args.get("by") or [])
    items: list[Item] = list(command.args["aggregates"])
    grouping, displays = [], []
    for key in keys:
        snippet = data(_offset(write(script, key.value), key.value, command, script))
        name = _key_column(script, key, snippet)
        displays.append((key.name, name, snippet.kind))
        exact = snippet.kind in ("integer", "boolean", "time")
        grouping.append(quoted(name) if exact else f"same({script.at(name)})")
    calls = [call for item in items for call in _calls(item.value)]
    made: dict[str, Snippet] = {}
    for call in calls:
        made.setdefault(
            aggregate_key(call), AGGREGATES[canonical(call.name)](script, call.arguments)
        )
    if grouping:
        by = f"[{', '.join(grouping)}], sort=False, dropna=False"
    else:
        by = f"pd.Series(0, index={script.frame}.index)"
    script.add(f"groups = {script.frame}.groupby({by})")
    _rows(script, displays, items, made)
    script.aggregates = {}
    script.aggregated = True
    script.shown = [*(name for name, _, _ in displays), *(item.name for item in items)]
    script.displayed = None
    script.kinds = {name: script.kinds[name] for name in script.shown}


def _offset(snippet: Snippet, node: exp.Expression, command: Stats, script: Script) -> Snippet:
    offset = command.args.get("offset")
    if offset is None or not (isinstance(node, Call) and canonical(node.name) == "bin"):
        return snippet
    count, unit = int(offset.args["count"]), str(offset.args["unit"])
    words = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    if unit == "w":
        count, unit = 7 * count, "d"
    if unit not in words:
        raise CannotSay(f"an offset in the unit {unit!r}, which has no fixed length")
    shift = f'pd.Timedelta({words[unit]}={count}).as_unit("ms")'
    time = Snippet(f"{script.at(TIMESTAMP)} - {shift}", "time", whole=False)
    period = write(script, node.arguments[0])
    return Snippet(f"{rounded('floor', time, period).code} + {shift}", "time", whole=False)


def _key_column(script: Script, key: Item, snippet: Snippet) -> str:
    """Give the column that holds a group key, written first if it is no field."""
    column = as_column(script, snippet)
    if isinstance(key.value, Field) and column.code == script.at(key.value.name):
        return key.value.name
    name = script.free_name(key.name)
    script.write(script.at(name), column.code)
    script.kinds[name] = column.kind
    return name


def _calls(node: exp.Expression) -> list[Call]:
    if is_aggregate(node):
        return [node]  # type: ignore[list-item]
    return [call for call in node.find_all(Call) if is_aggregate(call)]


def _rows(
    script: Script,
    displays: list[tuple[str, str, str]],
    items: list[Item],
    made: dict[str, Snippet],
) -> None:
    """Write the frame of groups: keys as first seen, then the aggregations."""
    columns, kinds, later = [], {}, []
    for name, column, kind in displays:
        columns.append(f"{quoted(name)}: groups[{quoted(column)}].first()")
        kinds[name] = kind
    pieces: dict[str, Snippet] = {}
    for item in items:
        if not is_aggregate(item.value):
            later.append(item)
            continue
        snippet = made[aggregate_key(item.value)]  # type: ignore[arg-type]
        columns.append(f"{quoted(item.name)}: {snippet.code}")
        kinds[item.name] = snippet.kind
        pieces.setdefault(
            aggregate_key(item.value),  # type: ignore[arg-type]
            Snippet(script.at(item.name), snippet.kind),
        )
    for item in later:
        for call in _calls(item.value):
            key = aggregate_key(call)
            if key not in pieces:
                name = f"{_text_of(call)}'"
                columns.append(f"{quoted(name)}: {made[key].code}")
                kinds[name] = made[key].kind
                pieces[key] = Snippet(script.at(name), made[key].kind)
    line = f"{script.frame} = pd.DataFrame({{{', '.join(columns)}}}).reset_index(drop=True)"
    if len(line) <= WIDTH:
        script.add(line)
    else:
        script.add(f"{script.frame} = pd.DataFrame({{")
        script.add(*(f"    {column}," for column in columns))
        script.add("}).reset_index(drop=True)")
    script.kinds = kinds
    script.aggregates = pieces
    for item in later:
        script.assign(item.name, write(script, item.value))


def _text_of(node: exp.Expression) -> str:
    from cwnb.insights.dialect import to_text

    return to_text(node)


# ---------------------------------------------------------------- sort, limit, dedup


def _sort(script: Script, command: Sort) -> None:
    names: list[str] = []
    ascending: list[bool] = []
    plain = True
    for key in command.args["keys"]:
        item: Item = key.args["item"]
        snippet = write(script, item.value)
        name = item.name
        if item.args.get("alias") or snippet.code != script.at(name):
            name = item.name if item.args.get("alias") else script.free_name(item.name)
            script.assign(name, snippet)
        if item.args.get("alias"):
            script.shown.append(name)
        kind = script.kinds[name]
        plain = plain and kind in ("integer", "number", "time", "boolean")
        names.append(name)
        ascending.append(not key.args["descending"])
        if name == TIMESTAMP and SEQUENCE in script.kinds:
            names.append(SEQUENCE)
            ascending.append(ascending[-1])
    by = quoted(names[0]) if len(names) == 1 else f"[{', '.join(map(quoted, names))}]"
    same_way = len(set(ascending)) == 1
    order = "" if all(ascending) else f", ascending={ascending[0] if same_way else ascending}"
    if plain and same_way:
        order += f', na_position="{"first" if ascending[0] else "last"}"'
    else:
        order += ", key=sort_order"
    script.add(f'{script.frame} = {script.frame}.sort_values({by}{order}, kind="stable")')


def _limit(script: Script, command: Limit) -> None:
    script.add(f"{script.frame} = {script.frame}.head({_count(command.args['count'])})")
    script.limited = True


def _count(count: Any) -> int:
    return int(str(count.this)) if isinstance(count, exp.Expression) else int(count)


def _dedup(script: Script, command: Dedup) -> None:
    keys = []
    plain = True
    for item in command.args["items"]:
        value = item.value if isinstance(item, Item) else item
        snippet = as_column(script, data(write(script, value)))
        exact = snippet.kind in ("integer", "boolean", "time")
        plain = plain and exact and isinstance(value, Field)
        name = item.name
        keys.append((name, snippet.code if exact else f"same({snippet.code})"))
    if plain:
        script.add(f"keys = {script.frame}[[{', '.join(quoted(name) for name, _ in keys)}]]")
    else:
        pairs = ", ".join(f"{quoted(name)}: {code}" for name, code in keys)
        script.add(f"keys = pd.DataFrame({{{pairs}}})")
    script.add(f"{script.frame} = {script.frame}[~keys.duplicated() | keys.isna().any(axis=1)]")


# ---------------------------------------------------------------- the whole


def finish(script: Script) -> None:
    """Write the frame named `result`: the columns to show, and no more rows than the default."""
    shown = script.shown
    if not script.asked and not script.aggregated:
        shown = [TIMESTAMP, MESSAGE, *shown]
    if script.displayed is not None:
        shown = script.displayed
    columns = ", ".join(map(quoted, dict.fromkeys(shown)))
    rows = "" if script.limited else f".head({DEFAULT_LIMIT:_})"
    script.add(f"result = {script.frame}[[{columns}]]{rows}")


COMMANDS: dict[type[Command], Callable[[Script, Any], None]] = {
    Fields: _fields,
    Display: _display,
    Filter: _filter,
    Parse: _parse,
    Stats: _stats,
    Sort: _sort,
    Limit: _limit,
    Dedup: _dedup,
}
