"""Logs Insights QL as a sqlglot dialect: it reads a text as a Query, by a table of commands.

    query      := ['|'] command ('|' command)*
    fields     := 'fields' item (',' item)*                     item := expr ['as' name]
    display    := 'display' item (',' item)*
    filter     := ('filter'|'where') expr
    parse      := 'parse' [operand] (text|regex) [['as'] name (',' name)*] ['multi']
    stats      := 'stats' item (',' item)* [['group'] 'by' item (',' item)* ['offset' period]]
    sort       := ('sort'|'order') ['by'] key (',' key)*        key := item ['asc'|'desc']
    limit      := ('limit'|'head') ['any'] integer
    dedup      := 'dedup' field (',' field)*

`expression_grammar` has the grammar of expressions. Keywords and functions are case-insensitive,
field names are not. Source: CWL_QuerySyntax and its pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import Token, TokenType

from cwnb.errors import MalformedQuery
from cwnb.insights import tree
from cwnb.insights.names import canonical, known_functions, suggestion
from cwnb.insights.ql import foreign, vocabulary
from cwnb.insights.ql.expression_grammar import MAX_NESTING, RESERVED, ExpressionParser, check_depth
from cwnb.insights.ql.tokens import REGEX_TOKEN, InsightsTokenizer, path_parts, quote, unquote
from cwnb.insights.ql.writer import Writer, regex_of_glob, to_text, write_name
from cwnb.insights.text.regex_syntax import groups, looks_like_regex, only_named_groups

if TYPE_CHECKING:
    from collections.abc import Callable

QUERY_CHARACTERS = 10_000  # cloudwatch_limits_cwl
PARSE_MODES_NOT_YET = frozenset("logfmt csv xml".split())


class InsightsParser(ExpressionParser):
    """Reads a query; the method named after a command reads what follows its keyword."""

    COMMAND_PARSERS: ClassVar[dict[str, Callable[[InsightsParser], tree.Command]]] = {
        "fields": lambda self: tree.Fields(items=self._items()),
        "display": lambda self: tree.Display(items=self._items()),
        "filter": lambda self: tree.Filter(condition=self._expression()),
        "parse": lambda self: self._parse_fields(),
        "stats": lambda self: self._stats(),
        "sort": lambda self: self._sort(),
        "limit": lambda self: self._limit(),
        "dedup": lambda self: self._dedup(),
    }

    def parse(self, raw_tokens: list[Token], sql: str) -> list[exp.Expr | None]:
        """Read the tokens of one query; raises MalformedQuery."""
        self._begin(raw_tokens, sql)
        pipeline = self._pipeline()
        query = self._placed(tree.Query(pipelines=[pipeline]), self._tokens[0].start)
        query.meta["text"] = self.sql
        return [query]

    def parse_one_expression(self, raw_tokens: list[Token], sql: str) -> exp.Expression:
        """Read the tokens of one expression; raises MalformedQuery."""
        self._begin(raw_tokens, sql)
        node = self._expression()
        if self._curr:
            raise self._expected("the end of the expression")
        return node

    def _begin(self, raw_tokens: list[Token], sql: str) -> None:
        self.reset()
        self.sql = sql
        self._tokens = raw_tokens
        self._tokens_size = len(raw_tokens)
        self._level = 0
        self._aggregating = False
        self._notes: list[str] = []
        self._index = -1
        self._advance()

    # Commands

    def _pipeline(self) -> tree.Pipeline:
        self._match(TokenType.PIPE)
        steps = [self._command()]
        while self._curr:
            self._require(
                TokenType.PIPE, "'|' or the end of the query", self._missing_as(steps[-1])
            )
            steps.append(self._command())
        pipeline = self._placed(tree.Pipeline(commands=steps), self._tokens[0].start)
        pipeline.meta["text"] = self.sql
        if self._notes:
            pipeline.meta["notes"] = list(dict.fromkeys(self._notes))
        return pipeline

    def _missing_as(self, before: tree.Command) -> str:
        """Give a hint where a value follows another without a word between them."""
        word = self._word()
        if isinstance(before, tree.Filter) and self._curr.token_type is TokenType.STRING:
            return f"; write {self._prev.text} like {self._slice(self._curr)}"
        takes_names = isinstance(before, tree.Fields | tree.Display | tree.Stats)
        return f"; is 'as' or ',' missing before {word!r}?" if word and takes_names else ""

    def _command(self) -> tree.Command:
        name = self._curr
        word = self._word()
        if not word:
            text = self._curr.token_type in (TokenType.STRING, REGEX_TOKEN)
            hint = f"; write filter @message like {self._slice(self._curr)}" if text else ""
            raise self._expected("a command", hint)
        reader = self.COMMAND_PARSERS.get(vocabulary.keyword_of(word))
        if reader is None:
            raise self._unknown_command(name)
        self._advance()
        command = self._placed(reader(self), name.start)
        check_depth(command, self.sql)
        return command

    def _unknown_command(self, name: Token) -> MalformedQuery:
        word = name.text.lower()
        if word == "search":
            message = "command 'search' was withdrawn; write filter @message like 'text'"
        elif word in vocabulary.NOT_YET:
            message = f"command {name.text!r} is not supported yet"
        elif word in vocabulary.SQL:
            message = (
                f"{name.text!r} looks like SQL, which is not supported yet; write such as "
                "fields @timestamp, @message | filter @message like 'text' | limit 20"
            )
        elif function := known_functions().get(canonical(word)):
            command = "stats" if function.aggregate else "fields"
            message = f"{name.text!r} is a function, not a command; write {command} before it"
        else:
            near = suggestion(
                word, [*self.COMMAND_PARSERS, *vocabulary.SYNONYMS, *vocabulary.NOT_YET]
            )
            hint = foreign.command_hint(word) or self._missing_filter() or near
            message = f"unknown command {name.text!r}{hint}"
        return self._fault_at(name, message)

    def _missing_filter(self) -> str:
        """Give a hint where a condition stands in the place of a command."""
        begins = self._next.token_type in {*self.COMPARISONS, TokenType.RLIKE}
        begins = begins or self._next.text.lower() in self.WORD_COMPARISONS
        return "; write filter before a condition" if begins else ""

    def _parse_fields(self) -> tree.Parse:
        start = self._prev.start
        if self._curr.token_type in {TokenType.STRING, REGEX_TOKEN}:
            value: exp.Expression = tree.Field(parts=[vocabulary.DEFAULT_PARSE_FIELD])
            value = self._placed(value, start)
        else:
            value = self._operand()
        if self._word() in PARSE_MODES_NOT_YET:
            raise self._fault(f"parse with {self._curr.text!r} is not supported yet")
        if self._curr.token_type is REGEX_TOKEN:
            return self._parse_regex(value)
        if self._curr.token_type is TokenType.STRING:
            return self._parse_glob(value)
        raise self._expected("a glob text or a /regex/")

    def _parse_glob(self, value: exp.Expression) -> tree.Parse:
        start = self._curr.start
        pattern = self._text()
        end = self._prev.end + 1
        names = self._names()
        if self._word() == "multi":
            raise self._fault("'multi' goes with a /regex/ only")
        glob = str(pattern.this)
        wildcards = glob.count("*")
        if wildcards != len(names) or not wildcards:
            self._refuse_regex(glob, names, start, end)
        if wildcards == 0 and len(names) == 1 and pattern.this:
            # A sample query for Aurora has no wildcard: the name stands for what follows the text.
            pattern.set("this", f"{pattern.this}*")
            wildcards = 1
        if wildcards != len(names):
            counted = f"{wildcards} wildcard{'s' * (wildcards != 1)}"
            raise self._fault(f"the glob has {counted}, but {_names_follow(names)}", start, end)
        return tree.Parse(value=value, pattern=pattern, names=names)

    def _refuse_regex(self, glob: str, names: list[str], start: int, end: int) -> None:
        if looks_like_regex(glob):
            meant = regex_of_glob(glob, names)
            raise self._fault(f"{quote(glob)} looks like a regex; write {meant}", start, end)

    def _parse_regex(self, value: exp.Expression) -> tree.Parse:
        token = self._curr
        regex = self._regex()
        regex.set("pattern", only_named_groups(regex.pattern))
        multi = self._accept("multi")
        aliases = [] if multi and self._word() != "as" else self._names()
        multi = multi or self._accept("multi")
        found = groups(regex.pattern)
        if not found:
            raise self._fault_at(token, "the regex of a parse needs a group such as (?<name>…)")
        named = [group.name for group in found if group.name]
        if named and aliases:
            if named != aliases:
                message = "write the names in the regex or after 'as', not in both"
                raise self._fault_at(token, message)
            again = ", ".join(map(write_name, aliases))
            self._notes.append(
                f"the names in a regex need no 'as {again}' after it, which the service may refuse"
            )
        names = named or aliases
        if len(names) != len(found):
            counted = f"{len(found)} unnamed group{'s' * (len(found) != 1)}"
            message = f"the regex has {counted}, but {_names_follow(names)}; write (?<name>…)"
            raise self._fault_at(token, message)
        return tree.Parse(value=value, pattern=regex, names=names, multi=multi or None)

    def _names(self) -> list[str]:
        """Read `[as] a, b`, or no names at all."""
        if not self._accept("as") and (not self._word() or self._word() == "multi"):
            return []
        names = [self._name()]
        while self._match(TokenType.COMMA):
            names.append(self._name())
        return names

    def _name(self) -> str:
        token = self._curr
        if token.token_type is TokenType.STRING:
            raise self._fault(f"write a name in backticks, not in quotes: `{unquote(token.text)}`")
        if token.token_type is not TokenType.VAR or token.text.lower() in RESERVED:
            raise self._expected("a name")
        self._advance()
        return ".".join(path_parts(token.text))

    def _stats(self) -> tree.Stats:
        self._aggregating = True
        aggregates = self._items()
        self._aggregating = False
        if self._word() == "group" and self._next.text.lower() == "by":
            self._advance()  # as in SQL, which is in use
        by = self._items() if self._accept("by") else None
        offset = None
        if self._word() == "offset":
            if by is None:
                raise self._fault("'offset' must come after 'by'")
            self._advance()
            offset = self._period()
        return tree.Stats(aggregates=aggregates, by=by, offset=offset)

    def _sort(self) -> tree.Sort:
        self._accept("by")
        keys = [self._sort_key()]
        while self._match(TokenType.COMMA):
            keys.append(self._sort_key())
        return tree.Sort(keys=keys)

    def _sort_key(self) -> tree.SortKey:
        start = self._curr.start
        item = self._item()
        descending = self._accept("desc")
        if not descending:
            self._accept("asc")
        return self._placed(tree.SortKey(item=item, descending=descending), start)

    def _limit(self) -> tree.Limit:
        any_rows = self._accept("any")
        token = self._curr
        if token.token_type is not TokenType.NUMBER or not token.text.isdigit():
            raise self._expected("a whole number of rows")
        self._advance()
        if self._curr.token_type is TokenType.COMMA:
            raise self._fault("limit takes one number; an answer has no offset")
        count = self._placed(exp.Literal.number(int(token.text)), token.start)
        return tree.Limit(count=count, any=any_rows or None)

    def _dedup(self) -> tree.Dedup:
        items = self._items()
        for item in items:
            if not isinstance(item.value, tree.Field) or item.args.get("alias"):
                raise self._fault("dedup takes fields only", item.meta["start"], item.meta["end"])
        return tree.Dedup(items=items)

    # Items

    def _items(self) -> list[tree.Item]:
        items = [self._item()]
        while self._match(TokenType.COMMA):
            items.append(self._item())
        return items

    def _item(self) -> tree.Item:
        start = self._curr.start
        value = self._expression()
        text = self.sql[start : self._prev.end + 1]
        alias = self._name() if self._accept("as") else None
        if alias is not None or isinstance(value, tree.Field):
            # The text does not name the column, so it gets one spelling: equal items compare equal.
            text = to_text(value)
        return self._placed(tree.Item(value=value, alias=alias, text=text), start)


def _names_follow(names: list[str]) -> str:
    if len(names) == 1:
        return "1 name follows"
    return f"{len(names) or 'no'} names follow"


class Insights(Dialect):
    """CloudWatch Logs Insights QL; registered with sqlglot as `insights`."""

    Tokenizer = InsightsTokenizer
    Parser = InsightsParser
    Generator = Writer


def parse_query(text: str) -> tree.Query:
    """Read a query; raises MalformedQuery with the place of the fault."""
    if len(text) > QUERY_CHARACTERS:
        message = f"the query has {len(text):,} characters; {QUERY_CHARACTERS:,} is the most"
        raise MalformedQuery(message, text)
    found = InsightsTokenizer(Insights).tokenize(text)
    if not found:
        raise MalformedQuery("the query is empty", text, 0, 1)
    try:
        (query,) = InsightsParser(dialect=Insights).parse(found, text)
    except RecursionError:
        message = f"nested too deep here; {MAX_NESTING} levels fit an ordinary stack"
        raise MalformedQuery(message, text) from None
    assert isinstance(query, tree.Query)
    return query


def parse_expression(text: str) -> exp.Expression:
    """Read one expression, such as a condition; raises MalformedQuery."""
    found = InsightsTokenizer(Insights).tokenize(text)
    return InsightsParser(dialect=Insights).parse_one_expression(found, text)


__all__ = ["Insights", "parse_expression", "parse_query", "to_text"]
