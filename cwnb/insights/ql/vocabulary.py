"""Words of Logs Insights QL beside the names of its commands and functions."""

from __future__ import annotations

from cwnb.events import MESSAGE

# Spellings that read as another command.
SYNONYMS = {"where": "filter", "order": "sort", "head": "limit"}

# In the language, not built yet: each is an error with its own name.
NOT_YET = (
    "filterindex json tail pattern diff anomaly unmask unnest expand lookup cidrlookup join "
    "appendcols relevantfields addtotals accum autoregress filldown fillmissing outlier sessionize "
    "countfrequent logcompare estimate source"
).split()

# Words with which a statement in SQL begins.
SQL = frozenset("select with insert update delete create show describe".split())

# Words that a command takes behind its values, or before its number. Elsewhere they are names.
CLAUSES = {
    "limit": ("any",),
    "parse": ("multi",),
    "sort": ("asc", "desc"),
    "stats": ("offset",),
}
CONSTANTS = ("true", "false")

DEFAULT_PARSE_FIELD = MESSAGE
