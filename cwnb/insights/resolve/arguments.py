"""Check the arguments of a call: how many they are, and which literals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.errors import MalformedQuery
from cwnb.insights.tree import Call, Period, Star, is_literal, literal_value
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.insights.functions import Function


def check_arguments(call: Call, text: str | None) -> None:
    """Check a call against its entry in the function table.

    `text` is the query, in which the error points to the call. Raises MalformedQuery.
    """
    function, given = call.entry, len(call.arguments)
    most = function.max_args
    if given < function.min_args or (most is not None and given > most):
        raise _fault(f"{function.usage} takes {_counted(function)}, not {given}", call, text)
    branches = function.most_branches
    if branches is not None and given // 2 > branches:
        message = f"{call.name} takes at most {branches} branches, not {given // 2}"
        raise _fault(message, call, text)
    for index, argument in enumerate(call.arguments):
        if not isinstance(argument, Star):
            _check_range(call, index, text)
            _check_length(call, index, text)
            _check_text(call, index, text)


def _check_range(call: Call, index: int, text: str | None) -> None:
    parameter, argument = call.entry.parameter(index), call.arguments[index]
    if parameter.least is None or parameter.most is None:
        return
    value = literal_value(argument) if is_literal(argument) else None
    whole = parameter.kind == "literal_integer"
    kinds: tuple[type, ...] = (int,) if whole else (int, float)
    if type(value) not in kinds or not parameter.least <= (value or 0) <= parameter.most:
        kind = "whole number" if whole else "number"
        message = (
            f"argument {index + 1} of {call.name} is a {kind} "
            f"from {parameter.least} to {parameter.most}"
        )
        raise _fault(message, argument, text)


def _check_length(call: Call, index: int, text: str | None) -> None:
    """Refuse a period without a fixed length where an aggregation divides by it."""
    argument = call.arguments[index]
    if not (call.entry.aggregate and isinstance(argument, Period)):
        return
    unit = argument.args["unit"]
    if unit not in UNIT_MS:
        message = f"a period of {call.entry.name} has a fixed length, and one in {unit!r} has not; "
        raise _fault(f"{message}write days or weeks", argument, text)


def _check_text(call: Call, index: int, text: str | None) -> None:
    check, argument = call.entry.parameter(index).check, call.arguments[index]
    if check is None or not argument.is_string:
        return
    try:
        check(str(argument.this))
    except MalformedQuery as error:
        raise _fault(error.message, argument, text) from None


def _fault(message: str, node: exp.Expression, text: str | None) -> MalformedQuery:
    return MalformedQuery(message, text, node.meta.get("start"), node.meta.get("end"))


def _counted(function: Function) -> str:
    least, most = function.min_args, function.max_args
    if most is None:
        return f"{least} or more arguments"
    if least == most:
        return "no arguments" if most == 0 else f"{most} argument{'s' * (most > 1)}"
    return f"{least} to {most} arguments"
