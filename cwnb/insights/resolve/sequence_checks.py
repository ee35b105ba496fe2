"""Check the commands that give a row values of other rows, and resolve what they leave open."""

from __future__ import annotations

import re
from typing import TypeVar

from sqlglot import exp

from cwnb.events import SYSTEM_FIELDS, TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.ql.writer import write_name
from cwnb.insights.resolve.complete import EVENTS, output_names
from cwnb.insights.resolve.stats_checks import StatsChecker
from cwnb.insights.tree import Field, Names, Order, Shown

Placed = TypeVar("Placed", bound=exp.Expression)


class SequenceChecker(StatsChecker):
    """Checks `tail`, `accum`, `filldown` and their like."""

    def check_tail(self, command: tree.Tail) -> tree.Command:
        """Check a `tail`; of events that nothing has ordered it keeps the oldest, oldest first."""
        ordered = any(
            earlier.order is not Order.KEEPS or earlier.names is Names.REPLACES
            for earlier in self.checked
        )
        if ordered or not self.events:
            return command
        time = tree.Item(value=Field(parts=[TIMESTAMP]), text=TIMESTAMP)
        self._add_like(command, tree.Sort(keys=[tree.SortKey(item=time, descending=False)]))
        return _placed_as(command, tree.Limit(count=command.args["count"]))

    def check_count_frequent(self, command: tree.CountFrequent) -> tree.Command:
        """Put `stats … | sort …` in the place of a `countFrequent`, which means that."""
        count = tree.Call(function="count", arguments=[tree.Star()])
        items = [tree.Item(value=field, text=field.name) for field in command.args["fields"]]
        counted = tree.Item(value=count, alias=tree.COUNT_COLUMN, text="count(*)")
        for item in (*items, counted):
            item.meta.update(command.meta)
        stats = _placed_as(command, tree.Stats(aggregates=[counted], by=items))
        self.checked.append(self.check_stats(stats))
        self.given_by = "the countFrequent"
        by_count = tree.Item(value=Field(parts=[tree.COUNT_COLUMN]), text=tree.COUNT_COLUMN)
        return _placed_as(command, tree.Sort(keys=[tree.SortKey(item=by_count, descending=True)]))

    def check_made_of_rows(self, command: tree.Command) -> tree.Command:
        """Check an `accum`, `autoregress` or `sessionize`, which add columns."""
        made = command.gives()
        written = command.args.get("fields") or [command.args["value"]]
        fields = [self._resolve(field) for field in written]
        times = any(self._is_time(field) for field in fields)
        if TIMESTAMP in command.reads() and not self._visible(Field(parts=[TIMESTAMP])):
            message = f"{command.keyword} needs {TIMESTAMP}, which is no output of {self.given_by}"
            self._refuse(f"{message} before", command)
        if command.args.get("fields"):
            command.set("fields", fields)
        else:
            command.set("value", fields[0])
        for name in made:
            self._define(name, command, again=self.scope.named | self.scope.listed)
            self.scope.made[name] = times and isinstance(command, tree.Autoregress)
        return command

    def check_filldown(self, command: tree.Filldown) -> tree.Command:
        """Check a `filldown`, and put names in the place of `*` and of no fields."""
        shown = self._shown()
        fields: dict[str, Field] = {}
        for part in command.args.get("fields") or [tree.Wildcard(pattern="*")]:
            if isinstance(part, Field):
                fields.setdefault(part.name, self._changed_in_place(part))
                continue
            found = [name for name in shown if _matches(name, part.pattern)]
            if not found:
                columns = ", ".join(map(write_name, shown))
                self._refuse(f"no column that is shown here fits {part.pattern} ({columns})", part)
            fields |= {name: self._changed_in_place(self._column(command, name)) for name in found}
        command.set("fields", list(fields.values()))
        self.scope.replaced |= fields.keys()
        return command

    def check_outlier(self, command: tree.Outlier) -> tree.Command:
        """Check an `outlier`, which changes fields in their place."""
        self._resolve_fields(command, in_place=True)
        for name in command.marks().values():
            self._define(name, command, again=self.scope.named | self.scope.listed)
        self.scope.replaced |= {field.name for field in command.args["fields"]}
        return command

    def check_addtotals(self, command: tree.AddTotals) -> tree.Command:
        """Check an `addtotals`, and name the fields where it names none."""
        if not command.args.get("fields"):
            names = [
                name
                for name in self._shown()
                if not (name in SYSTEM_FIELDS and self.scope.outputs is None)
                and not self.scope.made.get(name)
            ]
            if not names:
                self._refuse(
                    "no column is shown here that could be added; name the fields", command
                )
            command.set("fields", [self._column(command, name) for name in names])
        self._resolve_fields(command, in_place=command.args["col"])
        for name in command.total_column():
            self._define(name, command, again=self.scope.named | self.scope.listed)
        if command.args["col"]:
            self.scope.replaced |= {field.name for field in command.args["fields"]}
        return command

    def _resolve_fields(self, command: tree.Command, *, in_place: bool) -> None:
        """Check the fields of a command, each of which may stand in it once."""
        fields: dict[str, exp.Expression] = {}
        for field in command.args["fields"]:
            if field.name in fields:
                self._refuse(f"{command.keyword} names {field.name!r} twice", field)
            resolve = self._changed_in_place if in_place else self._resolve
            fields[field.name] = resolve(field)
        command.set("fields", list(fields.values()))

    def _changed_in_place(self, field: Field) -> Field:
        """Check a field whose values a command replaces; gives it as the command names it.

        After a join it is the column `a.field`: the rules know the field of the left side by its
        own name, under which it keeps its values.
        """
        self._resolve(field)
        if self.joined is not None:
            self.joined.make_column(field)
        return field

    def _column(self, command: tree.Command, name: str) -> Field:
        """Give a column that is shown as a field of a command that does not name it."""
        is_of_side = self.joined is not None and self.joined.command.makes(name)
        parts = name.split(".") if is_of_side else [name]
        return _placed_as(command, Field(parts=parts))

    def _shown(self) -> list[str]:
        """Name the columns that are shown at this place."""
        shown = EVENTS if self.events else Shown(tuple(self._columns), defaults=False)
        return output_names(self.checked, shown)

    def _add_like(self, written: tree.Command, added: tree.Command) -> None:
        self.checked.append(_placed_as(written, added))


def _placed_as(written: exp.Expression, added: Placed) -> Placed:
    """Give a node the place in the text of what it stands for, so that errors point there."""
    for node in added.walk():
        for key in ("start", "end"):
            if key in written.meta:
                node.meta.setdefault(key, written.meta[key])
    return added


def _matches(name: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name, re.DOTALL) is not None
