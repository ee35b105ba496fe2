"""Rules from a pipeline to one that gives the same answer and reads less.

Each rule is a function from the list of commands to another; it looks at the facts that command
classes state about themselves. What comes out prints as Insights text at every step.
"""

from __future__ import annotations

from sqlglot import exp

from cwnb.events import MESSAGE, SEQUENCE, TIMESTAMP, Condition
from cwnb.insights.commands import (
    COMPARISONS,
    Call,
    Command,
    Display,
    Field,
    Fields,
    Filter,
    In,
    Item,
    Like,
    Limit,
    Parse,
    Pipeline,
    ScanEvents,
    Sort,
    SortKey,
    Stats,
    TopRows,
    conjuncts,
    is_literal,
    literal_value,
)

# Rows of an answer without `limit`, and the most that `limit` may ask for. Source:
# CWL_QuerySyntax-Limit.
DEFAULT_LIMIT = 10_000
MAXIMUM_LIMIT = 100_000


def rewrite(pipeline: Pipeline, *, limit: int | None = None) -> Pipeline:
    """Give the pipeline that is run; `limit` lowers the number of rows as StartQuery's does."""
    commands = [command.copy() for command in pipeline.commands]
    commands = explicit_limit(commands, limit)
    for rule in (explicit_sort, raise_filters, raise_limits, join_sort_and_limit, explicit_scan):
        commands = rule(commands)
    return Pipeline(commands=commands)


def explicit_limit(commands: list[Command], limit: int | None = None) -> list[Command]:
    """Say how many rows there are at most, where the query does not."""
    last = max((i for i, c in enumerate(commands) if isinstance(c, Stats)), default=-1)
    own = any(isinstance(command, Limit) for command in commands[last + 1 :])
    if limit is None and own:
        return commands
    count = DEFAULT_LIMIT if limit is None else limit
    added = Limit(count=exp.Literal.number(count))
    added.meta["implicit"] = limit is None
    return [*commands, added]


def explicit_sort(commands: list[Command]) -> list[Command]:
    """Say what a sort leaves unsaid.

    `sort f(x) as y` computes `y` first, so that it is a column like any other. Events of one time
    follow their order of arrival in the direction of `@timestamp`.
    """
    result: list[Command] = []
    for command in commands:
        if isinstance(command, Sort):
            keys: list[SortKey] = command.args["keys"]
            named = [key.args["item"] for key in keys if key.args["item"].args.get("alias")]
            if named:
                result.append(Fields(items=[item.copy() for item in named]))
            for item in named:
                item.set("value", Field(parts=[item.args["alias"]]))
            # Descending is the order in which rows come in anyway.
            timed = [k for k in keys if _is_time(k) and not k.args["descending"]]
            if timed and not any(isinstance(c, Stats) for c in result):
                arrival = Item(value=Field(parts=[SEQUENCE]), text=SEQUENCE)
                place = keys.index(timed[0]) + 1
                command.args["keys"].insert(place, SortKey(item=arrival, descending=False))
        result.append(command)
    return result


def _is_time(key: SortKey) -> bool:
    value = key.args["item"].value
    return isinstance(value, Field) and value.name == TIMESTAMP


def touches(reads: set[str], writes: set[str]) -> bool:
    """Tell whether a name that is read is written, or is a key of a structure that is."""
    return any(r == w or r.startswith(f"{w}.") for r in reads for w in writes)


def raise_filters(commands: list[Command]) -> list[Command]:
    """Move a filter before commands that neither drop rows nor write what it reads."""
    result: list[Command] = []
    for command in commands:
        place = len(result)
        if isinstance(command, Filter):
            reads = command.reads()
            while (
                place
                and not result[place - 1].drops_rows
                and not touches(reads, result[place - 1].writes())
            ):
                place -= 1
        result.insert(place, command)
    return result


def raise_limits(commands: list[Command]) -> list[Command]:
    """Move a limit before commands that work row by row, so that it meets its sort."""
    result: list[Command] = []
    for command in commands:
        place = len(result)
        if isinstance(command, Limit):
            while place and _row_by_row(result[place - 1]):
                place -= 1
        result.insert(place, command)
    return result


def _row_by_row(command: Command) -> bool:
    if isinstance(command, Parse):
        return not command.args.get("multi")
    return isinstance(command, Fields | Display)


def join_sort_and_limit(commands: list[Command]) -> list[Command]:
    """Make `sort … | limit n` one step, which holds n rows at a time."""
    result: list[Command] = []
    for command in commands:
        before = result[-1] if result else None
        plain = isinstance(command, Limit) and not command.args.get("any")
        if plain and isinstance(before, Sort):
            top = TopRows(keys=before.args["keys"], count=command.args["count"])
            top.meta.update(command.meta)
            result[-1] = top
        elif plain and isinstance(before, TopRows | Limit) and not before.args.get("any"):
            fewer = min(literal_value(before.args["count"]), literal_value(command.args["count"]))
            before.set("count", exp.Literal.number(fewer))
        else:
            result.append(command)
    return result


def explicit_scan(commands: list[Command]) -> list[Command]:
    """Begin with the read: which columns, and which conditions can leave out whole segments."""
    columns: set[str] = set()
    written: set[str] = set()
    conditions: list[exp.Expression] = []
    may_prune = True
    for command in commands:
        columns |= {name for name in command.reads() if name not in written}
        if isinstance(command, Filter) and may_prune:
            conditions += [
                part
                for part in conjuncts(command.args["condition"])
                if as_condition(part) is not None
                and not touches({f.name for f in part.find_all(Field)}, written)
            ]
        may_prune = may_prune and not command.barrier
        written |= command.writes()
        if isinstance(command, Stats):
            break
    else:
        columns |= {name for name in output_names(commands) if name not in written}
    scan = ScanEvents(
        columns=sorted(columns),
        conditions=[part.copy() for part in conditions],
    )
    return [scan, *commands]


_MIRROR = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def as_condition(part: exp.Expression) -> Condition | None:
    """Give the conjunct in the words that a source understands, or None."""
    # What is unequal can be anywhere, so `!=` leaves nothing out.
    if type(part) in COMPARISONS and not isinstance(part, exp.NEQ):
        left, right = part.this, part.expression
        operator = COMPARISONS[type(part)]
        if is_literal(left) and isinstance(right, Field):
            left, right, operator = right, left, _MIRROR[operator]
        if isinstance(left, Field) and is_literal(right):
            return Condition(left.name, operator, (literal_value(right),))
    if isinstance(part, In) and isinstance(part.args["value"], Field):
        options = tuple(literal_value(option) for option in part.args["options"])
        return Condition(part.args["value"].name, "in", options)
    if isinstance(part, Like) and isinstance(part.args["value"], Field):
        return Condition(part.args["value"].name, "present")
    if isinstance(part, Call) and part.entry.true_only_if_present:
        subject = part.arguments[0]
        return Condition(subject.name, "present") if isinstance(subject, Field) else None
    return None


def output_names(commands: list[Command]) -> list[str]:
    """Name the columns of the answer, in order.

    `display` wins; else what `stats` gave and later `fields` added; else all that `fields` and
    `parse` named; and `@timestamp`, `@message` where nothing says what to show.
    """
    last = max((i for i, c in enumerate(commands) if isinstance(c, Stats)), default=-1)
    displays = [c for c in commands[last + 1 :] if isinstance(c, Display)]
    if displays:
        return list(dict.fromkeys(item.name for item in displays[-1].args["items"]))
    names: list[str] = []
    if last >= 0:
        stats = commands[last]
        names += [i.name for i in [*(stats.args.get("by") or []), *stats.args["aggregates"]]]
    asked = any(isinstance(c, Fields) for c in commands[last + 1 :])
    if last < 0 and not asked:
        names += [TIMESTAMP, MESSAGE]
    for command in commands[last + 1 :]:
        if isinstance(command, Fields):
            names += [item.name for item in command.args["items"]]
        elif isinstance(command, Parse):
            names += command.args["names"]
        elif isinstance(command, Sort | TopRows):
            names += [
                k.args["item"].name
                for k in command.args["keys"]
                if k.args["item"].args.get("alias")
            ]
    return list(dict.fromkeys(names))
