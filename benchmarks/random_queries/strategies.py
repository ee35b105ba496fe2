"""The ways in which the engine may find an answer, forced one at a time: none may change it.

Each entry gives constants other values, at which the engine takes the way for large or for small
inputs. A constant that is not there any more is named by `unknown`, so that no entry is lost.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any

from benchmarks.random_queries.world import patched

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENGINE = "cwnb.insights.engine"
_EVER = 10**9
_GROUPING = f"{_ENGINE}.commands.grouping"

STRATEGIES: dict[str, list[tuple[str, str, Any]]] = {
    "groups are not compared": [(_GROUPING, "_COMPARED_GROUPS", 0)],
    "keys are taken for many": [
        (_GROUPING, "_MANY_ROWS", 8),  # at least twice the sample
        (_GROUPING, "_MANY_TEXTS", 1),
        (_GROUPING, "_FIRST_SAMPLE", 2),
        (_GROUPING, "_SAMPLE", 4),
    ],
    "rows are left ungrouped": [
        (f"{_ENGINE}.commands.stats", "mostly_distinct", lambda keys, _: bool(keys))
    ],
    "texts of keys are numbered": [(_GROUPING, "_ROWS_TO_ENCODE", 0)],
    "texts are numbered by threads": [(_GROUPING, "_ROWS_FOR_THREADS", 1)],
    "texts stay as they are": [(_GROUPING, "_ROWS_TO_ENCODE", _EVER)],
    "last rows are searched for in parts": [
        (_GROUPING, "_FIRST_SEARCH_ROWS", 2),
        (_GROUPING, "_SEARCH_ROWS", 3),
    ],
    "everything is hashed": [
        ("cwnb.insights.values.hashing", "_FEWEST_ROWS", 1),
        ("cwnb.insights.values.hashing", "_has_few_values", lambda _: False),
        (f"{_ENGINE}.columns", "_MANY_TEXTS", 0),
    ],
    "fingerprints of all texts": [(f"{_ENGINE}.aggregates.distinct", "_ROWS_FOR_FINGERPRINTS", 0)],
    "fingerprints of no texts": [
        (f"{_ENGINE}.aggregates.distinct", "_ROWS_FOR_FINGERPRINTS", _EVER)
    ],
    "threads for few fingerprints": [
        (f"{_ENGINE}.aggregates.distinct", "_ROWS_FOR_FINGERPRINTS", 0),
        (f"{_ENGINE}.aggregates.fingerprints", "_FINGERPRINTS_FOR_THREADS", 0),
    ],
    "all work on other threads": [
        (f"{_ENGINE}.schedule", "_WORK_S", 0.0),
        (f"{_ENGINE}.schedule", "_WORK_ROWS", 0),
        (f"{_ENGINE}.schedule", "_LARGE_ROWS", 2),
    ],
    "all work on this thread": [
        (f"{_ENGINE}.schedule", "_WORK_S", 1e9),
        (f"{_ENGINE}.schedule", "worker_count", lambda: 1),
    ],
    "rows are cut out late": [(f"{_ENGINE}.batch", "_SPARSE", 0.0)],
    "rows are cut out at once": [(f"{_ENGINE}.batch", "_SPARSE", 1.0)],
    "rows are cut out by a mask": [
        (f"{_ENGINE}.batch", "_SPARSE", 0.0),
        (f"{_ENGINE}.batch", "_NEARLY_ALL", 0.0),
    ],
    "numbers of groups are hashed": [(_GROUPING, "_COUNTED_NUMBERS", 0)],
    "few rows are few": [(f"{_ENGINE}.commands.steps", "_FEW", 0.0)],
    "few rows are many": [(f"{_ENGINE}.commands.steps", "_FEW", 1.0)],
    "true codes are looked up": [(f"{_ENGINE}.evaluate", "_FEW_TRUE", -1)],
    "the index is asked for no values": [(f"{_ENGINE}.needs", "_MOST_VALUES", 0)],
    "sums leave small numbers early": [(f"{_ENGINE}.aggregates.sums", "_NEAR", 2.0)],
    "texts are ordered by their beginnings": [
        ("cwnb.insights.values.ordering", "_FEW_TEXTS", 0),
        ("cwnb.insights.values.ordering", "_BEGINNING", 4),
    ],
    "lists in small parts": [(f"{_ENGINE}.commands.lists", "_ROWS", 3)],
    "messages in small parts": [(f"{_ENGINE}.message_slices", "_ROWS", 5)],
}


def unknown() -> list[str]:
    """Name the constants that no module has."""
    return [
        f"{module}.{name}"
        for changes in STRATEGIES.values()
        for module, name, _ in changes
        if not hasattr(importlib.import_module(module), name)
    ]


@contextlib.contextmanager
def forced(name: str) -> Iterator[None]:
    """Force one of them, as far as its constants are there."""
    changes = [
        (module, constant, value)
        for path, constant, value in STRATEGIES[name]
        if hasattr(module := importlib.import_module(path), constant)
    ]
    with patched(changes):
        yield
