"""What a query must keep to beyond its grammar, and what may be forgiven.

The service's pages state the rules, and some of its own samples break them. Lenient reading makes
sense of those samples, each time with a warning that says what the service would do; strict reading
refuses them. This file has the rules about the order of commands, `checking` those about names.
Sources: CWL_QuerySyntax-Stats, -Dedup, -Limit, -Sort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cwnb.insights import commands as c
from cwnb.insights.checking import check_names
from cwnb.insights.periods import UNITS, capped
from cwnb.insights.rewrite import MAXIMUM_LIMIT
from cwnb.insights.scope import refuse
from cwnb.insights.writer import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlglot import exp

STATS_COMMANDS = 10


def settle(
    pipeline: c.Pipeline,
    *,
    strict: bool,
    known: Callable[[str], bool],
    names: Callable[[], Iterable[str]] = tuple,
) -> tuple[c.Pipeline, list[str]]:
    """Give the query as it is to run, checked, and the warnings that go with the answer.

    `known` tells whether some event of the scanned groups has a discovered field, `names` gives
    those to suggest for one that none has. The pipeline given stays as it is. Raises
    MalformedQuery.
    """
    settled = pipeline.copy()
    warnings: list[str] = []
    order = _Order(settled, warnings, strict=strict)
    order.check_counts()
    order.check_dedup()
    order.clear_way_to_stats()
    order.sort_before_limit()
    _cap_periods(settled, warnings)
    check_names(settled, warnings, strict=strict, known=known, names=names)
    return settled, warnings


class _Order:
    """The commands of a pipeline, put in the order in which they are to run."""

    def __init__(self, pipeline: c.Pipeline, warnings: list[str], *, strict: bool) -> None:
        self.pipeline = pipeline
        self.warnings = warnings
        self.strict = strict

    def check_counts(self) -> None:
        """Refuse too many `stats` and limits that the service refuses."""
        stats = [command for command in self.pipeline.commands if isinstance(command, c.Stats)]
        if len(stats) > STATS_COMMANDS:
            self._refuse(f"a query has at most {STATS_COMMANDS} stats commands", stats[10])
        for limit in self.pipeline.find_all(c.Limit):
            if not 1 <= c.literal_value(limit.args["count"]) <= MAXIMUM_LIMIT:
                self._refuse(f"limit takes a number from 1 to {MAXIMUM_LIMIT:,}", limit)

    def check_dedup(self) -> None:
        """Refuse anything but `limit` after `dedup`."""
        deduped = False
        for command in self.pipeline.commands:
            if deduped and not isinstance(command, c.Limit):
                self._refuse(f"only limit may follow dedup, not {command.keyword}", command)
            deduped = deduped or isinstance(command, c.Dedup)

    def clear_way_to_stats(self) -> None:
        """Refuse or ignore what may not stand before the last `stats`."""
        commands = self.pipeline.commands
        places = [i for i, command in enumerate(commands) if isinstance(command, c.Stats)]
        if not places:
            return
        kept: list[c.Command] = []
        for index, command in enumerate(commands):
            if index > places[-1] or not isinstance(command, c.Sort | c.Limit | c.Display):
                kept.append(command)
            else:
                kept += self._before_stats(command, only=len(places) == 1)
        self.pipeline.set("commands", kept)

    def _before_stats(self, command: c.Command, *, only: bool) -> list[c.Command]:
        keyword = command.keyword
        ignorable = isinstance(command, c.Display) or (isinstance(command, c.Sort) and only)
        if self.strict or not ignorable:
            self._refuse(f"{keyword} must come after the last stats", command)
        refuses = "refuses it there" if isinstance(command, c.Sort) else "may refuse it there"
        self.warnings.append(
            f"{keyword} before stats changes nothing and is ignored; the service {refuses}"
        )
        # The names that it gives are still there for the stats.
        if isinstance(command, c.Sort):
            items = [key.args["item"] for key in command.args["keys"]]
        else:
            items = command.args["items"]
        named = [item for item in items if item.args.get("alias")]
        if not named:
            return []
        computed = c.Fields(items=named)
        computed.meta.update(command.meta)
        return [computed]

    def sort_before_limit(self) -> None:
        """Read a lone `limit` right before a lone `sort` as the top rows that are meant."""
        commands = self.pipeline.commands
        limits = [i for i, command in enumerate(commands) if isinstance(command, c.Limit)]
        sorts = [i for i, command in enumerate(commands) if isinstance(command, c.Sort)]
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

    def _refuse(self, message: str, node: exp.Expression) -> NoReturn:
        refuse(self.pipeline, message, node)


def _cap_periods(pipeline: c.Pipeline, warnings: list[str]) -> None:
    """Lower the counts over a unit's cap, as the service does without a word."""
    for call in pipeline.find_all(c.Call):
        period = next((p for p in call.arguments if isinstance(p, c.Period)), None)
        if period is None:
            continue
        count, unit = period.args["count"], period.args["unit"]
        cap = capped(count, unit)
        if cap != count:
            written = to_text(call)
            item = call.find_ancestor(c.Item)
            name = item.name if item else ""
            period.set("count", cap)
            if item:
                # The column stays named by the text as written; a sort key makes none.
                if not isinstance(item.parent, c.SortKey):
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
