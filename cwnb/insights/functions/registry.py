"""The function table: what each function is called, takes and gives, and how to call it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from cwnb.errors import MalformedQuery
from cwnb.insights import conversion

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.events import Window
    from cwnb.insights.conversion import Value

# Every spelling of every function, lower case and without underscores, filled at import.
FUNCTIONS: dict[str, Function] = {}

_SIGNATURE = re.compile(r"(?P<name>\w+)\((?P<parameters>.*)\) -> (?P<result>\w+)")
_PARAMETER = re.compile(
    r"(?P<optional>\[)?,?\s*(?P<kind>\w+) (?P<name>\w+)(?P<repeated>\.\.\.)?\]?"
)
_COERCE: dict[str, Callable[[Value], Value]] = {
    "number": conversion.to_number,
    "boolean": conversion.to_boolean,
    "time": conversion.to_time,
}
KINDS = ("text", "any", "structure", "period", "literal_text", "literal_number", *_COERCE)


class Context(Protocol):
    """What a function may know besides its arguments."""

    @property
    def rows(self) -> int:
        """Give the number of rows."""
        ...

    @property
    def now_ms(self) -> int:
        """Give the time at which the query began, in epoch milliseconds."""
        ...

    @property
    def window(self) -> Window:
        """Give the times that the query asks for."""
        ...

    def timestamp(self) -> pa.Array:
        """Give the `@timestamp` of the rows."""
        ...


@dataclass(frozen=True)
class Parameter:
    """One argument of a function.

    `kind` says what it is made before the call: text, number, boolean or time (see `conversion`);
    any and structure come as they are; period as (count, unit); literal_text and literal_number as
    Python values, for they must be the same for all rows.
    """

    name: str
    kind: str
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True)
class Function:
    """One function of the language.

    `evaluate(context, *arguments)` gives an array, or a scalar where it is the same for all rows;
    an aggregate has none, for the engine computes it in parts.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: str
    doc: str
    aggregate: bool = False
    evaluate: Callable[..., Value] | None = field(default=None, compare=False)

    @property
    def min_args(self) -> int:
        """Give the fewest arguments."""
        return sum(not p.optional for p in self.parameters)

    @property
    def max_args(self) -> int | None:
        """Give the most arguments; None for no limit."""
        return None if any(p.repeated for p in self.parameters) else len(self.parameters)

    @property
    def usage(self) -> str:
        """Give how it is written: `substr(s, start [, len])`."""
        text = ""
        for parameter in self.parameters:
            word = ("" if not text else ", ") + parameter.name
            if parameter.repeated:
                word += ", ..."
            if parameter.optional:
                word = f"[{word}]" if not text else f" [{word}]"
            text += word
        return f"{self.name}({text})"

    def parameter(self, position: int) -> Parameter:
        """Give the parameter that an argument belongs to; the last one may take several."""
        return self.parameters[min(position, len(self.parameters) - 1)]


def function(
    signature: str, *aliases: str, context: bool = False
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Enter a function in the table.

    `signature` reads `substr(text s, number start [, number len]) -> text`; `text s...` takes any
    number of them. With `context`, the function gets a Context before its arguments.
    """

    def enter(implementation: Callable[..., Value]) -> Callable[..., Value]:
        evaluate = implementation if context else lambda _context, *args: implementation(*args)
        _enter(signature, aliases, implementation.__doc__ or "", evaluate)
        return implementation

    return enter


def aggregate(signature: str, doc: str, *aliases: str) -> None:
    """Enter an aggregation, which the engine computes, in the table."""
    _enter(signature, aliases, doc, None)


def _enter(
    signature: str, aliases: tuple[str, ...], doc: str, evaluate: Callable[..., Value] | None
) -> None:
    match = _SIGNATURE.fullmatch(signature)
    assert match is not None, signature
    parameters = tuple(
        Parameter(p["name"], p["kind"], bool(p["optional"]), bool(p["repeated"]))
        for p in _PARAMETER.finditer(match["parameters"])
    )
    assert all(p.kind in KINDS for p in parameters), signature
    entry = Function(match["name"], parameters, match["result"], doc, evaluate is None, evaluate)
    for name in (match["name"], *aliases):
        FUNCTIONS[name.lower().replace("_", "")] = entry


def call(function: Function, context: Context, args: list[Any]) -> Value:
    """Evaluate a function on values: arrays with a value per row, or scalars for constants.

    With constants alone the answer is a scalar. A function of one dictionary-encoded column runs
    once per distinct value, and an answer in text stays encoded.
    """
    assert function.evaluate is not None
    made = [_coerce(function, i, arg) for i, arg in enumerate(args)]
    columns = [i for i, arg in enumerate(made) if isinstance(arg, pa.Array)]
    if not columns:
        constants = [i for i, arg in enumerate(made) if isinstance(arg, pa.Scalar)]
        for i in constants:
            made[i] = conversion.broadcast(made[i], 1)
        answer = function.evaluate(context, *made)
        return answer[0] if constants and isinstance(answer, pa.Array) else answer
    if len(columns) == 1 and pa.types.is_dictionary(made[columns[0]].type):
        column = made[columns[0]]
        if len(column.dictionary) < len(column):
            return _once_per_value(function, context, made, columns[0])
    made = [conversion.decode(arg) if isinstance(arg, pa.Array) else arg for arg in made]
    return function.evaluate(context, *made)


def _once_per_value(function: Function, context: Context, args: list[Any], at: int) -> Value:
    assert function.evaluate is not None
    column = args[at]
    words, codes = column.dictionary, column.indices
    if codes.null_count:
        # A missing value may have an answer of its own, so it takes part as one more word.
        codes = codes.fill_null(len(words))
        words = pa.concat_arrays([words, pa.nulls(1, words.type)])
    answer = function.evaluate(context, *args[:at], words, *args[at + 1 :])
    if not isinstance(answer, pa.Array):
        return answer
    if pa.types.is_string(answer.type):
        encoded = answer.dictionary_encode()
        return pa.DictionaryArray.from_arrays(encoded.indices.take(codes), encoded.dictionary)
    return answer.take(codes)


def _coerce(function: Function, position: int, value: Any) -> Any:
    parameter = function.parameter(position)
    if not isinstance(value, pa.Array | pa.Scalar):
        if parameter.kind != "period":
            raise _misplaced(function, parameter, "not a period")
        return value
    if parameter.kind == "period":
        raise _misplaced(function, parameter, "a period such as 5m")
    if parameter.kind.startswith("literal"):
        return _literal(function, parameter, value)
    if parameter.kind == "text":
        if conversion.is_structure(value):
            return pa.nulls(len(value), pa.string()) if isinstance(value, pa.Array) else _NO_TEXT
        return conversion.to_text(value)
    coerce = _COERCE.get(parameter.kind)
    return value if coerce is None else coerce(value)


# Not by pa.scalar, which imports pandas.
_NO_TEXT = pa.nulls(1, pa.string())[0]


def _literal(function: Function, parameter: Parameter, value: Any) -> Any:
    wants_text = parameter.kind == "literal_text"
    if isinstance(value, pa.Array):
        raise _misplaced(
            function, parameter, f"a {'string' if wants_text else 'number'} as written"
        )
    made = conversion.to_text(value) if wants_text else conversion.to_number(value)
    if not made.is_valid:
        raise _misplaced(function, parameter, "a string" if wants_text else "a number")
    return made.as_py()


def _misplaced(function: Function, parameter: Parameter, wanted: str) -> MalformedQuery:
    return MalformedQuery(f"{parameter.name!r} of {function.usage} must be {wanted}")


def rows_of(*args: Any) -> int:
    """Give the number of rows of the arguments, of which one at least is an array."""
    return next((len(arg) for arg in args if isinstance(arg, pa.Array)), 1)


def map_values(python: Callable[..., Any], result: pa.DataType | None, *args: Value) -> pa.Array:
    """Call a Python function once per distinct combination of values; missing gives missing.

    `result` None leaves the type to Arrow.
    """
    rows = rows_of(*args)
    columns = [conversion.decode(conversion.broadcast(a, rows)) for a in args if _varies(a)]
    if len(columns) == 1:
        encoded = columns[0].dictionary_encode()
        words, codes = [(word,) for word in encoded.dictionary.to_pylist()], encoded.indices
    else:
        seen: dict[tuple[Any, ...], int] = {}
        tuples = zip(*(c.to_pylist() for c in columns), strict=True)
        places = [seen.setdefault(row, len(seen)) for row in tuples]
        words, codes = list(seen), pa.array(np.array(places, dtype=np.int64))
    constants = [None if _varies(a) else a.as_py() for a in args]
    answers = []
    for word in words:
        values = iter(word)
        full = [next(values) if _varies(a) else constants[i] for i, a in enumerate(args)]
        answers.append(None if any(v is None for v in full) else python(*full))
    return pa.array(answers, type=result).take(codes)


def _varies(value: Value) -> bool:
    return isinstance(value, pa.Array)
