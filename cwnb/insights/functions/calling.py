"""Call a function of the function table with columns and constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from cwnb.errors import MalformedQuery
from cwnb.insights import values
from cwnb.insights.control import with_checkpoints
from cwnb.insights.functions.registry import TEXTS_AS_WRITTEN, Function, Parameter, Reads
from cwnb.insights.values.numbers import INTEGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.context import QueryValues
    from cwnb.insights.values.value_types import Value

_CONVERT: dict[str, Callable[[Value], Value]] = {
    "number": values.to_number,
    "boolean": values.to_boolean,
    "time": values.to_time,
}


class Context(Protocol):
    """What a function may read besides its arguments."""

    @property
    def rows(self) -> int:
        """Give the number of rows."""
        ...

    @property
    def query_values(self) -> QueryValues:
        """Give the values of the query that are the same for all rows: its present, its window."""
        ...

    def timestamp(self) -> pa.Array:
        """Give the `@timestamp` of the rows."""
        ...


def call(function: Function, context: Context, args: list[Any]) -> Value:
    """Evaluate a function on values: arrays with a value per row, or scalars for constants.

    With constants alone the answer is a scalar, unless the function reads the time of each row.
    """
    made = [coerce(function, i, arg) for i, arg in enumerate(args)]
    evaluate = _given_what_it_reads(function, context)
    if function.reads_event_time:
        return evaluate(*[_for_rows(arg, context.rows) for arg in made])
    if not any(isinstance(arg, pa.Array) for arg in made):
        constants = [i for i, arg in enumerate(made) if isinstance(arg, pa.Scalar)]
        for i in constants:
            made[i] = values.broadcast(made[i], 1)
        answer = evaluate(*made)
        return answer[0] if constants and isinstance(answer, pa.Array) else answer
    made = [values.decode(arg) if isinstance(arg, pa.Array) else arg for arg in made]
    both = [i for i, arg in enumerate(made) if _has_integers_and_doubles(function, i, arg)]
    return _call_for_each(evaluate, made, both) if both else evaluate(*made)


def _has_integers_and_doubles(function: Function, position: int, arg: Any) -> bool:
    is_number = function.parameter(position).kind == "number"
    return is_number and isinstance(arg, pa.Array) and values.is_mixed(arg.type)


def cut_off(number: float, most: int) -> int:
    """Cut off the fraction of a number, which may be infinite: it is taken from -most to most."""
    return int(max(-most, min(most, number)))


def _call_for_each(evaluate: Callable[..., Value], args: list[Any], both: list[int]) -> pa.Array:
    """Call a function for integers and for doubles, where `both` arguments hold the two."""
    if not rows_of(*args):
        return evaluate(*(pa.nulls(0, pa.int64()) if i in both else a for i, a in enumerate(args)))
    found = {i: values.as_numbers(args[i]) for i in both}
    whole = np.stack([numbers.form == INTEGER for numbers in found.values()])
    answers, places = [], []
    for kinds in np.unique(whole, axis=1).T:
        at = np.flatnonzero((kinds == whole.T).all(axis=1))
        own = [arg.take(pa.array(at)) if isinstance(arg, pa.Array) else arg for arg in args]
        for i, is_whole in zip(both, kinds, strict=True):
            data = found[i].integers if is_whole else found[i].doubles
            own[i] = pa.array(data[at], mask=~found[i].numeric[at])
        answers.append(values.broadcast(evaluate(*own), len(at)))
        places.append(at)
    return values.joined(answers, places)


def _given_what_it_reads(function: Function, context: Context) -> Callable[..., Value]:
    evaluate = function.evaluate
    assert evaluate is not None
    if function.reads is Reads.ARGUMENTS:
        return evaluate
    given = context.query_values if function.reads is Reads.QUERY else context
    return lambda *args: evaluate(given, *args)


def _for_rows(arg: Any, rows: int) -> Any:
    """Give a decoded column with a value per row; literals and periods stay as they are."""
    if not isinstance(arg, pa.Array | pa.Scalar):
        return arg
    return values.decode(values.broadcast(arg, rows))


def coerce(function: Function, position: int, value: Any) -> Any:
    """Convert an argument to the kind of its parameter."""
    parameter = function.parameter(position)
    if not isinstance(value, pa.Array | pa.Scalar):
        if parameter.kind != "period":
            raise _misplaced(function, parameter, "not a period")
        return value
    if parameter.kind == "period":
        raise _misplaced(function, parameter, "a period such as 5m")
    if parameter.as_written:
        return _literal(function, parameter, value)
    if parameter.kind == "text":
        if isinstance(value, pa.Array):
            return values.to_text(values.without_structures(value))
        return _NO_TEXT if values.is_structure(value) else values.to_text(value)
    convert = _CONVERT.get(parameter.kind)
    return value if convert is None else convert(value)


# pa.scalar would import pandas.
_NO_TEXT = pa.nulls(1, pa.string())[0]


def _literal(function: Function, parameter: Parameter, value: Any) -> Any:
    wants_text = parameter.kind in TEXTS_AS_WRITTEN
    if isinstance(value, pa.Array):
        raise _misplaced(
            function, parameter, f"a {'string' if wants_text else 'number'} as written"
        )
    made = values.to_text(value) if wants_text else values.to_number(value)
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
    columns = [values.decode(values.broadcast(a, rows)) for a in args if _varies(a)]
    if len(columns) == 1:
        encoded = columns[0].dictionary_encode()
        words, codes = [(word,) for word in encoded.dictionary.to_pylist()], encoded.indices
    else:
        seen: dict[tuple[Any, ...], int] = {}
        tuples = with_checkpoints(zip(*(c.to_pylist() for c in columns), strict=True))
        places = [seen.setdefault(row, len(seen)) for row in tuples]
        words, codes = list(seen), pa.array(np.array(places, dtype=np.int64))
    constants = [None if _varies(a) else a.as_py() for a in args]
    answers = []
    for word in with_checkpoints(words):
        given = iter(word)
        full = [next(given) if _varies(a) else constants[i] for i, a in enumerate(args)]
        answers.append(None if any(v is None for v in full) else python(*full))
    return pa.array(answers, type=result).take(codes)


def map_column(compute: Callable[[pa.Array], pa.Array], value: Value) -> Value:
    """Call a function of a column of strings, once with the words of a dictionary.

    What it gives is missing where the word is.
    """
    if not isinstance(value, pa.Array):
        return map_column(compute, values.broadcast(value, 1))[0]
    if pa.types.is_null(value.type):
        value = value.cast(pa.string())
    if pa.types.is_dictionary(value.type):
        return map_column(compute, value.dictionary).take(value.indices)
    return compute(value)


def _varies(value: Value) -> bool:
    return isinstance(value, pa.Array)
