"""Words of Logs Insights QL beside the names of its commands and functions."""

from __future__ import annotations

from cwnb.events import MESSAGE
from cwnb.insights.tree import COMMANDS, SHIFTS

# Spellings that read as another command.
SYNONYMS = {"where": "filter", "order": "sort", "head": "limit", "count_frequent": "countFrequent"}

# The keyword of each word that begins a command.
_KEYWORDS = {command.keyword.lower(): command.keyword for command in COMMANDS} | SYNONYMS


def begins_command(word: str) -> bool:
    """Tell whether a word begins a command."""
    return word.lower() in _KEYWORDS


def keyword_of(word: str) -> str:
    """Give the keyword of the command that a word begins, in any case; else the word as it is."""
    return _KEYWORDS.get(word.lower(), word)


# Words with which a statement in SQL begins.
SQL = frozenset("select with insert update delete create show describe".split())

# How `parse` reads a text, if not by a glob or a regex.
PARSE_MODES = ("logfmt", "csv", "xml")

# Words that a command takes alone, in place of values.
FIRST_WORDS = {"diff": tuple(SHIFTS), "logcompare": ("timeshift",), "anomaly": (), "estimate": ()}

# Options, written name=value, of each command that has some, and the words that may be values.
_FLAGS = ("true", "false")
OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "addtotals": {"fieldname": (), "row": _FLAGS, "col": _FLAGS},
    "autoregress": {"p": ()},
    "outlier": {
        "action": ("remove", "transform"),
        "param": (),
        "uselower": _FLAGS,
        "mark": _FLAGS,
    },
}

# The word that names log groups before all commands, and what may follow it.
SOURCE = "SOURCE"
SOURCE_PARTS = ("logGroups", "dataSource", "logGroupTags")
# The options of `logGroups`, and what each of them says of a group; then in lower case. The
# service's prose and its examples have two names for some.
SOURCE_OPTIONS_SPELLED = {
    "namePrefix": "prefixes",
    "accountIdentifier": "accounts",
    "accountIdentifiers": "accounts",
    "class": "log_classes",
    "logGroupClass": "log_classes",
}
SOURCE_OPTIONS = {option.lower(): says for option, says in SOURCE_OPTIONS_SPELLED.items()}

# All words of SOURCE, in lower case.
SOURCE_WORDS = ("start", "end", *(part.lower() for part in SOURCE_PARTS), *SOURCE_OPTIONS)

# Words that a command takes behind its values, or before its number. Elsewhere they are names.
CLAUSES = {
    **{keyword: tuple(map(str.lower, first)) for keyword, first in FIRST_WORDS.items()},
    **{command: tuple(options) for command, options in OPTIONS.items()},
    "fillmissing": ("with", "for"),
    "json": ("field",),
    "appendcols": ("override", "max"),
    "cidrlookup": ("output", "outputnew"),
    "join": ("type", "left", "right", "where"),
    "limit": ("any",),
    "relevantfields": ("where",),
    "lookup": ("output", "outputnew"),
    "parse": ("multi", *PARSE_MODES),
    "sessionize": ("maxspan",),
    "sort": ("asc", "desc"),
    "stats": ("group", "offset"),
    "unnest": ("into",),
}
# Commands that add columns of a lookup table.
LOOKUPS = ("lookup", "cidrlookup")
CONSTANTS = ("true", "false")

DEFAULT_PARSE_FIELD = MESSAGE
