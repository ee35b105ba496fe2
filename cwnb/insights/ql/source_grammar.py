"""The grammar of SOURCE, which names the log groups of a pipeline, and of pipelines inside others.

    sources      := source ('|' source)*
    source       := 'SOURCE' selection ['start' '=' time] ['end' '=' time]
    selection    := text | name | part+
    part         := 'logGroups' '(' [option ':' list (',' option ':' list)*] ')'
                  | 'dataSource' '(' list ')'
                  | 'logGroupTags' '(' '[' tag (',' tag)* ']' ')'
    tag          := '{' '"key"' ':' text ',' '"values"' ':' list '}'
    list         := text | '[' text (',' text)* ']'

Sources: CWL_QuerySyntax-Source, -Subqueries, -Logcompare.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, NoReturn

from sqlglot.tokenizer_core import Token, TokenType

from cwnb.errors import InvalidParameter, MalformedQuery
from cwnb.events import LOG_CLASSES, STANDARD, GroupSelector
from cwnb.insights import tree
from cwnb.insights.ql.sequence_grammar import SequenceParser
from cwnb.insights.ql.tokens import unquote
from cwnb.insights.ql.vocabulary import (
    SOURCE,
    SOURCE_OPTIONS,
    SOURCE_OPTIONS_SPELLED,
    SOURCE_PARTS,
)
from cwnb.nearest import suggestion
from cwnb.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

# The service's limits. Source: CWL_QuerySyntax-Source.
MOST_PREFIXES = 5
MOST_ACCOUNTS = 20
MOST_DATA_SOURCES = 10
MOST_TAGS = 5
MOST_TAG_VALUES = 5
# Log groups that a query may name one by one. Source: API_StartQuery.
MOST_NAMED = 50

# What the query in the parentheses of `join` is called.
JOIN_SIDE = "the side of a join"

Part = dict[str, tuple[object, ...]]


# What the reference says of the parts of a query that are no commands.
GUIDES = {
    "SOURCE names the log groups, before all commands": tree.Guide(
        "SOURCE logGroups(namePrefix: ['/shop/']) | SOURCE '/billing' | stats count(*) by @log",
        "CWL_QuerySyntax-Source",
        (
            (
                "`SOURCE '/shop/web'` and `SOURCE 'arn:…'` name one group, `logGroups(…)` those of "
                "some prefixes, accounts and classes, `dataSource(['amazon_vpc.flow'])` those of a "
                'log type, and `logGroupTags([{"key": "team", "values": ["shop*", "!test"]}])` '
                "those with tags; parts in one SOURCE hold together."
            ),
            "Several sources are the events of all, each once.",
            "`start=` and `end=` take the place of the query's; they are the same for all sources.",
            "A class that is not said is the standard one; a group that is named may be of any.",
            "It stands in the place of the caller's choice of groups: both together are an error.",
        ),
    ),
    "in (…) looks for values in the answer of another query": tree.Guide(
        "filter host in (SOURCE '/inventory' | filter zone = \"a\" | fields host)",
        "CWL_QuerySyntax-Subqueries",
        (
            "It is answered first, and reads the same groups if it names none.",
            "Its values are those of the column named like the field, else of its only column.",
            "Missing values among them count for nothing, also for `not in`.",
            (
                "It has no default limit; more than 100,000 values are refused, and so is one "
                "inside another, and a name that the query around it makes."
            ),
        ),
    ),
}


class SourceParser(SequenceParser):
    """Reads what begins a pipeline, and pipelines that stand inside a command."""

    # The input of the pipeline that is read; one inside it reads the same if it names none.
    _input: tree.Input | None = None
    # The pipelines that stand inside commands, in the order in which they are needed.
    _inner: list[tree.Pipeline]
    # What the pipeline that is read stands in, such as `in (…)`; empty for that of the answer.
    _inside = ""

    def _pipeline(self) -> tree.Pipeline:
        raise NotImplementedError

    # Pipelines inside commands

    def _inner_pipeline(self, what: str) -> tree.Answer:
        """Read a pipeline in parentheses, which runs before the one around it.

        `what` it stands in is named by errors. Where it names no log groups it reads those of the
        pipeline around it.
        """
        opening = self._require(TokenType.L_PAREN, "'(' and a query")
        if self._inside:
            message = f"{what} cannot stand inside {self._inside}: queries nest one level deep"
            raise self._fault_at(opening, message)
        kept = self._notes, self._level, self._aggregating, self._input
        self._notes, self._level, self._aggregating, self._inside = [], 0, False, what
        pipeline = self._pipeline()
        self._notes, self._level, self._aggregating, self._input = kept
        self._inside = ""
        self._require(TokenType.R_PAREN, "'|' or ')'")
        self._inner.append(pipeline)
        return self._placed(tree.Answer(place=len(self._inner) - 1), opening.start)

    def _pipeline_ends(self) -> bool:
        return not self._curr or (bool(self._inside) and self._curr.token_type is TokenType.R_PAREN)

    # SOURCE

    def _sources(self) -> tree.Input | None:
        """Read the log groups that a pipeline begins with; None if it names none."""
        start = self._curr.start
        selectors: list[GroupSelector] = []
        times: list[tuple[str | None, str | None]] = []
        while self._word() == SOURCE.lower():
            at = self._curr
            self._advance()
            selectors.append(self._selector())
            times.append(self._source_times())
            if times[-1] != times[0]:
                message = "every SOURCE of a query needs the same start and end"
                raise self._fault(message, at.start, self._prev.end + 1)
            if self._pipeline_ends():
                break
            self._require(TokenType.PIPE, f"'|' after {SOURCE}")
        if not selectors:
            return None
        named = sum(len(selector.names) for selector in selectors)
        if named > MOST_NAMED:
            message = f"a query names at most {MOST_NAMED} log groups, not {named}"
            raise self._fault(message, start, self._prev.end + 1)
        first, last = times[0]
        unique = tuple(dict.fromkeys(selectors))
        return self._placed(tree.Groups(selectors=unique, start=first, end=last), start)

    def _selector(self) -> GroupSelector:
        if self._curr.token_type is TokenType.STRING:
            self._advance()
            return GroupSelector((unquote(self._prev.text),), log_classes=())
        if self._next.token_type is not TokenType.L_PAREN and self._word():
            return self._bare_name()
        found: Part = {}
        begun = self._curr
        while self._word() in self.SELECTIONS:
            part = self._curr
            self._advance()
            self._require(TokenType.L_PAREN, f"'(' after {part.text}")
            for option, values in self.SELECTIONS[part.text.lower()](self).items():
                if option in found:
                    raise self._fault_at(part, f"{part.text} says {option!r} a second time")
                found[option] = values
            self._require(TokenType.R_PAREN, "',' or ')'")
        if self._curr is begun:
            self._refuse_selection()
        return GroupSelector(**found)  # type: ignore[arg-type]

    def _refuse_selection(self) -> NoReturn:
        near = suggestion(self._curr.text, SOURCE_PARTS) if self._curr else ""
        parts = ", ".join(f"{part}(…)" for part in SOURCE_PARTS)
        raise self._expected(f"the name of a log group in quotes, {parts}{near}")

    def _bare_name(self) -> GroupSelector:
        """Read a name without quotes, as the service's sample of `logcompare` has it."""
        name = self._curr.text
        self._advance()
        if self._curr and self._curr.start == self._prev.end + 1 and not self._pipeline_ends():
            raise self._fault_at(self._prev, "write the name of a log group in quotes")
        return GroupSelector((name.replace("`", ""),), log_classes=())

    def _log_groups(self) -> Part:
        found: Part = {}
        while self._word():
            option = self._curr
            name = SOURCE_OPTIONS.get(option.text.lower())
            if name is None:
                near = suggestion(option.text, SOURCE_OPTIONS_SPELLED)
                raise self._fault_at(option, f"logGroups has no option {option.text!r}{near}")
            if name in found:
                raise self._fault_at(option, f"{option.text} stands here a second time")
            self._advance()
            self._require(TokenType.COLON, f"':' after {option.text}")
            found[name] = self._checked_options(option, name, self._quoted_tokens())
            if not self._match(TokenType.COMMA):
                break
            if not self._word():
                raise self._expected("an option")
        # What is documented as the default of the class.
        return {"log_classes": (STANDARD,), **found}

    def _checked_options(self, option: Token, name: str, quoted: list[Token]) -> tuple[str, ...]:
        most = {"prefixes": MOST_PREFIXES, "accounts": MOST_ACCOUNTS}.get(name)
        if most is not None and len(quoted) > most:
            raise self._fault_at(option, f"{option.text} takes at most {most}, not {len(quoted)}")
        if name != "log_classes":
            return tuple(unquote(token.text) for token in quoted)
        return tuple(map(self._log_class, quoted))

    def _log_class(self, quoted: Token) -> str:
        name = unquote(quoted.text)
        if name.upper() not in LOG_CLASSES:
            near = suggestion(name, LOG_CLASSES) or f"; it is {_or(LOG_CLASSES)}"
            raise self._fault_at(quoted, f"unknown log class {name!r}{near}")
        return name.upper()

    def _data_sources(self) -> Part:
        start = self._curr
        names = self._texts()
        if len(names) > MOST_DATA_SOURCES:
            message = f"dataSource takes at most {MOST_DATA_SOURCES}, not {len(names)}"
            raise self._fault_at(start, message)
        return {"data_sources": tuple(names)}

    def _group_tags(self) -> Part:
        start = self._curr
        self._require(TokenType.L_BRACKET, '\'[\' and tags such as {"key": "k", "values": ["v"]}')
        tags = [self._tag()]
        while self._match(TokenType.COMMA):
            tags.append(self._tag())
        self._require(TokenType.R_BRACKET, "',' or ']'")
        if len(tags) > MOST_TAGS:
            raise self._fault_at(start, f"logGroupTags takes at most {MOST_TAGS}, not {len(tags)}")
        return {"tags": tuple(tags)}

    def _tag(self) -> tuple[str, tuple[str, ...]]:
        opening = self._require(TokenType.L_BRACE, "'{'")
        found: dict[str, list[str]] = {}
        while True:
            name = self._require(TokenType.STRING, '"key" or "values"')
            word = unquote(name.text)
            if word not in {"key", "values"} or word in found:
                raise self._fault_at(name, f'a tag has "key" and "values", not {word!r}')
            self._require(TokenType.COLON, "':'")
            found[word] = [unquote(self._quoted().text)] if word == "key" else self._texts()
            if not self._match(TokenType.COMMA):
                break
        self._require(TokenType.R_BRACE, "',' or '}'")
        if len(found) < 2:
            raise self._fault_at(opening, 'a tag has both "key" and "values"')
        if len(found["values"]) > MOST_TAG_VALUES:
            raise self._fault_at(opening, f"a tag has at most {MOST_TAG_VALUES} values")
        return found["key"][0], tuple(found["values"])

    def _texts(self) -> list[str]:
        """Read a list of texts; a text without brackets is a list of one."""
        return [unquote(token.text) for token in self._quoted_tokens()]

    def _quoted_tokens(self) -> list[Token]:
        if self._curr.token_type is TokenType.STRING:
            return [self._quoted()]
        self._require(TokenType.L_BRACKET, "a list in square brackets")
        quoted = [self._quoted()]
        while self._match(TokenType.COMMA):
            quoted.append(self._quoted())
        self._require(TokenType.R_BRACKET, "',' or ']'")
        return quoted

    def _quoted(self) -> Token:
        return self._require(TokenType.STRING, "a text in quotes")

    # The times of a source

    def _source_times(self) -> tuple[str | None, str | None]:
        found: dict[str, str] = {}
        while self._begins_time():
            word = self._word()
            if word in found:
                raise self._fault(f"{word!r} stands here a second time")
            self._advance()
            self._advance()
            found[word] = self._time()
        return found.get("start"), found.get("end")

    def _begins_time(self) -> bool:
        return self._word() in {"start", "end"} and self._next.token_type is TokenType.EQ

    def _time(self) -> str:
        """Read a time in quotes, or all that stands before the next part of the query."""
        begun = self._curr
        if begun.token_type is TokenType.STRING:
            self._advance()
            text = unquote(begun.text)
        else:
            while not (
                self._pipeline_ends()
                or self._curr.token_type is TokenType.PIPE
                or self._begins_time()
            ):
                self._advance()
            text = (
                self.sql[begun.start : self._prev.end + 1]
                if begun and self._curr is not begun
                else ""
            )
        if not text.strip():
            raise self._expected("a time such as -1d or now")
        try:
            to_ms(text, time.time_ns() // 1_000_000)
        except InvalidParameter as error:
            raise self._fault(str(error), begun.start, self._prev.end + 1) from None
        return text

    SELECTIONS: ClassVar[dict[str, Callable[[SourceParser], Part]]] = {
        "loggroups": _log_groups,
        "datasource": _data_sources,
        "loggrouptags": _group_tags,
    }

    def _misplaced_source(self, name: Token) -> MalformedQuery:
        return self._fault_at(
            name, f"{SOURCE} stands before all commands, and names what they read"
        )


def _or(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}"
