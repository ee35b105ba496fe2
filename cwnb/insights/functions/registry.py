"""The function table: name, parameters, result and facts of each function."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from inspect import CO_VARARGS
from typing import TYPE_CHECKING, TypeVar

from cwnb.insights.names import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.engine.aggregates.aggregation import Aggregation
    from cwnb.insights.values.documents import ReadDocuments
    from cwnb.insights.values.value_types import Value

    AggregationClass = TypeVar("AggregationClass", bound=type[Aggregation])

# Every spelling of every function by its canonical name, filled at import.
FUNCTIONS: dict[str, Function] = {}
# What a name of an aggregation means outside the list of `stats`, where it means something else.
ROW_FORMS: dict[str, Function] = {}

_SIGNATURE = re.compile(r"(?P<name>\w+)\((?P<parameters>.*)\) -> (?P<result>\w+)")
_PARAMETER = re.compile(
    r"""
    \s* (?P<optional>\[)? ,? \s* (?P<kind>\w+) \s (?P<name>\w+)
    (?P<repeated>\.\.\.)? (?P<star>\s=\s\*)?
    (?:\s from \s (?P<least>[\de-]+) \s to \s (?P<most>[\de]+))? \]?
    """,
    re.VERBOSE,
)
TEXTS_AS_WRITTEN = ("literal_text", "regex")
_NUMBERS_AS_WRITTEN = ("literal_number", "literal_integer")
_AS_WRITTEN = (*TEXTS_AS_WRITTEN, *_NUMBERS_AS_WRITTEN)
VALUES = ("text", "number", "boolean", "time", "any", "structure")
KINDS = (*VALUES, "period", *_AS_WRITTEN)


class Reads(Enum):
    """What the answer of a function depends on.

    A function is given what it reads and nothing else. So a function that does not state what it
    reads cannot use it.
    """

    ARGUMENTS = "its arguments alone"
    QUERY = "the time at which the query began, or its window, besides the arguments"
    EVENT_TIME = "the `@timestamp` of each row, besides the arguments"


@dataclass(frozen=True)
class Parameter:
    """One argument of a function.

    `kind` says what the function gets:

    * text, number, boolean, time: a value converted to that type (see `conversion`);
    * any, structure: the value as it is;
    * period: (count, unit); a count above the service's cap for the unit is lowered to it, but for
      aggregations, which have no cap and take units of fixed length only;
    * literal_text, regex, literal_number, literal_integer: a Python value, the same for all rows.
      A regex may be written `/…/`. A number lies between `least` and `most`.

    `star`: the argument may be `*`, and is `*` where it is left out. `check` raises MalformedQuery
    for a literal text that the function does not take, so that it is refused with its place.
    """

    name: str
    kind: str
    optional: bool = False
    repeated: bool = False
    star: bool = False
    least: float | None = None
    most: float | None = None
    check: Callable[[str], object] | None = field(default=None, compare=False)

    @property
    def as_written(self) -> bool:
        """Tell whether the argument is a literal, so that it is the same for all rows."""
        return self.kind in _AS_WRITTEN


@dataclass(frozen=True)
class Function:
    """One function of the language, with everything that other modules need to know about it.

    `evaluate(*arguments)` gives an array, or a scalar if the answer is the same for all rows. A
    function that reads more than its arguments gets QueryValues or a Context as its first one. An
    aggregation has no `evaluate` but `aggregation`, a class; the engine makes an instance with the
    literal arguments.

    `bins`: its values are the time bins of the events. So it stands after `by`, `offset` shifts it,
    and charts use it as their time axis. `most_branches`: how many pairs of arguments it takes at
    most. `true_only_if_present`: it is never true where its first argument is missing.
    `true_only_if_contains`: nor where its first argument, a text, does not contain the second; a
    third one may say that case does not matter.
    `stands_alone`: it is refused beside another aggregation or a `by`. `stackable`: the values of
    the groups add up to the value of all rows, so a chart may stack them. `epoch_unit`: its numbers
    are times, counted since 1970 in this unit, "s" or "ms". `read_documents`: it gives the
    maps and lists that this reads out of the texts of its only argument. `once_per_text`: each of
    its texts takes so long that equal ones are found first for several such calls.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: str
    doc: str
    reads: Reads = Reads.ARGUMENTS
    bins: bool = False
    most_branches: int | None = None
    true_only_if_present: bool = False
    true_only_if_contains: bool = False
    stands_alone: bool = False
    stackable: bool = False
    epoch_unit: str | None = None
    once_per_text: bool = False
    read_documents: ReadDocuments | None = field(default=None, compare=False)
    evaluate: Callable[..., Value] | None = field(default=None, compare=False)
    aggregation: type[Aggregation] | None = field(default=None, compare=False)

    @property
    def aggregate(self) -> bool:
        """Tell whether it is an aggregation of `stats`."""
        return self.aggregation is not None

    @property
    def reads_event_time(self) -> bool:
        """Tell whether the answer depends on the `@timestamp` of the row."""
        return self.reads is Reads.EVENT_TIME

    @property
    def subject(self) -> int:
        """Give the position of the argument that an aggregation is computed over."""
        return next(i for i, p in enumerate(self.parameters) if p.kind in VALUES)

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
        """Give the parameter of an argument; a repeated parameter, the last, takes all the rest."""
        return self.parameters[min(position, len(self.parameters) - 1)]


def function(
    signature: str,
    *aliases: str,
    reads: Reads = Reads.ARGUMENTS,
    bins: bool = False,
    most_branches: int | None = None,
    true_only_if_present: bool = False,
    true_only_if_contains: bool = False,
    epoch_unit: str | None = None,
    row_form: bool = False,
    once_per_text: bool = False,
    read_documents: ReadDocuments | None = None,
    **checks: Callable[[str], object],
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Enter a function in the table; the keywords are fields of `Function`.

    Other keywords are names of literal texts in the signature, with what checks them.
    `row_form`: the name is that of an aggregation too, and means this outside its list.

    `signature` reads `substr(text s, number start [, number len]) -> text`; `text s...` takes any
    number of them. Raises TypeError for an entry that does not fit together.
    """

    def enter(implementation: Callable[..., Value]) -> Callable[..., Value]:
        name, parameters, result = _read(signature)
        if unknown := checks.keys() - {p.name for p in parameters if p.kind == "literal_text"}:
            raise TypeError(f"{signature}: no literal text is called {', '.join(unknown)}")
        parameters = tuple(replace(p, check=checks.get(p.name)) for p in parameters)
        _check_arguments(signature, parameters, implementation, reads)
        if bins and (
            reads is not Reads.EVENT_TIME or not any(p.kind == "period" for p in parameters)
        ):
            raise TypeError(f"{signature}: bins come from the event's time and a period")
        entry = Function(
            name,
            parameters,
            result,
            implementation.__doc__ or "",
            reads=reads,
            bins=bins,
            most_branches=most_branches,
            true_only_if_present=true_only_if_present,
            true_only_if_contains=true_only_if_contains,
            epoch_unit=epoch_unit,
            once_per_text=once_per_text,
            read_documents=read_documents,
            evaluate=implementation,
        )
        _enter(entry, aliases, ROW_FORMS if row_form else FUNCTIONS)
        return implementation

    return enter


def aggregation(
    signature: str,
    *aliases: str,
    stands_alone: bool = False,
    stackable: bool = False,
    reads: Reads = Reads.ARGUMENTS,
) -> Callable[[AggregationClass], AggregationClass]:
    """Enter the class that computes an aggregation in the table; the keywords are its facts.

    The signature is written as for `function`. Exactly one parameter is the value of each row; the
    others are literals and periods, which the constructor of the class gets. `[any field = *]` says
    that `*` may be written for the field and is the default.
    """

    def enter(implementation: AggregationClass) -> AggregationClass:
        name, parameters, result = _read(signature)
        if sum(p.kind in VALUES for p in parameters) != 1:
            raise TypeError(f"{signature}: an aggregation is about exactly one value of each row")
        if unwritten := sorted(implementation.__abstractmethods__):
            raise TypeError(f"{signature}: {implementation.__name__} has no {', '.join(unwritten)}")
        entry = Function(
            name,
            parameters,
            result,
            implementation.__dict__.get("__doc__") or "",
            reads=reads,
            stands_alone=stands_alone,
            stackable=stackable,
            aggregation=implementation,
        )
        _enter(entry, aliases, FUNCTIONS)
        implementation.function = entry
        return implementation

    return enter


def _read(signature: str) -> tuple[str, tuple[Parameter, ...], str]:
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise TypeError(f"cannot read the signature {signature!r}")
    found = list(_PARAMETER.finditer(match["parameters"]))
    if "".join(p[0] for p in found) != match["parameters"]:
        raise TypeError(f"cannot read the parameters of {signature!r}")
    parameters = tuple(
        Parameter(
            p["name"],
            p["kind"],
            optional=bool(p["optional"]),
            repeated=bool(p["repeated"]),
            star=bool(p["star"]),
            least=_bound(p["least"]),
            most=_bound(p["most"]),
        )
        for p in found
    )
    for parameter in parameters:
        if parameter.kind not in KINDS:
            raise TypeError(f"{signature}: unknown kind {parameter.kind!r} of a parameter")
        # Without a range, pct(x, 150) would reach the code that computes percentiles.
        if (parameter.kind in _NUMBERS_AS_WRITTEN) != (parameter.least is not None):
            raise TypeError(
                f"{signature}: {parameter.name!r} is a literal number exactly if it "
                "says 'from LEAST to MOST'"
            )
    if match["result"] not in VALUES:
        raise TypeError(f"{signature}: unknown kind {match['result']!r} of a result")
    return match["name"], parameters, match["result"]


def _bound(written: str | None) -> float | None:
    if written is None:
        return None
    return int(written) if written.isdigit() else float(written)


def _check_arguments(
    signature: str,
    parameters: tuple[Parameter, ...],
    implementation: Callable[..., Value],
    reads: Reads,
) -> None:
    """Refuse a Python function that does not take what its signature and `reads` say it gets."""
    code = implementation.__code__
    given = 0 if reads is Reads.ARGUMENTS else 1
    repeated = any(p.repeated for p in parameters)
    expected = given if repeated else given + len(parameters)
    optional = 0 if repeated else sum(p.optional for p in parameters)
    takes_any = bool(code.co_flags & CO_VARARGS)
    defaults = len(implementation.__defaults__ or ())
    if (code.co_argcount, takes_any, defaults) != (expected, repeated, optional):
        raise TypeError(
            f"{signature}: {implementation.__name__} does not take these arguments; "
            "a function that takes more than its arguments must say what it reads"
        )


def _enter(entry: Function, aliases: tuple[str, ...], table: dict[str, Function]) -> None:
    if not entry.doc.strip():
        raise TypeError(f"{entry.usage} has no docstring, which is what completion shows")
    names = [canonical(name) for name in (entry.name, *aliases)]
    for name in names:
        if name in table:
            raise TypeError(f"{entry.usage}: there is a function {table[name].usage} already")
    table.update(dict.fromkeys(names, entry))
