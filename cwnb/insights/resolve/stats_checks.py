"""Check the names in a `stats`: what it aggregates, its keys, and the outputs that it defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.events import TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.names import canonical, known_functions
from cwnb.insights.ql.writer import to_text
from cwnb.insights.resolve.doubts import doubt_about
from cwnb.insights.resolve.expression_checks import ExpressionChecker
from cwnb.insights.resolve.mistakes import mistake_in, text_for_field
from cwnb.insights.resolve.scope import Scope, is_aggregate, repeats

if TYPE_CHECKING:
    from collections.abc import Sequence


class StatsChecker(ExpressionChecker):
    """Checks a `stats`; afterwards only its outputs are in the scope."""

    def check_stats(self, command: tree.Stats) -> tree.Command:
        """Check a `stats`, and leave out aggregations and keys that it repeats."""
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
        if command.args.get("offset") and not any(map(has_bin, keys)):
            self._refuse("'offset' shifts the bins of 'by', and there are none", command)
        self._define_outputs([*aggregates, *keys])
        self.stats_seen += 1
        self.joined = None  # what it gives has names of its own
        self.given_by = "the stats"
        return command

    def check_fillmissing(self, command: tree.Fillmissing) -> tree.Command:
        """Check a `fillmissing`, and note in it the bins and keys of the `stats` before it."""
        rule = "fillmissing after stats"
        stats = self.checked[-1] if self.checked else None
        if not isinstance(stats, tree.Stats):
            self._refuse("fillmissing follows at once a stats by one bin", command, rule)
        keys: list[tree.Item] = stats.args.get("by") or []
        binned = [item for item in keys if has_bin(item)]
        if len(binned) != 1:
            found = f"this one has {len(binned)}" if binned else "this one has none"
            message = f"fillmissing follows a stats with exactly one bin(…) after 'by'; {found}"
            self._refuse(message, command, rule)
        call = binned[0].value
        if not (isinstance(call, tree.Call) and call.entry.bins):
            message = f"fillmissing cannot tell the bins of {to_text(call)!r}; write the bin alone"
            self._refuse(message, command, rule)
        others = [item for item in keys if item is not binned[0]]
        for item in others:
            if TIMESTAMP in tree.fields_read(item.value):
                message = (
                    f"the key {item.name!r} goes by the time, so fillmissing would put it into "
                    "bins where it cannot be; leave it out"
                )
                self._refuse(message, command, rule)
        names = {item.name for item in keys}
        seen: set[str] = set()
        for field in command.args.get("fields") or []:
            self._resolve(field)
            if field.name in seen:
                self._refuse(f"fillmissing names {field.name!r} twice", field)
            seen.add(field.name)
            if field.name in names:
                self._refuse(f"{field.name!r} is a key of the stats and is never missing", field)
        command.set("bins", binned[0].name)
        command.set("period", next(tree.find(call, tree.Period)).copy())
        command.set("offset", stats.args["offset"].copy() if stats.args.get("offset") else None)
        command.set("keys", [item.name for item in others])
        return command

    def _define_outputs(self, outputs: Sequence[tree.Item]) -> None:
        taken: set[str] = set()
        for item in outputs:
            if item.name in taken:
                self._refuse_again(item.name, item)
            # `by x as x` and `max(x) as x` of a field of the events are no second definition.
            if item.args.get("alias"):
                if item.name in self.scope.made:
                    self._refuse_again(item.name, item)
                if item.name in self.scope.listed:
                    self._forgive_again(item.name, item)
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
                if (doubt := doubt_about(node)) is not None:
                    self._warn(doubt)
                if node.entry.reads_event_time:
                    self._check_event_time(node)
                self._check_inside(node, item, aliases)
                if node.entry.stands_alone:
                    self._check_alone(node, command)
            elif isinstance(node, tree.Field):
                if node.parts[0] not in aliases and node.name not in aliases:
                    self._refuse(f"{node.name!r} is not aggregated; {_instead_of(node.name)}", node)
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

    def _check_alone(self, call: tree.Call, command: tree.Stats) -> None:
        if len(command.args["aggregates"]) > 1 or command.args.get("by"):
            alone = f"{call.entry.name} stands alone"
            message = f"{alone}: no 'by' and no other aggregation beside it"
            self._refuse(message, call, "topk stands alone")


def _instead_of(name: str) -> str:
    """Say what to write instead of a field that is not aggregated."""
    function = known_functions().get(canonical(name))
    if function is None or not function.aggregate:
        return "put it after 'by', or into a function such as max(…)"
    call = f"{function.name}(*)" if function.parameter(0).star else function.usage
    return f"a function has parentheses: write {call}"


def has_bin(item: tree.Item) -> bool:
    """Tell whether a function in an item groups rows by time."""
    return any(call.entry.bins for call in tree.find(item, tree.Call))
