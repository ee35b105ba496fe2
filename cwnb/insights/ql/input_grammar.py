"""The grammar of the commands that read a second input.

    lookup     := 'lookup' table column ['as' field] (',' column ['as' field])* outputs
    cidrlookup := 'cidrlookup' table field ['as' column] outputs
    outputs    := ('output'|'outputnew') column ['as' name] (',' column ['as' name])*

    join       := 'join' join_option* 'where' equal ('and' equal)* '(' query ')'
    join_option := ('type' '=' ('inner'|'left')) | ('left' '=' name) | ('right' '=' name)
    equal      := side '.' field '=' side '.' field

    appendcols := 'appendcols' ['override' '=' ('true'|'false')] ['max' '=' integer] '(' query ')'

Sources: CWL_QuerySyntax-Lookup, -Cidrlookup, -Join, -Appendcols.
"""

from __future__ import annotations

from typing import Any

from sqlglot.tokenizer_core import TokenType

from cwnb.insights import tree
from cwnb.insights.ql import foreign_forms
from cwnb.insights.ql.source_grammar import JOIN_SIDE, SourceParser

OUTPUTS = ("output", "outputnew")
# The most rows that `appendcols` can be told to take.
MOST_APPENDED = 100_000
JOIN_OPTIONS = ("type", "left", "right")
JOIN_TYPES = ("inner", "left")


class InputParser(SourceParser):
    """Reads the commands that read a second input."""

    # Lookup tables

    def _lookup(self) -> tree.Lookup:
        table = self._table_name("lookup")
        keys = [self._table_key()]
        while self._match(TokenType.COMMA):
            keys.append(self._table_key())
        return tree.Lookup(keys=keys, **table, **self._outputs("lookup"))

    def _cidr_lookup(self) -> tree.CidrLookup:
        table = self._table_name("cidrlookup")
        field = self._field_named()
        column = self._name() if self._accept("as") else None
        return tree.CidrLookup(field=field, column=column, **table, **self._outputs("cidrlookup"))

    def _table_name(self, command: str) -> dict[str, Any]:
        """Read the name of a table, which a pipeline of its own reads."""
        start = self._curr.start
        if not self._word() or self._word() in OUTPUTS:
            raise self._expected(f"the name of a lookup table after {command}")
        name = self._name()
        input = self._placed(tree.Table(name=name), start)
        pipeline = self._placed(tree.Pipeline(commands=[], input=input), start)
        pipeline.meta["text"] = self.sql
        self._inner.append(pipeline)
        return {"table": name, "answer": tree.Answer(place=len(self._inner) - 1)}

    def _table_key(self) -> tree.TableKey:
        start = self._curr.start
        column = self._table_column()
        if self._accept("as"):
            field = self._field_named()
        else:
            field = self._placed(tree.Field(parts=column.split(".")), start)
        return self._placed(tree.TableKey(column=column, field=field), start)

    def _table_column(self) -> str:
        if self._word() in OUTPUTS:
            raise self._expected("a column of the table")
        return self._name()

    def _field_named(self) -> tree.Field:
        start = self._curr.start
        if self._word() in OUTPUTS:
            raise self._expected("a field")
        return self._placed(tree.Field(parts=self._name().split(".")), start)

    def _outputs(self, command: str) -> dict[str, Any]:
        word = self._word()
        if word not in OUTPUTS:
            message = "OUTPUT or OUTPUTNEW and the columns that are wanted"
            raise self._expected(message if self._curr else f"{message} after {command}")
        self._advance()
        outputs = [self._output()]
        while self._match(TokenType.COMMA):
            outputs.append(self._output())
        return {"outputs": outputs, "new": word == OUTPUTS[1] or None}

    def _output(self) -> tree.TableOutput:
        start = self._curr.start
        column = self._name()
        name = self._name() if self._accept("as") else column
        return self._placed(tree.TableOutput(column=column, name=name), start)

    # Joins

    def _join(self) -> tree.Join:
        start = self._prev.start
        found: dict[str, str] = {}
        while self._word() in JOIN_OPTIONS and self._next.token_type is TokenType.EQ:
            option = self._word()
            if option in found:
                raise self._fault(f"{option!r} stands here a second time")
            self._advance()
            self._advance()
            found[option] = self._join_option(option)
        for side in JOIN_OPTIONS[1:]:
            if side not in found:
                wanted = f"{side}= and a name for the {side} side of the join"
                raise self._expected(wanted, f"; {foreign_forms.JOIN}")
        left, right = found["left"], found["right"]
        if left == right:
            raise self._fault("the two sides of a join need two names", start, self._prev.end + 1)
        if not self._accept("where"):
            raise self._expected(f"where {left}.key = {right}.key", f"; {foreign_forms.JOIN}")
        keys = [self._join_key(left, right)]
        while self._accept("and"):
            keys.append(self._join_key(left, right))
        answer = self._inner_pipeline(JOIN_SIDE)
        outer = found.get("type") == JOIN_TYPES[1] or None
        return tree.Join(left=left, right=right, keys=keys, answer=answer, outer=outer)

    def _join_option(self, option: str) -> str:
        token = self._curr
        name = self._name()
        if option == "type":
            if name.lower() not in JOIN_TYPES:
                raise self._fault_at(token, f"a join is of the type inner or left, not {name!r}")
            return name.lower()
        if "." in name:
            raise self._fault_at(token, "the name of a side has no dots")
        return name

    def _join_key(self, left: str, right: str) -> tree.JoinKey:
        start = self._curr.start
        first = self._side_field(left, right)
        self._require(TokenType.EQ, f"'=', as in {left}.key = {right}.key")
        second = self._side_field(left, right)
        if first[0] == second[0]:
            message = f"a key stands on both sides of a join, as in {left}.key = {right}.key"
            raise self._fault(message, start, self._prev.end + 1)
        of_left, of_right = (first, second) if first[0] == left else (second, first)
        return self._placed(tree.JoinKey(left=of_left[1], right=of_right[1].name), start)

    def _side_field(self, left: str, right: str) -> tuple[str, tree.Field]:
        token = self._curr
        side, _, name = self._name().partition(".")
        if side not in {left, right} or not name:
            message = f"a key of a join begins with its side: {left}.key or {right}.key"
            raise self._fault_at(token, message)
        return side, self._placed(tree.Field(parts=name.split(".")), token.start)

    # Columns beside

    def _append_cols(self) -> tree.AppendCols:
        found: dict[str, Any] = {}
        while self._word() in {"override", "max"}:
            option = self._curr
            word = self._word()
            self._advance()
            self._require(TokenType.EQ, f"'=' after {word}")
            if word in found:
                raise self._fault_at(option, f"{word!r} stands here a second time")
            found[word] = self._override() if word == "override" else self._most_rows()
        answer = self._inner_pipeline("appendcols")
        return tree.AppendCols(answer=answer, override=found.get("override"), most=found.get("max"))

    def _override(self) -> bool | None:
        word = self._word()
        if word not in {"true", "false"}:
            raise self._expected("true or false")
        self._advance()
        return word == "true" or None

    def _most_rows(self) -> int:
        token = self._curr
        self._require(TokenType.NUMBER, f"a number from 1 to {MOST_APPENDED:,}")
        if not token.text.isdigit() or not 1 <= int(token.text) <= MOST_APPENDED:
            raise self._fault_at(token, f"max is a whole number from 1 to {MOST_APPENDED:,}")
        return int(token.text)
