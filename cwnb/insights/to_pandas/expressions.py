"""Write expressions as pandas code: one writer for each class of node."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cwnb.events import POINTER
from cwnb.insights.resolve.times import text_beside_time
from cwnb.insights.to_pandas import preamble
from cwnb.insights.to_pandas.writing import (
    NUMERIC,
    WRITERS,
    CannotSay,
    Script,
    Snippet,
    as_column,
    common_kind,
    data,
    is_call,
    literal,
    number,
    quoted,
    raw,
    text,
    text_form,
)
from cwnb.insights.tree import (
    Access,
    Call,
    Field,
    In,
    InSubquery,
    Like,
    Period,
    Regex,
    chain_terms,
    is_literal,
    literal_value,
)
from cwnb.regex import groups, plain_names, with_openings

if TYPE_CHECKING:
    from collections.abc import Callable

COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "==",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
FLIPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Arrow cannot compare an int64 column with a literal outside this range. (Test only integers with
# `in`: for a float, Python would compare every number of the range.)
INT64 = range(-(2**63), 2**63)


def write(script: Script, node: exp.Expression) -> Snippet:
    """Write an expression; raises CannotSay for a node without a writer."""
    found = script.aggregates.get(_key(node))
    if found is not None:
        return found
    writer = NODES.get(type(node))
    if writer is None:
        raise CannotSay(f"no words for {type(node).__name__}")
    return writer(script, node)


def _key(node: exp.Expression) -> str:
    return repr(node) if isinstance(node, Call) else ""


def aggregate_key(node: Call) -> str:
    """Give the key of an aggregation in `Script.aggregates`."""
    return _key(node)


def write_condition(script: Script, node: exp.Expression, *, only_true: bool = False) -> str:
    """Write a Boolean column; `only_true` says that false and missing need not differ."""
    if isinstance(node, exp.And | exp.Or):
        sign = "&" if isinstance(node, exp.And) else "|"
        parts = [
            _operand(script, part, only_true=only_true) for part in chain_terms(type(node), node)
        ]
        return f" {sign} ".join(parts)
    if isinstance(node, In) and only_true:
        return _is_in(script, node, only_true=True)
    if isinstance(node, exp.Not):
        inner = node.this
        if isinstance(inner, In) and only_true:
            value = data(write(script, inner.args["value"]))
            if not value.is_literal:
                among = _is_in(script, inner, only_true=True)
                return f"{value.operand}.notna() & ~{among}"
        negated = f"~{_operand(script, inner, only_true=False)}"
        present = re.fullmatch(r"~(\S+)\.notna\(\)", negated)
        return f"{present[1]}.isna()" if present and is_call(present[1]) else negated
    return truth(script, write(script, node)).code


def _operand(script: Script, node: exp.Expression, *, only_true: bool) -> str:
    code = write_condition(script, node, only_true=only_true)
    return code if is_call(code.removeprefix("~")) else f"({code})"


def truth(script: Script, snippet: Snippet) -> Snippet:
    """Convert a snippet to true or false, by the rule for a value that stands as a condition."""
    if snippet.is_literal:
        return as_column(script, literal(preamble.is_true(snippet.literal)))
    if snippet.kind in ("condition", "boolean"):
        return snippet
    if snippet.kind in NUMERIC:
        return Snippet(f"{snippet.operand} != 0", "condition", whole=False)
    return Snippet(f"truth({snippet.code})", "condition")


# Values


def _field(script: Script, node: Field) -> Snippet:
    name = node.name
    if name in script.kinds:
        return Snippet(script.at(name), script.kinds[name])
    if name == POINTER:
        raise CannotSay("'@ptr' points into a store and is not in the exported events")
    parts = node.parts
    for cut in range(len(parts) - 1, 0, -1):
        stem = ".".join(parts[:cut])
        if script.kinds.get(stem) == "any":
            return step(Snippet(script.at(stem), "any"), list(parts[cut:]))
    # A column of missing values, so that the rest of the source can use the field.
    script.add(
        f"{script.at(name)} = pd.Series(pd.NA, index={script.frame}.index, dtype=TEXT)"
        "  # no event has it"
    )
    script.kinds[name] = "text"
    return Snippet(script.at(name), "text")


def step(value: Snippet, path: list[str]) -> Snippet:
    """Write the access to a key or index of a structure."""
    keys = ", ".join(quoted(str(part)) for part in path)
    return Snippet(f"each(lambda value: step_into(value, [{keys}]), object, {value.code})", "any")


def _access(script: Script, node: Access) -> Snippet:
    value = write(script, node.args["value"])
    if value.kind != "any":
        empty = f"pd.Series(pd.NA, index={script.frame}.index, dtype=TEXT)"
        return Snippet(empty, "text")
    return step(value, [str(part) for part in node.args["path"]])


def _literal(script: Script, node: exp.Expression) -> Snippet:  # noqa: ARG001
    value = literal_value(node)
    # As text an integer beyond 64 bits keeps its digits.
    long = isinstance(value, int) and not isinstance(value, bool) and value not in INT64
    return literal(str(value) if long else value)


def _negative(script: Script, node: exp.Neg) -> Snippet:
    if is_literal(node):
        return _literal(script, node)
    value = as_column(script, number(script, write(script, node.this)))
    return Snippet(f"-{value.operand}", value.kind, whole=False)


def _period(script: Script, node: Period) -> Snippet:  # noqa: ARG001
    period = (int(node.args["count"]), str(node.args["unit"]))
    return Snippet(repr(period), "period", period)


def _regex(script: Script, node: Regex) -> Snippet:  # noqa: ARG001
    return Snippet(raw(node.pattern), "regex", node.pattern)


def _call(script: Script, node: Call) -> Snippet:
    writer = WRITERS.get(node.name)
    if writer is None:
        raise CannotSay(f"no words for the function {node.name!r}")
    return writer(script, *(write(script, argument) for argument in node.arguments))


# Arithmetic


def _operator(sign: str) -> Callable[[Script, exp.Binary], Snippet]:
    def writer(script: Script, node: exp.Binary) -> Snippet:
        left, right = _numbers(script, node)
        kind = common_kind(left, right)
        return Snippet(f"{left.operand} {sign} {right.operand}", kind, whole=False)

    return writer


def _numbers(script: Script, node: exp.Binary) -> tuple[Snippet, Snippet]:
    left = number(script, write(script, node.this))
    right = number(script, write(script, node.expression))
    if common_kind(left, right) != "integer":
        left, right = _as_double(left), _as_double(right)
    if left.is_literal and right.is_literal:
        left = as_column(script, left)
    return left, right


def _as_double(snippet: Snippet) -> Snippet:
    """Round a literal integer that is too long for a double; Arrow would refuse it beside one."""
    if snippet.is_literal and isinstance(snippet.literal, int) and abs(snippet.literal) > 2**53:
        return literal(float(snippet.literal))
    return snippet


def _divide(script: Script, node: exp.Div) -> Snippet:
    left, right = _numbers(script, node)
    if right.is_literal and right.literal != 0:
        return Snippet(f"{left.operand} / {right.operand}", "number", whole=False)
    return Snippet(f"divide({left.code}, {right.code})", "number")


def _modulus(script: Script, node: exp.Mod) -> Snippet:
    left, right = _numbers(script, node)
    kind = "integer" if common_kind(left, right) == "integer" else "numeric"
    return Snippet(f"remainder({left.code}, {right.code})", kind)


def _power(script: Script, node: exp.Pow) -> Snippet:
    left, right = _numbers(script, node)
    return Snippet(f"power({left.code}, {right.code})", "numeric")


# Comparisons


def _comparison(script: Script, node: exp.Binary) -> Snippet:
    relation = COMPARISONS[type(node)]  # type: ignore[index]
    left, right = write(script, node.this), write(script, node.expression)
    if left.is_literal:
        if right.is_literal:
            left = as_column(script, left)
        else:
            left, right, relation = right, left, FLIPPED[relation]
    if right.is_literal:
        of_column = node.expression if is_literal(node.this) else node.this
        _refuse_texts(left, [right.literal], of_column)
    code = compare(left, relation, right)
    return Snippet(code, "condition", whole=is_call(code))


def _refuse_texts(value: Snippet, literals: list[Any], node: exp.Expression) -> None:
    """Refuse to compare times with texts that are no numbers, as the engine does."""
    texts = [each for each in literals if isinstance(each, str)]
    if value.kind == "time" and not all(map(preamble.is_number, texts)):
        raise CannotSay(text_beside_time(node))


def compare(left: Snippet, relation: str, right: Snippet) -> str:
    """Write a comparison of a column with a column or a literal, as simply as the kinds allow."""
    yes_no = ("condition", "boolean")
    if left.kind in yes_no and right.kind in yes_no:
        if right.is_literal and relation in ("==", "!="):
            return left.code if (relation == "==") == right.literal else f"~{left.operand}"
        return f"{left.operand} {relation} {right.operand}"
    left, right = data(left), data(right)
    if not (right.is_literal and _is_plain_text(right.literal)):
        # A Boolean is 1 or 0 beside a number, and a text beside others.
        is_equality = relation in ("==", "!=") and right.is_literal
        if not (is_equality and _is_no_flag(right.literal)):
            left, right = _told_apart(left), _told_apart(right)
        if _is_numeric(right):
            left = _as_integer(left)
        elif _is_numeric(left):
            right = _as_integer(right)
        elif "boolean" in (left.kind, right.kind) or isinstance(right.literal, bool):
            return f"compare({left.code}, {quoted(relation)}, {right.code})"
    if right.is_literal and not isinstance(right.literal, bool):
        simple = _with_literal(left, relation, right.literal)
        if simple:
            return simple
    comparable = left.kind == right.kind and not right.is_literal
    if comparable and left.kind in ("integer", "number", "time"):
        return f"{left.operand} {relation} {right.operand}"
    if relation in ("==", "!=") and "any" not in (left.kind, right.kind):
        if right.is_literal:
            key = quoted(preamble.same_key(right.literal))
            return f"same({_millis(left).code}) {relation} {key}"
        if "time" not in (left.kind, right.kind):
            return f"same({left.code}) {relation} same({right.code})"
    return f"compare({left.code}, {quoted(relation)}, {right.code})"


def _is_plain_text(value: Any) -> bool:
    return isinstance(value, str) and not preamble.is_number(value)


def _is_no_flag(value: Any) -> bool:
    """Tell whether a literal equals no Boolean, as which number or text ever that is taken."""
    return not isinstance(value, bool) and preamble.same_key(value) not in ("0", "1")


def _is_numeric(value: Snippet) -> bool:
    if value.is_literal:
        return not isinstance(value.literal, bool) and not _is_plain_text(value.literal)
    return value.kind in (*NUMERIC, "time")


def _as_integer(value: Snippet) -> Snippet:
    if value.kind != "boolean":
        return value
    if value.is_literal:
        return literal(int(value.literal))
    return Snippet(f'{value.operand}.astype("int64[pyarrow]")', "integer")


def _told_apart(value: Snippet) -> Snippet:
    return (
        replace(value, code=f"without_booleans({value.code})") if value.kind == "mixed" else value
    )


def _millis(value: Snippet) -> Snippet:
    if value.kind != "time":
        return value
    return Snippet(f'{value.operand}.astype("int64[pyarrow]")', "integer")


def _with_literal(left: Snippet, relation: str, value: Any) -> str:
    """Write the comparison with a literal by an operator of pandas; "" if it needs a helper."""
    is_number = isinstance(value, int | float) or preamble.is_number(value)
    if is_number and left.kind in (*NUMERIC, "time"):
        number = preamble.number_of(value)
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if number in INT64 if isinstance(number, int) else math.isfinite(number):
            return f"{_millis(left).operand} {relation} {number}"
    if not is_number and left.kind in ("text", "mixed"):
        return f"{left.operand} {relation} {quoted(value)}"
    if not is_number and left.kind in (*NUMERIC, "boolean", "time"):
        return f"{text_form(left)} {relation} {quoted(value)}"
    return ""


def _like(script: Script, node: Like) -> Snippet:
    given = write(script, node.args["value"])
    value = text(script, given)
    pattern = node.args["pattern"]
    if isinstance(pattern, exp.Literal):
        wanted = quoted(str(pattern.this))
        code = f"{value.operand}.str.contains({wanted}, regex=False)"
    else:
        code = search(value, pattern.pattern)
    if given.kind == "any" and not given.is_literal:
        code = f"of_scalars({code}, {given.code})"
    return Snippet(code, "condition")


def search(value: Snippet, pattern: str) -> str:
    """Write a search for a pattern; its groups do not capture, for pandas warns of those."""
    plain = without_groups(pattern)
    if plain is None:
        return f"search({value.code}, {raw(plain_names(pattern))})"
    if re.fullmatch(r"[\w \-:/,@=<>!%&~`;']+", plain):
        return f"{value.operand}.str.contains({quoted(plain)}, regex=False)"
    return f"{value.operand}.str.contains({raw(plain)})"


def without_groups(pattern: str) -> str | None:
    """Give an RE2 pattern whose groups do not capture, or None if Python cannot read it."""
    plain = with_openings(pattern, [None] * len(groups(pattern)))
    try:
        return None if re.compile(plain).groups else plain
    except (re.error, OverflowError, RecursionError):
        return None


def _in(script: Script, node: In) -> Snippet:
    return Snippet(_is_in(script, node, only_true=False), "condition")


def _in_subquery(script: Script, node: InSubquery) -> Snippet:
    value = _told_apart(as_column(script, data(write(script, node.args["value"]))))
    answer = _told_apart(script.answers[node.args["answer"].place].at(node.args["column"]))
    keys = f"keys_of({_millis(answer).code})"
    return Snippet(f"is_in({_millis(value).code}, {keys})", "condition")


def _is_in(script: Script, node: In, *, only_true: bool) -> str:
    value = as_column(script, data(write(script, node.args["value"])))
    options = [literal_value(option) for option in node.args["options"]]
    _refuse_texts(value, options, node.args["value"])
    flags = [str(int(option)) for option in options if isinstance(option, bool)]
    keys = [*map(preamble.same_key, options), *flags]
    numbers = [preamble.number_of(key) for key in keys if preamble.is_number(key)]
    if not all(map(_is_no_flag, options)):
        value = _told_apart(value)
    if not only_true or value.kind in ("any", "time", "boolean"):
        return f"is_in({_millis(value).code}, [{', '.join(map(quoted, keys))}])"
    if value.kind == "integer":
        # Text that is no number equals no integer.
        whole = ", ".join(str(n) for n in numbers if isinstance(n, int) and n in INT64)
        return f"{value.operand}.isin([{whole}])"
    if value.kind in ("text", "mixed") and not numbers:
        return f"{value.operand}.isin([{', '.join(map(quoted, keys))}])"
    return f"same({value.code}).isin([{', '.join(map(quoted, keys))}])"


def _logical(script: Script, node: exp.Expression) -> Snippet:
    code = write_condition(script, node)
    return Snippet(code, "condition", whole=is_call(code))


NODES: dict[type[exp.Expression], Callable[..., Snippet]] = {
    Field: _field,
    Access: _access,
    exp.Literal: _literal,
    exp.Boolean: _literal,
    exp.Neg: _negative,
    Period: _period,
    Regex: _regex,
    Call: _call,
    exp.Add: _operator("+"),
    exp.Sub: _operator("-"),
    exp.Mul: _operator("*"),
    exp.Div: _divide,
    exp.Mod: _modulus,
    exp.Pow: _power,
    exp.EQ: _comparison,
    exp.NEQ: _comparison,
    exp.LT: _comparison,
    exp.LTE: _comparison,
    exp.GT: _comparison,
    exp.GTE: _comparison,
    Like: _like,
    In: _in,
    InSubquery: _in_subquery,
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: _logical,
}
