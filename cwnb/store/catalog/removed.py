"""Which events retention has removed from a group, so that late readers can count them.

A record of the table `meta` for each group: the runs of the events that are not stored any more.
What is unloaded or deleted with its group is not among them.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from cwnb.store.catalog import notes
from cwnb.store.catalog.row_seals import damaged
from cwnb.store.positions import Position, Runs, Spans

# Of a store with many small puts: 2.4 MB, written with each sweep. Older ones are forgotten, so
# that a reader that is still before them counts too few.
MOST_RUNS = 100_000
# The newest position of the runs stands before them: most readers are past it, and read no more.
_NEWEST = struct.Struct("<2q")


def add(connection: Any, group_id: int, runs: Runs) -> None:
    """Note events as removed; those that are noted already count once."""
    if not len(runs):
        return
    held = _read(connection, group_id, Position(0, 0))
    # A segment that was rewritten names whole runs, also if some of their events were removed then.
    new = runs.without(Spans(held.first, held.last))
    if not len(new):
        return
    joined = Runs.joined([held, new])
    if len(joined) > MOST_RUNS:
        kept = np.sort(np.argsort(joined.commit, kind="stable")[-MOST_RUNS:])
        joined = Runs(joined.first[kept], joined.last[kept], joined.commit[kept])
    commit = int(joined.commit.max())
    newest = commit, int(joined.last[joined.commit == commit].max())
    notes.put(connection, _key(group_id), _NEWEST.pack(*newest) + joined.pack())


def between(connection: Any, group_id: int, after: Position, until: Position) -> int:
    """Give how many events with these positions were removed; `until` is one of them."""
    runs = _read(connection, group_id, after)
    return _events_after(runs, after) - _events_after(runs, until)


def forget(connection: Any, group_id: int) -> None:
    """Forget the events of a group that is removed."""
    notes.remove(connection, _key(group_id))


def _read(connection: Any, group_id: int, after: Position) -> Runs:
    """Give the runs; none where all come before a position."""
    data = notes.find(connection, _key(group_id))
    if data is None:
        return Runs.none()
    if len(data) <= _NEWEST.size:
        raise damaged("meta")
    if Position(*_NEWEST.unpack_from(data)) <= after:
        return Runs.none()
    return Runs.unpack(data[_NEWEST.size :], f"(removed ones of group {group_id})")


def _events_after(runs: Runs, position: Position) -> int:
    commit, sequence = position
    later = int((runs.last - runs.first + 1)[runs.commit > commit].sum())
    last = runs.last[runs.commit == commit]
    first = np.maximum(runs.first[runs.commit == commit], sequence + 1)
    return later + int(np.maximum(last - first + 1, 0).sum())


def _key(group_id: int) -> str:
    return f"removed/{group_id}"
