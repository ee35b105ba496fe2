"""Write functions of numbers, structures and addresses, and general ones, as pandas code."""

from __future__ import annotations

from cwnb.insights.functions.calling import cut_off
from cwnb.insights.functions.numeric import MOST_DECIMALS
from cwnb.insights.to_pandas.expressions import truth
from cwnb.insights.to_pandas.writing import (
    DTYPES,
    NUMERIC,
    CannotSay,
    Script,
    Snippet,
    as_column,
    data,
    literal,
    number,
    number_column,
    text,
    writes,
)

# Numbers


@writes("abs")
def _abs(script: Script, value: Snippet) -> Snippet:
    value = number_column(script, value)
    return Snippet(f"{value.operand}.abs()", value.kind)


@writes("ceil")
def _ceil(script: Script, value: Snippet) -> Snippet:
    return _rounded(script, "ceil", value)


@writes("floor")
def _floor(script: Script, value: Snippet) -> Snippet:
    return _rounded(script, "floor", value)


def _rounded(script: Script, helper: str, value: Snippet) -> Snippet:
    value = number_column(script, value)
    return value if value.kind == "integer" else Snippet(f"{helper}({value.code})", "number")


@writes("sqrt")
def _sqrt(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"root({number_column(script, value).code})", "number")


@writes("log")
def _log(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"natural_log({number_column(script, value).code})", "number")


@writes("round")
def _round(script: Script, value: Snippet, decimals: Snippet | None = None) -> Snippet:
    value = number_column(script, value)
    if decimals is None:
        if value.kind == "integer":
            return value
        return Snippet(f"round_half_away({value.code})", "number")
    if not decimals.is_literal:
        raise CannotSay("round to a number of decimals that differs by row")
    places = cut_off(decimals.literal, MOST_DECIMALS)
    kind = "numeric" if value.kind == "integer" else value.kind
    return Snippet(f"round_half_away({value.code}, {places})", kind)


@writes("greatest")
def _greatest(script: Script, *values: Snippet) -> Snippet:
    return _extreme(script, "max", values)


@writes("least")
def _least(script: Script, *values: Snippet) -> Snippet:
    return _extreme(script, "min", values)


def _extreme(script: Script, which: str, values: tuple[Snippet, ...]) -> Snippet:
    numbers = [number(script, value) for value in values]
    if all(n.is_literal for n in numbers):
        numbers[0] = as_column(script, numbers[0])
    kind = "integer" if all(n.kind == "integer" for n in numbers) else "numeric"
    return Snippet(f"extreme({which}, {', '.join(n.code for n in numbers)})", kind)


@writes("haversine")
def _haversine(script: Script, *degrees: Snippet) -> Snippet:
    numbers = [number(script, value) for value in degrees]
    if all(n.is_literal for n in numbers):
        numbers[0] = as_column(script, numbers[0])
    return Snippet(f"haversine({', '.join(n.code for n in numbers)})", "number")


@writes("histogram")
def _histogram(script: Script, value: Snippet, width: Snippet) -> Snippet:
    value = number_column(script, value)
    whole = value.kind == "integer" and float(width.literal).is_integer()
    kind = "integer" if whole else "numeric"
    return Snippet(f"lower_border({value.code}, {width.literal})", kind)


@writes("tonumber", "todouble")
def _to_double(script: Script, value: Snippet) -> Snippet:
    value = number_column(script, value)
    if value.kind == "number":
        return value
    return Snippet(f'each(to_double, "double[pyarrow]", {value.code})', "number")


@writes("toint")
def _to_int(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"to_integer({number_column(script, value).code}, 32)", "integer")


@writes("tolong")
def _to_long(script: Script, value: Snippet) -> Snippet:
    value = as_column(script, data(value))
    if value.kind == "integer":
        return value
    code = f"without_booleans({value.code})" if value.kind == "mixed" else value.code
    return Snippet(f"to_integer({code}, 64)", "integer")


# General


@writes("ispresent")
def _ispresent(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"{as_column(script, value).operand}.notna()", "condition")


@writes("coalesce")
def _coalesce(script: Script, *values: Snippet) -> Snippet:
    first, *rest = _one_kind(values)
    code = as_column(script, first).operand
    for other in rest:
        code += f".fillna({other.code})"
    return Snippet(code, first.kind)


@writes("if")
def _if(script: Script, condition: Snippet, yes: Snippet, no: Snippet) -> Snippet:
    return _choose(script, [condition, yes, no])


@writes("case")
def _case(script: Script, *arguments: Snippet) -> Snippet:
    return _choose(script, list(arguments))


def _choose(script: Script, arguments: list[Snippet]) -> Snippet:
    conditions, answers = arguments[: len(arguments) // 2 * 2 : 2], arguments[1::2]
    default = arguments[-1] if len(arguments) % 2 else None
    if [a.literal for a in arguments[1:]] == [1, 0]:
        holds = truth(script, conditions[0]).operand
        return Snippet(f'{holds}.fillna(False).astype("int64[pyarrow]")', "integer")
    unified = _one_kind([*answers, *([default] if default else [])])
    kind = unified[0].kind
    if default:
        code = as_column(script, unified[-1]).operand
    else:
        code = f"pd.Series(pd.NA, index={script.frame}.index, dtype={DTYPES[kind]})"
    for condition, answer in reversed(list(zip(conditions, unified, strict=False))):
        # A missing condition is not true; `mask` would take it for true.
        code = f"{code}.mask(({truth(script, condition).code}).fillna(False), {answer.code})"
    return Snippet(code, kind)


def _one_kind(values: list[Snippet] | tuple[Snippet, ...]) -> list[Snippet]:
    """Convert to one kind: their own if it is the same, numbers as doubles, else `any`."""
    snippets = [data(value) for value in values]
    kinds = {snippet.kind for snippet in snippets}
    if len(kinds) == 1 and kinds != {"numeric"}:
        return snippets
    if kinds == {"text", "mixed"}:
        return [Snippet(p.code, "mixed", p.literal, p.whole) for p in snippets]
    kind = "number" if kinds <= set(NUMERIC) else "any"
    made = []
    for snippet in snippets:
        if snippet.is_literal:
            value = float(snippet.literal) if kind == "number" else snippet.literal
            made.append(Snippet(literal(value).code, kind, value))
        else:
            whole = (
                f"without_booleans({snippet.code})" if snippet.kind == "mixed" else snippet.operand
            )
            made.append(Snippet(f"{whole}.astype({DTYPES[kind]})", kind))
    return made


@writes("isnumeric")
def _isnumeric(script: Script, value: Snippet) -> Snippet:
    if value.kind in NUMERIC:
        value = as_column(script, value)
        return Snippet(f'each(lambda _: True, "bool[pyarrow]", {value.code})', "condition")
    value = text(script, value)
    return Snippet(f'each(is_number, "bool[pyarrow]", {value.code})', "condition")


@writes("messagesize")
def _messagesize(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"byte_length({text(script, value).code})", "integer")


# Structures


@writes("jsonparse")
def _jsonparse(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"each(structure, object, {text(script, value).code})", "any")


@writes("jsonstringify")
def _jsonstringify(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"each(json_text, TEXT, {as_column(script, data(value)).code})", "text")


@writes("jsonarraysize")
def _jsonarraysize(script: Script, value: Snippet) -> Snippet:
    helper = f'each(array_size, "int64[pyarrow]", {_json_text(script, value)})'
    return Snippet(helper, "integer")


@writes("jsonarraycontains")
def _jsonarraycontains(script: Script, value: Snippet, wanted: Snippet) -> Snippet:
    code = f'each(array_contains, "bool[pyarrow]", {_json_text(script, value)}, {wanted.code})'
    return Snippet(code, "condition")


def _json_text(script: Script, value: Snippet) -> str:
    if value.kind == "any":
        return f"each(json_text, TEXT, {value.code})"
    return text(script, value).code


# Addresses


def _address_test(name: str, helper: str, *more: str) -> None:
    def writer(script: Script, value: Snippet, *blocks: Snippet) -> Snippet:
        extra = [text(script, b).code if not b.is_literal else b.code for b in blocks]
        extra += more
        arguments = ", ".join([text(script, value).code, *extra])
        return Snippet(f'each({helper}, "bool[pyarrow]", {arguments})', "condition")

    writes(name)(writer)


_address_test("isvalidip", "is_address")
_address_test("isvalidipv4", "is_address", "4")
_address_test("isvalidipv6", "is_address", "6")
_address_test("isipinsubnet", "in_subnet")
_address_test("isipv4insubnet", "in_subnet", "4")
_address_test("isipv6insubnet", "in_subnet", "6")
_address_test("isprivateip", "is_private")
_address_test("ispublicip", "is_public")
_address_test("isreservedip", "is_reserved")


@writes("ipv4tonumber")
def _ipv4tonumber(script: Script, value: Snippet) -> Snippet:
    return Snippet(f'each(ipv4_number, "int64[pyarrow]", {text(script, value).code})', "integer")
