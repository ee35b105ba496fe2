"""The page of help about a command, function or field of a query in QL, from their own tables."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from cwnb.events import SYSTEM_FIELDS
from cwnb.insights.completion import KnownField
from cwnb.insights.names import canonical, known_functions, row_forms
from cwnb.insights.ql import vocabulary as words
from cwnb.insights.ql.completion import command_entry, field_entry, function_entry
from cwnb.insights.ql.place import Expects, place_at
from cwnb.insights.ql.tokens import path_parts
from cwnb.insights.tree import COMMANDS

if TYPE_CHECKING:
    from cwnb.insights.completion import Vocabulary
    from cwnb.insights.functions import Function
    from cwnb.insights.tree import Command

_WIDTH = 78
_REST_OF_NAME = re.compile(r"[\w@.]*")
_KINDS = {
    "literal_text": "a text in quotes",
    "regex": "a regex in slashes, or a text in quotes",
    "literal_number": "a number",
    "literal_integer": "a whole number",
    "period": "a period such as 5m",
    "any": "any value",
    "structure": "a map or list",
}


def page_at(before: str, vocabulary: Vocabulary, after: str = "") -> str | None:
    """Give the page about the word at the cursor between two texts, else about the call around it.

    None where nothing is known of the place.
    """
    rest = _REST_OF_NAME.match(after)
    place = place_at(before + (rest[0] if rest else ""))
    following = after[rest.end() if rest else 0 :].lstrip()
    if place.quote or not place.fragment:
        name = ""
    elif place.expects is Expects.COMMAND:
        return command_page(place.fragment)
    else:
        name = place.fragment
    fields = {field.name: field for field in (*map(KnownField, SYSTEM_FIELDS), *vocabulary.fields)}
    field = fields.get(".".join(path_parts(name)))
    if field is not None and not following.startswith("("):
        return field_page(field)
    if function := known_functions().get(canonical(name)):
        other = row_forms().get(canonical(name))
        return "\n\n".join(function_page(form) for form in (function, other) if form)
    for opened in reversed(place.opened):
        if opened.function is not None:
            return function_page(opened.function)
    return None if name else command_page(place.command)


def command_page(name: str) -> str | None:
    """Say how a command is written and what it does; None for a word that is none."""
    keyword = words.keyword_of(name)
    kinds = [command for command in COMMANDS if command.keyword == keyword]
    return "\n\n".join(map(_form_page, kinds)) or None


def _form_page(command: type[Command]) -> str:
    """Give the page of one form of a command, as `parse` has several."""
    entry = command_entry(command)
    rest = (command.__doc__ or "").partition("\n")[2]
    parts = [entry.signature, _sentence(entry.about), _paragraphs(rest)]
    if command.guide is not None:
        parts += [
            f"    {command.guide.example}",
            "\n".join(map(_paragraphs, command.guide.decided)),
        ]
    return _joined(parts)


def function_page(function: Function) -> str:
    """Say how a function is called, what its arguments are and what it gives."""
    entry = function_entry(function.name, function)
    arguments = []
    for parameter in function.parameters:
        kind = _KINDS.get(parameter.kind, f"a {parameter.kind}")
        if parameter.least is not None:
            kind += f" from {parameter.least:,} to {parameter.most:,}"
        if parameter.star:
            kind += ", or *"
        arguments.append(f"    {parameter.name}: {kind}")
    others = sorted(
        name
        for name, known in known_functions().items()
        if known is function and name != canonical(function.name)
    )
    also = f"Also written {', '.join(others)}." if others else ""
    where = "An aggregation, for stats." if function.aggregate else ""
    return _joined([entry.signature, _paragraphs(function.doc), "\n".join(arguments), where, also])


def field_page(field: KnownField) -> str:
    """Say what is known of a field: its types, how many events have it, its values if few."""
    entry = field_entry(field)
    values = f"Values, the most frequent first: {', '.join(field.values)}" if field.values else ""
    return _joined([entry.text, entry.signature, _sentence(entry.about), _paragraphs(values)])


def _sentence(about: str) -> str:
    return f"{about[:1].upper()}{about[1:]}"


def _paragraphs(text: str) -> str:
    blocks = textwrap.dedent(text).strip().split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(block.split()), _WIDTH) for block in blocks)


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part.strip())
