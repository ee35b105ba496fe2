"""Where in a query a cursor stands: what may follow the unfinished text before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlglot.tokenizer_core import Token, TokenType

from cwnb.errors import MalformedQuery
from cwnb.insights.names import canonical, known_functions
from cwnb.insights.ql import vocabulary
from cwnb.insights.ql.dialect import Insights
from cwnb.insights.ql.expression_grammar import RESERVED
from cwnb.insights.ql.tokens import (
    COMMANDS_WITH_QUERIES,
    VALUE_ENDS,
    InsightsTokenizer,
    path_parts,
)

if TYPE_CHECKING:
    from cwnb.insights.functions import Function

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_NAME = re.compile(r"[\w@.]*\Z")
# Faults of the text that are passed over; a text with more is not worth reading.
_MOST_FAULTS = 20
_COMPARISONS = frozenset(
    {
        TokenType.EQ,
        TokenType.NEQ,
        TokenType.LT,
        TokenType.LTE,
        TokenType.GT,
        TokenType.GTE,
        TokenType.RLIKE,
    }
)
_ARITHMETIC = frozenset(
    {
        TokenType.PLUS,
        TokenType.DASH,
        TokenType.STAR,
        TokenType.SLASH,
        TokenType.MOD,
        TokenType.CARET,
    }
)


class Expects(Enum):
    """What may stand at the cursor."""

    COMMAND = "the name of a command"
    VALUE = "a field, a value or a function"
    WORD = "a word that continues after a value, such as `as` or `by`"
    PERIOD = "a period such as 5m"
    NOTHING = "nothing that could be known: a new name, a number, a comment"


@dataclass
class Opened:
    """A parenthesis or bracket that is still open, and the argument that the cursor is in."""

    function: Function | None
    argument: int = 0
    compared: str | None = None


@dataclass(frozen=True)
class Place:
    """The place of a cursor.

    `fragment`: the unfinished word, or text in quotes, that ends at it. `quote`: the quote sign
    that is open. `command`: the keyword of its command, and `tokens` what stands between that and
    the fragment. `compared`: the field that a value here is compared with. `opened`: what is open.
    `earlier`: the text of the commands before it in its pipeline, without placeholders. `may_name`
    says that the log groups may be named here, as no command stands before it.
    """

    expects: Expects
    fragment: str = ""
    quote: str = ""
    command: str = ""
    tokens: tuple[Token, ...] = ()
    compared: str | None = None
    opened: tuple[Opened, ...] = ()
    earlier: str = ""
    may_name: bool = False

    def has_word(self, *words: str) -> bool:
        """Tell whether one of the words stands in the command, outside of parentheses."""
        depth = 0
        for token in self.tokens:
            depth += _step(token)
            if depth == 0 and _word(token) in words:
                return True
        return False


def place_at(before: str) -> Place:
    """Read the text before the cursor, which may be unfinished and have faults."""
    begun = _NAME.search(before)
    fragment = begun[0] if begun else ""
    # A name of the same length stands for each placeholder, so the positions stay the same.
    text = _PLACEHOLDER.sub(lambda match: "x" * len(match[0]), before)
    read = _read(text[: len(text) - len(fragment)])
    if read is None:
        return Place(Expects.NOTHING)
    tokens, end, quote = read
    if quote:
        fragment = before[end + 1 :]
    elif "#" in before[end:].rpartition("\n")[2]:
        return Place(Expects.NOTHING)
    begin, after_pipe = _pipeline_at_end(tokens)
    own = tokens[after_pipe:]
    earlier = text[tokens[begin].start : tokens[after_pipe - 1].start] if begin < after_pipe else ""
    if not own:
        expects = Expects.NOTHING if quote else Expects.COMMAND
        return Place(
            expects, fragment, quote, earlier=earlier, may_name=_only_sources(tokens[begin:])
        )
    keyword = vocabulary.keyword_of(_word(own[0]))
    rest = tuple(own[1:])
    opened = _opened(rest)
    compared = _compared(rest) or (opened[-1].compared if opened else None)
    expects = _expects(keyword, rest, opened)
    return Place(expects, fragment, quote, keyword, rest, compared, opened, earlier)


def _pipeline_at_end(tokens: list[Token]) -> tuple[int, int]:
    """Give the first token of the pipeline that the tokens end in, and of its last command.

    A pipeline that stands in parentheses is one of its own until they are closed.
    """
    begin, after_pipe, command = 0, 0, ""
    # For each open parenthesis the place in the pipeline around it, None where it opens no query.
    around: list[tuple[int, int, str] | None] = []
    for i, token in enumerate(tokens):
        kind = token.token_type
        if i == after_pipe:
            command = _word(token)
        if kind is TokenType.L_PAREN:
            opens = (i and _word(tokens[i - 1]) == "in") or command in COMMANDS_WITH_QUERIES
            around.append((begin, after_pipe, command) if opens else None)
            if opens:
                begin, after_pipe, command = i + 1, i + 1, ""
        elif kind is TokenType.R_PAREN and around:
            begin, after_pipe, command = around.pop() or (begin, after_pipe, command)
        elif kind is TokenType.PIPE:
            after_pipe, command = i + 1, ""
            while around and around[-1] is None:
                around.pop()
    return begin, after_pipe


def _only_sources(tokens: list[Token]) -> bool:
    """Tell whether all commands that the tokens have are SOURCE."""
    begins = True
    for token in tokens:
        if begins and _word(token) != vocabulary.SOURCE.lower():
            return False
        begins = token.token_type is TokenType.PIPE
    return True


def _read(text: str) -> tuple[list[Token], int, str] | None:
    """Give the tokens, where the last one ends, and the quote sign there if one is open.

    What is no token counts as white space. None for too many faults.
    """
    for _ in range(_MOST_FAULTS):
        try:
            tokens = InsightsTokenizer(Insights).tokenize(text)
        except MalformedQuery as error:
            start, end = error.start or 0, error.end or 1
            if text[start:end] in {'"', "'", "`", "/"}:
                return InsightsTokenizer(Insights).tokenize(text[:start]), start, text[start]
            text = text[:start] + " " * (end - start) + text[end:]
        else:
            return tokens, tokens[-1].end + 1 if tokens else 0, ""
    return None


def _word(token: Token) -> str:
    return token.text.lower() if token.token_type is TokenType.VAR else ""


def _step(token: Token) -> int:
    """Give how many parentheses and brackets a token opens."""
    kind = token.token_type
    opens = kind in {TokenType.L_PAREN, TokenType.L_BRACKET}
    return int(opens) - int(kind in {TokenType.R_PAREN, TokenType.R_BRACKET})


def _opened(tokens: tuple[Token, ...]) -> tuple[Opened, ...]:
    stack: list[Opened] = []
    for i, token in enumerate(tokens):
        kind = token.token_type
        if kind is TokenType.L_PAREN:
            name = canonical(_word(tokens[i - 1])) if i else ""
            stack.append(Opened(known_functions().get(name)))
        elif kind is TokenType.L_BRACKET:
            stack.append(Opened(None, compared=_compared(tokens[:i])))
        elif _step(token) < 0 and stack:
            stack.pop()
        elif kind is TokenType.COMMA and stack:
            stack[-1].argument += 1
    return tuple(stack)


def _compared(tokens: tuple[Token, ...]) -> str | None:
    """Name the field on the left of a comparison that the tokens end with."""
    if not tokens:
        return None
    left = list(tokens[:-1])
    if _word(tokens[-1]) in {"like", "in"}:
        if left and _word(left[-1]) == "not":
            left.pop()
    elif tokens[-1].token_type not in _COMPARISONS:
        return None
    if not left or not _word(left[-1]) or _word(left[-1]) in RESERVED:
        return None
    if len(left) > 1 and left[-2].token_type in _ARITHMETIC:
        return None
    return ".".join(path_parts(left[-1].text))


def _expects(keyword: str, tokens: tuple[Token, ...], opened: tuple[Opened, ...]) -> Expects:
    last = tokens[-1] if tokens else None
    word = _word(last) if last else ""
    if keyword in vocabulary.FIRST_WORDS:
        return _after_first_word(word)
    if word == "as" or (keyword == "unnest" and word == "into"):
        return Expects.NOTHING
    if keyword == "tail" or (keyword == "limit" and last):
        return Expects.NOTHING
    if keyword == "sessionize" and word == "maxspan":
        return Expects.PERIOD
    if keyword == "fillmissing":
        return _in_fillmissing(last, word)
    if keyword == "parse" and not opened and _names_begin(tokens):
        return Expects.NOTHING
    if keyword == "stats" and word == "offset" and not opened:
        return Expects.PERIOD
    if word == "not" and len(tokens) > 1 and _ends_value(tokens[-2]):
        return Expects.WORD
    if last is not None and _ends_value(last):
        return Expects.WORD
    function = opened[-1].function if opened else None
    if function is not None and function.parameters:
        parameter = function.parameter(opened[-1].argument)
        if parameter.kind == "period":
            return Expects.PERIOD
        if parameter.as_written:
            return Expects.NOTHING
    return Expects.VALUE


def _in_fillmissing(last: Token | None, word: str) -> Expects:
    """Say what follows in `fillmissing with 0 for n, "" for level`."""
    if last is None or (_ends_value(last) and word not in {"with", "for"}):
        return Expects.WORD
    return Expects.VALUE if word == "for" else Expects.NOTHING


def _after_first_word(word: str) -> Expects:
    if not word:
        return Expects.VALUE
    return Expects.PERIOD if word == "timeshift" else Expects.NOTHING


def _ends_value(token: Token) -> bool:
    return token.token_type in VALUE_ENDS and _word(token) not in RESERVED


def _names_begin(tokens: tuple[Token, ...]) -> bool:
    """Tell whether the tokens of a `parse` end inside its list of new names."""
    named = any(_word(token) == "as" for token in tokens)
    return named and tokens[-1].token_type is TokenType.COMMA
