"""Check the names in each command of a pipeline against those that are defined at that place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cwnb.events import TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.ql.writer import to_text, write_name
from cwnb.insights.resolve.complete import output_names, shown_after
from cwnb.insights.resolve.joins import Earlier, Joined
from cwnb.insights.resolve.mistakes import bare_condition, text_for_field
from cwnb.insights.resolve.scope import repeats, scope_of_columns
from cwnb.insights.resolve.sequence_checks import SequenceChecker
from cwnb.insights.resolve.stats_checks import has_bin
from cwnb.insights.tree import Shows
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence


# Fields on which the service has an index in every log group.
# Source: CloudWatchLogs-Field-Indexing.
INDEXED_BY_DEFAULT = frozenset(
    "@logStream @aws.region @aws.account @source.log @data_source_name @data_source_type "
    "@data_format traceId severityText attributes.session.id".split()
)


# Fields that `relevantfields` compares where it names none.
RELEVANT_FIELDS = 200
# The column of a lookup table that has its networks, unless the query names another.
DEFAULT_CIDR = "cidr"


def check_names(
    pipeline: tree.Pipeline,
    warnings: list[str],
    *,
    strict: bool,
    known: Callable[[str], bool],
    names: Callable[[], Iterable[str]],
    cut_events: Callable[[str], int] = lambda _: 0,
    columns: list[str] | None,
    earlier: Sequence[Earlier] = (),
    outside: Collection[str] = (),
) -> None:
    """Check the names in a pipeline, which may change its commands; adds to the warnings.

    `known` tells whether an event may have a field, `names` gives the fields for suggestions,
    `cut_events` how many events may have lost a field, as they have too many,
    `columns` are those of an input whose rows are no events, `earlier` the pipelines whose answers
    it may read, `outside` the names that the query around it makes. Raises
    MalformedQuery.
    """
    checker = _CommandChecker(
        pipeline,
        warnings,
        strict=strict,
        known=known,
        names=names,
        cut_events=cut_events,
        columns=columns,
        earlier=earlier,
        outside=outside,
    )
    for command in pipeline.commands:
        checker.check(command)
    pipeline.set("commands", checker.checked)
    checker.finish_join()


class _CommandChecker(SequenceChecker):
    """Checks one command after the other, and keeps the scope between them."""

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

    def check_items(self, command: tree.Fields | tree.Display | tree.Unmask) -> tree.Command:
        kept: list[tree.Item] = []
        for item in command.args["items"]:
            alias = item.args.get("alias")
            is_field = isinstance(item.value, tree.Field) and not alias
            if not alias and item.value.is_string and self._is_name(str(item.value.this)):
                self._warn(
                    f"{to_text(item.value)} is a text, the same for each row; the field is written "
                    f"without quotes: {write_name(str(item.value.this))}"
                )
            self._resolve_item(item)
            value = item.value
            if self.joined is not None and isinstance(value, tree.Field) and value.name == alias:
                self.joined.own_names.add(value.name)
            if repeats(item, kept):
                continue
            if is_field and self.joined is not None:
                kept.append(item)  # it shows a field of a side
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
        if command.args["pattern"].is_string:
            self._check_escapes(command.args["pattern"])
        for name in command.args["names"]:
            self._define(name, command, again=self.scope.named | self.scope.listed)
        return command

    def check_extraction(self, command: tree.Command) -> tree.Command:
        command.set("value", self._resolve(command.args["value"]))
        for name in command.gives():
            self._define(name, command, again=self.scope.named | self.scope.listed)
        return command

    def check_expand(self, command: tree.Expand) -> tree.Command:
        self._refuse_after_join(command)
        command.set("value", self._resolve(command.args["value"]))
        self.scope.replaced.add(command.args["value"].name)
        return command

    def check_filter_index(self, command: tree.FilterIndex) -> tree.Command:
        condition = command.args["condition"]
        self._refuse_after_join(command)
        if self.scope.outputs is not None:
            self._refuse("filterIndex must come before stats", command)
        command.set("condition", self._resolve(condition))
        subject = next(tree.find(condition, tree.Field)).name
        if subject not in INDEXED_BY_DEFAULT:
            self._warn(
                f"no log group has an index on {subject!r} here, so filterIndex filters as filter "
                "does; the service would read only log groups that have one, and may find none"
            )
        return command

    def check_dedup(self, command: tree.Dedup) -> tree.Command:
        for item in command.args["items"]:
            self._resolve_unnamed(item)
        return command

    def check_pattern(self, command: tree.Pattern) -> tree.Command:
        value = command.args["value"]
        self._refuse_mistake(text_for_field(value, self._is_name, "pattern", sure=True))
        command.set("value", self._resolve(value))
        return self._only_gives(command)

    def check_comparison(self, command: tree.Command) -> tree.Command:
        before = self.checked
        if not isinstance(command, tree.Logcompare):
            if not before or not isinstance(before[-1], tree.Pattern):
                self._refuse(
                    f"{command.keyword} compares patterns: it follows a pattern at once",
                    command,
                    "diff after pattern",
                )
            before = before[:-1]
        for earlier in before:
            if not tree.row_by_row(earlier):
                self._refuse(
                    f"{command.keyword} asks the commands before it about two parts of time, and "
                    f"{earlier.keyword} would need the rows of both",
                    command,
                )
        return self._only_gives(command)

    def check_estimate(self, command: tree.Estimate) -> tree.Command:
        for earlier in self.checked:
            if earlier.compares:
                message = f"estimate counts one window, and {earlier.keyword} reads two"
                self._refuse(f"{message}; put it in the place of {earlier.keyword}", command)
        if self.pipeline.input.find(tree.Answer) or any(c.find(tree.Answer) for c in self.checked):
            message = "estimate counts one input, and this query reads the answer of another query"
            self._refuse(f"{message}; ask for the estimate of each alone", command)
        # They are in order, and none of them is run.
        self.checked.clear()
        return self._only_gives(command)

    def check_relevant_fields(self, command: tree.RelevantFields) -> tree.Command:
        conditions = tree.conjuncts(command.args["condition"])
        self._refuse_mistake(bare_condition(conditions, self._is_name))
        command.set("condition", self._resolve(command.args["condition"]))
        if listed := command.args.get("fields"):
            command.set("fields", [self._resolve(field) for field in listed])
            return self._only_gives(command)
        if self.joined is not None:
            self._refuse("after a join name the fields to compare, before 'where'", command)
        names = sorted(self.names()) if self.scope.outputs is None else [*self.scope.made]
        named = tree.fields_read(command.args["condition"])
        names = [name for name in names if name not in named]
        if not names:
            self._refuse("there are no fields to compare; name some before 'where'", command)
        if len(names) > RELEVANT_FIELDS:
            self._warn(
                f"relevantfields compares the first {RELEVANT_FIELDS} of {len(names)} fields by "
                "name; others can be named before 'where'"
            )
        kept = [tree.Field(parts=name.split(".")) for name in names[:RELEVANT_FIELDS]]
        command.set("fields", kept)
        command.meta["all_fields"] = True
        return self._only_gives(command)

    def _only_gives(self, command: tree.Command) -> tree.Command:
        """Leave only what the command gives in the scope."""
        self.scope = scope_of_columns(command.gives())
        self.given_by = f"the {command.keyword}"
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
        if self.scope.outputs is None or self.stats_seen != 1 or self.join_seen:
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

    def _move_before_stats(self, condition: exp.Expression) -> None:
        assert self.first_stats is not None
        after, self.scope = self.scope, self.before_stats
        moved = tree.Filter(condition=self._resolve(condition))
        self.scope = after
        self.checked.insert(self.first_stats, moved)
        self.first_stats += 1
        self._warn(
            f"filter {to_text(condition)!r} names fields of the events and is applied before "
            "stats, as samples of the service mean it; the service may keep no rows"
        )

    def check_sort(self, command: tree.Sort) -> tree.Sort | None:
        kept: list[tree.SortKey] = []
        for key in command.args["keys"]:
            item = key.args["item"]
            self._refuse_mistake(text_for_field(item.value, self._is_name, "sort", sure=True))
            if has_bin(item):
                self._forgive(
                    f"sort {to_text(item.value)} is refused by the service; give the bin a name "
                    "where it stands after 'by'",
                    item,
                    "bin in sort",
                )
            if (unknown := self._orders_nothing(item)) is not None:
                self._warn(
                    f"sort key {to_text(item.value)!r} is no output of {self.given_by} and is "
                    f"ignored, as it orders nothing in the service{unknown}"
                )
                continue
            self._resolve_unnamed(item)
            if item.args.get("alias"):
                self._define(item.name, item, again=self.scope.named | self.scope.listed)
                self.scope.made[item.name] = self._is_time(item.value)
            kept.append(key)
        if not kept:
            return None
        command.set("keys", kept)
        return command

    def _orders_nothing(self, item: tree.Item) -> str | None:
        """Give a hint, which may be empty, if a sort key names nothing that is there; else None.

        Queries in use have such keys, mostly `@timestamp` after `stats`.
        """
        if self.scope.outputs is None or item.args.get("alias") or self.joined is not None:
            return None
        reads = list(tree.find(self._name_outputs(item.value), tree.Field))
        if not reads or any(self.scope.defines(name) for name in reads):
            return None
        unknown = [name.name for name in reads if not self._in_events(name)]
        return suggestion(unknown[0], self.scope.made) if unknown else ""

    def check_lookup(self, command: tree.Lookup) -> tree.Command:
        columns = self._columns_of_table(command)
        for key in command.args["keys"]:
            self._check_column(command, key, columns)
            key.set("field", self._resolve(key.field))
        return self._with_outputs(command, columns)

    def check_cidr_lookup(self, command: tree.CidrLookup) -> tree.Command:
        columns = self._columns_of_table(command)
        if command.args.get("column"):
            self._check_column(command, command, columns)
        else:
            command.set("column", DEFAULT_CIDR if DEFAULT_CIDR in columns else columns[0])
        command.set("field", self._resolve(command.args["field"]))
        return self._with_outputs(command, columns)

    def _columns_of_table(self, command: tree.Lookup | tree.CidrLookup) -> list[str]:
        columns: list[str] = self.earlier[command.args["answer"].place].outputs
        return columns

    def _check_column(
        self, command: tree.Command, node: exp.Expression, columns: list[str]
    ) -> None:
        name = node.args["column"]
        if name not in columns:
            near = suggestion(name, columns) or f"; it has {', '.join(columns)}"
            table = command.args["table"]
            self._refuse(f"the lookup table {table!r} has no column {name!r}{near}", node)

    def _with_outputs(
        self, command: tree.Lookup | tree.CidrLookup, columns: list[str]
    ) -> tree.Command:
        """Note the names that a lookup gives: new ones, and others whose values it replaces."""
        given: set[str] = set()
        for output in command.args["outputs"]:
            self._check_column(command, output, columns)
            name = output.args["name"]
            if name in given:
                self._refuse_again(name, output)
            given.add(name)
            if self.joined is not None:
                self._define(name, output, again=set())
            elif not self.scope.defines(tree.Field(parts=[name])) and self._visible(
                tree.Field(parts=[name])
            ):
                self.scope.replaced.add(name)
            else:
                self.scope.made[name] = False
        return command

    def check_join(self, command: tree.Join) -> tree.Command:
        right = self.earlier[command.args["answer"].place]
        if self.join_seen:
            self._refuse("a query has at most one join", command, "one join")
        if right.checked.commands:
            self._forgive(
                "the right side of a join is a whole query, which the service refuses; it takes "
                "SOURCE alone",
                command,
                "query as side of a join",
            )
        left_names = self.scope.named | set(self.scope.made) | self.scope.listed
        for key in command.args["keys"]:
            key.set("left", self._resolve(key.args["left"]))
        self.joined = self.last_join = Joined(command, right)
        for key in command.args["keys"]:
            name = tree.Field(parts=[command.args["right"], *key.args["right"].split(".")])
            name.meta.update(key.meta)
            self.joined.of_side(name, self._refuse)
        self.joined.of_right.clear()
        left_names |= {key.args["left"].name for key in command.args["keys"]}
        self.join_seen, self.named_before_join = True, left_names
        left = shown_after(self.checked, self.columns_shown)
        alias, other = command.args["left"], command.args["right"]
        right_shown = right.shown()
        mine = [f"{alias}.{name}" for name in left.columns()]
        theirs = [f"{other}.{name}" for name in right.outputs]
        # Columns that nobody listed give way to those that a later `fields` lists.
        by_default = [*(mine if left.defaults else ()), *(theirs if right_shown.defaults else ())]
        listed = [*(() if left.defaults else mine), *(() if right_shown.defaults else theirs)]
        if not left.defaults and right_shown.defaults:
            by_default, listed = [], [*mine, *theirs]
        command.set("listed", (tuple(by_default), tuple(listed)))
        command.set("columns", ())
        return command

    def check_append_cols(self, command: tree.AppendCols) -> tree.Command:
        self._refuse_after_join(command)
        columns = self.earlier[command.args["answer"].place].outputs
        shown = set(shown_after(self.checked, self.columns_shown).columns())
        kept = [
            name
            for name in columns
            if command.args.get("override") or not (name in shown or name in self.scope.made)
        ]
        for name in kept:
            if name in self.scope.made or not self._visible(tree.Field(parts=[name])):
                self.scope.made[name] = name == TIMESTAMP
            else:
                self.scope.replaced.add(name)
        command.set("columns", tuple(kept))
        return command

    def _refuse_after_join(self, command: tree.Command) -> None:
        if self.joined is not None:
            self._refuse(f"{command.keyword} must come before the join", command)

    def _resolve_unnamed(self, item: tree.Item) -> None:
        """Resolve a field that makes no column, such as a key of `sort`."""
        is_field = isinstance(item.value, tree.Field) and not item.args.get("alias")
        self._resolve_item(item)
        if is_field and self.joined is not None:
            item.set("alias", None)

    def finish_join(self) -> None:
        """Note which fields of both sides are used, once all commands have been read."""
        joined = self.last_join
        if joined is None:
            return
        command, right = joined.command, joined.right
        outputs = set(output_names(self.checked, self.columns_shown))
        written = set().union(
            *(later.writes() for later in self.checked[self.checked.index(command) + 1 :])
        )
        shown = {name for name in outputs - written if command.makes(name)} | joined.columns
        alias, other = joined.left_alias, joined.right_alias
        listed = {name for names in command.args["listed"] for name in names}
        of_left = [
            name
            for name in sorted(shown & (listed | joined.columns))
            if name.startswith(f"{alias}.")
        ]
        command.set("shown", tuple((name, name[len(alias) + 1 :]) for name in of_left))
        joined.of_left |= {name[len(alias) + 1 :] for name in of_left}
        joined.of_right |= {
            name[len(other) + 1 :] for name in shown if name.startswith(f"{other}.")
        }
        clash = joined.clash(self.named_before_join)
        if clash is not None:
            self._refuse(clash, command)
        command.set("columns", tuple(sorted(joined.of_right)))
        joined.of_right |= {key.args["right"] for key in command.args["keys"]}
        for warning in joined.unknown_on_right():
            self._warn(warning)
        columns = sorted(joined.of_right)
        items = [
            tree.Item(value=tree.Field(parts=name.split(".")), alias=None, text=name)
            for name in columns
        ]
        right.checked.set("commands", [*right.checked.commands, tree.Display(items=items)])


# A command that is not in this table is refused, so that none is left unchecked.
CHECKS: dict[type[tree.Command], Callable[[_CommandChecker, Any], tree.Command | None]] = {
    tree.Fields: _CommandChecker.check_items,
    tree.Display: _CommandChecker.check_items,
    tree.Unmask: _CommandChecker.check_items,
    tree.Filter: _CommandChecker.check_filter,
    tree.FilterIndex: _CommandChecker.check_filter_index,
    tree.Parse: _CommandChecker.check_parse,
    tree.ParseLogfmt: _CommandChecker.check_extraction,
    tree.ParseCsv: _CommandChecker.check_extraction,
    tree.ParseXml: _CommandChecker.check_extraction,
    tree.Json: _CommandChecker.check_extraction,
    tree.Unnest: _CommandChecker.check_extraction,
    tree.Expand: _CommandChecker.check_expand,
    tree.Lookup: _CommandChecker.check_lookup,
    tree.CidrLookup: _CommandChecker.check_cidr_lookup,
    tree.Join: _CommandChecker.check_join,
    tree.AppendCols: _CommandChecker.check_append_cols,
    tree.Stats: _CommandChecker.check_stats,
    tree.Sort: _CommandChecker.check_sort,
    tree.Limit: _CommandChecker.check_limit,
    tree.Dedup: _CommandChecker.check_dedup,
    tree.Pattern: _CommandChecker.check_pattern,
    tree.Diff: _CommandChecker.check_comparison,
    tree.Logcompare: _CommandChecker.check_comparison,
    tree.Anomaly: _CommandChecker.check_comparison,
    tree.RelevantFields: _CommandChecker.check_relevant_fields,
    tree.Tail: _CommandChecker.check_tail,
    tree.CountFrequent: _CommandChecker.check_count_frequent,
    tree.AddTotals: _CommandChecker.check_addtotals,
    tree.Accum: _CommandChecker.check_made_of_rows,
    tree.Autoregress: _CommandChecker.check_made_of_rows,
    tree.Filldown: _CommandChecker.check_filldown,
    tree.Outlier: _CommandChecker.check_outlier,
    tree.Sessionize: _CommandChecker.check_made_of_rows,
    tree.Fillmissing: _CommandChecker.check_fillmissing,
    tree.Estimate: _CommandChecker.check_estimate,
}
