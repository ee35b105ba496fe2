"""Logs Insights QL as a sqlglot dialect: it reads a text as a Query, by a table of commands.

    query      := [sources '|'] command ('|' command)*     `source_grammar` has that of `sources`
    fields     := 'fields' item (',' item)*                     item := expr ['as' name]
    display    := 'display' item (',' item)*
    unmask     := 'unmask' item (',' item)*
    filter     := ('filter'|'where') expr
    filterIndex := 'filterIndex' field ('=' literal | 'in' '[' literal (',' literal)* ']')
    parse      := 'parse' [operand] (text|regex) [['as'] name (',' name)*] ['multi']
                | 'parse' [operand] 'logfmt' 'as' name
                | 'parse' [operand] 'csv' ['as'] name (',' name)*
                | 'parse' operand 'xml' text ['as'] name
    json       := 'json' ['field' '=' field] text 'as' name
    unnest     := 'unnest' operand 'into' name
    expand     := 'expand' field
    lookup, cidrlookup, join, appendcols: see `input_grammar`
    stats      := 'stats' item (',' item)* [['group'] 'by' item (',' item)* ['offset' period]]
    sort       := ('sort'|'order') ['by'] key (',' key)*        key := item ['asc'|'desc']
    limit      := ('limit'|'head') ['any'] integer
    dedup      := 'dedup' field (',' field)*
    pattern    := 'pattern' expr
    diff       := 'diff' ['previousDay'|'previousWeek'|'previousMonth']
    logcompare := 'logcompare' 'timeshift' period
    anomaly    := 'anomaly'
    relevantfields := 'relevantfields' [field (',' field)*] 'where' expr
    tail       := 'tail' integer
    countFrequent := 'countFrequent' field (',' field)*
    addtotals  := 'addtotals' ('fieldname' '=' name | ('row'|'col') '=' flag | field [','])*
    accum      := 'accum' field ['as' name]
    autoregress := 'autoregress' field ['as' name] ['p' '=' integer ['-' integer]]
    filldown   := 'filldown' (field | name with '*')*
    outlier    := 'outlier' ('action' '=' ('remove'|'transform') | 'param' '=' number
                | ('uselower'|'mark') '=' flag | field)*
    sessionize := 'sessionize' field (',' field)* ['maxspan' period] ['as' name]
    fillmissing := 'fillmissing' ['with' literal 'for' field (',' literal 'for' field)*]
    estimate   := 'estimate'

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
from cwnb.insights.names import canonical, known_functions
from cwnb.insights.ql import foreign, foreign_forms, misreadings, vocabulary
from cwnb.insights.ql.expression_grammar import MAX_NESTING, check_depth
from cwnb.insights.ql.input_grammar import InputParser
from cwnb.insights.ql.macros import QUERY_CHARACTERS
from cwnb.insights.ql.source_grammar import JOIN_SIDE
from cwnb.insights.ql.tokens import MACRO_TOKEN, REGEX_TOKEN, InsightsTokenizer, quote
from cwnb.insights.ql.writer import Writer, to_text
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable


class InsightsParser(InputParser):
    """Reads a query; the method named after a command reads what follows its keyword."""

    COMMAND_PARSERS: ClassVar[dict[str, Callable[[InsightsParser], tree.Command]]] = {
        "fields": lambda self: tree.Fields(items=self._columns()),
        "display": lambda self: tree.Display(items=self._columns()),
        "unmask": lambda self: tree.Unmask(items=self._items()),
        "filter": lambda self: tree.Filter(condition=self._expression()),
        "filterIndex": lambda self: self._filter_index(),
        "parse": lambda self: self._parse_fields(),
        "json": lambda self: self._json(),
        "lookup": lambda self: self._lookup(),
        "cidrlookup": lambda self: self._cidr_lookup(),
        "join": lambda self: self._join(),
        "appendcols": lambda self: self._append_cols(),
        "unnest": lambda self: self._unnest(),
        "expand": lambda self: self._expand(),
        "stats": lambda self: self._stats(),
        "sort": lambda self: self._sort(),
        "limit": lambda self: self._limit(),
        "dedup": lambda self: self._dedup(),
        "pattern": lambda self: tree.Pattern(value=self._expression()),
        "diff": lambda self: self._diff(),
        "logcompare": lambda self: self._logcompare(),
        "anomaly": lambda _: tree.Anomaly(),
        "relevantfields": lambda self: self._relevant_fields(),
        "tail": lambda self: self._tail(),
        "countFrequent": lambda self: self._count_frequent(),
        "addtotals": lambda self: self._addtotals(),
        "accum": lambda self: self._accum(),
        "autoregress": lambda self: self._autoregress(),
        "filldown": lambda self: self._filldown(),
        "outlier": lambda self: self._outlier(),
        "sessionize": lambda self: self._sessionize(),
        "fillmissing": lambda self: self._fillmissing(),
        "estimate": lambda _: tree.Estimate(),
    }

    def parse(self, raw_tokens: list[Token], sql: str) -> list[exp.Expr | None]:
        """Read the tokens of one query; raises MalformedQuery."""
        self._begin(raw_tokens, sql)
        pipeline = self._pipeline()
        pipelines = [*self._inner, pipeline]
        query = self._placed(tree.Query(pipelines=pipelines), self._tokens[0].start)
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
        self._inner = []
        self._input, self._inside = None, ""
        self._aggregating = False
        self._notes: list[str] = []
        self._names_read = []
        self._index = -1
        self._advance()

    # Commands

    def _pipeline(self) -> tree.Pipeline:
        start = self._curr.start
        self._match(TokenType.PIPE)
        # What stands inside a command reads the groups of the query around it, if it names none.
        own = self._sources()
        self._input = own or self._input
        alone = own is not None and self._inside == JOIN_SIDE and self._pipeline_ends()
        steps = [] if alone else [self._command()]
        while not self._pipeline_ends():
            self._require(
                TokenType.PIPE, f"'|' or {self._end_of_pipeline()}", self._missing_as(steps[-1])
            )
            steps.append(self._command())
        input = self._input and self._input.copy()
        pipeline = self._placed(tree.Pipeline(commands=steps, input=input), start)
        pipeline.meta["text"] = self.sql
        if self._notes:
            pipeline.meta["notes"] = list(dict.fromkeys(self._notes))
        return pipeline

    def _missing_as(self, before: tree.Command) -> str:
        """Give a hint where a value follows another without a word between them."""
        word = self._word()
        if self._prev.text.lower() == "interval":
            return "; times are numbers of milliseconds: write 3600000 for an hour"
        if isinstance(before, tree.Parse) and word == "as":
            return '; the field stands first: write parse @message "…" as name'
        if isinstance(before, tree.Filter) and self._curr.token_type is TokenType.COMMA:
            return "; write 'and' between conditions"
        if isinstance(before, tree.Filter) and self._curr.token_type is TokenType.STRING:
            return f"; write {self._prev.text} like {self._slice(self._curr)}"
        if isinstance(before, tree.Filter) and word and self._begins_condition():
            return f"; write 'and' before {word!r}"
        if canonical(self._prev.text) == "bin" and self._curr.token_type is TokenType.NUMBER:
            return f"; write bin({''.join(self._ahead(2))})"
        if misreadings.begins_comment(self.sql, self._curr.start):
            return f"; {foreign.COMMENT}"
        takes_names = isinstance(before, tree.Fields | tree.Display | tree.Stats)
        return f"; is 'as' or ',' missing before {word!r}?" if word and takes_names else ""

    def _end_of_pipeline(self) -> str:
        return "')'" if self._inside else "the end of the query"

    def _command(self) -> tree.Command:
        name = self._curr
        word = self._word()
        if self._curr and self._curr.token_type is MACRO_TOKEN:
            raise self._fault(f"there are no saved queries here, so {name.text} cannot be called")
        if not word:
            text = self._curr.token_type in (TokenType.STRING, REGEX_TOKEN)
            hint = f"; write filter @message like {self._slice(self._curr)}" if text else ""
            if self._curr and self._curr.token_type is TokenType.STAR:
                hint = "; write fields @timestamp, @message to show all events"
            if self._ahead(2) == ["-", "-"]:
                hint = f"; {foreign.COMMENT}"
            raise self._expected("a command", hint)
        reader = self.COMMAND_PARSERS.get(vocabulary.keyword_of(word))
        if reader is None:
            raise self._unknown_command(name)
        self._advance()
        outer, self._names_read = self._names_read, []
        command = self._placed(reader(self), name.start)
        if self._names_read:
            command.meta["names"] = self._names_read
        self._names_read = outer
        check_depth(command, self.sql)
        return command

    def _unknown_command(self, name: Token) -> MalformedQuery:
        word = name.text.lower()
        following = self._ahead(3)[1:]
        if following[:1] == ["-"] and len(following) > 1:
            # Commands of KQL have dashes in their names.
            dashed = f"{word}-{following[1].lower()}"
            word = dashed if dashed in foreign.COMMANDS else word
        if word == vocabulary.SOURCE.lower():
            return self._misplaced_source(name)
        if word == "search":
            message = "command 'search' was withdrawn; write filter @message like 'text'"
        elif word in vocabulary.SQL:
            message = (
                f"{name.text!r} looks like SQL, which is not supported yet; write such as "
                "fields @timestamp, @message | filter @message like 'text' | limit 20"
            )
        elif function := known_functions().get(canonical(word)):
            command = "stats" if function.aggregate else "fields"
            message = f"{name.text!r} is a function, not a command; write {command} before it"
        else:
            near = suggestion(word, [*self.COMMAND_PARSERS, *vocabulary.SYNONYMS])
            hint = foreign.command_hint(word) or self._missing_filter() or near or self._table()
            message = f"unknown command {name.text!r}{hint}"
        return self._fault_at(name, message)

    def _missing_filter(self) -> str:
        """Give a hint where a condition stands in the place of a command."""
        ahead = self._ahead(8)
        if condition := foreign_forms.lucene_condition(ahead[0], ahead[1:]):
            return f"; {condition.replace('write ', 'write filter ', 1)}"
        return "; write filter before a condition" if self._begins_condition() else ""

    def _table(self) -> str:
        """Give a hint for a word alone at the beginning, which names a table in other languages."""
        if self._index:
            return ""
        if not self._next or self._next.text.lower() in ("and", "or"):
            return f"; to look for a text write filter @message like {quote(self._curr.text)}"
        names_table = self._next.token_type is TokenType.PIPE
        return f"; {foreign.COMMANDS['from']}" if names_table else ""

    def _begins_condition(self) -> bool:
        """Tell whether a comparison stands behind the current token."""
        compares = self._next.token_type in {*self.COMPARISONS, TokenType.RLIKE}
        return compares or self._next.text.lower() in self.WORD_COMPARISONS

    def _filter_index(self) -> tree.FilterIndex:
        start = self._curr.start
        condition = self._expression()
        equal = isinstance(condition, exp.EQ) and tree.is_literal(condition.expression)
        subject = condition.this if equal else condition.args.get("value")
        if not (equal or isinstance(condition, tree.In)) or not isinstance(subject, tree.Field):
            message = "filterIndex takes field = value or field in […]; write filter for any other"
            raise self._fault(f"{message} condition", start, self._prev.end + 1)
        return tree.FilterIndex(condition=condition)

    def _unnest(self) -> tree.Unnest:
        value = self._operand()
        if not self._accept("into"):
            item = self._next.text if self._word() == "as" and self._next else "item"
            field = self.sql[value.meta["start"] : value.meta["end"]]
            raise self._expected(
                "'into' and a name for the items", f"; write unnest {field} into {item}"
            )
        return tree.Unnest(value=value, name=self._name())

    def _expand(self) -> tree.Expand:
        value = self._operand()
        if not isinstance(value, tree.Field):
            raise self._fault("expand takes a field", value.meta["start"], value.meta["end"])
        if self._curr.token_type is TokenType.COMMA:
            raise self._fault("expand takes one field; write an expand for each")
        return tree.Expand(value=value)

    def _diff(self) -> tree.Diff:
        word = self._word()
        if not word:
            return tree.Diff(to=None)
        named = {name.lower(): name for name in tree.SHIFTS}.get(word)
        if named is None:
            near = suggestion(word, tree.SHIFTS)
            wanted = f"diff takes {', '.join(tree.SHIFTS)} or nothing"
            raise self._fault(f"{wanted}, not {self._curr.text!r}{near}")
        self._advance()
        return tree.Diff(to=named)

    def _relevant_fields(self) -> tree.RelevantFields:
        fields: list[exp.Expression] = []
        if not self._accept("where"):
            fields.append(self._field_to_compare())
            while self._match(TokenType.COMMA):
                fields.append(self._field_to_compare())
            if not self._accept("where"):
                raise self._expected("'where' and a condition")
        return tree.RelevantFields(fields=fields or None, condition=self._expression())

    def _field_to_compare(self) -> exp.Expression:
        field = self._operand()
        if not isinstance(field, tree.Field):
            span = field.meta["start"], field.meta["end"]
            raise self._fault("relevantfields takes names of fields before 'where'", *span)
        return field

    def _logcompare(self) -> tree.Logcompare:
        if not self._accept("timeshift"):
            raise self._expected("'timeshift' and a period such as 7d")
        return tree.Logcompare(timeshift=self._period())

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
        if self._word() not in ("desc", "asc"):
            self._note(misreadings.of_minus("sort", item))
        descending = self._accept("desc")
        if not descending:
            self._accept("asc")
        return self._placed(tree.SortKey(item=item, descending=descending), start)

    def _limit(self) -> tree.Limit:
        any_rows = self._accept("any")
        if self._curr.token_type is TokenType.EQ and self._next:
            raise self._expected("a whole number of rows", f"; write limit {self._next.text}")
        count = self._row_count()
        if self._curr.token_type is TokenType.COMMA:
            raise self._fault("limit takes one number; an answer has no offset")
        return tree.Limit(count=count, any=any_rows or None)

    def _dedup(self) -> tree.Dedup:
        items = self._items()
        for item in items:
            if not isinstance(item.value, tree.Field) or item.args.get("alias"):
                raise self._fault("dedup takes fields only", item.meta["start"], item.meta["end"])
        return tree.Dedup(items=items)

    # Items

    def _columns(self) -> list[tree.Item]:
        command = self._prev.text
        items = self._items()
        for item in items:
            self._note(misreadings.of_minus(command, item))
            self._note(misreadings.of_attached_minus(command, item, self.sql))
        return items

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
