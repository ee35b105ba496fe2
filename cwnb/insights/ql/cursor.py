"""sqlglot's parser position, with errors that point into the query, and the slices of nodes."""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from cwnb.errors import MalformedQuery
from cwnb.insights.ql import foreign, foreign_forms, vocabulary

Made = TypeVar("Made", bound=exp.Expression)

# What ends a list: no value can begin with it.
_ENDS = (TokenType.PIPE, TokenType.COMMA, TokenType.R_PAREN, TokenType.R_BRACKET)


class Cursor(Parser):
    """A parser at some token of `self.sql`: makes errors that point there, notes nodes' slices."""

    def _fault(
        self, message: str, start: int | None = None, end: int | None = None
    ) -> MalformedQuery:
        """Make an error at the given characters, else at the current token."""
        if start is None:
            token = self._curr
            start = token.start if token else len(self.sql.rstrip())
            end = token.end + 1 if token else start + 1
        return MalformedQuery(message, self.sql, start, end)

    def _fault_at(self, token: Token, message: str) -> MalformedQuery:
        return self._fault(message, token.start, token.end + 1)

    def _expected(self, what: str, hint: str = "") -> MalformedQuery:
        """Make an error at the current token; `hint` is said if nothing better is known."""
        hint = self._missing_pipe() or self._odd_comma() or hint
        return self._fault(f"expected {what}, found {self._found()}{hint}")

    def _found(self) -> str:
        return repr(self._slice(self._curr)) if self._curr else "the end of the query"

    def _missing_pipe(self) -> str:
        word = self._word()
        begins = bool(word) and vocabulary.begins_command(word)
        missing = begins and self._prev and self._prev.token_type is not TokenType.PIPE
        return f"; is a '|' missing before {word!r}?" if missing else ""

    def _foreign(self) -> str:
        """Give what to write for what other languages have behind a value."""
        word, before = self._word(), self._prev.text.lower() if self._prev else ""
        if before == "distinct" and word:
            in_call = self._tokens[self._index - 2].token_type is TokenType.L_PAREN
            meant = f"count_distinct({self._curr.text})" if in_call else f"dedup {self._curr.text}"
            return f"; write {meant}"
        if before == "case" and word == "when":
            return "; write case(condition, value, …, otherwise)"
        if self._prev and (number := foreign_forms.thousands(self.sql, self._prev.start)):
            return f"; {number}"
        last_two = [self._slice(token) for token in self._tokens[: self._index][-2:]]
        hint = foreign_forms.after_value(last_two, self._ahead()) or foreign.AFTER_VALUE.get(word)
        return f"; {hint}" if hint else ""

    def _ahead(self, count: int = 8) -> list[str]:
        """Give the next tokens as the query has them, from the current one on."""
        return [self._slice(token) for token in self._tokens[self._index :][:count]]

    def _odd_comma(self) -> str:
        after_comma = self._prev and self._prev.token_type is TokenType.COMMA
        ends = not self._curr or self._curr.token_type in _ENDS
        return "; is there a ',' too many?" if after_comma and ends else ""

    def _slice(self, token: Token) -> str:
        return self.sql[token.start : token.end + 1]

    def _word(self) -> str:
        """Give the current token in lower case if it is a bare word, else nothing."""
        return self._curr.text.lower() if self._curr.token_type is TokenType.VAR else ""

    def _accept(self, word: str) -> bool:
        if self._word() != word:
            return False
        self._advance()
        return True

    def _require(self, kind: TokenType, what: str, hint: str = "") -> Token:
        if not self._match(kind):
            raise self._expected(what, self._foreign() or hint)
        return self._prev

    def _placed(self, node: Made, start: int) -> Made:
        """Note the slice of the query that a node was read from."""
        node.meta["start"] = start
        node.meta["end"] = self._prev.end + 1
        return node
