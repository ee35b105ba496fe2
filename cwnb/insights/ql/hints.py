"""The hints of errors in expressions: what to write instead of what stands there."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from cwnb.insights.names import canonical
from cwnb.insights.ql import foreign_forms, misreadings
from cwnb.insights.ql.cursor import Cursor
from cwnb.insights.ql.tokens import REGEX_TOKEN, quote
from cwnb.insights.ql.vocabulary import SOURCE

# Words after which a condition begins.
_BEFORE_CONDITION = frozenset("filter where and or not".split())


class HintingCursor(Cursor):
    """A parser at some token of an expression; says what to write instead of what stands there."""

    COMPARISONS: ClassVar[dict[TokenType, type[exp.Expression]]] = {
        TokenType.EQ: exp.EQ,
        TokenType.NEQ: exp.NEQ,
        TokenType.LT: exp.LT,
        TokenType.LTE: exp.LTE,
        TokenType.GT: exp.GT,
        TokenType.GTE: exp.GTE,
    }

    def _no_value(self) -> str:
        """Give a hint where no value begins."""
        kind, before = self._curr.token_type, self._prev
        if kind is TokenType.STAR and before.token_type is TokenType.L_PAREN:
            return "; only count takes '*'"
        if kind is TokenType.STAR and before.text.lower() in ("fields", "display"):
            return (
                f"; name the fields, or leave {before.text} out: events are shown whole, "
                "with all their fields where a row is opened"
            )
        if kind is TokenType.STAR and before.token_type is TokenType.STAR:
            base = self._slice(self._tokens[self._index - 2])
            exponent = self._slice(self._next) if self._next else ""
            return f"; {foreign_forms.power(base, exponent)}"
        if kind is REGEX_TOKEN and before.text.lower() in _BEFORE_CONDITION:
            return f"; write @message like {self._slice(self._curr)}"
        if kind is REGEX_TOKEN and before.token_type is TokenType.COMMA:
            return self._regex_as_argument()
        if kind is TokenType.PLUS and before.text.lower() in ("fields", "display"):
            return f"; write {before.text} {self._slice(self._next) if self._next else '…'}"
        if kind is TokenType.GT and before.token_type is TokenType.DASH and self._next:
            base = self._slice(self._tokens[self._index - 2])
            return f"; a key follows a dot: write {base}.{self._next.text}"
        if before.token_type is TokenType.STAR and (glob := self._bare_glob()):
            return f"; {glob}"
        if kind is TokenType.PLUS and before.text.lower() in ("sort", "order", "by", ","):
            return "; the order is ascending unless 'desc' stands behind the key"
        if kind in self.COMPARISONS and before.text.lower() in ("and", "or", "not"):
            return f"; write the field again before {self._slice(self._curr)!r}"
        swapped = {TokenType.GT: ">=", TokenType.LT: "<="}.get(kind)
        if swapped and before.token_type is TokenType.EQ:
            return f"; write {swapped!r}"
        if kind in self.COMPARISONS and before.token_type is TokenType.EQ:
            return "; an equality is written '='"
        return ""

    def _bare_glob(self) -> str | None:
        """Say what to write for `level = ERR*`, whose star is behind a bare word."""
        star, word, sign = (self._tokens[self._index - back] for back in (1, 2, 3))
        bare = word.token_type is TokenType.VAR and word.end + 1 == star.start
        if self._index < 4 or not bare or sign.token_type not in (TokenType.EQ, TokenType.NEQ):
            return None
        field = self._slice(self._tokens[self._index - 4])
        negated = "not " if sign.token_type is TokenType.NEQ else ""
        return f"write {field} {negated}like /^{word.text}/"

    def _regex_as_argument(self) -> str:
        """Say where a regex stands that is an argument of a function without regexes."""
        depth = 0
        for place in range(self._index - 1, 0, -1):
            kind = self._tokens[place].token_type
            depth += (kind is TokenType.R_PAREN) - (kind is TokenType.L_PAREN)
            if depth < 0:
                name = canonical(self._slice(self._tokens[place - 1]))
                if name == "replace":
                    return "; write regexReplace(…) for a regex"
                break
        return f"; a regex stands behind like: write field like {self._slice(self._curr)}"

    def _list_compared(self, value: exp.Expression) -> str:
        """Say how to look for a value in a list, for `level = ["a", "b"]`."""
        field = self.sql[value.meta["start"] : value.meta["end"]]
        negated = "not " if self._prev.token_type is TokenType.NEQ else ""
        ahead = self._ahead(64)
        inside = ahead[: ahead.index("]") + 1] if "]" in ahead else ["[…]"]
        listed = "".join(", " if part == "," else part for part in inside)
        return f"; write {field} {negated}in {listed}"

    def _hint_of_list(self, value: exp.Expression) -> str:
        """Say how to write what follows `in` without brackets."""
        word = self._word()
        if value.is_string and word:
            text = self.sql[value.meta["start"] : value.meta["end"]]
            return f"; write jsonArrayContains({self._slice(self._curr)}, {text})"
        if word == SOURCE.lower():
            return "; a query stands in parentheses, as in (SOURCE '/shop/web' | fields host)"
        is_text = word and word not in {"true", "false"}
        item = quote(self._curr.text) if is_text else self._slice(self._curr)
        return f"; write [{item}]"

    def _nothing_before_by(self) -> str:
        if self._prev.text.lower() == "dedup":
            return f"; write dedup {self._slice(self._next)}" if self._next else ""
        return "; write what to count before it, such as count(*)"

    def _of_each_item(self) -> str:
        """Give a hint for `items[*]`; the current token stands behind the bracket."""
        if self._curr.token_type not in (TokenType.STAR, TokenType.R_BRACKET):
            return ""
        items = self._slice(self._tokens[self._index - 2])
        return f"; {foreign_forms.EACH_ITEM.format(items)}"

    def _misplaced_period(self, count: str, unit: str) -> str:
        """Say what to write for a period where none may stand; the current token is its unit."""
        before = [self._slice(token) for token in self._tokens[: self._index - 1][-2:]]
        if [word.lower() for word in before] == ["span", "="]:
            return f"a bin of time is written bin({count}{unit})"
        ahead = self._ahead(4)
        rounds = canonical(before[0]) in ("datefloor", "dateceil") if before else False
        if rounds and before[1] == "(" and ahead[1:2] == [","] and ahead[3:] == [")"]:
            return (
                f"the period stands behind the time: write {before[0]}({ahead[2]}, {count}{unit})"
            )
        return misreadings.of_period(count, unit)
