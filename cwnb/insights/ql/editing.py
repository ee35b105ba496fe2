"""Change the text of a query as a person would: add a condition, count by a field, drill down.

What is not changed stays as it was written, its comments too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.errors import MalformedQuery
from cwnb.events import POINTER
from cwnb.insights.ql.dialect import parse_query
from cwnb.insights.ql.writer import to_text, write_name
from cwnb.insights.tree import Call, Field, Filter, FilterIndex, Groups, Period
from cwnb.insights.tree.facts import Names, Needs, Rows
from cwnb.insights.values.periods import capped

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

    from cwnb.insights.tree import Command, Item

    # The count and the unit of a period, as `bin` uses it.
    Bins = tuple[int, str]


def with_condition(text: str, field: str, condition: str, *, of_event: bool = False) -> str:
    """Add a `filter` before the first command that needs more than one row.

    A field that only a later command makes, such as a column of `stats`, is filtered at the end.
    The text stays as it is where it has this condition there already.
    `of_event`: the condition is about a field that the events have. Raises MalformedQuery for a
    text that does not parse, and where the query makes a field of the same name.
    """
    commands = parse_query(text).answer.commands
    place = _beginning(commands)
    if not _is_made(commands[:place], field, text, of_event=of_event) and not of_event:
        place = place if _is_carried(commands[place:], field) else len(commands)
    if not _missing([condition], commands[:place]):
        return text
    return _inserted(text, commands, place, f"filter {condition}")


def conditions_to_add(text: str, conditions: list[str]) -> list[str]:
    """Give those of some conditions that the row-by-row beginning of a query does not have yet."""
    commands = parse_query(text).answer.commands
    return _missing(conditions, commands[: _beginning(commands)])


def _missing(conditions: list[str], commands: list[Command]) -> list[str]:
    """Give the conditions that rows need not fulfil yet after these commands."""
    held: dict[str, set[str]] = {}  # the text of each that they do, and the fields it reads
    for command in commands:
        if command.needs is not Needs.ROW or command.names is Names.REPLACES:
            held = {}
        held = {said: reads for said, reads in held.items() if not any(map(command.makes, reads))}
        if isinstance(command, Filter | FilterIndex):
            for one in command.conditions():
                held[to_text(one)] = {field.name for field in one.find_all(Field)}
    return [
        condition
        for condition in conditions
        if not all(to_text(one) in held for one in _conjuncts(condition))
    ]


def _conjuncts(condition: str) -> list[Expression]:
    (command,) = parse_query(f"filter {condition}").answer.commands
    assert isinstance(command, Filter)
    return command.conditions()


def counted_by(text: str, field: str, *, of_event: bool = False, as_key: str = "") -> str:
    """Count the events of the row-by-row beginning of a query by a field, most frequent first.

    `as_key`: an expression to group by in the place of the field, whose name it gets. A key of
    `stats` is counted by its expression. Raises MalformedQuery for a field that is made of several
    events, and as `with_condition` does.
    """
    commands = parse_query(text).answer.commands
    place = _beginning(commands)
    name = write_name(field)
    if as_key not in ("", name):
        name = f"{as_key} as {name}"
    if not _is_made(commands[:place], field, text, of_event=of_event) and not of_event:
        key = _key_named(commands[place:], field)
        if key is not None and not (isinstance(key.value, Field) and key.value.name == field):
            name = f"{to_text(key.value)} as {write_name(field)}"
        elif key is None and any(command.makes(field) for command in commands[place:]):
            message = f"the query makes {field!r} of several events; choose a field that each has"
            raise MalformedQuery(message, text)
    return f"{events_beginning(text)}stats count(*) as events by {name}\n| sort events desc"


def _is_made(beginning: list[Command], field: str, text: str, *, of_event: bool) -> bool:
    made = any(command.makes(field) for command in beginning)
    if made and of_event:
        # The language takes no name for two fields, not even for one after the other.
        message = f"{field!r} is a field that the query makes; call that one by another name first"
        raise MalformedQuery(message, text)
    return made


def events_beginning(text: str) -> str:
    """Give the text up to the first command that needs more than one row; a command may follow."""
    commands = parse_query(text).answer.commands
    place = _beginning(commands)
    return f"{text.rstrip()}\n| " if place == len(commands) else text[: _start(commands[place])]


def begins_at(text: str) -> int:
    """Give the place of the first command, behind the SOURCE that names the log groups."""
    answer = parse_query(text).answer
    return _start(answer.commands[0]) if isinstance(answer.input, Groups) else 0


def names_made(text: str) -> set[str]:
    """Name the fields that the row-by-row beginning of a query makes or replaces."""
    commands = parse_query(text).answer.commands
    return {name for command in commands[: _beginning(commands)] for name in command.writes()}


def fields_of_events(text: str, names: set[str]) -> set[str]:
    """Name the fields that have one value an event at the end of a query's row-by-row beginning.

    `names` are the fields that the events have before it. What is made by `parse … multi`, or after
    it, may have several.
    """
    fields, several = set(names), False
    commands = parse_query(text).answer.commands
    for command in commands[: _beginning(commands)]:
        several = several or command.rows is Rows.MORE
        fields = fields - command.writes() if several else fields | command.writes()
    return fields


def counted_over_time(text: str, period: str, by: str = "") -> str:
    """Count the events of the row-by-row beginning of a query for each period such as `5m`.

    The answer has the column of the bin, that of `by` (an expression) if there is one, and last the
    number of events. An event counts once where `parse … multi` makes several rows of it, unless
    `by` tells them apart.
    """
    commands = parse_query(text).answer.commands
    several = any(command.rows is Rows.MORE for command in commands[: _beginning(commands)])
    count = f"countDistinct({POINTER})" if several else "count(*)"
    return f"{events_beginning(text)}stats {count} by bin({period}){f', {by}' if by else ''}"


def keys_of_groups(text: str) -> dict[str, tuple[str, Bins | None]] | None:
    """Give, for each key of the groups of `stats`, its expression and the period of its bins.

    None for a query whose first command that needs more than one row is no `stats`, or where a
    later command makes something else of a key.
    """
    commands = parse_query(text).answer.commands
    place = _beginning(commands)
    grouping = commands[place].grouping() if place < len(commands) else None
    if grouping is None:
        return None
    if not all(_is_carried(commands[place + 1 :], item.name) for item in grouping.by):
        return None
    return {item.name: (to_text(item.value), _period(item)) for item in grouping.by}


def _beginning(commands: list[Command]) -> int:
    """Count the commands at the beginning that decide about each row by that row alone."""
    for place, command in enumerate(commands):
        if command.needs is not Needs.ROW or command.names is Names.REPLACES:
            return place
    return len(commands)


def _is_carried(commands: list[Command], field: str) -> bool:
    """Tell whether a field is still the same one after these commands."""
    for command in commands:
        if command.grouping() is None:
            if command.makes(field):
                return False
        else:
            key = _key_named([command], field)
            if key is None or not isinstance(key.value, Field) or key.value.name != field:
                return False
    return True


def _key_named(commands: list[Command], field: str) -> Item | None:
    for command in commands:
        grouping = command.grouping()
        for item in grouping.by if grouping else ():
            if item.name == field:
                return item
    return None


def _period(item: Item) -> Bins | None:
    value = item.value
    if not isinstance(value, Call) or not value.entry.bins:
        return None
    period = next((a for a in value.args["arguments"] if isinstance(a, Period)), None)
    if period is None:
        return None
    unit = str(period.args["unit"])
    return capped(int(period.args["count"]), unit), unit


def _start(command: Command) -> int:
    start: int = command.meta["start"]
    return start


def _inserted(text: str, commands: list[Command], place: int, added: str) -> str:
    if place == len(commands):
        return f"{text.rstrip()}\n| {added}"
    start = _start(commands[place])
    return f"{text[:start]}{added}\n| {text[start:]}"
