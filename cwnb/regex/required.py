"""Texts that are in whatever a regular expression matches, for an index that knows only texts."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from cwnb.regex.syntax import tokens

if TYPE_CHECKING:
    from cwnb.regex.syntax import Token

# Each is a set of texts of which one is there.
Clauses = tuple[frozenset[str], ...]
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-[a-zA-Z]*)?\)")
# With this many texts in a clause an index would leave out little.
_MOST_TEXTS = 32
_NOTHING: Clauses = ()


class Required(NamedTuple):
    """What every match of a pattern has in it: of each clause one of its texts.

    `ignore_case`: the texts may be written in upper and lower case, as RE2 understands that.
    """

    clauses: Clauses
    ignore_case: bool


@functools.lru_cache(maxsize=1024)
def required_texts(re2: str) -> Required:
    """Give texts that every match of an RE2 pattern has in it; no clauses where none is sure."""
    parts = tokens(re2)
    ignore_case = False
    if parts and (flags := _FLAGS.fullmatch(parts[0].text)):
        ignore_case = "i" in flags[1]
        parts = parts[1:]
    for part in parts:
        if part.kind == "flags" and "i" in part.text:
            return Required((), ignore_case=False)
    return Required(_Reading(parts).alternatives(), ignore_case)


class _Reading:
    """Reads the tokens of a pattern from left to right; what it does not know gives no clause."""

    def __init__(self, parts: list[Token]) -> None:
        self._parts = parts
        self._at = 0

    def alternatives(self) -> Clauses:
        """Read up to the end of a group: what its only alternative has, or one text of each."""
        found = [self._sequence()]
        while self._is_next("|"):
            self._at += 1
            found.append(self._sequence())
        if len(found) == 1:
            return found[0]
        if not all(found):
            return ()
        # Of a clause, what is found depends most on its shortest text.
        best = [max(clauses, key=lambda texts: min(map(len, texts))) for clauses in found]
        texts = frozenset[str]().union(*best)
        return (texts,) if len(texts) <= _MOST_TEXTS else ()

    def _sequence(self) -> Clauses:
        clauses: list[frozenset[str]] = []
        run = ""
        while self._at < len(self._parts) and not self._is_next("|"):
            part = self._parts[self._at]
            if part.kind == "close":
                break
            self._at += 1
            one, group = part.literal, _NOTHING
            if part.kind == "open":
                group = self._group(part)
            elif part.kind == "escape":
                self._rest_of_escape(part.text[1:2])
            repeated, may_be_left_out = self._quantifier()
            if one is not None and not may_be_left_out:
                run += one
            if one is None or repeated:
                clauses += [frozenset({run})] if run else []
                run = ""
            if not may_be_left_out:
                clauses += group
        return (*clauses, frozenset({run})) if run else tuple(clauses)

    def _group(self, opening: Token) -> Clauses:
        flags = ""
        if opening.text == "(?":  # `(?:` or `(?i:`
            while self._at < len(self._parts) and not self._is_next(":"):
                flags += self._parts[self._at].text
                self._at += 1
            self._at += 1
        found = self.alternatives()
        self._at += 1  # the closing parenthesis
        return () if "i" in flags else found

    def _rest_of_escape(self, letter: str) -> None:
        r"""Pass over the characters of `\x41`, `\pN` and `\012` behind the first two."""
        most = 2 if letter == "x" or letter.isdigit() else 1 if letter in {"p", "P"} else 0
        if self._parts[self._at - 1].text.endswith("}"):
            return
        for _ in range(most):
            if self._at < len(self._parts) and self._parts[self._at].text.isalnum():
                self._at += 1

    def _quantifier(self) -> tuple[bool, bool]:
        """Read quantifiers; tell whether there is one, and whether one allows no repetition."""
        repeated = may_be_left_out = False
        while self._at < len(self._parts) and self._parts[self._at].text in tuple("?*+{"):
            text = self._parts[self._at].text
            repeated = True
            # What `a{2}` says is not looked at, nor whether `{` is a quantifier at all.
            may_be_left_out |= text != "+"
            self._at += 1
            while text == "{" and self._at < len(self._parts):
                # Where it is none, what follows may be anything, such as `|`.
                if self._parts[self._at].text not in {*"0123456789,}"}:
                    break
                self._at += 1
                if self._parts[self._at - 1].text == "}":
                    break
        return repeated, may_be_left_out

    def _is_next(self, text: str) -> bool:
        return self._at < len(self._parts) and self._parts[self._at].text == text
