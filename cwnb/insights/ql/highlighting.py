"""The words of the language that an editor colours, out of the tables that the grammar reads."""

from __future__ import annotations

from typing import Any

from cwnb.insights.names import known_functions
from cwnb.insights.ql import vocabulary
from cwnb.insights.ql.expression_grammar import RESERVED
from cwnb.insights.ql.tokens import COMMANDS_WITH_QUERIES
from cwnb.insights.tree import COMMANDS
from cwnb.insights.values.periods import spellings

_OPERATORS = ("and", "or", "not", "like", "in")


def highlighted_words() -> dict[str, Any]:
    """Give lists of words in lower case, as JSON has them, by the kind that an editor colours.

    `functions` are without underscores. `clauses` has a list for each command: its words that are
    names elsewhere.
    """
    commands = {command.keyword.lower(): command.keyword for command in COMMANDS}
    commands |= vocabulary.SYNONYMS
    clauses = {
        word: sorted(vocabulary.CLAUSES[keyword])
        for word, keyword in commands.items()
        if keyword in vocabulary.CLAUSES
    }
    return {
        "clauses": dict(sorted(clauses.items())),
        "commands": sorted(commands),
        "constants": sorted(vocabulary.CONSTANTS),
        "functions": sorted(known_functions()),
        "keywords": sorted(RESERVED.difference(_OPERATORS)),
        "operators": sorted(_OPERATORS),
        "nesting": sorted(COMMANDS_WITH_QUERIES),
        "source": vocabulary.SOURCE.lower(),
        "sourceWords": sorted(vocabulary.SOURCE_WORDS),
        "units": spellings(),
    }
