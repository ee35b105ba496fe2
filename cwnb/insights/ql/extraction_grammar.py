"""The grammar of the commands that make fields out of text: `parse` in its modes, and `json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot.tokenizer_core import TokenType

from cwnb.errors import MalformedQuery
from cwnb.insights import tree
from cwnb.insights.ql import foreign_forms, misreadings, vocabulary
from cwnb.insights.ql.expression_grammar import RESERVED, ExpressionParser
from cwnb.insights.ql.tokens import REGEX_TOKEN, offsets_within, path_parts, quote, unquote
from cwnb.insights.ql.writer import regex_of_glob, write_name
from cwnb.insights.text.json_paths import json_path
from cwnb.insights.text.xml_paths import xml_path
from cwnb.regex import groups, looks_like_regex, only_named_groups, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp
    from sqlglot.tokenizer_core import Token


class ExtractionParser(ExpressionParser):
    """Reads what follows `parse` and `json`."""

    PARSE_MODES: ClassVar[dict[str, Callable[[ExtractionParser, Any], tree.Command]]] = {
        "logfmt": lambda self, value: self._logfmt(value),
        "csv": lambda self, value: self._csv(value),
        "xml": lambda self, value: self._xml(value),
    }

    # The names that the present command has made so far, and the slice of each.
    _names_read: list[tuple[str, int, int]]

    def _parse_fields(self) -> tree.Command:
        start = self._prev.start
        in_mode = self._word() in self.PARSE_MODES and self._next.text.lower() == "as"
        if in_mode or self._curr.token_type in {TokenType.STRING, REGEX_TOKEN}:
            value = self._message(start)
        else:
            value = self._operand()
        if read_mode := self.PARSE_MODES.get(self._word()):
            self._advance()
            return read_mode(self, value)
        if (
            isinstance(value, tree.Field)
            and value.name.lower() in self.PARSE_MODES
            and self._word()
        ):
            mode, field = value.name, self._curr.text
            message = f"write the field first: parse {field} {mode}"
            raise self._fault(message, value.meta["start"], self._curr.end + 1)
        if self._curr.token_type is REGEX_TOKEN:
            return self._regex_of_parse(value)
        if self._curr.token_type is TokenType.STRING:
            return self._glob(value)
        raise self._no_pattern(value)

    def _no_pattern(self, value: exp.Expression) -> MalformedQuery:
        """Make the error for a parse without a pattern; JSON and pairs are read by other means."""
        field = self.sql[value.meta["start"] : value.meta["end"]]
        hint = foreign_forms.parse_without_pattern(field, self._ahead(3))
        if hint is None:
            return self._expected("a glob text or a /regex/")
        return self._fault(f"expected a glob text or a /regex/, found {self._found()}; {hint}")

    def _message(self, start: int) -> exp.Expression:
        return self._placed(tree.Field(parts=[vocabulary.DEFAULT_PARSE_FIELD]), start)

    def _logfmt(self, value: exp.Expression) -> tree.ParseLogfmt:
        return tree.ParseLogfmt(value=value, name=self._one_name("the map"))

    def _csv(self, value: exp.Expression) -> tree.ParseCsv:
        names = self._names()
        if not names:
            raise self._expected("'as' and a name for each field")
        return tree.ParseCsv(value=value, names=names)

    def _xml(self, value: exp.Expression) -> tree.ParseXml:
        path = self._path(xml_path, "a path in quotes, such as '/a/b'")
        return tree.ParseXml(value=value, path=path, name=self._one_name("the text"))

    def _json(self) -> tree.Json:
        start = self._prev.start
        value = self._message(start)
        if self._accept("field"):
            self._require(TokenType.EQ, "'=' and the name of a field")
            named = self._curr
            name = self._name()
            value = self._placed(tree.Field(parts=name.split(".")), named.start)
        if not self._curr or self._curr.token_type is TokenType.PIPE:
            raise self._expected(
                "a path in quotes, such as 'order.items[0].sku'",
                "; the fields of JSON messages need no command: name them where they are used",
            )
        if self._curr.token_type is TokenType.VAR:
            written = self._slice(self._next) if self._next else "'key'"
            raise self._expected(
                "a path in quotes, such as 'order.items[0].sku'",
                f"; write json field={self._curr.text} {written} as name",
            )
        path = self._path(json_path, "a path in quotes, such as 'order.items[0].sku'")
        return tree.Json(value=value, path=path, name=self._one_name("the value"))

    def _path(self, read: Callable[[str], Any], what: str) -> exp.Literal:
        """Read a text that is a path, and check it by `read`."""
        if self._curr.token_type is not TokenType.STRING:
            raise self._expected(what)
        token, path = self._curr, self._text()
        try:
            read(str(path.this))
        except MalformedQuery as error:
            raise self._fault_at(token, error.message) from None
        return path

    def _one_name(self, what: str) -> str:
        if self._word() != "as":
            raise self._expected(f"'as' and a name for {what}")
        names = self._names()
        if len(names) > 1:
            raise self._fault_at(self._prev, f"there is one name, for {what}")
        return names[0]

    def _glob(self, value: exp.Expression) -> tree.Parse:
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
        self._note(misreadings.of_glob(glob, names))
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

    def _regex_of_parse(self, value: exp.Expression) -> tree.Parse:
        token = self._curr
        regex = self._regex()
        self._read_names_in(token)
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

    def _read_names_in(self, regex: Token) -> None:
        """Note where the names of the groups of a regex stand."""
        offsets = offsets_within(regex)
        for part in tokens(regex.text.replace("\\/", "/")):
            if part.name and part.captures:
                start = part.start + part.text.index(part.name)
                here, end = offsets[start], offsets[start + len(part.name)]
                self._names_read.append((part.name, regex.start + here, regex.start + end))

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
        name = ".".join(path_parts(token.text))
        self._names_read.append((name, token.start, self._prev.end + 1))
        return name


def _names_follow(names: list[str]) -> str:
    if len(names) == 1:
        return "1 name follows"
    return f"{len(names) or 'no'} names follow"
