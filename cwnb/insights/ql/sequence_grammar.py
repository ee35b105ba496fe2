"""The grammar of the commands that give a row values of other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from cwnb.insights import tree
from cwnb.insights.ql.expression_grammar import RESERVED
from cwnb.insights.ql.extraction_grammar import ExtractionParser
from cwnb.insights.ql.tokens import path_parts
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_LAGS = 100
_ENDS = (TokenType.PIPE, TokenType.SENTINEL)


class SequenceParser(ExtractionParser):
    """Reads what follows `tail`, `accum`, `autoregress`, `filldown` and their like."""

    def _tail(self) -> tree.Tail:
        return tree.Tail(count=self._row_count())

    def _row_count(self) -> exp.Literal:
        token = self._curr
        if token.token_type is not TokenType.NUMBER or not token.text.isdigit():
            raise self._expected("a whole number of rows")
        self._advance()
        count = exp.Literal(this=str(int(token.text)), is_string=False)
        return self._placed(count, token.start)

    def _accum(self) -> tree.Accum:
        value = self._field_of("accum")
        name = self._name() if self._accept("as") else f"accum_{value.name}"
        return tree.Accum(value=value, name=name)

    def _autoregress(self) -> tree.Autoregress:
        value = self._field_of("autoregress")
        name = self._name() if self._accept("as") else None
        lags: list[int] = []
        while self._option({"p": lambda: lags.extend(self._lags())}):
            pass
        if name is None and self._accept("as"):
            name = self._name()
        first, last = [*lags, None][:2] if lags else (1, None)
        return tree.Autoregress(value=value, name=name, first=first, last=last)

    def _lags(self) -> list[int]:
        start = self._curr.start
        found = [self._lag()]
        if self._match(TokenType.DASH):
            found.append(self._lag())
        if found[0] > found[-1]:
            raise self._fault("a range goes upwards, such as p=1-4", start, self._prev.end + 1)
        return found

    def _lag(self) -> int:
        token = self._curr
        whole = token.token_type is TokenType.NUMBER and token.text.isdigit()
        if not whole or not 1 <= int(token.text) <= MOST_LAGS:
            raise self._expected(f"a number of rows from 1 to {MOST_LAGS}")
        self._advance()
        return int(token.text)

    def _filldown(self) -> tree.Filldown:
        fields: list[exp.Expression] = []
        while self._curr.token_type not in _ENDS:
            fields.append(self._field_or_wildcard())
            if self._curr.token_type is TokenType.COMMA:
                raise self._fault("the fields of filldown are separated by spaces")
        return tree.Filldown(fields=fields or None)

    def _field_or_wildcard(self) -> exp.Expression:
        """Read a name with `*` in it, written without spaces, or the name of a field."""
        start = self._curr.start
        pattern = plain = ""
        has_star = False
        while self._curr.token_type in (TokenType.VAR, TokenType.STAR, TokenType.NUMBER):
            if plain and self._curr.start != self._prev.end + 1:
                break
            plain += self._slice(self._curr)
            # A star in backticks is a character of a name, such as `count(*)`.
            is_star = self._curr.token_type is TokenType.STAR
            has_star |= is_star
            pattern += "*" if is_star else self._part()
            self._advance()
        if has_star and "`" not in plain:
            return self._placed(tree.Wildcard(pattern=pattern), start)
        if not pattern or plain[0].isdigit() or has_star:
            raise self._expected("the name of a field")
        return self._placed(tree.Field(parts=pattern.split(".")), start)

    def _part(self) -> str:
        return ".".join(path_parts(self._curr.text))

    def _outlier(self) -> tree.Outlier:
        options: dict[str, Any] = {
            "action": "transform",
            "param": exp.Literal(this=tree.FENCE_WIDTH, is_string=False),
            "uselower": False,
            "mark": False,
        }
        readers: dict[str, Callable[[], Any]] = {
            "action": lambda: self._one_of("remove", "transform"),
            "param": self._width,
            "uselower": self._flag,
            "mark": self._flag,
        }
        fields: list[tree.Field] = []
        while self._curr.token_type not in _ENDS:
            if not self._option(readers, options):
                fields.append(self._field_of("outlier"))
                if self._curr.token_type is TokenType.COMMA:
                    raise self._fault("the fields of outlier are separated by spaces")
        if not fields:
            raise self._expected("the name of a field")
        return tree.Outlier(fields=fields, **options)

    def _width(self) -> exp.Literal:
        token = self._curr
        self._require(TokenType.NUMBER, "a number such as 2.5")
        return self._placed(exp.Literal(this=token.text, is_string=False), token.start)

    def _sessionize(self) -> tree.Sessionize:
        fields = [self._field_of("sessionize")]
        while self._match(TokenType.COMMA):
            fields.append(self._field_of("sessionize"))
        count, unit = tree.LONGEST_GAP
        maxspan, name = tree.Period(count=count, unit=unit), tree.SESSION_ID
        if self._accept("maxspan"):
            self._match(TokenType.EQ)
            start = self._curr.start
            maxspan = self._period()
            if maxspan.args["unit"] not in UNIT_MS:
                message = "a month has no fixed length; write maxspan in days or weeks"
                raise self._fault(message, start, self._prev.end + 1)
        if self._accept("as"):
            name = self._name()
        return tree.Sessionize(fields=fields, maxspan=maxspan, name=name)

    def _addtotals(self) -> tree.AddTotals:
        options: dict[str, Any] = {"fieldname": "Total", "row": True, "col": False}
        readers: dict[str, Callable[[], Any]] = {
            "fieldname": self._name,
            "row": self._flag,
            "col": self._flag,
        }
        start = self._prev.start
        fields: list[tree.Field] = []
        while self._curr.token_type not in _ENDS:
            if self._option(readers, options):
                continue
            fields.append(self._field_of("addtotals"))
            self._match(TokenType.COMMA)
        if not options["row"] and not options["col"]:
            message = "addtotals with row=false and without col=true adds nothing"
            raise self._fault(message, start, self._prev.end + 1)
        name = options.pop("fieldname")
        return tree.AddTotals(name=name, fields=fields or None, **options)

    def _count_frequent(self) -> tree.CountFrequent:
        fields = [self._field_of("countFrequent")]
        while self._match(TokenType.COMMA):
            fields.append(self._field_of("countFrequent"))
        return tree.CountFrequent(fields=fields)

    def _fillmissing(self) -> tree.Fillmissing:
        if not self._accept("with"):
            return tree.Fillmissing()
        pairs = [self._filled()]
        while self._match(TokenType.COMMA):
            pairs.append(self._filled())
        made, fields = zip(*pairs, strict=True)
        return tree.Fillmissing(values=list(made), fields=list(fields))

    def _filled(self) -> tuple[exp.Expression, tree.Field]:
        """Read `value for field`."""
        start = self._curr.start
        value = self._operand()
        if not tree.is_literal(value):
            message = "fillmissing fills with a number, a quoted text, true or false"
            raise self._fault(message, start, self._prev.end + 1)
        if not self._accept("for"):
            raise self._expected("'for' and the name of a field")
        return value, self._field_of("fillmissing", "name the value in the stats: '… as name'")

    # Parts

    def _field_of(self, command: str, hint: str = "") -> tree.Field:
        """Read the name of a field; an expression is refused."""
        start = self._curr.start
        if self._curr.token_type is not TokenType.VAR or self._word() in RESERVED:
            raise self._expected("the name of a field")
        value = self._postfix()
        if not isinstance(value, tree.Field):
            hint = hint or "compute the value with 'fields … as name'"
            message = f"{command} takes fields only; {hint}"
            raise self._fault(message, start, self._prev.end + 1)
        return value

    def _option(
        self, readers: dict[str, Callable[[], Any]], found: dict[str, Any] | None = None
    ) -> bool:
        """Read `name=value` if one of these options begins here."""
        word = self._word()
        if word not in readers or self._next.token_type is not TokenType.EQ:
            if word and self._next.token_type is TokenType.EQ:
                raise self._expected(f"one of the options {', '.join(readers)}")
            return False
        self._advance()
        self._advance()
        value = readers[word]()
        if found is not None:
            found[word] = value
        return True

    def _flag(self) -> bool:
        return self._one_of("true", "false") == "true"

    def _one_of(self, *words: str) -> str:
        word = self._word()
        if word not in words:
            raise self._expected(" or ".join(words))
        self._advance()
        return word
