"""Check the names in each command of a pipeline against those that are defined at that place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sqlglot import exp

from cwnb.events import FIELDS_PER_EVENT, INGESTION_TIME, RAW, SEQUENCE, SYSTEM_FIELDS, TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.names import suggestion
from cwnb.insights.ql.tokens import quote
from cwnb.insights.ql.writer import to_text, write_name
from cwnb.insights.resolve.mistakes import Mistake, bare_condition, mistake_in, text_for_field
from cwnb.insights.resolve.scope import (
    Scope,
    is_aggregate,
    refuse,
    repeats,
    replace_value,
    scope_of_columns,
)
from cwnb.insights.tree import Shows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

COMPARISONS = tuple(tree.COMPARISONS)
# Every event has these; the last two are not fields of the language.
_ALWAYS = frozenset({*SYSTEM_FIELDS, SEQUENCE, RAW})


def check_names(
    pipeline: tree.Pipeline,
    warnings: list[str],
    *,
    strict: bool,
    known: Callable[[str], bool],
    names: Callable[[], Iterable[str]],
    cut_events: Callable[[str], int] = lambda _: 0,
    columns: list[str] | None,
) -> None:
    """Check the names in a pipeline, which may change its commands; adds to the warnings.

    `known` tells whether an event may have a field, `names` gives the fields for suggestions,
    `cut_events` how many events may have lost a field, as they have too many,
    `columns` are those of an input whose rows are no events. Raises MalformedQuery.
    """
    checker = _NameChecker(
        pipeline,
        warnings,
        strict=strict,
        known=known,
        names=names,
        cut_events=cut_events,
        columns=columns,
    )
    for command in pipeline.commands:
        checker.check(command)
    pipeline.set("commands", checker.checked)


def _stands_for_text(name: tree.Field) -> bool:
    """Tell whether a field is the right side of a comparison with a field: `level = ERROR`."""
    parent = name.parent
    return (
        isinstance(parent, COMPARISONS)
        and parent.expression is name
        and isinstance(parent.this, tree.Field)
    )


class _NameChecker:
    """Checks one command after the other, and keeps the scope between them."""

    def __init__(
        self,
        pipeline: tree.Pipeline,
        warnings: list[str],
        *,
        strict: bool,
        known: Callable[[str], bool],
        names: Callable[[], Iterable[str]],
        cut_events: Callable[[str], int],
        columns: list[str] | None,
    ) -> None:
        self.pipeline = pipeline
        self.warnings = warnings
        self.strict = strict
        self.known = known
        self.names = names
        self.cut_events = cut_events
        # The columns of an answer are like the outputs of stats: no other names are there.
        self.scope = Scope() if columns is None else scope_of_columns(columns)
        self.events = columns is None
        self.given_by = "the stats" if self.events else "the answer"
        self.checked: list[tree.Command] = []
        # The place of the first `stats` in `checked`, and the scope before it.
        self.first_stats: int | None = None
        self.before_stats = Scope()
        self.stats_seen = 0

    def check(self, command: tree.Command) -> None:
        """Check one command, and add it to `checked` unless it has no effect."""
        check = CHECKS.get(type(command))
        if check is None:
            self._refuse(f"cannot check the command {command.keyword!r}", command)
        reads = command.reads()
        kept = check(self, command)
        self.scope.named |= reads
        if kept is not None:
            self.checked.append(kept)

    # Commands, row by row

    def check_items(self, command: tree.Fields | tree.Display) -> tree.Command:
        kept: list[tree.Item] = []
        for item in command.args["items"]:
            self._resolve_item(item)
            value = item.value
            if repeats(item, kept):
                continue
            self._check_other_value(item, kept)
            listing = command.shows is Shows.LISTS and self.scope.outputs is None
            if item.args.get("alias"):
                again = self.scope.listed | (self.scope.named if listing else set())
                self._define(item.name, item, again=again)
            elif isinstance(value, tree.Field):
                if listing and value.name in self.scope.made:
                    hint = "fields defines what it lists; 'display' shows it"
                    self._refuse_again(value.name, item, hint)
                if listing:
                    self.scope.listed.add(value.name)
            if item.args.get("alias") or not isinstance(value, tree.Field):
                self.scope.made.setdefault(item.name, False)
                self.scope.made[item.name] |= self._is_time(value)
            kept.append(item)
        command.set("items", kept)
        return command

    def _check_other_value(self, item: tree.Item, others: list[tree.Item]) -> None:
        """Refuse a column that has the name of another one with another value."""
        if isinstance(item.value, tree.Field) and not item.args.get("alias"):
            # It shows what the query has given the name to.
            others = [other for other in others if not other.args.get("alias")]
        if any(other.name == item.name for other in others):
            self._refuse_again(item.name, item)
        if item.args.get("alias") or isinstance(item.value, tree.Field):
            return
        if item.name in (self.scope.made.keys() | self.scope.listed) - self.scope.expressions:
            self._refuse_again(item.name, item)
        self.scope.expressions.add(item.name)

    def check_parse(self, command: tree.Parse) -> tree.Command:
        command.set("value", self._resolve(command.args["value"]))
        for name in command.args["names"]:
            self._define(name, command, again=self.scope.named | self.scope.listed)
        return command

    def check_dedup(self, command: tree.Dedup) -> tree.Command:
        for item in command.args["items"]:
            self._resolve_item(item)
        return command

    def check_limit(self, command: tree.Limit) -> tree.Command:
        return command

    def check_filter(self, command: tree.Filter) -> tree.Filter | None:
        stay: list[exp.Expression] = []
        moved: list[exp.Expression] = []
        conditions = tree.conjuncts(command.args["condition"])
        self._refuse_mistake(bare_condition(conditions, self._is_name))
        for conjunct in conditions:
            resolved = self._name_outputs(self._values_in_backticks(conjunct))
            if self._belongs_before_stats(resolved):
                moved.append(resolved)
            else:
                stay.append(self._resolve(resolved))
        if moved:
            self._move_before_stats(tree.chained(exp.And, moved))
        if not stay:
            return None
        command.set("condition", tree.chained(exp.And, stay))
        return command

    def _belongs_before_stats(self, conjunct: exp.Expression) -> bool:
        """Tell whether a condition after the first `stats` can only be about the events' fields."""
        if self.scope.outputs is None or self.strict or self.stats_seen != 1:
            return False
        reads = list(tree.find(conjunct, tree.Field))
        raw = [f for f in reads if not self.scope.defines(f) and self._in_events(f)]
        if not raw and not (tree.reads_event_time(conjunct) and not reads):
            return False
        for other in reads:
            if self.scope.defines(other):
                self._refuse(
                    f"{to_text(conjunct)!r} names both {raw[0].name!r}, a field of the events, and "
                    f"{other.name!r}, an output of stats; split it at an 'and'",
                    conjunct,
                )
            if not self._in_events(other):
                self._refuse_unknown(other)
        return True

    def _in_events(self, name: tree.Field) -> bool:
        """Tell whether the name is there before the first `stats`, or here if there was none."""
        before = self.before_stats if self.stats_seen else self.scope
        if before.defines(name) or not self.events:
            return before.defines(name)
        return name.name in _ALWAYS or self.known(name.name)

    def _move_before_stats(self, condition: exp.Expression) -> None:
        assert self.first_stats is not None
        after, self.scope = self.scope, self.before_stats
        moved = tree.Filter(condition=self._resolve(condition))
        self.scope = after
        self.checked.insert(self.first_stats, moved)
        self.first_stats += 1
        self._warn(
            f"filter {to_text(condition)!r} names fields of the events and is applied before "
            "stats; the service would find no such column after it and keep no rows"
        )

    def check_sort(self, command: tree.Sort) -> tree.Sort | None:
        kept: list[tree.SortKey] = []
        for key in command.args["keys"]:
            item = key.args["item"]
            self._refuse_mistake(text_for_field(item.value, self._is_name, "sort", sure=True))
            if _has_bin(item):
                self._forgive(
                    f"sort {to_text(item.value)} is refused by the service; give the bin a name "
                    "where it stands after 'by'",
                    item,
                )
            if self._sorts_by_events(self._name_outputs(item.value)):
                self._warn(
                    f"sort key {to_text(item.value)!r} is no output of stats and is ignored, as it "
                    "orders nothing in the service"
                )
                continue
            self._resolve_item(item)
            if item.args.get("alias"):
                self._define(item.name, item, again=self.scope.named | self.scope.listed)
                self.scope.made[item.name] = self._is_time(item.value)
            kept.append(key)
        if not kept:
            return None
        command.set("keys", kept)
        return command

    def _sorts_by_events(self, value: exp.Expression) -> bool:
        if self.scope.outputs is None or self.stats_seen != 1 or self.strict:
            return False
        reads = list(tree.find(value, tree.Field))
        return bool(reads) and all(
            not self.scope.defines(name) and self._in_events(name) for name in reads
        )

    # Stats

    def check_stats(self, command: tree.Stats) -> tree.Command:
        if self.first_stats is None:
            self.first_stats = len(self.checked)
            self.before_stats = self.scope.copy()
        aggregates = self._aggregates(command)
        keys: list[tree.Item] = []
        for item in command.args.get("by") or []:
            if not item.args.get("alias"):
                self._refuse_mistake(text_for_field(item.value, self._is_name, "by", sure=False))
            self._resolve_item(item)
            if not repeats(item, keys):
                keys.append(item)
        if command.args.get("by"):
            command.set("by", keys)
        if command.args.get("offset") and not any(map(_has_bin, keys)):
            self._refuse("'offset' shifts the bins of 'by', and there are none", command)
        self._define_outputs([*aggregates, *keys])
        self.stats_seen += 1
        self.given_by = "the stats"
        return command

    def _define_outputs(self, outputs: Sequence[tree.Item]) -> None:
        taken: set[str] = set()
        for item in outputs:
            if item.name in taken:
                self._refuse_again(item.name, item)
            # `by x as x` and `max(x) as x` of a field of the events are no second definition.
            if item.args.get("alias") and item.name in self.scope.made.keys() | self.scope.listed:
                self._refuse_again(item.name, item)
            taken.add(item.name)
        made = {item.name: self._is_time(item.value) for item in outputs}
        self.scope = Scope(made=made, outputs=list(outputs))

    def _aggregates(self, command: tree.Stats) -> list[tree.Item]:
        kept: list[tree.Item] = []
        for item in command.args["aggregates"]:
            aliases = {other.name for other in kept if other.args.get("alias")}
            self._check_aggregation(item, aliases, command)
            if not repeats(item, kept):
                kept.append(item)
        command.set("aggregates", kept)
        return kept

    def _check_aggregation(self, item: tree.Item, aliases: set[str], command: tree.Stats) -> None:
        """Check that an item of `stats` consists of aggregations, earlier aliases and constants."""
        aggregated = False
        stack: list[exp.Expression] = [item.value]
        while stack:
            node = stack.pop()
            if is_aggregate(node):
                aggregated = True
                self._refuse_mistake(mistake_in(node, self._is_name))
                self._check_inside(node, item, aliases)
                if node.entry.stands_alone:
                    self._check_alone(node, command)
            elif isinstance(node, tree.Field):
                if node.parts[0] not in aliases and node.name not in aliases:
                    self._refuse(
                        f"{node.name!r} is not aggregated; put it after 'by', or into a function "
                        "such as max(…)",
                        node,
                    )
                aggregated = True
            elif isinstance(node, tree.Call) and node.entry.reads_event_time:
                self._refuse(f"{node.entry.name} groups rows; put it after 'by'", node)
            else:
                stack.extend(node.iter_expressions())
        if not aggregated:
            self._refuse(f"{to_text(item.value)!r} has no aggregation such as count(*)", item)

    def _check_inside(self, call: exp.Expression, item: tree.Item, aliases: set[str]) -> None:
        arguments = [self._name_outputs(argument) for argument in call.args.get("arguments") or []]
        for argument in arguments:
            for node in tree.find(argument, exp.Expression):
                if is_aggregate(node):
                    self._refuse("an aggregation cannot hold another; use a second stats", node)
                if (
                    isinstance(node, tree.Field)
                    and node.name in aliases
                    and not self._visible(node)
                ):
                    self._refuse(
                        f"{node.name!r} is an aggregation of this stats already; use a second "
                        "stats to aggregate it",
                        node,
                    )
        resolved = [self._resolve(argument) for argument in arguments]
        if resolved != call.args.get("arguments"):
            item.set("alias", item.name)  # named by the text as written
            call.set("arguments", resolved)
            item.set("text", to_text(item.value))

    def _visible(self, name: tree.Field) -> bool:
        if self.scope.defines(name):
            return True
        return self.scope.outputs is None and self._in_events(name)

    def _check_alone(self, call: tree.Call, command: tree.Stats) -> None:
        if len(command.args["aggregates"]) > 1 or command.args.get("by"):
            alone = f"{call.entry.name} stands alone"
            self._refuse(f"{alone}: no 'by' and no other aggregation beside it", call)

    # Expressions

    def _resolve_item(self, item: tree.Item) -> None:
        """Check an item's expression, and resolve its names; the name of its column stays."""
        written = item.value
        value = self._resolve(written)
        if value != written:
            replace_value(item, value)

    def _resolve(self, value: exp.Expression) -> exp.Expression:
        """Check an expression that is evaluated for each row; gives it with its names resolved."""
        value = self._name_outputs(self._values_in_backticks(value))
        for node in tree.find(value, exp.Expression):
            if is_aggregate(node):
                self._refuse(
                    f"{node.entry.name} is an aggregation and can be used in stats only", node
                )
            if isinstance(node, tree.Call) and node.entry.reads_event_time:
                self._check_event_time(node)
            self._refuse_mistake(mistake_in(node, self._is_name))
            if isinstance(node, tree.Field):
                self._check_field(node)
            if isinstance(node, (*COMPARISONS, tree.In)):
                self._check_times(node)
        return value

    def _name_outputs(self, value: exp.Expression) -> exp.Expression:
        """Replace each expression that the last `stats` computed by the name of that output."""
        outputs = {
            item.value: item.name
            for item in self.scope.outputs or []
            if not isinstance(item.value, tree.Field | exp.Literal | exp.Boolean)
        }
        if not outputs:
            return value

        def refer(node: exp.Expression) -> exp.Expression:
            if node not in outputs:
                return node
            name = tree.Field(parts=[outputs[node]])
            name.meta.update(node.meta)
            return name

        return value.transform(refer)

    def _check_event_time(self, call: exp.Expression) -> None:
        if self.scope.outputs is not None and TIMESTAMP not in self.scope.made:
            self._refuse(
                f"{to_text(call)} needs {TIMESTAMP}, which is not an output of the stats before; "
                "name the time in that stats, such as 'by bin(5m) as t', and use datefloor(t, …)",
                call,
            )

    def _check_field(self, name: tree.Field) -> None:
        if self.scope.defines(name):
            return
        if self.scope.outputs is not None:
            self._refuse_unknown(name)
        if name.name in _ALWAYS:
            return
        lost = _cut_text(self.cut_events(name.name))
        if self._in_events(name):
            if lost:
                self._warn(f"the field {name.name!r} may be missing{lost}")
        elif _stands_for_text(name):
            quoted = f"; if it is a text, write it in quotes: {quote(name.name)}"
            self._warn(f"no event has the field {name.name!r}{lost}{quoted}")
        else:
            near = suggestion(name.name, [*SYSTEM_FIELDS, *self.scope.made, *sorted(self.names())])
            self._warn(f"no event has the field {name.name!r}{lost}{near}")

    def _refuse_unknown(self, name: tree.Field) -> NoReturn:
        near = suggestion(name.name, self.scope.made)
        shown = ", ".join(write_name(made) for made in self.scope.made)
        self._refuse(f"{name.name!r} is no output of {self.given_by} before ({shown}){near}", name)

    def _check_times(self, node: exp.Expression) -> None:
        sides = list(node.iter_expressions())
        if any(side.is_string for side in sides) and any(self._is_time(side) for side in sides):
            time = next(to_text(side) for side in sides if self._is_time(side))
            self._refuse(
                f"a time cannot be compared with text; compare toMillis({time}) with numbers", node
            )

    def _is_time(self, node: exp.Expression) -> bool:
        if isinstance(node, tree.Field):
            if node.name in self.scope.made:
                return self.scope.made[node.name]
            return node.name in (TIMESTAMP, INGESTION_TIME)
        return isinstance(node, tree.Call) and node.entry.result == "time"

    def _values_in_backticks(self, value: exp.Expression) -> exp.Expression:
        """Read ``city == `Rome` `` as text if there is no field Rome.

        One sample query of the service's documentation is written so.
        """
        if self.strict:
            return value
        for equal in tree.find(value, exp.EQ):
            name = equal.expression
            if (
                isinstance(name, tree.Field)
                and name.meta.get("quoted")
                and not self.scope.defines(name)
                and not self._in_events(name)
            ):
                text = exp.Literal.string(name.name)
                text.meta.update(name.meta)
                equal.set("expression", text)
                self._warn(
                    f"`{name.name}` is no field and is read as the text {to_text(text)}; the "
                    "service may look for a field"
                )
        return value

    # Definitions and faults

    def _define(self, name: str, node: exp.Expression, *, again: set[str]) -> None:
        if name in self.scope.made or name in again:
            self._refuse_again(name, node)
        self.scope.made[name] = False

    def _is_name(self, text: str) -> bool:
        """Tell whether a text is the name of something that may be used at this place."""
        name = tree.Field(parts=[text])
        return self.scope.defines(name) or (self.scope.outputs is None and self._in_events(name))

    def _refuse_mistake(self, found: Mistake | None) -> None:
        if found is not None:
            self._refuse(*found)

    def _refuse_again(self, name: str, node: exp.Expr, hint: str = "") -> NoReturn:
        hint = hint or "choose another name"
        self._refuse(f"ephemeral field is already defined: {name!r}; {hint}", node)

    def _forgive(self, message: str, node: exp.Expression) -> None:
        if self.strict:
            self._refuse(message, node)
        self._warn(message)

    def _warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)

    def _refuse(self, message: str, node: exp.Expr) -> NoReturn:
        refuse(self.pipeline, message, node)


def _cut_text(events: int) -> str:
    if not events:
        return ""
    have = "event has" if events == 1 else "events have"
    kept = f"only the first {FIELDS_PER_EVENT} of each are kept"
    return f": {events:,} {have} more than {FIELDS_PER_EVENT} fields, and {kept}"


def _has_bin(item: tree.Item) -> bool:
    return any(call.entry.bins for call in tree.find(item, tree.Call))


# A command that is not in this table is refused, so that none is left unchecked.
CHECKS: dict[type[tree.Command], Callable[[_NameChecker, Any], tree.Command | None]] = {
    tree.Fields: _NameChecker.check_items,
    tree.Display: _NameChecker.check_items,
    tree.Filter: _NameChecker.check_filter,
    tree.Parse: _NameChecker.check_parse,
    tree.Stats: _NameChecker.check_stats,
    tree.Sort: _NameChecker.check_sort,
    tree.Limit: _NameChecker.check_limit,
    tree.Dedup: _NameChecker.check_dedup,
}
