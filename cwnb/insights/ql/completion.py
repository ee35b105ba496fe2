"""What may stand at a cursor in a query in QL, from its grammar and the words that are known."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from cwnb.errors import MalformedQuery
from cwnb.events import LOG_CLASSES, LOG_STREAM, SYSTEM_FIELDS
from cwnb.insights.completion import Candidate, Completion, KnownField
from cwnb.insights.names import canonical, known_functions, row_forms
from cwnb.insights.ql import vocabulary as words
from cwnb.insights.ql.dialect import parse_query
from cwnb.insights.ql.place import Expects, place_at
from cwnb.insights.ql.tokens import REGEX_TOKEN, path_parts, quote
from cwnb.insights.ql.writer import write_name
from cwnb.insights.tree import COMMANDS, Join
from cwnb.insights.tree.facts import Names
from cwnb.insights.values.periods import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlglot.tokenizer_core import Token

    from cwnb.insights.completion import Vocabulary
    from cwnb.insights.functions import Function
    from cwnb.insights.ql.place import Place
    from cwnb.insights.tree import Command

PERIODS = ("1m", "5m", "15m", "1h", "1d")
_OPEN_PLACEHOLDER = re.compile(r"\{\{\s*(\w*)\Z")
_NAMED_WITH_AS = re.compile(r"\bas\s+([^\W\d]\w*)", re.IGNORECASE)
_BARE_VALUE = re.compile(r"true|false|[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
# Values with more characters are not offered.
VALUE_LENGTH = 100
# Commands in which a field stands alone; an expression is rare in those that read text.
_OF_FIELDS = frozenset(
    "dedup parse json expand filterIndex accum addtotals autoregress countFrequent filldown "
    "outlier sessionize fillmissing".split()
).union(words.LOOKUPS)
_KNOWN = frozenset(command.keyword for command in COMMANDS)
# Kinds of candidates whose quotes are not typed first.
_LITERALS = frozenset({"value", "stream", "group"})
_SOURCE = words.SOURCE.lower()
SOURCE_ABOUT = "the log groups that the query reads."
# How the options of `logGroups` are written.
GROUP_OPTIONS = ("namePrefix", "accountIdentifier", "class")
# Words that may follow a value in a condition.
AFTER_CONDITION = ("and", "or", "like", "not like", "in", "not in")
_FIELDS_ABOUT = {
    "@timestamp": "the time of the event",
    "@ingestionTime": "the time at which the store took it",
    "@logStream": "its log stream",
    "@log": "its account and log group",
    "@message": "its text",
    "@ptr": "a pointer that finds the event again",
}


def candidates(before: str, vocabulary: Vocabulary, after: str = "") -> Completion:
    """Give what may stand at the cursor between two texts, which may be unfinished."""
    if variable := _OPEN_PLACEHOLDER.search(before):
        names = (Candidate(name, "variable") for name in vocabulary.variables)
        return Completion(variable[1], tuple(_matching(variable[1], names)))
    place = place_at(before)
    if place.quote:
        found = _in_quotes(place, vocabulary, after)
    elif place.expects is Expects.COMMAND:
        found = command_candidates()
        if place.may_name:
            found = chain(found, [Candidate(words.SOURCE, "keyword", about=SOURCE_ABOUT)])
    elif place.expects is Expects.PERIOD:
        found = _periods(place.fragment)
    elif place.expects is Expects.WORD:
        found = (Candidate(word, "keyword") for word in _words_after_value(place))
        if place.command in words.LOOKUPS:
            found = chain(found, _after_table(place, vocabulary))
        elif place.command == "join" and _word_before(place) == "where":
            found = _fields_of_sides(_sides(place.tokens), vocabulary)
    elif place.expects is Expects.VALUE:
        found = _values_and_names(place, vocabulary)
    else:
        found = iter(())
    return Completion(place.fragment, tuple(_matching(place.fragment, found)))


def command_entries() -> dict[str, Candidate]:
    """Give the commands by keyword, each with its usage and a sentence about it.

    Of a command of several forms, such as `parse`, it is the first one.
    """
    entries: dict[str, Candidate] = {}
    for command in COMMANDS:
        entries.setdefault(command.keyword, command_entry(command))
    return entries


def command_entry(command: type[Command]) -> Candidate:
    """Give one form of a command, with its usage and a sentence about it."""
    usage, _, about = (command.__doc__ or "").partition("\n")[0].partition(": ")
    return Candidate(command.keyword, "command", usage.replace("`", ""), about)


def function_entry(name: str, function: Function) -> Candidate:
    """Give a function under one of its names, with its signature and a sentence about it."""
    usage = function.usage.replace(function.name, name, 1)
    about = function.doc.strip().partition("\n")[0]
    return Candidate(name, "function", f"{usage} -> {function.result}", about)


def field_entry(field: KnownField, text: str = "") -> Candidate:
    """Give a field as the query writes it, with its types and how many events have it."""
    if about := _FIELDS_ABOUT.get(field.name):
        return Candidate(field.name, "field", "every event has it", about)
    types = ", ".join(field.types)
    share = f"{100 * field.share:.3g} % of the events have it" if field.types else ""
    return Candidate(
        text or write_name(field.name), "field", ", ".join(filter(None, [types, share]))
    )


def command_candidates() -> Iterator[Candidate]:
    """Give the commands under their own keywords, then under their synonyms."""
    entries = command_entries()
    yield from entries.values()
    for synonym, keyword in words.SYNONYMS.items():
        entry = entries[keyword]
        yield Candidate(synonym, "command", entry.signature, entry.about)


def _periods(fragment: str) -> Iterator[Candidate]:
    number = re.match(r"\d+", fragment)
    if number is None:
        return (Candidate(period, "period") for period in PERIODS)
    return (
        Candidate(f"{number[0]}{unit}", "period", about=spellings[-1] + "s")
        for unit, (spellings, _) in UNITS.items()
    )


def _words_after_value(place: Place) -> tuple[str, ...]:
    if place.command == "fillmissing":
        return _words_of_fillmissing(place)
    last = place.tokens[-1]
    word = last.text.lower()
    if place.command == _SOURCE:
        return () if place.opened or word == "=" else ("start", "end")
    if word == "not":
        return ("like", "in")
    if place.opened or place.command == "filter":
        return AFTER_CONDITION
    alias = () if _has_alias(place) else ("as",)
    if place.command in {"fields", "display", "unmask", "accum"}:
        return alias
    if place.command == "autoregress":
        return (*alias, *(() if place.has_word("p") else ("p",)))
    if place.command == "sessionize":
        return (*(() if place.has_word("maxspan") else ("maxspan",)), *alias)
    if place.command == "filterIndex":
        return ("in",)
    if place.command == "relevantfields":
        return AFTER_CONDITION if place.has_word("where") else ("where",)
    if place.command in words.LOOKUPS:
        if len(place.tokens) == 1 or word in {"output", "outputnew"}:
            return ()  # the name of the table, or of a column
        return ("as",) if place.has_word("output", "outputnew") else ("as", "OUTPUT", "OUTPUTNEW")
    if place.command == "unnest":
        return () if place.has_word("into") else ("into",)
    if place.command == "stats":
        return (*alias, *(("offset",) if place.has_word("by") else ("by",)))
    if place.command == "sort":
        return () if word in {"asc", "desc"} else ("asc", "desc", *alias)
    if place.command in {"parse", "json"}:
        return _words_after_parsed(place)
    return ()


def _words_of_fillmissing(place: Place) -> tuple[str, ...]:
    if not place.tokens:
        return ("with",)
    # A name follows `for`, and after it comes a comma.
    return () if place.tokens[-2].text.lower() == "for" else ("for",)


def _words_after_parsed(place: Place) -> tuple[str, ...]:
    last = place.tokens[-1]
    if last.token_type is REGEX_TOKEN:
        return ("as", "multi")
    if last.text[:1] in {'"', "'"} or last.text.lower() in {"logfmt", "csv"}:
        return ("as",)
    # Behind the value that is parsed, which nothing but names follow.
    return words.PARSE_MODES if place.command == "parse" and len(place.tokens) == 1 else ()


def _has_alias(place: Place) -> bool:
    return len(place.tokens) > 1 and place.tokens[-2].text.lower() == "as"


def _values_and_names(place: Place, vocabulary: Vocabulary) -> Iterator[Candidate]:
    if place.command in words.FIRST_WORDS:
        yield from (Candidate(word, "keyword") for word in words.FIRST_WORDS[place.command])
        return
    if place.command == "limit":
        yield Candidate("any", "keyword")
        return
    if place.command in words.LOOKUPS and not place.tokens:
        yield from (Candidate(write_name(name), "table") for name, _ in vocabulary.tables)
        return
    if place.command in words.LOOKUPS and place.has_word("output", "outputnew"):
        yield from _columns_of_table(place, vocabulary)
        return
    if place.command == "lookup":
        yield from _columns_of_table(place, vocabulary)
    if place.command == "join" and place.has_word("where"):
        yield from _fields_of_sides(_sides(place.tokens), vocabulary)
        return
    if place.command == _SOURCE:
        yield from _words_of_source(place, vocabulary)
        return
    if place.command == "json" and not place.tokens:
        yield Candidate("field", "keyword")
        return
    options = words.OPTIONS.get(place.command, {})
    if place.compared in options:
        yield from (Candidate(word, "keyword") for word in options[place.compared])
        return
    if place.compared is not None:
        yield from (
            Candidate(_literal(value), kind)
            for value, kind in _values_of(place.compared, vocabulary)
        )
        # After `like` comes a text, and a list in brackets has literals only.
        if _word_before(place) in {"like", "in"} or _in_list(place):
            return
    aggregates = place.command == "stats" and not place.has_word("by")
    inside = any(o.function is not None and o.function.aggregate for o in place.opened)
    if place.command in _KNOWN and not (aggregates and not inside):
        yield from _fields(place, vocabulary)
    if place.command in _OF_FIELDS or place.command not in _KNOWN:
        yield from (
            Candidate(word, "keyword") for word in options if place.command != "autoregress"
        )
        return
    aggregating = aggregates and not inside
    for name, function in functions_in_order(aggregating=aggregating):
        if aggregating or not function.aggregate:
            yield function_entry(name, function)
    if place.command == "filter":
        yield Candidate("not", "keyword")


def _after_table(place: Place, vocabulary: Vocabulary) -> Iterator[Candidate]:
    """Give what follows the name of a lookup table, or OUTPUT: its columns, or a field."""
    if _word_before(place) in {"output", "outputnew"}:
        yield from _columns_of_table(place, vocabulary)
    elif len(place.tokens) == 1:
        is_by_column = place.command == "lookup"
        yield from (_columns_of_table if is_by_column else _fields)(place, vocabulary)


def _columns_of_table(place: Place, vocabulary: Vocabulary) -> Iterator[Candidate]:
    name = ".".join(path_parts(place.tokens[0].text))
    for column in dict(vocabulary.tables).get(name, ()):
        yield Candidate(write_name(column), "field", f"a column of the table {name}")


def _fields_of_sides(sides: Iterable[str], vocabulary: Vocabulary) -> Iterator[Candidate]:
    """Give the fields behind the names of the sides of a join; those of both are not told apart."""
    entries = [*map(field_entry, map(KnownField, SYSTEM_FIELDS))]
    entries += map(field_entry, vocabulary.fields)
    for side in sides:
        for entry in entries:
            yield Candidate(f"{side}.{entry.text}", "field", entry.signature, entry.about)


def _sides(tokens: Sequence[Token]) -> list[str]:
    """Name the sides of a join, as its options do."""
    texts = [token.text for token in tokens]
    options = zip(map(str.lower, texts), texts[1:], texts[2:], strict=False)
    named = {word: name for word, sign, name in options if sign == "="}
    return [named[side] for side in ("left", "right") if side in named]


def _words_of_source(place: Place, vocabulary: Vocabulary) -> Iterator[Candidate]:
    if not place.tokens:
        yield from (Candidate(quote(name), "group") for name in vocabulary.groups)
        yield from (Candidate(word, "keyword") for word in words.SOURCE_PARTS)
        return
    is_option = _word_before(place) in {"(", ","} and len(place.opened) == 1
    if is_option and place.tokens[0].text.lower() == words.SOURCE_PARTS[0].lower():
        yield from (Candidate(word, "keyword") for word in GROUP_OPTIONS)


def _texts_of_source(place: Place, vocabulary: Vocabulary) -> list[str]:
    """Give the texts that may stand in quotes: names of groups, or their classes."""
    if not place.tokens:
        return list(vocabulary.groups)
    named = [token.text.lower() for token in place.tokens if token.text[:1].isalpha()]
    option = words.SOURCE_OPTIONS.get(named[-1]) if named else None
    if option == "log_classes":
        return list(LOG_CLASSES)
    return list(vocabulary.groups) if option == "prefixes" else []


def functions_in_order(*, aggregating: bool = True) -> list[tuple[str, Function]]:
    """Give each function under its own name, then under its other names, in alphabetical order.

    Aggregations come first, then what groups rows, which is likeliest where rows are grouped.
    Outside the list of `stats`, where nothing is `aggregating`, some names have another meaning.
    """
    table = known_functions() | ({} if aggregating else row_forms())
    own = {canonical(function.name): function.name for function in table.values()}
    ordered = sorted(
        table.items(),
        key=lambda entry: (
            not entry[1].aggregate,
            not entry[1].bins,
            entry[0] not in own,
            entry[0],
        ),
    )
    return [(own.get(name, name), function) for name, function in ordered]


def _fields(place: Place, vocabulary: Vocabulary) -> Iterator[Candidate]:
    made, replaced, sides = _names_before(place.earlier)
    own = [] if place.command == "parse" else _NAMED_WITH_AS.findall(_text_of(place))
    yield from (Candidate(write_name(name), "field", "made by the query") for name in made)
    yield from (Candidate(name, "field", "made by the query") for name in own)
    yield from _fields_of_sides(sides, vocabulary)
    if not replaced:
        yield from (field_entry(KnownField(name)) for name in SYSTEM_FIELDS)
        yield from map(field_entry, vocabulary.fields)


def _text_of(place: Place) -> str:
    return " ".join(token.text for token in place.tokens)


def _names_before(earlier: str) -> tuple[list[str], bool, list[str]]:
    """Give the names that the earlier commands make, and whether only these may be used now.

    Behind a join, fields may be used with the names of its sides, which are given too.
    """
    if not earlier.strip():
        return [], False, []
    try:
        pipeline = parse_query(earlier).answer
    except MalformedQuery:
        return _NAMED_WITH_AS.findall(earlier), False, []
    made: dict[str, None] = {}
    replaced = False
    sides: list[str] = []
    for command in pipeline.commands:
        if command.names is Names.REPLACES:
            made, replaced = {}, True
            is_join = isinstance(command, Join)
            sides = [command.args["left"], command.args["right"]] if is_join else []
        if command.names is not Names.SAME:
            writes = command.writes()
            made.update(dict.fromkeys(name for name in command.gives() if name in writes))
    return list(made), replaced, sides


def _in_quotes(place: Place, vocabulary: Vocabulary, after: str) -> Iterator[Candidate]:
    sign = place.quote
    if sign == "`":
        for field in vocabulary.fields:
            if "`" not in field.name:
                yield field_entry(field, field.name + _closing(sign, after))
    elif sign in {'"', "'"} and place.command == _SOURCE:
        for text in _texts_of_source(place, vocabulary):
            yield Candidate(text + _closing(sign, after), "group")
    elif sign in {'"', "'"} and place.compared is not None:
        for value, kind in _values_of(place.compared, vocabulary):
            inside = quote(value)[1:-1] if sign == '"' else value
            if sign == '"' or not ({"'", "\\"} & set(value)):
                yield Candidate(inside + _closing(sign, after), kind)


def _closing(sign: str, after: str) -> str:
    return "" if after.startswith(sign) else sign


def _values_of(name: str, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    if name == LOG_STREAM:
        return [(stream, "stream") for stream in vocabulary.streams]
    found = next((field.values for field in vocabulary.fields if field.name == name), ())
    return [(value, "value") for value in found if len(value) <= VALUE_LENGTH]


def _literal(value: str) -> str:
    return value if _BARE_VALUE.fullmatch(value) else quote(value)


def _word_before(place: Place) -> str:
    return place.tokens[-1].text.lower() if place.tokens else ""


def _in_list(place: Place) -> bool:
    return bool(place.opened) and place.opened[-1].compared is not None


def _matching(fragment: str, found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Give each candidate that begins with the fragment, then those of which a part does.

    Upper and lower case are the same, and so are functions with and without underscores.
    """
    wanted = fragment.lower()
    unique = {candidate.text: candidate for candidate in found}
    later = []
    for candidate in unique.values():
        text = candidate.text.lower()
        bare = text.lstrip("\"'`@")
        if candidate.kind == "function":
            text, wanted_text = canonical(text), canonical(wanted)
        else:
            text, wanted_text = bare if candidate.kind in _LITERALS else text, wanted
        if text.startswith(wanted_text):
            yield candidate
        elif bare.startswith(wanted) or any(
            part.startswith(wanted) for part in bare.split(".")[1:] if candidate.kind == "field"
        ):
            later.append(candidate)
    yield from later
