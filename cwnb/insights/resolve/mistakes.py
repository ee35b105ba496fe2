"""Find valid expressions that cannot mean what they say; say what is wrong and what was meant.

Texts stand for themselves in the language, and the service takes one where a field or a condition
belongs, without a word: `filter level = "ERROR" or "FATAL"` keeps the rows of ERROR only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cwnb.insights import tree
from cwnb.insights.ql.writer import to_text, write_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What is wrong, and the node at which it is.
Mistake = tuple[str, exp.Expression]

# What a backslash and a letter stand for in regexes, and in texts of other languages.
_ESCAPES = {"n": "line break", "r": "carriage return", "t": "tab"}
_ESCAPE = re.compile(r"\\(?:([nrt])|.)", re.DOTALL)


def mistake_in(node: exp.Expression, is_name: Callable[[str], bool]) -> Mistake | None:
    """Say what is wrong with one node of an expression; None if nothing is.

    `is_name` tells whether a text is the name of a field, or of something that the query has made.
    """
    check = _CHECKS.get(type(node))
    return None if check is None else check(node, is_name)


def bare_condition(
    terms: Sequence[exp.Expression], is_name: Callable[[str], bool]
) -> Mistake | None:
    """Find a text or a number among conditions, such as that of `level = "ERROR" or "FATAL"`."""
    for place, term in enumerate(terms):
        if _is_value(term):
            text = to_text(term)
            meant = _meant(term, [*reversed(terms[:place]), *terms[place + 1 :]])
            if meant is not None:
                hint = f"write {to_text(meant)}"
            elif _names_field(term, is_name):
                hint = f"write the field without quotes: {write_name(_text(term))}"
            else:
                hint = "compare a field with it"
            return f"{text} by itself is no condition; {hint}", term
    return None


def text_for_field(
    node: exp.Expression, is_name: Callable[[str], bool], what: str, *, sure: bool
) -> Mistake | None:
    """Find a text where `what` takes a field; not `sure`: only if there is a field of that name."""
    if not node.is_string or not (sure or is_name(_text(node))):
        return None
    without = f"write {write_name(_text(node))} without quotes" if _text(node) else "name a field"
    return f"{what} takes a field, and {to_text(node)} is a text; {without}", node


def unread_escape(node: exp.Expression, query: str) -> str | None:
    r"""Say that `\n` in a text of the query is no line break; None where there is none.

    `\\n`, which means the same, says that it is known, and `\r` and `\t` are like `\n`.
    A text that a function reads itself, such as a regex or a format of dates, is left alone.
    """
    written = query[node.meta.get("start", 0) : node.meta.get("end", 0)]
    if written[:1] not in ("'", '"') or _reads_itself(node):
        return None
    letter = next((match[1] for match in _ESCAPE.finditer(written) if match[1]), None)
    if letter is None:
        return None
    what = _ESCAPES[letter]
    return (
        f"\\{letter} in the text {written} is a backslash and the letter {letter} (if that is "
        f"meant, write \\\\{letter}); a {what} is written in a regex: /\\{letter}/"
    )


def _reads_itself(node: exp.Expression) -> bool:
    call = node.parent
    if not isinstance(call, tree.Call):
        return False
    places = [i for i, argument in enumerate(call.arguments) if argument == node]
    return any(call.entry.parameter(place).as_written for place in places)


def _is_value(node: exp.Expression) -> bool:
    return tree.is_literal(node) and not isinstance(node, exp.Boolean)


def _text(node: exp.Expression) -> str:
    return str(node.this)


def _names_field(node: exp.Expression, is_name: Callable[[str], bool]) -> bool:
    return bool(node.is_string) and is_name(_text(node))


def _meant(value: exp.Expression, others: Sequence[exp.Expression]) -> exp.Expression | None:
    """Give the comparison with the value that one of the other conditions, nearest first, shows."""
    for other in others:
        if isinstance(other, tuple(tree.COMPARISONS)) and not _is_value(other.this):
            return type(other)(this=other.this.copy(), expression=value.copy())
        if isinstance(other, tree.Like) and value.is_string:
            return tree.Like(value=other.args["value"].copy(), pattern=value.copy())
        if isinstance(other, tree.In):
            return exp.EQ(this=other.args["value"].copy(), expression=value.copy())
    return None


def _chain(node: exp.And | exp.Or, is_name: Callable[[str], bool]) -> Mistake | None:
    return bare_condition(tree.chain_terms(type(node), node), is_name)


def _not(node: exp.Not, is_name: Callable[[str], bool]) -> Mistake | None:
    return bare_condition([node.this], is_name)


def _call(node: tree.Call, is_name: Callable[[str], bool]) -> Mistake | None:
    entry, given = node.entry, node.arguments
    if entry.most_branches is not None:
        conditions = given[: len(given) // 2 * 2 : 2]
    else:
        conditions = [a for i, a in enumerate(given) if entry.parameter(i).name == "condition"]
    for condition in conditions:
        if found := bare_condition([condition], is_name):
            return found
    for place, argument in enumerate(given):
        if entry.parameter(place).name == "field":
            sure = entry.true_only_if_present
            if found := text_for_field(argument, is_name, entry.name, sure=sure):
                return found
    return None


def _comparison(node: exp.Expression, is_name: Callable[[str], bool]) -> Mistake | None:
    """Refuse `"level" = "ERROR"`, which is false for every row."""
    first, *others = (
        [node.args["value"]]
        if isinstance(node, tree.Like | tree.In)
        else [node.this, node.expression]
    )
    if all(map(tree.is_literal, others)):
        return text_for_field(first, is_name, "a comparison", sure=False)
    return None


_CHECKS: dict[type[Any], Callable[[Any, Callable[[str], bool]], Mistake | None]] = {
    exp.And: _chain,
    exp.Or: _chain,
    exp.Not: _not,
    tree.Call: _call,
    **dict.fromkeys((*tree.COMPARISONS, tree.Like, tree.In), _comparison),
}
