"""The rules of Logs Insights QL about the order of commands and the caps of periods.

The service's documentation states the rules, and some of its own samples break them;
`resolve/rules.py` says what each mode does with such a query, and the evidence for it. The rules
about names are checked in `resolve/command_checks.py`.
Sources: CWL_QuerySyntax-Stats, -Dedup, -Limit, -Sort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cwnb.insights import tree
from cwnb.insights.ql.writer import regex_of_glob, to_text
from cwnb.insights.resolve.complete import MAXIMUM_LIMIT
from cwnb.insights.resolve.scope import refuse
from cwnb.insights.tree import Needs, Order, Rows, Shows
from cwnb.insights.values.periods import UNITS, capped
from cwnb.regex import looks_like_regex

if TYPE_CHECKING:
    from sqlglot import exp

STATS_COMMANDS = 10


def restrict(pipeline: tree.Pipeline, warnings: list[str], *, strict: bool) -> None:
    """Apply the rules to a pipeline, which may change its commands; adds to the warnings.

    Raises MalformedQuery where a rule is broken.
    """
    warnings += pipeline.meta.get("notes", ())
    order = _CommandOrder(pipeline, warnings, strict=strict)
    order.check_counts()
    order.check_followers()
    order.check_before_stats()
    order.check_before_pattern()
    order.put_sort_before_limit()
    _cap_periods(pipeline, warnings)
    _warn_of_regexes(pipeline, warnings)


# What may follow a command, where not everything may. Sources: CWL_QuerySyntax-Dedup,
# -Estimate.
MAY_FOLLOW: dict[type[tree.Command], tuple[type[tree.Command], ...]] = {
    tree.Dedup: (tree.Limit,),
    tree.Estimate: (),
}
# Commands that the service does not take before the last `stats`, and what it does with them there.
# Source: CWL_QuerySyntax-Stats.
NOT_BEFORE_STATS: dict[type[tree.Command], str] = {
    tree.Sort: "may refuse it there",
    tree.Limit: "refuses it there",
    tree.Display: "may refuse it there",
}


class _CommandOrder:
    """Checks the commands of a pipeline, and puts them in the order in which they are to run."""

    def __init__(self, pipeline: tree.Pipeline, warnings: list[str], *, strict: bool) -> None:
        self.pipeline = pipeline
        self.warnings = warnings
        self.strict = strict

    def check_counts(self) -> None:
        """Refuse too many `stats` and limits that the service refuses."""
        stats = self._places(tree.Stats)
        if len(stats) > STATS_COMMANDS:
            message = f"a query has at most {STATS_COMMANDS} stats commands"
            self._refuse(message, self.pipeline.commands[stats[STATS_COMMANDS]], "ten stats")
        for command in self.pipeline.commands:
            cap = command.row_cap()
            if cap is not None and not 1 <= cap <= MAXIMUM_LIMIT:
                message = f"{command.keyword} takes a number from 1 to {MAXIMUM_LIMIT:,}"
                self._refuse(message, command, "number of a limit")

    def check_followers(self) -> None:
        """Refuse what may not follow: all but `limit` after `dedup`, all after `estimate`."""
        for place, command in enumerate(self.pipeline.commands):
            allowed = MAY_FOLLOW.get(type(command))
            if allowed is None:
                continue
            for later in self.pipeline.commands[place + 1 :]:
                if type(later) not in allowed:
                    words = " and ".join(kind.keyword for kind in allowed)
                    words = f"only {words} may" if words else "nothing may"
                    message = f"{words} follow {command.keyword}, not {later.keyword}"
                    self._refuse(message, later, f"after {command.keyword}")

    def check_before_stats(self) -> None:
        """Refuse or leave out commands that may not stand before the last `stats`."""
        commands = self.pipeline.commands
        places = self._places(tree.Stats)
        if not places:
            return
        kept: list[tree.Command] = []
        for index, command in enumerate(commands):
            between = commands[index + 1 : max(index + 1, places[-1])]
            if (
                index > places[-1]
                or type(command) not in NOT_BEFORE_STATS
                or (command.sort_keys() and any(map(_goes_by_order, between)))
            ):
                kept.append(command)
            else:
                kept += self._left_out_before_stats(command, only=len(places) == 1)
        self.pipeline.set("commands", kept)

    def _left_out_before_stats(self, command: tree.Command, *, only: bool) -> list[tree.Command]:
        keyword = command.keyword
        # Neither the order of rows nor the columns shown change what `stats` computes.
        orders = command.order is Order.SETS and command.rows is Rows.SAME
        ignorable = command.shows is Shows.CHOOSES or (orders and only)
        if not ignorable:
            rule = "sort before several stats" if orders else "limit before stats"
            self._refuse(f"{keyword} must come after the last stats", command, rule)
        self.warnings.append(
            f"{keyword} before stats changes nothing and is ignored; the service "
            f"{NOT_BEFORE_STATS[type(command)]}"
        )
        return _names_defined(command)

    def check_before_pattern(self) -> None:
        """Refuse or leave out a `sort` whose order `pattern` does not keep."""
        kept: list[tree.Command] = []
        commands = self.pipeline.commands
        for index, command in enumerate(commands):
            following = next((c for c in commands[index + 1 :] if not tree.row_by_row(c)), None)
            if type(command) is not tree.Sort or type(following) is not tree.Pattern:
                kept.append(command)
                continue
            if self.strict:
                self._refuse("sort must come after pattern", command, "sort before pattern")
            self.warnings.append(
                "sort before pattern changes nothing and is ignored; the service refuses it there"
            )
            kept += _names_defined(command)
        self.pipeline.set("commands", kept)

    def _places(self, kind: type[tree.Command]) -> list[int]:
        return [i for i, command in enumerate(self.pipeline.commands) if type(command) is kind]

    def put_sort_before_limit(self) -> None:
        """Exchange the only `limit` and the only `sort` if the `sort` follows at once.

        So `limit 10 | sort a` gives the first 10 rows of all, which its author means.
        """
        commands = self.pipeline.commands
        limits, sorts = self._places(tree.Limit), self._places(tree.Sort)
        if self.strict or len(limits) != 1 or sorts != [limits[0] + 1]:
            return
        limit, sort = commands[limits[0]], commands[sorts[0]]
        if limit.args.get("any"):
            return
        self.warnings.append(
            f"{to_text(limit)!r} stands before {to_text(sort)!r}: here rows are sorted first; the "
            f"service may sort just the {to_text(limit.args['count'])} rows that come first"
        )
        reordered = list(commands)
        reordered[limits[0]], reordered[sorts[0]] = sort, limit
        self.pipeline.set("commands", reordered)

    def _refuse(self, message: str, node: exp.Expression, rule: str) -> NoReturn:
        refuse(self.pipeline, message, node, rule)


def _names_defined(command: tree.Command) -> list[tree.Command]:
    """Give what a command that is left out defines, because later commands may name it."""
    items = command.args.get("items") or [key.args["item"] for key in command.sort_keys()]
    named = [item for item in items if item.args.get("alias")]
    if not named:
        return []
    computed = tree.Fields(items=named)
    computed.meta.update(command.meta)
    return [computed]


def _goes_by_order(command: tree.Command) -> bool:
    """Tell whether what a command gives depends on the order of the rows."""
    return command.needs is Needs.ROWS_BEFORE or command.row_cap() is not None


def _warn_of_regexes(pipeline: tree.Pipeline, warnings: list[str]) -> None:
    """Warn of a glob that looks like a regex and has as many `*` as there are names."""
    for parse in tree.find(pipeline, tree.Parse):
        pattern = parse.args["pattern"]
        if not isinstance(pattern, tree.Regex) and looks_like_regex(str(pattern.this)):
            meant = regex_of_glob(str(pattern.this), parse.args["names"])
            warnings.append(
                f"the glob {to_text(pattern)} is read letter by letter but for its *; "
                f"a regex is written {meant}"
            )


def _cap_periods(pipeline: tree.Pipeline, warnings: list[str]) -> None:
    """Lower the counts over a unit's cap, with a warning; the service does so without one."""
    for call in tree.find(pipeline, tree.Call):
        period = next((p for p in call.arguments if isinstance(p, tree.Period)), None)
        if period is None or call.entry.aggregate:
            continue
        count, unit = period.args["count"], period.args["unit"]
        cap = capped(count, unit)
        if cap != count:
            written = to_text(call)
            item = call.find_ancestor(tree.Item)
            name = item.name if item else ""
            period.set("count", cap)
            if item:
                # The column stays named by the text as written; a sort key makes none.
                if not isinstance(item.parent, tree.SortKey):
                    item.set("alias", name)
                item.set("text", to_text(item.value))
            runs = to_text(call)
            longest = UNITS[unit][1]
            warning = f"{written} runs as {runs}, as in the service: {unit} counts to {longest}"
            warning += _other_unit(count, unit)
            if warning not in warnings:
                warnings.append(warning)


NEXT_UNIT = {"ms": ("s", 1000), "s": ("m", 60), "m": ("h", 60), "h": ("d", 24)}


def _other_unit(count: int, unit: str) -> str:
    while unit in NEXT_UNIT and count % NEXT_UNIT[unit][1] == 0:
        unit, size = NEXT_UNIT[unit]
        count //= size
        if capped(count, unit) == count:
            return f"; write {count}{unit}"
    return ""
