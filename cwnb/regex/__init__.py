"""Regular expressions as RE2 takes them: their syntax, and the search of whole Arrow columns.

Both languages use it, that of queries and that of filter patterns; each says by itself what it
allows. This is the room's only door.
"""

from __future__ import annotations

from cwnb.regex.required import Required, required_texts
from cwnb.regex.search import contains, literal_of, matches, reason_of_refusal
from cwnb.regex.syntax import (
    Token,
    escape,
    groups,
    looks_like_regex,
    only_named_groups,
    plain_names,
    tokens,
    with_openings,
    write_regex,
)

__all__ = [
    "Required",
    "Token",
    "contains",
    "escape",
    "groups",
    "literal_of",
    "looks_like_regex",
    "matches",
    "only_named_groups",
    "plain_names",
    "reason_of_refusal",
    "required_texts",
    "tokens",
    "with_openings",
    "write_regex",
]
