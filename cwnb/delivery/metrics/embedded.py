"""Metrics that the messages of a log group carry, counted where its position moves."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cwnb.delivery.metrics.counting import MINUTE_MS, Tally, add_tallies, forget, join
from cwnb.delivery.metrics.emf import Malformed, read_document
from cwnb.events import MESSAGE
from cwnb.store import Position

if TYPE_CHECKING:
    from cwnb.store import Present, Store

FAMILY = "embedded-metrics"
# The name of the one record of a group, and that of what makes its points: a metric filter has no
# name with a colon.
NAME = ":embedded"
_START = Position(0, 0)
_PAGE_ROWS, _PAGE_BYTES = 50_000, 32 << 20


@dataclass
class EmbeddedMetrics:
    """Which metrics of a log group are read out of messages, and what came of these.

    Messages up to `position` are read. `malformed` of the `documents` break a rule, and
    `last_malformed` says which. `expired`: messages whose retention ended before they were read.
    """

    group: str
    group_id: int
    position: Position = _START
    documents: int = 0
    malformed: int = 0
    last_malformed: str = ""
    created_ms: int = 0
    expired: int = 0

    @classmethod
    def read(cls, held: dict[str, Any]) -> EmbeddedMetrics:
        """Read what `asdict` gave."""
        return cls(**{**held, "position": Position(*held["position"])})


@dataclass
class _Page:
    """What a page of messages gives."""

    tallies: dict[int, dict[str, Tally]]
    documents: int = 0
    malformed: int = 0
    why: str = ""
    expired: int = 0


def all_of(store: Store) -> list[EmbeddedMetrics]:
    """Give those of all groups that have been switched on, by group."""
    found = [EmbeddedMetrics.read(record.value) for record in store.kept_records(FAMILY)]
    return sorted(found, key=lambda one: one.group)


def switch_on(store: Store, group: str, *, replay: bool) -> None:
    """Read the metrics of a group from now on, or with `replay` all that ever became visible."""
    group_id = store.group_id(group)

    def put(old: dict[str, Any] | None, present: Present) -> dict[str, Any]:
        if old is not None and not replay:
            return old
        if replay:
            forget(present, NAME)
        made = EmbeddedMetrics(group, group_id, created_ms=store.clock.now_ms())
        made.position = Position(0, 0) if replay else present.position
        return asdict(made)

    store.change_kept(FAMILY, NAME, put, group=group_id)


def switch_off(store: Store, group_id: int) -> None:
    """Read the metrics of a group no more; its points stay."""
    store.change_kept(FAMILY, NAME, lambda _, __: None, group=group_id)


def catch_up(store: Store, found: EmbeddedMetrics) -> EmbeddedMetrics | None:
    """Count what has become visible since; gives what is known then, None if it is switched off.

    Several processes may do this at once.
    """
    complete = False
    while not complete:
        page = store.read_after(
            found.position, [found.group_id], limit_rows=_PAGE_ROWS, limit_bytes=_PAGE_BYTES
        )
        if not len(page.events) and not page.expired:
            return found
        read, before, after = _read(page.events[MESSAGE].to_pylist()), found.position, page.position
        read.expired = page.expired

        def add(
            old: dict[str, Any] | None,
            present: Present,
            read: _Page = read,
            before: Position = before,
            after: Position = after,
        ) -> dict[str, Any] | None:
            if old is None or EmbeddedMetrics.read(old).position != before:
                return old  # it was switched off or begins anew, or another process has counted
            add_tallies(present, read.tallies)
            now = EmbeddedMetrics.read(old)
            now.position = after
            now.documents += read.documents
            now.malformed += read.malformed
            now.expired += read.expired
            now.last_malformed = read.why or now.last_malformed
            return asdict(now)

        held = store.change_kept(FAMILY, NAME, add, group=found.group_id)
        if held is None:
            return None
        found = EmbeddedMetrics.read(held)
        complete = page.complete and found.position >= page.position
    return found


def _read(messages: list[str]) -> _Page:
    found = _Page(defaultdict(dict))
    for message in messages:
        try:
            values = read_document(message)
        except Malformed as error:
            found.documents, found.malformed = found.documents + 1, found.malformed + 1
            found.why = str(error)
            continue
        if values is None:
            continue
        found.documents += 1
        for one in values:
            if not one.values:
                continue
            key = json.dumps(
                [one.namespace, one.metric, one.unit, one.dimensions, NAME], sort_keys=True
            )
            minute = found.tallies[one.time_ms // MINUTE_MS * MINUTE_MS]
            more = [sum(one.values), len(one.values), min(one.values), max(one.values), None]
            join(minute.setdefault(key, [0.0, 0, None, None, None]), more)
    return found
