"""Check the names in an expression against those that may be used at its place in the query."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from sqlglot import exp

from cwnb.events import FIELDS_PER_EVENT, RAW, SEQUENCE, SYSTEM_FIELDS, TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.names import canonical, known_functions, row_forms
from cwnb.insights.ql.tokens import quote
from cwnb.insights.ql.writer import to_text, write_name
from cwnb.insights.resolve.doubts import beside_no_value, instead_of_unknown, word_as_condition
from cwnb.insights.resolve.mistakes import Mistake, mistake_in, unread_escape
from cwnb.insights.resolve.scope import (
    Scope,
    is_aggregate,
    refuse,
    replace_value,
    scope_of_columns,
)
from cwnb.insights.resolve.times import (
    is_time,
    seconds_as_time,
    seconds_beside_millis,
    text_beside_time,
)
from cwnb.insights.tree import Shown
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from cwnb.insights.resolve.joins import Earlier, Joined

COMPARISONS = tuple(tree.COMPARISONS)
# Names joined by dashes without spaces, which are differences unless they stand in backticks.
# Only from the beginning of a word: a long word would be read from each of its letters otherwise.
_DASHED = re.compile(r"(?<![\w@.])[\w@.]+(?:-[\w@.]+)+")
# Every event has these; the last two are not fields of the language.
_ALWAYS = frozenset({*SYSTEM_FIELDS, SEQUENCE, RAW})


class ExpressionChecker:
    """Checks expressions at the present place in a pipeline, which is kept as a `Scope`."""

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
        earlier: Sequence[Earlier],
        outside: Collection[str],
    ) -> None:
        self.pipeline = pipeline
        self.warnings = warnings
        self.strict = strict
        self.known = known
        self.names = names
        self.cut_events = cut_events
        self.earlier = earlier
        self.outside = outside
        # The columns of an answer are like the outputs of stats: no other names are there.
        self.scope = Scope() if columns is None else scope_of_columns(columns)
        self.events = columns is None
        self._columns = columns or []
        self.given_by = "the stats" if self.events else "the answer"
        self.checked: list[tree.Command] = []
        # What the input shows before any command.
        self.columns_shown = Shown() if columns is None else Shown(tuple(columns), defaults=False)
        # The join before this place, unless a `stats` has come since; and what was before it.
        self.joined: Joined | None = None
        self.last_join: Joined | None = None
        self.join_seen = False
        self.named_before_join: set[str] = set()
        # The place of the first `stats` in `checked`, and the scope before it.
        self.first_stats: int | None = None
        self.before_stats = Scope()
        self.stats_seen = 0

    def _resolve_item(self, item: tree.Item) -> None:
        """Check an item's expression, and resolve its names; the name of its column stays."""
        written = item.value
        value = self._resolve(written)
        if value != written:
            replace_value(item, value)

    def _resolve(self, value: exp.Expression) -> exp.Expression:
        """Check an expression that is evaluated for each row; gives it with its names resolved."""
        value = self._name_outputs(self._values_in_backticks(self._of_sides(value)))
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
            if isinstance(node, tree.InSubquery):
                self._choose_column(node)
            if isinstance(node, (*COMPARISONS, exp.Add, exp.Sub)):
                hint = seconds_beside_millis(node, self.scope.made)
                if hint is not None:
                    self._warn(hint)
            if isinstance(node, tree.Call) and (hint := seconds_as_time(node, self.scope.made)):
                self._warn(hint)
            if node.is_string:
                self._check_escapes(node)
        return value

    def _of_sides(self, value: exp.Expression) -> exp.Expression:
        """Give an expression after a join with the names that its fields have where it runs."""
        joined = self.joined
        if joined is None:
            return value
        return value.transform(
            lambda node: (
                joined.of_side(node, self._refuse) if isinstance(node, tree.Field) else node
            )
        )

    def _choose_column(self, node: tree.InSubquery) -> None:
        """Note which column of the subquery's answer has the values to look for."""
        columns = self.earlier[node.args["answer"].place].outputs
        value = node.args["value"]
        name = value.name if isinstance(value, tree.Field) else None
        if name and self.joined is not None:
            name = name.removeprefix(f"{self.joined.right_alias}.")
        if name not in columns and len(columns) != 1:
            wanted = f"is named {name!r}" if name else "alone has the values"
            self._refuse(
                f"the subquery gives {', '.join(map(write_name, columns))}, and none of these "
                f"{wanted}; end it with 'fields' or 'display' of one field",
                node.args["answer"],
            )
        node.set("column", name if name in columns else columns[0])

    def _name_outputs(self, value: exp.Expression) -> exp.Expression:
        """Replace each expression that the last `stats` computed by the name of that output."""
        outputs = {
            item.value: item.name
            for item in self.scope.outputs or []
            if not isinstance(item.value, tree.Field | exp.Literal | exp.Boolean)
        }
        outputs |= {_in_row_form(value): name for value, name in outputs.items()}
        if not outputs:
            return value

        def refer(node: exp.Expression) -> exp.Expression:
            if node not in outputs:
                return node
            name = tree.Field(parts=[outputs[node]])
            name.meta.update(node.meta)
            return name

        return value.transform(refer)

    def _check_event_time(self, call: tree.Call) -> None:
        if self.joined is not None:
            alias = self.joined.left_alias
            self._refuse(
                f"{to_text(call)} needs the time of an event, and after the join there are two; "
                f"write such as datefloor({alias}.{TIMESTAMP}, 5m)",
                call,
            )
        if self.scope.outputs is not None and TIMESTAMP not in self.scope.made:
            self._refuse(
                f"{to_text(call)} needs {TIMESTAMP}, which is not an output of the stats before; "
                f"{_instead_of_event_time(call)}",
                call,
                "bin in a second stats",
            )

    def _check_field(self, name: tree.Field) -> None:
        if self.joined is not None and name.parts[0] == self.joined.right_alias:
            return  # it was checked by its side
        if self.scope.defines(name):
            return
        if self.scope.outputs is not None:
            self._refuse_unknown(name)
        if name.name in _ALWAYS:
            return
        if name.name in self.outside and not self._in_events(name):
            self._refuse(
                f"{name.name!r} is made by the query around this one, which cannot use names of it",
                name,
            )
        lost = _cut_text(self.cut_events(name.name))
        if self._in_events(name):
            if lost:
                self._warn(f"the field {name.name!r} may be missing{lost}")
        elif dashed := self._difference_of_unknown(name):
            self._warn(self._about_difference(dashed) + lost)
        elif whole := self._name_with_dashes(name):
            dashes = f"; {write_name(whole)} in backticks is the field of that name"
            self._warn(f"no event has the field {name.name!r}{lost}{dashes}")
        elif no_value := beside_no_value(name):
            self._warn(f"no event has the field {name.name!r}{lost}; {no_value}")
        elif _stands_for_text(name):
            quoted = f"; if it is a text, write it in quotes: {quote(name.name)}"
            self._warn(f"no event has the field {name.name!r}{lost}{quoted}")
        elif instead := instead_of_unknown(name, self.known):
            self._warn(f"no event has the field {name.name!r}{lost}; {instead}")
        else:
            known = sorted(self.names())
            near = _as_call(name) or suggestion(
                name.name, [*SYSTEM_FIELDS, *self.scope.made, *known]
            )
            near = near or word_as_condition(name)
            if not near and not known:
                near = "; no fields were discovered, and 'parse' makes them of text"
            self._warn(f"no event has the field {name.name!r}{lost}{near}")

    def _name_with_dashes(self, name: tree.Field) -> str | None:
        """Give the field that is written as a difference: `user-agent`, read as `user - agent`."""
        dashed = self._dashed_at(name)
        return dashed if dashed is not None and self.known(dashed) else None

    def _difference_of_unknown(self, name: tree.Field) -> str | None:
        """Give the names joined by dashes at the place of one, if no event has any of them."""
        dashed = self._dashed_at(name)
        if dashed is None:
            return None
        parts = [tree.Field(parts=[part]) for part in dashed.split("-")]
        is_number = any(part.name[:1].isdigit() for part in parts)
        return None if is_number or any(map(self._in_events, parts)) else dashed

    def _about_difference(self, dashed: str) -> str:
        parts = " minus ".join(map(repr, dashed.split("-")))
        said = f"{dashed} is read as {parts}, and no event has these fields"
        if self.known(dashed):
            return f"{said}; {write_name(dashed)} in backticks is the field of that name"
        near = suggestion(dashed, self.names())
        return f"{said}{near or f'; a name with dashes stands in backticks: {write_name(dashed)}'}"

    def _dashed_at(self, name: tree.Field) -> str | None:
        text, place = self.pipeline.meta.get("text") or "", name.meta.get("start", -1)
        return next((word for start, end, word in _dashed(text) if start <= place < end), None)

    def _refuse_unknown(self, name: tree.Field) -> NoReturn:
        no_value = beside_no_value(name)
        near = f"; {no_value}" if no_value else suggestion(name.name, self.scope.made)
        shown = ", ".join(write_name(made) for made in self.scope.made)
        message = f"{name.name!r} is no output of {self.given_by} before ({shown}){near}"
        self._refuse(message, name, "no output of stats")

    def _check_escapes(self, text: exp.Expression) -> None:
        hint = unread_escape(text, self.pipeline.meta.get("text") or "")
        if hint is not None:
            self._warn(hint)

    def _check_times(self, node: exp.Expression) -> None:
        sides = list(node.iter_expressions())
        if any(side.is_string for side in sides) and any(self._is_time(side) for side in sides):
            self._refuse(
                text_beside_time(next(filter(self._is_time, sides))), node, "time and text"
            )

    def _is_time(self, node: exp.Expression) -> bool:
        return is_time(node, self.scope.made)

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

    def _in_events(self, name: tree.Field) -> bool:
        """Tell whether the name is there before the first `stats`, or here if there was none."""
        before = self.before_stats if self.stats_seen else self.scope
        if before.defines(name) or not self.events:
            return before.defines(name)
        return name.name in _ALWAYS or self.known(name.name)

    def _define(self, name: str, node: exp.Expression, *, again: set[str]) -> None:
        if name in self.scope.made:
            self._refuse_again(name, node)
        if name in again:
            self._forgive_again(name, node)
        self.scope.made[name] = False
        if self.joined is not None:
            self.joined.made.add(name)

    def _visible(self, name: tree.Field) -> bool:
        """Tell whether a name may be used at this place."""
        return self.scope.defines(name) or (self.scope.outputs is None and self._in_events(name))

    def _is_name(self, text: str) -> bool:
        """Tell whether a text is the name of something that may be used at this place."""
        return self._visible(tree.Field(parts=[text]))

    def _refuse_mistake(self, found: Mistake | None) -> None:
        if found is not None:
            self._refuse(*found)

    def _refuse_again(
        self, name: str, node: exp.Expr, hint: str = "", rule: str = "defined again"
    ) -> NoReturn:
        hint = hint or "choose another name"
        message = f"ephemeral field is already defined: {name!r}; {hint}"
        self._refuse(message, _name_in(node, name), rule)

    def _forgive_again(self, name: str, node: exp.Expr) -> None:
        """Let a query give a new value to a field of the events that it only named so far."""
        if self.strict:
            self._refuse_again(name, node, rule="named, then defined")
        self._warn(
            f"{name!r} stands for another value from here on than before, which the service may "
            "refuse; choose another name"
        )

    def _forgive(self, message: str, node: exp.Expression, rule: str) -> None:
        if self.strict:
            self._refuse(message, node, rule)
        self._warn(message)

    def _warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)

    def _refuse(self, message: str, node: exp.Expr, rule: str = "") -> NoReturn:
        refuse(self.pipeline, message, node, rule)


def _instead_of_event_time(call: tree.Call) -> str:
    if call.entry.aggregate:
        return f"name a time so in that stats, such as 'by bin(5m) as {TIMESTAMP}'"
    return "name the time in that stats, such as 'by bin(5m) as t', and use datefloor(t, …)"


def _in_row_form(value: exp.Expression) -> exp.Expression:
    """Give the expression as its text reads after the `stats` that computed it."""
    if not (is_aggregate(value) and value.name in row_forms()):
        return value
    copy = value.copy()
    copy.set("row_form", True)
    return copy


def _name_in(node: exp.Expr, name: str) -> exp.Expr:
    """Give a node at the last place in a command where it makes this name, if that is known."""
    places = [place for made, *place in node.meta.get("names", ()) if made == name]
    if not places:
        return node
    found = tree.Field(parts=[name])
    found.meta["start"], found.meta["end"] = places[-1]
    return found


def _stands_for_text(name: tree.Field) -> bool:
    """Tell whether a field is the right side of a comparison with a field: `level = ERROR`."""
    parent = name.parent
    return (
        isinstance(parent, COMPARISONS)
        and parent.expression is name
        and isinstance(parent.this, tree.Field)
    )


def _cut_text(events: int) -> str:
    if not events:
        return ""
    have = "event has" if events == 1 else "events have"
    kept = f"only the first {FIELDS_PER_EVENT} of each are kept"
    return f": {events:,} {have} more than {FIELDS_PER_EVENT} fields, and {kept}"


def _as_call(name: tree.Field) -> str:
    """Give a hint for the name of a function without arguments, such as `now`."""
    function = known_functions().get(canonical(name.name))
    is_call = function is not None and not function.parameters and not function.aggregate
    return f"; the function is written {name.name}()" if is_call else ""


@lru_cache(maxsize=16)
def _dashed(text: str) -> list[tuple[int, int, str]]:
    """Give where the words with dashes of a query begin and end, and each."""
    return [(*match.span(), match[0]) for match in _DASHED.finditer(text)]
