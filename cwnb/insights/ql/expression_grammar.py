"""The grammar of expressions: one small method for each level of precedence, loosest first.

    or  ·  and  ·  not !  ·  comparison, like, in  ·  + -  ·  * / %  ·  ^ (from the right)
    ·  unary -  ·  postfix .key [index]

The language does not document its precedence; this is the usual one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from cwnb.errors import MalformedQuery
from cwnb.events import TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.names import canonical, known_functions, row_forms
from cwnb.insights.ql import foreign, foreign_forms, misreadings
from cwnb.insights.ql.hints import HintingCursor
from cwnb.insights.ql.tokens import (
    REGEX_TOKEN,
    STEP_TOKEN,
    offsets_within,
    path_parts,
    quote,
    unquote,
)
from cwnb.insights.resolve.arguments import check_arguments
from cwnb.insights.values.periods import UNITS, unit_named
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.functions import Function

# With these limits no recursive function over the tree, nor this parser, meets Python's limit.
MAX_DEPTH = 100
MAX_NESTING = 40
# These words are field names only in backticks.
RESERVED = frozenset("and or not like in as by".split())


class ExpressionParser(HintingCursor):
    """A token cursor that reads expressions."""

    ARITHMETIC: ClassVar[tuple[dict[TokenType, type[exp.Expression]], ...]] = (
        {TokenType.PLUS: exp.Add, TokenType.DASH: exp.Sub},
        {TokenType.STAR: exp.Mul, TokenType.SLASH: exp.Div, TokenType.MOD: exp.Mod},
    )
    # Comparison operators that are words, each with the method that reads what follows it.
    WORD_COMPARISONS: ClassVar[dict[str, Callable[[ExpressionParser, Any], exp.Expression]]] = {
        "like": lambda self, value: self._like(value),
        "in": lambda self, value: self._in(value),
    }

    _level = 0
    # What was read though it is not written as the language has it; warnings of the answer.
    _notes: list[str]
    # Whether what is read are the aggregations of a `stats`.
    _aggregating = False

    # Operators

    def _expression(self) -> exp.Expression:
        self._level += 1
        if self._level > MAX_NESTING:
            raise self._fault(f"nested deeper than {MAX_NESTING} levels")
        node = self._chain(exp.Or, "or", lambda: self._chain(exp.And, "and", self._negation))
        self._level -= 1
        return node

    def _chain(
        self,
        operator: type[exp.And | exp.Or],
        word: str,
        operand: Callable[[], exp.Expression],
    ) -> exp.Expression:
        start = self._curr.start
        terms = [operand()]
        while self._accept(word):
            terms.append(operand())
        if len(terms) == 1:
            return terms[0]
        # `a or (b or c)` and `(a or b) or c` mean the same, so both become the same tree.
        node = tree.chained(
            operator, [leaf for term in terms for leaf in tree.chain_terms(operator, term)]
        )
        for link in reversed(list(tree.find(node, operator))):
            link.meta["start"] = link.this.meta["start"]
            link.meta["end"] = link.expression.meta["end"]
        return self._placed(node, start)

    def _negation(self) -> exp.Expression:
        starts = []
        while self._word() == "not" or self._curr.token_type is TokenType.EXCLAMATION:
            starts.append(self._curr.start)
            self._advance()
            if len(starts) > MAX_DEPTH:
                raise self._fault(f"nested deeper than {MAX_DEPTH} levels")
        node = self._comparison()
        for start in reversed(starts):
            node = self._placed(exp.Not(this=node), start)
        return node

    def _comparison(self) -> exp.Expression:
        start = self._curr.start
        node = self._operand()
        if operator := self.COMPARISONS.get(self._curr.token_type):
            self._advance()
            if self._curr.token_type is REGEX_TOKEN:
                meant = "not like" if operator is exp.NEQ else "like"
                raise self._fault(
                    "a regex can follow 'like' or '=~', but no other comparison; write "
                    f"{meant} {self._slice(self._curr)}"
                )
            if self._curr.token_type is TokenType.L_BRACKET:
                raise self._expected("a field, a value or a function", self._list_compared(node))
            node = self._placed(operator(this=node, expression=self._operand()), start)
            self._note(misreadings.of_compared(node))
        elif self._match(TokenType.RLIKE):
            node = self._placed(self._like(node), start)
        else:
            negated = self._word() == "not" and self._next.text.lower() in self.WORD_COMPARISONS
            if negated:
                self._advance()
            if reader := self.WORD_COMPARISONS.get(self._word()):
                self._advance()
                node = self._placed(reader(self, node), start)
                if isinstance(node, tree.In):
                    self._note(misreadings.of_listed(node, negated=negated))
                if negated:
                    node = self._placed(exp.Not(this=node), start)
        if self._curr.token_type in self.COMPARISONS:
            raise self._fault("comparisons cannot be chained; join them with 'and'")
        return node

    def _like(self, value: exp.Expression) -> tree.Like:
        if self._curr.token_type is REGEX_TOKEN:
            return tree.Like(value=value, pattern=self._regex())
        if self._curr.token_type is TokenType.STRING:
            text = self._text()
            searched = str(text.this)
            self._note(misreadings.of_wildcards(searched) or misreadings.of_regex_signs(searched))
            return tree.Like(value=value, pattern=text)
        quoted = f"; write a text in quotes: {quote(self._curr.text)}" if self._word() else ""
        raise self._expected("a text or a /regex/", quoted)

    def _inner_pipeline(self, what: str) -> tree.Answer:
        raise NotImplementedError

    def _in(self, value: exp.Expression) -> tree.In | tree.InSubquery:
        if self._curr.token_type is TokenType.L_PAREN:
            if self._next.token_type in {TokenType.VAR, TokenType.PIPE}:
                return tree.InSubquery(value=value, answer=self._inner_pipeline("a subquery"))
            listed = foreign_forms.brackets(self._ahead(64))
            raise self._fault(f"'in' takes a list in square brackets{listed}")
        listed = self._hint_of_list(value) if self._curr else ""
        self._require(TokenType.L_BRACKET, "a list in square brackets", listed)
        options = [self._list_value()]
        while self._match(TokenType.COMMA):
            options.append(self._list_value())
        self._require(TokenType.R_BRACKET, "',' or ']'")
        return tree.In(value=value, options=options)

    def _list_value(self) -> exp.Expression:
        start = self._curr.start
        if self._curr.token_type in {TokenType.R_BRACKET, TokenType.SENTINEL}:
            raise self._expected("a text, a number, true or false")
        node = self._unary()
        if not tree.is_literal(node):
            message = "a list holds texts, numbers, true and false only"
            if isinstance(node, tree.Field):
                message += f"; write a text in quotes: {quote(node.name)}"
            raise self._fault(message, start, self._prev.end + 1)
        return node

    def _operand(self, tier: int = 0) -> exp.Expression:
        """Read a sum (tier 0) or a product (tier 1); operators of higher precedence come below."""
        if tier == len(self.ARITHMETIC):
            return self._power()
        start = self._curr.start
        node = self._operand(tier + 1)
        length = 0
        while operator := self.ARITHMETIC[tier].get(self._curr.token_type):
            self._advance()
            length += 1
            if operator is exp.Sub and self._curr.token_type is TokenType.DASH:
                self._note(misreadings.of_dashes(self._prev, self._curr))
            if length > MAX_DEPTH:
                raise self._fault(f"more than {MAX_DEPTH} operators in a row")
            right = self._operand(tier + 1)
            node = self._placed(operator(this=node, expression=right), start)
            self._note(misreadings.of_sum(node, self.sql))
        return node

    def _note(self, note: str | None) -> None:
        if note is not None:
            self._notes.append(note)

    def _power(self) -> exp.Expression:
        starts = [self._curr.start]
        factors = [self._unary()]
        while self._match(TokenType.CARET):
            starts.append(self._curr.start)
            factors.append(self._unary())
            if len(factors) > MAX_DEPTH:
                raise self._fault(f"more than {MAX_DEPTH} operators in a row")
        node = factors.pop()
        for base, start in zip(reversed(factors), reversed(starts[:-1]), strict=True):
            node = self._placed(exp.Pow(this=base, expression=node), start)
        return node

    def _unary(self) -> exp.Expression:
        starts = []
        while self._match(TokenType.DASH):
            starts.append(self._prev.start)
            if len(starts) > MAX_DEPTH:
                raise self._fault(f"nested deeper than {MAX_DEPTH} levels")
        node = self._postfix()
        for start in reversed(starts):
            node = self._placed(exp.Neg(this=node), start)
        return node

    # Values

    def _postfix(self) -> exp.Expression:
        start = self._curr.start
        node = self._primary()
        steps: list[str] = []
        while True:
            if self._curr.token_type is STEP_TOKEN:
                steps += path_parts(self._curr.text)
                self._advance()
            elif self._match(TokenType.L_BRACKET):
                steps.append(self._bracket())
            else:
                break
        if not steps:
            return node
        if isinstance(node, exp.Literal | exp.Boolean):
            raise self._fault("a literal has no keys", start, self._prev.end + 1)
        if isinstance(node, tree.Field) and not node.meta.get("parenthesised"):
            whole = tree.Field(parts=[*node.parts, *steps])
            return self._placed(whole, start)
        return self._placed(tree.Access(value=node, path=steps), start)

    def _bracket(self) -> str:
        token = self._curr
        if token.token_type is TokenType.NUMBER and token.text.isdigit():
            step = str(int(token.text))
        elif token.token_type is TokenType.STRING and len(token.text) > 2:
            step = unquote(token.text)
        else:
            raise self._expected("an index such as [0]", self._of_each_item())
        self._advance()
        self._require(TokenType.R_BRACKET, "']'")
        return step

    PRIMARIES: ClassVar[dict[TokenType, Callable[[ExpressionParser], exp.Expression]]] = {
        TokenType.L_PAREN: lambda self: self._parenthesised(),
        TokenType.STRING: lambda self: self._text(),
        TokenType.NUMBER: lambda self: self._number(),
        TokenType.VAR: lambda self: self._named(),
    }

    def _primary(self) -> exp.Expression:
        reader = self.PRIMARIES.get(self._curr.token_type)
        if reader is None:
            raise self._expected("a field, a value or a function", self._no_value())
        return reader(self)

    def _parenthesised(self) -> exp.Expression:
        self._advance()
        node = self._expression()
        listed = self._curr.token_type is TokenType.COMMA
        hint = "; a list is written field in [1, 2]" if listed else ""
        self._require(TokenType.R_PAREN, "')'", hint)
        node.meta["parenthesised"] = True
        return node

    def _text(self) -> exp.Literal:
        self._advance()
        return self._placed(exp.Literal.string(unquote(self._prev.text)), self._prev.start)

    def _number(self) -> exp.Expression:
        self._advance()
        number = self._prev
        if self._curr.token_type is TokenType.VAR and self._word() not in RESERVED:
            adjacent = self._curr.start == number.end + 1
            span = number.start, self._curr.end + 1
            if unit_named(self._curr.text):
                raise self._fault(self._misplaced_period(number.text, self._curr.text), *span)
            if in_bytes := foreign_forms.bytes_written(number.text, self._curr.text):
                raise self._fault(in_bytes, *span)
            if adjacent:
                raise self._fault("write a name that begins with a digit in backticks", *span)
        return self._placed(exp.Literal(this=number.text, is_string=False), number.start)

    def _period(self) -> tree.Period:
        number = self._curr
        if number.token_type is not TokenType.NUMBER:
            quoted = "; write it without quotes" if number.token_type is TokenType.STRING else ""
            raise self._expected("a period such as 5m", quoted)
        self._advance()
        unit = unit_named(self._curr.text) if self._curr.token_type is TokenType.VAR else None
        if unit is None:
            raise self._fault(f"expected a unit of time ({' '.join(UNITS)}), found {self._found()}")
        self._advance()
        if not number.text.isdigit() or int(number.text) == 0:
            raise self._fault_at(number, "a period counts whole units, from 1 up")
        return self._placed(tree.Period(count=int(number.text), unit=unit), number.start)

    def _regex(self) -> tree.Regex:
        token = self._curr
        self._advance()
        pattern = self._checked_regex(token, token.text.replace("\\/", "/"))
        return self._placed(tree.Regex(pattern=pattern), token.start)

    def _checked_regex(self, token: Token, pattern: str) -> str:
        from cwnb.insights.text.regex import InvalidRegex, checked

        try:
            return checked(pattern)
        except InvalidRegex as error:
            start, end = token.start, token.end + 1
            if error.place is not None:
                offsets = offsets_within(token)
                start, end = (token.start + offsets[place] for place in error.place)
            raise self._fault(error.message, start, end) from None

    def _named(self) -> exp.Expression:
        token = self._curr
        word = self._word()
        if word in RESERVED:
            hint = self._nothing_before_by() if word == "by" else ""
            if word == "like":
                hint = "; write field like 'text' or field like /regex/"
            raise self._expected("a field, a value or a function", hint)
        self._advance()
        if self._curr.token_type is TokenType.L_PAREN and not token.text.endswith("`"):
            return self._call(token)
        if word in {"true", "false"}:
            return self._placed(exp.Boolean(this=word == "true"), token.start)
        field = self._placed(tree.Field(parts=path_parts(token.text)), token.start)
        field.meta["quoted"] = token.text.startswith("`")
        return field

    # Calls

    def _call(self, name: Token) -> exp.Expression:
        function = self._function(name)
        key = canonical(function.name)
        self._advance()
        arguments: list[exp.Expression] = []
        if function.bins:
            self._pass_over_time_of(function)
        if not self._match(TokenType.R_PAREN):
            arguments.append(self._argument(function, 0))
            while self._match(TokenType.COMMA):
                arguments.append(self._argument(function, len(arguments)))
            self._require(TokenType.R_PAREN, "',' or ')'")
        if not arguments and function.parameters and function.parameter(0).star:
            arguments.append(self._placed(tree.Star(), name.start))
        call = tree.Call(function=key, arguments=arguments)
        if row_forms().get(key) is function:
            call.set("row_form", True)
        self._placed(call, name.start)
        check_arguments(call, self.sql)
        return call

    def _pass_over_time_of(self, function: Function) -> None:
        """Pass over the time in `bin(@timestamp, 1h)`, which is `bin(1h)`."""
        if (
            self._curr.token_type is not TokenType.VAR
            or self._next.token_type is not TokenType.COMMA
        ):
            return
        name = self._curr.text
        if name != TIMESTAMP:
            raise self._fault(
                f"{function.name} rounds {TIMESTAMP} and takes a period alone; "
                f"write datefloor({name}, …)"
            )
        self._notes.append(
            f"{function.name}({name}, …) is read as {function.name}(…), which rounds {name} anyway"
        )
        self._advance()
        self._advance()

    def _function(self, name: Token) -> Function:
        functions = known_functions()
        key = canonical(name.text)
        if not self._aggregating and (row_form := row_forms().get(key)):
            return row_form
        if key in functions:
            return functions[key]
        near = suggestion(name.text, (function.name for function in functions.values()))
        hint = foreign.function_hint(key) or near
        raise self._fault_at(name, f"unknown function {name.text!r}{hint}")

    def _argument(self, function: Function, position: int) -> exp.Expression:
        if not function.parameters:
            return self._expression()
        parameter, token = function.parameter(position), self._curr
        if parameter.kind == "period":
            return self._period()
        if parameter.star and self._match(TokenType.STAR):
            return self._placed(tree.Star(), token.start)
        if parameter.kind == "regex":
            if token.token_type is REGEX_TOKEN:
                regex = self._regex()
                return self._placed(exp.Literal.string(regex.pattern), token.start)
            if token.token_type is TokenType.STRING:
                text = self._text()
                self._checked_regex(token, str(text.this))
                return text
        return self._expression()


def check_depth(node: exp.Expression, text: str) -> None:
    """Refuse a tree that is too deep for the recursive functions that read it."""
    stack: list[tuple[exp.Expression, int]] = [(node, 0)]
    while stack:
        current, depth = stack.pop()
        if depth > MAX_DEPTH:
            start, end = current.meta.get("start"), current.meta.get("end")
            raise MalformedQuery(f"nested deeper than {MAX_DEPTH} levels", text, start, end)
        stack.extend((child, depth + 1) for child in current.iter_expressions())
