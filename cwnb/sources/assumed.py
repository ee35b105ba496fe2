"""Where times were found, and what is assumed of those that leave something out.

That is their zone, their year, and which of two equal hours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from cwnb.sources.report import FileReport

Array = np.ndarray[Any, Any]


@dataclass
class Assumed:
    """Collects what is assumed while a file is read, by several threads, and says it at the end.

    `fields` names the fields that had the times. `twice` and `never` have the UTC milliseconds that
    came of local times which the zone has twice or never. Some lines are read more than once, so
    `take` counts the records that have them.
    """

    no_zone: bool = False
    fields: set[str] = field(default_factory=set)
    years: set[int] = field(default_factory=set)
    twice: list[Array] = field(default_factory=list)
    never: list[Array] = field(default_factory=list)
    records_twice: int = 0
    records_never: int = 0

    def take(self, utc_ms: Array) -> None:
        """Count the records of some events that have a time of their own."""
        self.records_twice += _count(utc_ms, self.twice)
        self.records_never += _count(utc_ms, self.never)

    def tell(self, report: FileReport, zone: str | int | None) -> None:
        """Write into the report of a file where its times stood, their zone, what was assumed."""
        if report.time_form is None and self.fields:
            names = sorted(self.fields)
            report.time_form = f"field{'s' * (len(names) > 1)} {', '.join(map(repr, names))}"
        if report.events > report.untimed:
            report.zone = self._zone(zone)
        report.notes += self._notes(zone)

    def _zone(self, zone: str | int | None) -> str:
        if not self.no_zone:
            return "in the times" if zone is None else "in the times (tz not used)"
        return "UTC (assumed)" if zone is None else f"{zone_name(zone)} (tz)"

    def _notes(self, zone: str | int | None) -> list[str]:
        """Say what was assumed, one sentence each."""
        notes = []
        if self.no_zone and zone is None:
            notes.append("times without a zone were read as UTC; tz names another")
        if self.years:
            years = " and ".join(str(year) for year in sorted({min(self.years), max(self.years)}))
            notes.append(
                f"times without a year were read as of {years}, the latest that do not lie after"
                " the file's last change"
            )
        if self.records_twice:
            notes.append(
                f"{_records(self.records_twice)} in an hour that {zone} has twice, as clocks are"
                " set back; the first of the two was taken"
            )
        # The hour after the missing one gives the same UTC times, so `records_never` also counts
        # records of that hour.
        if never := min(self.records_never, sum(map(len, self.never))):
            notes.append(
                f"{_records(never)} in an hour that {zone} does not have, as clocks are set"
                " forward; they were read by the clock as it was before"
            )
        return notes


def zone_name(zone: str | int) -> str:
    """Give a zone's name, or its offset in milliseconds as `+02:00`."""
    if isinstance(zone, str):
        return zone
    hours, minutes = divmod(abs(zone) // 60_000, 60)
    return f"{'-' if zone < 0 else '+'}{hours:02}:{minutes:02}"


def _records(count: int) -> str:
    return "1 record lies" if count == 1 else f"{count:,} records lie"


def _count(utc_ms: Array, parts: list[Array]) -> int:
    """Count the times that are in one of the parts, which are of other times as a rule."""
    if not parts or not len(utc_ms):
        return 0
    first, last = utc_ms.min(), utc_ms.max()
    near = [part for part in parts if part.max() >= first and part.min() <= last]
    return int(np.isin(utc_ms, np.concatenate(near)).sum()) if near else 0


def zone_to_utc(local_ms: Array, zone: str, assumed: Assumed | None) -> Array:
    """Turn wall-clock milliseconds of a named zone into UTC.

    A local time that the zone has twice is the first of them. One that it does not have is read by
    the clock as it was before it was set forward, as PEP 495 does: no two times become one.
    """
    local = pa.array(local_ms, pa.timestamp("ms"))
    first = _aware(local, zone, ambiguous="earliest")
    utc: Array = np.asarray(first.cast(pa.int64()))
    # Where the zone does not have the local time, this is the last moment before the change.
    back = np.asarray(pc.local_timestamp(first).cast(pa.int64()))
    never = np.flatnonzero(back != local_ms)
    if len(never):
        utc = utc.copy()
        utc[never] = local_ms[never] - (back[never] - utc[never])
    if assumed is not None:
        if len(never):
            assumed.never.append(utc[never])
        twice = utc != np.asarray(_aware(local, zone, ambiguous="latest").cast(pa.int64()))
        twice[never] = False
        if twice.any():
            assumed.twice.append(utc[twice])
    return utc


def _aware(local: pa.Array, zone: str, *, ambiguous: str) -> pa.Array:
    return pc.assume_timezone(local, zone, ambiguous=ambiguous, nonexistent="earliest")
