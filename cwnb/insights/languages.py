"""The query languages: the parser and the restrictions of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cwnb.errors import InvalidParameter, MalformedQuery
from cwnb.insights.ql import dialect, restrictions
from cwnb.insights.ql.macros import expand
from cwnb.insights.ql.tokens import InsightsTokenizer, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cwnb.insights.completion import Completion, Vocabulary
    from cwnb.insights.ql.macros import Saved
    from cwnb.insights.tree import Pipeline, Query


class Restrict(Protocol):
    """Holds a pipeline to a language's own rules, in place; adds to the warnings."""

    def __call__(self, pipeline: Pipeline, warnings: list[str], *, strict: bool) -> None:
        """Raise MalformedQuery where a rule is broken."""


@dataclass(frozen=True)
class Language:
    """One query language: `parse` reads its text, `restrict` holds a pipeline to its rules.

    `candidates` gives what may stand at a cursor, and `page_at` the page about the word there, from
    the text before it, the words that are known and the text after it.
    `lenient`: names that break the written rules are read as the service's own samples mean them,
    with a warning. Samples that need it are known of QL alone.
    """

    parse: Callable[[str], Query]
    restrict: Restrict
    candidates: Callable[[str, Vocabulary, str], Completion]
    page_at: Callable[[str, Vocabulary, str], str | None]
    lenient: bool


def _ql_candidates(before: str, vocabulary: Vocabulary, after: str) -> Completion:
    # What helps to write queries is imported when it is asked for: most processes only answer them.
    from cwnb.insights.ql.completion import candidates

    return candidates(before, vocabulary, after)


def _ql_page_at(before: str, vocabulary: Vocabulary, after: str) -> str | None:
    from cwnb.insights.ql.pages import page_at

    return page_at(before, vocabulary, after)


LANGUAGES = {
    "ql": Language(
        dialect.parse_query, restrictions.restrict, _ql_candidates, _ql_page_at, lenient=True
    )
}
# Languages of the service that are not built yet.
NOT_YET = ("sql", "ppl")


def language_named(name: str) -> Language:
    """Give a language by its name.

    Raises InvalidParameter for an unknown one, and MalformedQuery for one that is not built yet.
    """
    if name in NOT_YET:
        raise MalformedQuery(f"language {name!r} is not supported yet; write 'ql'")
    if name not in LANGUAGES:
        *names, last = map(repr, (*LANGUAGES, *NOT_YET))
        raise InvalidParameter(f"unknown language {name!r}; it is {', '.join(names)} or {last}")
    return LANGUAGES[name]


def parse(text: str, language: str = "ql", saved: Callable[[str], Saved] | None = None) -> Query:
    """Read a query, which keeps its `language`.

    `saved` gives the saved queries that it may call by name; what they stand for is in the meta
    `expansion` of the query. Raises MalformedQuery, InvalidParameter.
    """
    if not isinstance(text, str):
        raise InvalidParameter(f"a query is text, not {type(text).__name__}")
    read = language_named(language).parse
    expansion = None if saved is None or language != "ql" else expand(text, saved)
    try:
        query = read(text if expansion is None else expansion.text)
    except MalformedQuery as error:
        raise (error if expansion is None else expansion.of_written(error)) from None
    if expansion is not None and expansion.calls:
        query.meta["expansion"] = expansion
    query.set("language", language)
    return query


def expanded(text: str, saved: Callable[[str], Saved]) -> str:
    """Give a query in QL with the saved queries that it calls written out."""
    return expand(text, saved).text


class SavedWithGroups(Protocol):
    """A saved query that names log groups."""

    @property
    def groups(self) -> Sequence[str]:
        """Give the log groups that it was saved with."""
        ...


def groups_of_calls(query: Query, find: Callable[[str], SavedWithGroups]) -> tuple[str, list[str]]:
    """Say with which log groups the saved queries were saved that a query calls, and name these.

    A call puts the text in its place and nothing else, so they are not asked unless they are named.
    """
    expansion = query.meta.get("expansion")
    names = dict.fromkeys(call.name for call in expansion.calls) if expansion else {}
    found = {name: groups for name in names if (groups := find(name).groups)}
    said = [
        f"the saved query {name!r} was saved with {', '.join(groups)}"
        for name, groups in found.items()
    ]
    return " and ".join(said), list(dict.fromkeys(g for groups in found.values() for g in groups))


def candidates(
    before: str, vocabulary: Vocabulary, after: str = "", language: str = "ql"
) -> Completion:
    """Give what may stand at the cursor between two texts of a query, the likeliest first.

    Both may be unfinished. Raises as `language_named` does.
    """
    return language_named(language).candidates(before, vocabulary, after)


def page_at(
    before: str, vocabulary: Vocabulary, after: str = "", language: str = "ql"
) -> str | None:
    """Give the page about the command, function or field at the cursor between two texts.

    None where nothing is known of the place. Raises as `language_named` does.
    """
    return language_named(language).page_at(before, vocabulary, after)


def token_spans(text: str) -> list[tuple[int, int]]:
    """Give the first and one past the last character of each token of a query in QL.

    Raises MalformedQuery.
    """
    tokens = InsightsTokenizer(dialect.Insights).tokenize(text)
    return [(token.start, token.end + 1) for token in tokens]


__all__ = [
    "LANGUAGES",
    "Language",
    "candidates",
    "expanded",
    "language_named",
    "page_at",
    "parse",
    "quote",
    "token_spans",
]
