"""Queries that users save in a store: text, groups and parameters under a name, all sealed.

The limits are the service's (API PutQueryDefinition and the quotas of Logs Insights).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.nearest import suggestion
from cwnb.store.catalog import notes
from cwnb.store.records import SavedQuery

if TYPE_CHECKING:
    from cwnb.store.context import StoreContext

MOST_QUERIES = 1_000
_NAME_CHARACTERS = 255
_TEXT_CHARACTERS = 10_000
_MOST_PARAMETERS = 20
_FAMILY = "saved"
_PARAMETER = re.compile(r"[^\W\d]\w*")


def check_saved_query(query: SavedQuery) -> SavedQuery:
    """Give the query back; raise InvalidParameter where the service would refuse it."""
    name, text = query.name, query.text
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= _NAME_CHARACTERS:
        raise InvalidParameter(
            f"the name of a saved query has 1 to {_NAME_CHARACTERS} characters, not {name!r:.80}"
        )
    if name != name.strip() or not name.isprintable():
        raise InvalidParameter(
            f"a name of a saved query has no control characters and no space at its ends: {name!r}"
        )
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= _TEXT_CHARACTERS:
        raise InvalidParameter(f"a saved query has 1 to {_TEXT_CHARACTERS:,} characters of text")
    if len(query.parameters) > _MOST_PARAMETERS:
        raise InvalidParameter(f"a saved query has at most {_MOST_PARAMETERS} parameters")
    for parameter in query.parameters:
        if not _PARAMETER.fullmatch(parameter):
            raise InvalidParameter(f"{parameter!r} is no name of a parameter")
        if not re.search(rf"\{{\{{\s*{parameter}\s*(\|\s*\w+\s*)?\}}\}}", text):
            raise InvalidParameter(
                f"the query does not have the parameter {parameter!r}; write {{{{{parameter}}}}}"
            )
    return query


def save(context: StoreContext, query: SavedQuery) -> None:
    """Save a query, in the place of one with the same name."""
    try:
        data = json.dumps(asdict(check_saved_query(query))).encode()
    except (TypeError, ValueError):
        raise InvalidParameter(
            "the defaults of parameters are texts, numbers, booleans or lists of these"
        ) from None
    sealer = context.sealer()
    key = _key(context, query.name)
    with context.catalog.write() as connection:
        if not notes.has(connection, key) and notes.count(connection, _FAMILY) >= MOST_QUERIES:
            raise InvalidParameter(f"a store keeps at most {MOST_QUERIES:,} saved queries")
        notes.put(connection, key, sealer.seal(data, key))


def all_of(context: StoreContext) -> list[SavedQuery]:
    """Give all saved queries, by name; raises StoreDamaged."""
    sealer = context.sealer()
    with context.catalog.read() as connection:
        rows = notes.all_of(connection, _FAMILY)
    found = [
        SavedQuery(**json.loads(sealer.open(data, key, "a saved query"))) for key, data in rows
    ]
    return sorted(found, key=lambda query: query.name)


def find(context: StoreContext, name: str) -> SavedQuery:
    """Give a saved query; raises ResourceNotFound, with the nearest name."""
    known = {query.name: query for query in all_of(context)}
    if name not in known:
        near = suggestion(name, known, cutoff=0.5)
        raise ResourceNotFound(f"no saved query is named {name!r}{near}")
    return known[name]


def delete(context: StoreContext, name: str) -> None:
    """Delete a saved query; raises ResourceNotFound."""
    key = _key(context, find(context, name).name)
    with context.catalog.write() as connection:
        notes.remove(connection, key)


def _key(context: StoreContext, name: str) -> str:
    # A name says something about the events, so the catalog has its fingerprint.
    return f"{_FAMILY}/{context.sealer().fingerprint(name)}"
