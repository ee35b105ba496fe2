"""What texts an event must hold so that a condition can be true of it, for an index of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.events import AllOf, AnyOf, Holds
from cwnb.insights.rewrite import as_condition
from cwnb.insights.text import regex
from cwnb.insights.tree import Call, Field, In, Like, Regex, chain_terms, is_literal
from cwnb.regex import required_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.events import Need
    from cwnb.insights.engine.batch import Batch

# With more values than this an index is not asked: one of them would be nearly everywhere.
_MOST_VALUES = 64


def need_of(condition: exp.Expression, batch: Batch) -> Need | None:
    """Give what a condition needs of an event; None where nothing is sure.

    A name that the query has given a value of its own says nothing about the events.
    """
    if isinstance(condition, exp.And):
        found = [need_of(part, batch) for part in chain_terms(exp.And, condition)]
        return _all_of([need for need in found if need is not None])
    if isinstance(condition, exp.Or):
        found = [need_of(part, batch) for part in chain_terms(exp.Or, condition)]
        known = [need for need in found if need is not None]
        return _any_of(known) if len(known) == len(found) else None
    if isinstance(condition, exp.EQ | In):
        asked = as_condition(condition)
        if asked is None or not asked.texts or not batch.is_of_events(asked.field):
            return None
        if len(asked.texts) > _MOST_VALUES:
            return None
        return _any_of([Holds(asked.field, text) for text in sorted(asked.texts)])
    if isinstance(condition, Like):
        return _of_like(condition, batch)
    if isinstance(condition, Call) and condition.entry.true_only_if_contains:
        return _of_call(condition, batch)
    return None


def _of_like(condition: Like, batch: Batch) -> Need | None:
    field, pattern = condition.args["value"], condition.args["pattern"]
    if not isinstance(field, Field) or not batch.is_of_events(field.name):
        return None
    if not isinstance(pattern, Regex):
        return Holds(field.name, str(pattern.this))
    required = required_texts(regex.to_re2(pattern.pattern))
    return _all_of(
        [
            _any_of([Holds(field.name, text, required.ignore_case) for text in sorted(clause)])
            for clause in required.clauses
        ]
    )


def _of_call(call: Call, batch: Batch) -> Need | None:
    field, text, *options = call.arguments
    if not isinstance(field, Field) or not batch.is_of_events(field.name):
        return None
    if not (is_literal(text) and text.is_string):
        return None
    # The third argument may say that case does not matter.
    return Holds(field.name, str(text.this), ignore_case=bool(options))


def _all_of(needs: Sequence[Need]) -> Need | None:
    if len(needs) < 2:
        return needs[0] if needs else None
    return AllOf(tuple(needs))


def _any_of(needs: Sequence[Need]) -> Need:
    return needs[0] if len(needs) == 1 else AnyOf(tuple(needs))
