"""Values of the language as DuckDB computes them: what docs/language.md says of them, in SQL.

It is written from the documentation and shares nothing with the engine.
A number is a pair: its integer, if it is one that is counted exactly, and its double.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EXACT_DOUBLE = 2**53
MACROS = r"""
create macro t2d(t) as case when regexp_full_match(t,
    '[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?')
    and isfinite(try_cast(t as double)) then try_cast(t as double) end;
create macro d2i(d) as case when d = floor(d) and abs(d) <= 9007199254740992
    then cast(d as hugeint) end;
create macro t2i(t) as case when regexp_full_match(t, '[+-]?[0-9]{1,18}')
    then try_cast(t as hugeint) else d2i(t2d(t)) end;
create macro d2t(d) as case when d = 0 and signbit(d) then '-0'
    when d2i(d) is not null then cast(d2i(d) as varchar) else cast(d as varchar) end;
create macro whole(i, d) as case when i is not null then i
    when d = floor(d) and abs(d) < 1e37 then cast(d as hugeint) end;
create macro sign_of(ai, ad, bi, bd) as case
    when whole(ai, ad) is not null and whole(bi, bd) is not null
    then cast(whole(ai, ad) > whole(bi, bd) as int) - cast(whole(ai, ad) < whole(bi, bd) as int)
    else cast(ad > bd as int) - cast(ad < bd as int) end;
create macro number_key(i, d) as coalesce(cast(whole(i, d) as varchar), cast(d as varchar));
create macro text_key(t) as case when t2d(t) is null then t else number_key(t2i(t), t2d(t)) end;
create macro in_int64(i) as case when i between -9223372036854775808::hugeint
    and 9223372036854775807::hugeint then i end;
create macro natural_key(t) as array_to_string(list_transform(
    regexp_extract_all(t, '(?s)[0-9]+|\p{L}+|.'),
    lambda x: case
        when regexp_full_match(x, '[0-9]+')
        then '0' || lpad(cast(length(x) as varchar), 4, '0') || x
        when regexp_full_match(x, '\p{L}+') then x || chr(1) else x end), '');
"""


@dataclass(frozen=True)
class Value:
    """An expression of SQL, and the kind of its values.

    `aux`: of a `mixed` value whether it is a Boolean, of a `number` its integer. `exact`: both
    engines must agree on every digit, so it may be compared, grouped and written as text.
    `wide`: its sums and products may leave int64 or cancel out. `constant`: the value of a literal.
    `numbers`, `natural`: where its number and its natural order have columns of their own; DuckDB
    takes longer to plan a query with many macros than to answer it.
    """

    kind: str
    sql: str
    aux: str = ""
    exact: bool = True
    wide: bool = False
    constant: str | float | bool | None = None
    numbers: tuple[str, str] | None = None
    natural: str = ""

    @property
    def is_constant(self) -> bool:
        return self.constant is not None

    @property
    def is_number(self) -> bool:
        return self.kind in {"int", "double", "number", "time"}

    @property
    def missing(self) -> str:
        return f"(({self.sql}) is null)"

    def text(self) -> str:
        """Give its text form."""
        return {
            "int": f"cast({self.sql} as varchar)",
            "double": f"d2t({self.sql})",
            "number": f"case when {self.aux or 'null'} is not null then cast({self.aux or 'null'} "
            f"as varchar) else cast({self.sql} as varchar) end",
            "bool": f"cast({self.sql} as varchar)",
            "time": f"cast({self.sql} as varchar)",
        }.get(self.kind, f"({self.sql})")

    def is_boolean(self) -> str:
        return {"bool": "true", "mixed": f"({self.aux})"}.get(self.kind, "false")

    def pair(self, *, booleans: bool = True) -> tuple[str, str]:
        """Give its integer and its double, null where it is no number; `booleans` are 1 and 0."""
        sql = self.sql
        if self.kind in {"int", "time"}:
            return f"cast({sql} as hugeint)", f"cast({sql} as double)"
        if self.kind == "double":
            return f"d2i({sql})", f"({sql})"
        if self.kind == "number":
            return f"({self.aux})", f"({sql})"
        if self.kind == "bool":
            if not booleans:
                return "cast(null as hugeint)", "cast(null as double)"
            return f"cast(cast({sql} as int) as hugeint)", f"cast(cast({sql} as int) as double)"
        i, d = self.numbers or (f"t2i({sql})", f"t2d({sql})")
        if self.kind == "text":
            return i, d
        truth = f"cast({sql} = 'true' as int)" if booleans else "null"
        return (
            f"case when {self.aux} then cast({truth} as hugeint) else {i} end",
            f"case when {self.aux} then cast({truth} as double) else {d} end",
        )

    def truth(self) -> str:
        """Say whether it counts as true in a condition."""
        if self.kind == "bool":
            return f"({self.sql})"
        if self.is_number:
            return f"(({self.sql}) <> 0)"
        nonzero = f"coalesce(({self.pair(booleans=False)[1]}) <> 0, false)"
        return f"(case when {self.sql} is null then null else {self.sql} = 'true' or {nonzero} end)"

    def key(self) -> str:
        """Give a key that is equal where values are."""
        if self.kind == "double":
            return f"(({self.sql}) + 0.0)"
        if self.kind == "number":
            return f"number_key({self.aux}, {self.sql})"
        if self.kind in {"text", "mixed"}:
            return f"text_key({self.sql})"
        return f"({self.sql})"

    def sort_keys(self) -> list[str]:
        """Give what orders the values: missing, then texts in natural order, then numbers."""
        sql = self.sql
        if self.kind in {"int", "time", "bool"}:
            return [sql]
        if self.kind == "double":
            return [sql, f"not signbit({sql})"]
        if self.kind == "number":
            return [sql, f"whole({self.aux}, {sql})"]
        i, d = self.pair(booleans=False)
        return [
            f"({sql}) is not null",
            f"({d}) is not null",
            f"case when ({d}) is null then {self.natural or f'natural_key({sql})'} end",
            d,
            f"whole({i}, {d})",
            sql,
        ]


def literal(value: str | float | bool) -> Value:
    """Give a constant."""
    if isinstance(value, bool):
        return Value("bool", str(value).lower(), constant=value)
    if isinstance(value, int):
        return Value("int", f"cast({value} as hugeint)", constant=value)
    if isinstance(value, float):
        return Value("double", f"cast('{value!r}' as double)", constant=value)
    return Value("text", quoted(value), constant=value)


def is_number(text: str) -> bool:
    """Tell whether a text of the generator counts as a number."""
    return bool(_NUMBER.fullmatch(text)) and math.isfinite(float(text))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def ordered(value: Value, *, descending: bool = False) -> str:
    """Write the keys of a value as `order by` has them."""
    way = "desc nulls last" if descending else "asc nulls first"
    return ", ".join(f"{key} {way}" for key in value.sort_keys())


def compare(op: str, a: Value, b: Value) -> str:
    """Compare as numbers where both are numbers, else as texts.

    A Boolean beside a number is 1 or 0.
    """
    sql_op = {"!=": "<>"}.get(op, op)
    if a.kind == b.kind == "int":
        return f"(({a.sql}) {sql_op} ({b.sql}))"
    if isinstance(b.constant, str) and not is_number(b.constant) and not a.is_number:
        return f"(({a.text()}) {sql_op} ({b.sql}))"
    as_numbers = _signs(a.pair(booleans=False), b.pair(booleans=False), sql_op)
    if type(b.constant) in {int, float} and abs(float(b.constant or 0)) <= _EXACT_DOUBLE:
        i, d = a.pair(booleans=False)
        as_numbers = f"case when ({i}) is not null then ({i}) {sql_op} {b.constant!r} "
        as_numbers += f"else ({d}) {sql_op} {b.constant!r} end"
    if a.is_number and b.is_number:
        return f"(case when {a.missing} or {b.missing} then null else {as_numbers} end)"
    cases = [f"when {a.missing} or {b.missing} then null"]
    if {"bool", "mixed"} & {a.kind, b.kind}:
        one, other = a.pair(), b.pair()
        cases.append(
            f"when {a.is_boolean()} <> {b.is_boolean()} and ({one[1]}) is not null "
            f"and ({other[1]}) is not null then {_signs(one, other, sql_op)}"
        )
    one, other = a.pair(booleans=False), b.pair(booleans=False)
    cases.append(f"when ({one[1]}) is not null and ({other[1]}) is not null then {as_numbers}")
    return f"(case {' '.join(cases)} else ({a.text()}) {sql_op} ({b.text()}) end)"


def _signs(a: tuple[str, str], b: tuple[str, str], op: str) -> str:
    return f"sign_of({a[0]}, {a[1]}, {b[0]}, {b[1]}) {op} 0"


def arithmetic(op: str, a: Value, b: Value) -> Value:
    """Compute; integers exactly while they fit 64 bits, by zero nothing, no number nothing."""
    (ai, ad), (bi, bd) = a.pair(), b.pair()
    wide = a.wide or b.wide
    exact = a.exact and b.exact and not wide
    if op == "/":
        d = f"(case when ({bd}) <> 0 then ({ad}) / ({bd}) end)"
        return Value("number", d, f"d2i({d})", exact=exact, wide=wide)
    if op == "%":
        d = f"(case when ({bd}) <> 0 then ({ad}) % ({bd}) end)"
        i = f"(case when ({bi}) <> 0 then ({ai}) % ({bi}) end)"
    else:
        d, i = f"(({ad}) {op} ({bd}))", f"in_int64(({ai}) {op} ({bi}))"
    whole = f"coalesce({i}, d2i({d}))"
    return Value("number", f"coalesce(cast({i} as double), {d})", whole, exact=exact, wide=wide)


def of_pair(i: str, d: str, like: Value, *, exact: bool = True) -> Value:
    """Make a number of an integer and a double."""
    return Value("number", d, i, exact=like.exact and exact, wide=like.wide)


def chosen_of(condition: str, then: Value, otherwise: Value) -> Value:
    """Give one of two values, of a kind that holds both."""
    exact, wide = then.exact and otherwise.exact, then.wide or otherwise.wide

    def case(a: str, b: str) -> str:
        return f"(case when {condition} then {a} else {b} end)"

    if then.kind == otherwise.kind and then.kind in {"int", "double", "text", "bool"}:
        return Value(then.kind, case(then.sql, otherwise.sql), exact=exact, wide=wide)
    if then.is_number and otherwise.is_number:
        one, other = then.pair(), otherwise.pair()
        return Value("number", case(one[1], other[1]), case(one[0], other[0]), exact, wide)
    flag = case(then.is_boolean(), otherwise.is_boolean())
    return Value("mixed", case(then.text(), otherwise.text()), flag, exact, wide)
