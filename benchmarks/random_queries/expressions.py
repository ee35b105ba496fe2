"""Random expressions: each is a text of the language and the same in SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.random_queries.events import (
    AREAS,
    FIELDS,
    INEXACT_SUMS,
    LARGE,
    LEVELS,
    NOW_MS,
    NUMERIC_TEXTS,
    STREAMS,
    WIDE,
    WORDS,
)
from benchmarks.random_queries.sql_values import (
    Value,
    arithmetic,
    chosen_of,
    column,
    compare,
    literal,
    of_pair,
    quoted,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NEVER = "cast(null as hugeint)"
REGEXES = ("ERR|WARN", "^a.*b$", "[0-9]+", "(?i)error", "é", "^x-[0-9]+$", "u[0-9]$", "^$")
NEEDLES = (*LEVELS, *WORDS, "7", "00", "-", "id-0000", "u1", "ERR", "level", "/1/")
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Term:
    """A text of the language, and its value in SQL. `summable`: its sums are exact."""

    text: str
    value: Value
    summable: bool = True


def written(value: str | float | bool) -> str:
    """Write a constant as a query has it."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


def constant(value: str | float | bool) -> Term:
    return Term(written(value), literal(value))


def field(name: str, kind: str) -> Term:
    """Give a field or a column by its name."""
    plain = name.replace(".", "").replace("_", "").replace("@", "").isalnum()
    aux = {"mixed": column(f"{name}__b"), "number": column(f"{name}__i")}.get(kind, "")
    value = Value(kind, column(name), aux, wide=name in WIDE)
    return Term(name if plain else f"`{name}`", value, summable=name not in INEXACT_SUMS)


class Drawer:
    """Draws expressions over columns; `columns` has the term of each name.

    `is_inner`: for a query inside another one.
    """

    def __init__(
        self, chosen: random.Random, columns: dict[str, Term], *, is_inner: bool = False
    ) -> None:
        self.chosen, self.columns, self.is_inner = chosen, columns, is_inner

    def any_column(self, *kinds: str) -> Term:
        """Draw a column, of one of these kinds if there is one."""
        found = [term for term in self.columns.values() if not kinds or term.value.kind in kinds]
        return self.chosen.choice(found or list(self.columns.values()))

    # Numbers

    def number(self, depth: int = 2) -> Term:
        """Draw something that is a number, or may be one."""
        chosen = self.chosen
        if depth == 0 or chosen.random() < 0.4:
            if chosen.random() < 0.1:
                return constant(chosen.choice((0, 1, 2, 3, 200, 0.5, 7.5)))
            return self.any_column("int", "double", "number", "mixed", "text")
        return chosen.choice(self._NUMBERS)(self, depth - 1)

    def _arithmetic(self, depth: int) -> Term:
        op = self.chosen.choice("+-*/%")
        one, other = self.number(depth), self.number(0)
        if self.chosen.random() < 0.5:
            other = constant(self.chosen.choice((0, 1, 2, 3, 1000, 0.5, 0.25)))
        made = arithmetic(op, one.value, other.value)
        return Term(f"({one.text} {op} {other.text})", made, _sums(one, other) and op in "+-")

    def _negative(self, depth: int) -> Term:
        one = self.number(depth)
        made = arithmetic("-", literal(0), one.value)
        return Term(f"(-{one.text})" if not one.value.is_constant else one.text,
                    made if not one.value.is_constant else one.value, one.summable)  # fmt: skip

    def _of_number(self, depth: int) -> Term:
        name = self.chosen.choice(("abs", "ceil", "floor", "sqrt", "round", "toInt", "toNumber"))
        one = self.number(depth)
        i, d = one.value.pair()
        sql = {
            "abs": (f"in_int64(abs({i}))", f"abs({d})"),
            "ceil": (f"coalesce({i}, d2i(ceil({d})))", f"ceil({d})"),
            "floor": (f"coalesce({i}, d2i(floor({d})))", f"floor({d})"),
            "sqrt": (NEVER, f"(case when ({d}) >= 0 then sqrt({d}) end)"),
            "round": (f"coalesce({i}, d2i(round({d})))", f"round({d})"),
            "toInt": (_to_int(d), f"cast({_to_int(d)} as double)"),
            "toNumber": (f"d2i({d})", f"({d})"),
        }[name]
        i = f"d2i({sql[1]})" if sql[0] == NEVER else sql[0]
        exact = not one.value.wide and name != "sqrt"
        return Term(f"{name}({one.text})", of_pair(i, sql[1], one.value, exact=exact),
                    one.summable and name != "sqrt")  # fmt: skip

    def _extreme(self, depth: int) -> Term:
        name = self.chosen.choice(("greatest", "least"))
        one, other = self.number(depth), self.number(0)
        # Integers that a double cannot hold would be compared with doubles.
        if one.value.wide or other.value.wide:
            return self.number(0)
        (_, a), (_, b) = one.value.pair(), other.value.pair()
        d = f"{name}({a}, {b})"
        made = Value("number", d, f"d2i({d})", exact=one.value.exact and other.value.exact)
        return Term(f"{name}({one.text}, {other.text})", made, _sums(one, other))

    def _length(self, depth: int) -> Term:
        one = self.text(depth)
        name, sql = self.chosen.choice((("strlen", "length"), ("messageSize", "strlen")))
        return Term(f"{name}({one.text})", Value("int", f"{sql}({one.value.text()})"))

    def _of_truth(self, depth: int) -> Term:
        condition = self.condition(depth)
        one, other = self.number(0), self.number(0)
        return self._chosen("if", condition, one, other)

    def _chosen(self, name: str, condition: Term, one: Term, other: Term) -> Term:
        # The text of a computed number has the digits of an engine.
        if "number" in {one.value.kind, other.value.kind} and not (
            one.value.is_number and other.value.is_number
        ):
            return one
        if name == "if":
            made = chosen_of(f"coalesce({condition.value.sql}, false)", one.value, other.value)
            said = f"if({condition.text}, {one.text}, {other.text})"
        else:
            made = chosen_of(f"not {one.value.missing}", one.value, other.value)
            said = f"coalesce({one.text}, {other.text})"
        return Term(said, made, _sums(one, other))

    def _coalesce(self, _: int) -> Term:
        return self._chosen("coalesce", constant(1), self.number(0), self.number(0))

    _NUMBERS = (_arithmetic, _arithmetic, _negative, _of_number, _of_number, _extreme, _length,
                _of_truth, _coalesce)  # fmt: skip

    # Texts

    def text(self, depth: int = 1) -> Term:
        """Draw something whose text form is the same in both engines."""
        chosen = self.chosen
        if depth == 0 or chosen.random() < 0.4:
            return self.any_column("text", "text", "mixed", "int", "double", "bool")
        one = self.text(depth - 1)
        if one.value.kind in {"number", "time"}:
            return constant("x")
        name = chosen.choice(tuple(_OF_TEXT))
        said, sql = _OF_TEXT[name](one.text, one.value.text(), chosen)
        return Term(said, Value("text", f"({sql})", wide=True), summable=False)

    def concat(self) -> Term:
        """Draw texts that are joined; missing ones add nothing."""
        parts = [self.text(0), constant(self.chosen.choice(WORDS)), self.text(0)]
        parts = [p for p in parts if p.value.kind not in {"number", "time"}] or [constant("x")]
        sql = " || ".join(f"coalesce({part.value.text()}, '')" for part in parts)
        said = f"concat({', '.join(part.text for part in parts)})"
        return Term(said, Value("text", f"({sql})", wide=True), summable=False)

    # Conditions

    def condition(self, depth: int = 2) -> Term:
        """Draw a condition."""
        chosen = self.chosen
        if depth and chosen.random() < 0.4:
            parts = [self.condition(depth - 1) for _ in range(chosen.choice((1, 2, 2, 3)))]
            if len(parts) == 1:
                return _truth(f"not ({parts[0].text})", f"(not {parts[0].value.sql})")
            word = chosen.choice(("and", "or", "or"))
            said = f" {word} ".join(f"({part.text})" for part in parts)
            return _truth(said, "(" + f" {word} ".join(part.value.sql for part in parts) + ")")
        return chosen.choice(self._CONDITIONS)(self)

    def _comparison(self) -> Term:
        op, chosen = self.chosen.choice(OPERATORS), self.chosen
        one = self.number(1) if chosen.random() < 0.3 else self.any_column()
        other = self.any_column() if chosen.random() < 0.2 else self.constant_for(one)
        kinds = {one.value.kind, other.value.kind}
        for a, b in ((one, other), (other, one)):
            if a.value.kind in {"number", "time"} and not b.value.is_number:
                other, one = constant(chosen.choice((0, 2, 200, 7.5))), a
        if "time" in kinds and one.value.kind != "time" and other.value.kind != "time":
            one = constant(1)
        if chosen.random() < 0.1 and not other.value.is_constant:
            one, other = other, one
        if one.value.is_constant and other.value.is_constant:
            one = self.any_column("text")
            if one.value.kind in {"number", "time"}:
                return self._present()
        if not (one.value.exact and other.value.exact) and op in {"=", "!="}:
            op = ">"
        return _truth(f"{one.text} {op} {other.text}", compare(op, one.value, other.value))

    def constant_for(self, term: Term) -> Term:
        """Draw a constant that may well be a value of a term."""
        chosen, name = self.chosen, term.text.strip("`")
        if term.value.kind == "time":
            return constant(NOW_MS - chosen.randint(0, 20 * 60_000))
        if chosen.random() < 0.1 and term.value.kind != "number":
            return constant(chosen.choice((*WORDS, *NUMERIC_TEXTS, 0, 200, 7.5, True, False)))
        own = {
            "big": (*LARGE, 9.5e18),
            "id": ("id-00001", "id-00003", "id-1", 1),
            "path": ("/api/1/a", f"/{chosen.choice(AREAS)}/2/", "/img"),
            "code": (*NUMERIC_TEXTS, 200, 7.5, 0, 9007199254740993),
            "user.id": ("u1", "u2", "u10"),
            "@logStream": STREAMS,
        }.get(name)
        if own is None:
            own = {
                "text": (*LEVELS, *WORDS),
                "int": (0, 1, 7, 200, 404, 30, 0.5),
                "double": (0, 0.5, 1, 200, 7.5, -1.25, 100),
                "bool": (True, False, 1, 0, "true"),
                "mixed": (1, 0, 2.5, 200, "word", "true", "0200", True, 9007199254740993),
            }.get(term.value.kind, (0, 1, 7, 200, 0.5, 1e6))
        return constant(chosen.choice(own))

    def _is_in(self) -> Term:
        one = self.any_column("text", "text", "int", "double", "bool", "mixed")
        if one.value.kind in {"number", "time"} or not one.value.exact:
            return self._comparison()
        options = [self.constant_for(one) for _ in range(self.chosen.randint(1, 4))]
        equal = " or ".join(compare("=", one.value, option.value) for option in options)
        word = self.chosen.choice(("in", "in", "not in"))
        negated = "not " if word == "not in" else ""
        said = f"{one.text} {word} [{', '.join(option.text for option in options)}]"
        return _truth(said, f"({negated}({equal}))")

    def _like(self) -> Term:
        one, chosen = self.text(0), self.chosen
        if one.value.kind in {"number", "time"}:
            return self._comparison()
        word = chosen.choice(("like", "like", "not like"))
        negated = "not " if word == "not like" else ""
        if chosen.random() < 0.5:
            needle = chosen.choice(NEEDLES)
            found = f"contains({one.value.text()}, {quoted(needle)})"
            return _truth(f"{one.text} {word} {written(needle)}", f"({negated}{found})")
        regex = chosen.choice(REGEXES)
        found = f"regexp_matches({one.value.text()}, {quoted(regex)})"
        return _truth(f"{one.text} {word} /{regex}/", f"({negated}{found})")

    def _present(self) -> Term:
        one = self.any_column()
        name = self.chosen.choice(("ispresent", "isPresent"))
        return _truth(f"{name}({one.text})", f"(not {one.value.missing})")

    def _tested(self) -> Term:
        one, chosen = self.text(1), self.chosen
        if one.value.kind in {"number", "time"}:
            return self._present()
        text = one.value.text()
        name = chosen.choice(("isempty", "isblank", "isNumeric", "startsWith", "endsWith",
                              "strcontains"))  # fmt: skip
        needle = chosen.choice(NEEDLES)
        if name == "isNumeric":
            _, i = one.value.pair(booleans=False)
            sql = f"(case when not {one.value.missing} then ({i}) is not null end)"
            return _truth(f"{name}({one.text})", sql)
        sql = {
            "isempty": f"coalesce({text} = '', true)",
            "isblank": f"coalesce(trim({text}) = '', true)",
            "startsWith": f"starts_with({text}, {quoted(needle)})",
            "endsWith": f"suffix({text}, {quoted(needle)})",
            "strcontains": f"contains({text}, {quoted(needle)})",
        }[name]
        said = one.text if name in {"isempty", "isblank"} else f"{one.text}, {written(needle)}"
        return _truth(f"{name}({said})", f"({sql})")

    def _among(self) -> Term:
        """Draw a subquery of the same events, which `s0` are."""
        if "@message" not in self.columns or self.is_inner:
            return self._is_in()
        own = Drawer(self.chosen, columns_of_events(), is_inner=True)
        name = self.chosen.choice(("id", "level", "code", "user.id"))
        one, condition = own.columns[name], own.condition(0)
        key, negated = one.value.key(), self.chosen.random() < 0.3
        found = f"{key} in (select {key} from s0 where {condition.value.sql} and {key} is not null)"
        said = f"{one.text} {'not in' if negated else 'in'} "
        said += f"(filter {condition.text} | fields {one.text})"
        found = f"not ({found})" if negated else found
        return _truth(said, f"(case when not {one.value.missing} then {found} end)")

    def _bare(self) -> Term:
        one = self.any_column("bool", "int", "mixed", "text")
        return _truth(one.text, one.value.truth())

    _CONDITIONS: tuple[Callable[..., Term], ...] = (
        *([_comparison] * 5), _is_in, _is_in, _like, _like, _present, _tested, _bare,
        _among,
    )  # fmt: skip


def _truth(text: str, sql: str) -> Term:
    return Term(text, Value("bool", sql))


def shown_truth(condition: Term) -> Term:
    """Give a condition as a value, which is 1 or 0."""
    return replace(condition, value=Value("int", f"cast(({condition.value.sql}) as hugeint)"))


def _sums(*terms: Term) -> bool:
    return all(term.summable for term in terms)


def _to_int(d: str) -> str:
    inside = f"trunc({d}) between -2147483648 and 2147483647"
    return f"(case when {inside} then cast(trunc({d}) as hugeint) end)"


_OF_TEXT: dict[str, Callable[[str, str, random.Random], tuple[str, str]]] = {
    "toupper": lambda text, sql, _: (f"toupper({text})", f"upper({sql})"),
    "tolower": lambda text, sql, _: (f"tolower({text})", f"lower({sql})"),
    "trim": lambda text, sql, _: (f"trim({text})", f"trim({sql})"),
    "ltrim": lambda text, sql, _: (f"ltrim({text})", f"ltrim({sql})"),
    "substr": lambda text, sql, chosen: _substring(text, sql, *chosen.choices(range(4), k=2)),
    "replace": lambda text, sql, _: (f'replace({text}, "0", "é")', f"replace({sql}, '0', 'é')"),
    "regexReplace": lambda text, sql, _: (
        f'regexReplace({text}, "[0-9]+", "#")',
        f"regexp_replace({sql}, '[0-9]+', '#', 'g')",
    ),
    "md5": lambda text, sql, _: (f"md5({text})", f"md5({sql})"),
    "base64encode": lambda text, sql, _: (f"base64encode({text})", f"to_base64(encode({sql}))"),
}


def _substring(text: str, sql: str, start: int, length: int) -> tuple[str, str]:
    return f"substr({text}, {start}, {length})", f"substring({sql}, {start + 1}, {length})"


def columns_of_events() -> dict[str, Term]:
    """Give the fields of events as terms."""
    found = {name: _with_numbers(field(name, kind)) for name, kind in FIELDS.items()}
    found["@logStream"] = field("@logStream", "text")
    found["@message"] = replace(field("@message", "text"), summable=False)
    found["@timestamp"] = field("@timestamp", "time")
    found["tags.0"] = _with_numbers(field("tags.0", "mixed"))
    return found


def _with_numbers(term: Term) -> Term:
    """Name the columns that hold the number and the natural order of a field of texts."""
    if term.value.kind not in {"text", "mixed"}:
        return term
    i, d, natural = (column(f"{term.text.strip('`')}__{part}") for part in ("i", "d", "natural"))
    return replace(term, value=replace(term.value, numbers=(i, d), natural=natural))
