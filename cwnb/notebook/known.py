"""The names that completion offers, found by threads so that nobody waits for a store."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cwnb.errors import ResourceNotFound
from cwnb.events import GROUP_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from cwnb.insights import Vocabulary
    from cwnb.logs import Logs
    from cwnb.store import FieldInfo

Found = TypeVar("Found")
_SOURCE = re.compile(r"""\bsource\s+(["'])(.+?)\1""", re.IGNORECASE)
# Names are up to date for this long. Older ones are still offered while a thread looks again.
_FRESH_S = 15.0
# Completion waits this long for names that were never read, so that the first Tab has those of a
# small group too; the next one will have them in any case. A question asks for two such lists at
# most, and is answered within 50 ms.
_FIRST_WAIT_S = 0.015
_MOST_KEPT = 100
# A line may name many groups; the fields of at most this many are offered.
_GROUPS_READ = 20


class Kept(Generic[Found]):
    """A value, when it was found, and whether a thread looks for it."""

    def __init__(self, empty: Found) -> None:
        self.value = empty
        self.found_at: float | None = None
        self.is_sought = False
        self.was_found = threading.Event()

    def soon(self) -> Found:
        """Give the value, after a short wait if it was never found."""
        self.was_found.wait(_FIRST_WAIT_S)
        return self.value

    def seek(self, find: Callable[[], Found]) -> None:
        """Look for the value; what fails leaves the value as it was."""
        # Completion has no place for an error: the cell that is run tells it.
        with suppress(Exception):
            self.value = find()
        self.found_at = time.monotonic()
        self.is_sought = False
        self.was_found.set()


class Known:
    """Values by key, each found by a thread and kept for a while."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept[Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, find: Callable[[], Found], empty: Found) -> Found:
        """Give what `find` gave last for this key, or `empty` while nothing has been found.

        A thread looks for what is missing or older than 15 s. A question waits for what is missing,
        up to 15 ms.
        """
        return self.begin(key, find, empty).soon()

    def begin(self, key: Hashable, find: Callable[[], Found], empty: Found) -> Kept[Found]:
        """Let a thread look for a value, as `get` does, and do not wait."""
        with self._lock:
            if key not in self._kept and len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            kept: Kept[Found] = self._kept.setdefault(key, Kept(empty))
            is_old = kept.found_at is None or time.monotonic() - kept.found_at > _FRESH_S
            starts = is_old and not kept.is_sought
            kept.is_sought = kept.is_sought or starts
        if starts:
            threading.Thread(
                target=kept.seek, args=(find,), name="cwnb-completion", daemon=True
            ).start()
        return kept


def group_names(logs: Logs) -> list[str]:
    """Name the log groups of a store, in order."""
    try:
        return logs.store.match_groups(["*"])
    except ResourceNotFound:
        return []


def vocabulary_of(logs: Logs, groups: Sequence[str]) -> Vocabulary:
    """Give the fields and log streams of these groups, of which some may not exist."""
    from cwnb.insights import KnownField, Vocabulary

    tables = tuple((table.name, tuple(table.columns)) for table in logs.store.lookups())
    names: dict[str, None] = {}
    for group in groups:
        with suppress(ResourceNotFound):
            names.update(dict.fromkeys(logs.store.match_groups([group])))
    read = list(names)[:_GROUPS_READ]
    if not read:
        return Vocabulary(tables=tables)
    streams = {stream.name for group in read for stream in logs.store.streams(group)}
    words = vocabulary_from(logs.store.field_statistics(*read), streams)
    of_group = (KnownField(name, 1.0, ("text",)) for name in GROUP_FIELDS)
    return replace(words, fields=(*words.fields, *of_group), tables=tables)


def groups_in(text: str) -> tuple[str, ...]:
    """Name the log groups that a query, which may be unfinished, names in quotes by SOURCE."""
    return tuple(dict.fromkeys(name for _, name in _SOURCE.findall(text)))


def vocabulary_from(fields: Iterable[FieldInfo], streams: Iterable[str]) -> Vocabulary:
    """Give the words that completion offers of these fields and log streams."""
    from cwnb.insights import KnownField, Vocabulary

    known = (
        KnownField(info.name, info.share, tuple(info.types), tuple(info.values)) for info in fields
    )
    return Vocabulary(tuple(known), tuple(sorted(streams)))
