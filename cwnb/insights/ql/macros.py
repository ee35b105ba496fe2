"""Calls of saved queries, `$name(a, x=b)`: the text of each is put in the place of its call.

    call      := '$' (word | '`' name '`') '(' [argument (',' argument)*] ')'
    argument  := [word '='] value            value := text | number | true | false | '[' … ']'

A value is put in the place of `{{name}}` as it is written, a text with its quotes. Values without a
name are those of the parameters in their order. Source: CWL_Insights-Saving-Queries.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot.tokenizer_core import Token, TokenType

from cwnb.errors import FaultInQuery, MalformedQuery, ResourceNotFound
from cwnb.insights.ql.tokens import MACRO_TOKEN, InsightsTokenizer, quote
from cwnb.nearest import suggestion
from cwnb.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What a query may be with its calls written out. Source: cloudwatch_limits_cwl.
QUERY_CHARACTERS = 10_000
_PLACEHOLDER = re.compile(r"\{\{\s*(?P<name>[^\W\d]\w*)\s*(?P<raw>\|\s*raw\s*)?\}\}")
# Texts that stand without further quotes where they are the default of a parameter.
_AS_IT_IS = re.compile(
    r"""[+-]?\d+(\.\d+)?([eE][+-]?\d+)?|true|false|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[.*\]""",
    re.DOTALL,
)
_WORDS = re.compile(r"[^\W\d][\w\s.@/-]*")


class Saved(Protocol):
    """A saved query; `parameters` has the default of each, None where it has none."""

    @property
    def text(self) -> str:
        """Give the text, with `{{name}}` for each parameter."""
        ...

    @property
    def parameters(self) -> dict[str, Any]:
        """Give the parameters in order."""
        ...


@dataclass(frozen=True)
class Call:
    """A call in a query: its characters there, and in the text with the calls written out."""

    name: str
    start: int
    end: int
    expanded_start: int
    expanded_end: int


@dataclass(frozen=True)
class Expansion:
    """A query as it was `written`, and its `text` with all calls of saved queries written out."""

    written: str
    text: str
    calls: tuple[Call, ...]

    def of_written(self, error: FaultInQuery) -> FaultInQuery:
        """Give an error about the text as one about what was written.

        A fault inside of a saved query points to its call, and the message has the line of the
        fault.
        """
        if error.text != self.text or error.start is None:
            return error
        start, end = error.start, error.end or error.start + 1
        shift = 0
        for call in self.calls:
            if call.expanded_start <= start < call.expanded_end:
                inside = MalformedQuery("", self.text, start, end)
                shown = str(inside).partition("\n")[2]
                message = f"{error.message}; the saved query {call.name!r} stands for\n{shown}\nin"
                return type(error)(message, self.written, call.start, call.end)
            if call.expanded_end <= start:
                shift = call.end - call.expanded_end
        return type(error)(error.message, self.written, start + shift, end + shift)


def expand(text: str, find: Callable[[str], Saved]) -> Expansion:
    """Write out the calls of saved queries, which `find` gives by name.

    Raises MalformedQuery with the place of the call that is wrong.
    """
    if "$" not in text:
        return Expansion(text, text, ())
    from cwnb.insights.ql.dialect import Insights

    tokens = InsightsTokenizer(Insights).tokenize(text)
    calls: list[Call] = []
    parts: list[str] = []
    place = 0
    for number, token in enumerate(tokens):
        if token.token_type is not MACRO_TOKEN:
            continue
        name = token.text[1:].strip("`")
        arguments, end = _arguments(text, tokens, number)
        inside = _filled(text, token, name, _found(text, token, name, find), arguments)
        if "#" in inside.rpartition("\n")[2]:
            inside += "\n"  # a comment at its end must not hide what follows the call
        parts.append(text[place : token.start])
        begin = sum(map(len, parts))
        parts.append(inside)
        calls.append(Call(name, token.start, end, begin, begin + len(inside)))
        place = end
    whole = "".join([*parts, text[place:]])
    if len(whole) > QUERY_CHARACTERS:
        raise MalformedQuery(
            f"the query has {len(whole):,} characters with its saved queries written out; "
            f"{QUERY_CHARACTERS:,} is the most",
            text,
            calls[0].start,
            calls[0].end,
        )
    return Expansion(text, whole, tuple(calls))


def _found(text: str, token: Token, name: str, find: Callable[[str], Saved]) -> Saved:
    try:
        saved = find(name)
    except ResourceNotFound as error:
        raise MalformedQuery(str(error), text, token.start, token.end + 1) from None
    from cwnb.insights.ql.dialect import Insights

    # Its placeholders are no tokens of the language.
    bare = _PLACEHOLDER.sub(lambda match: "0" * len(match[0]), saved.text)
    for inner in InsightsTokenizer(Insights).tokenize(bare):
        if inner.token_type is MACRO_TOKEN:
            called = inner.text[1:].strip("`")
            what = "itself" if called == name else f"{called!r}"
            message = (
                f"the saved query {name!r} calls {what}, and a saved query cannot call another"
            )
            raise MalformedQuery(message, text, token.start, token.end + 1)
    return saved


def _arguments(
    text: str, tokens: Sequence[Token], number: int
) -> tuple[list[tuple[Token | None, str, Token]], int]:
    """Give name, value and first token of each argument, and where the call ends."""
    name = tokens[number]
    if number + 1 == len(tokens) or tokens[number + 1].token_type is not TokenType.L_PAREN:
        message = f"write {name.text}() to call the saved query"
        raise MalformedQuery(message, text, name.start, name.end + 1)
    found: list[tuple[Token | None, str, Token]] = []
    own: list[Token] = []
    depth = 0
    for token in tokens[number + 2 :]:
        kind = token.token_type
        if depth == 0 and kind in {TokenType.COMMA, TokenType.R_PAREN}:
            if own:
                found.append(_argument(text, own))
            elif kind is TokenType.COMMA or found:
                raise MalformedQuery("a value is missing here", text, token.start, token.end + 1)
            own = []
            if kind is TokenType.R_PAREN:
                return found, token.end + 1
            continue
        depth += kind is TokenType.L_BRACKET
        depth -= kind is TokenType.R_BRACKET
        own.append(token)
    message = f"the call of {name.text} is not closed: ')' is missing"
    raise MalformedQuery(message, text, name.start, name.end + 1)


def _argument(text: str, tokens: list[Token]) -> tuple[Token | None, str, Token]:
    sign = tokens[1].token_type if len(tokens) > 1 else None
    named = sign in {TokenType.EQ, TokenType.COLON}
    values = tokens[2:] if named else tokens
    first = tokens[0]
    written = text[values[0].start : values[-1].end + 1] if values else ""
    value = written.lower() if written.lower() in {"true", "false"} else written
    if sign is TokenType.COLON or not _AS_IT_IS.fullmatch(value):
        message = "a saved query takes texts, numbers, true, false and lists of these"
        as_it_is = _AS_IT_IS.fullmatch(value)
        if as_it_is or _WORDS.fullmatch(written):
            name = f"{first.text}=" if named else ""
            message = f"{message}; write {name}{written if as_it_is else quote(written)}"
        raise MalformedQuery(message, text, first.start, tokens[-1].end + 1)
    return (first if named else None), written, first


def _filled(
    text: str,
    token: Token,
    name: str,
    saved: Saved,
    arguments: list[tuple[Token | None, str, Token]],
) -> str:
    """Give the text of a saved query with the values of its parameters."""
    names = list(saved.parameters)
    given: dict[str, str] = {}
    for place, (named, value, first) in enumerate(arguments):
        if named is None:
            if place >= len(names):
                listed = f" ({', '.join(names)})" if names else ""
                message = f"{name!r} has {counted(len(names), 'parameter')}{listed}"
                raise MalformedQuery(message, text, first.start, first.end + 1)
            parameter = names[place]
        else:
            parameter = named.text
            if parameter not in names:
                near = suggestion(
                    parameter, names, otherwise=f"it has {', '.join(names) or 'none'}"
                )
                message = f"{name!r} has no parameter {parameter!r}{near}"
                raise MalformedQuery(message, text, first.start, first.end + 1)
        if parameter in given:
            message = f"the parameter {parameter!r} has two values"
            raise MalformedQuery(message, text, first.start, first.end + 1)
        given[parameter] = value

    def value_of(match: re.Match[str]) -> str:
        parameter = match["name"]
        written = given.get(parameter)
        if written is None and saved.parameters.get(parameter) is not None:
            written = default_text(saved.parameters[parameter])
        if written is None:
            message = f"the parameter {parameter!r} of {name!r} has no value and no default"
            raise MalformedQuery(message, text, token.start, token.end + 1)
        is_text = match["raw"] and written[:1] in {'"', "'"}
        return written[1:-1] if is_text else written

    return _PLACEHOLDER.sub(value_of, saved.text)


def default_text(value: Any) -> str:
    """Write the default of a parameter as the language does.

    A text that is a number, true, false, a list or a text in quotes stands as it is.
    """
    if isinstance(value, str):
        return value if _AS_IT_IS.fullmatch(value) else quote(value)
    if isinstance(value, list):
        return f"[{', '.join(map(default_text, value))}]"
    return json.dumps(value)
