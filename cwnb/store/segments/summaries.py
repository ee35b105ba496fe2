"""What the catalog knows of the fields of a segment, where that answers a question exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb.events import EXACT_DOUBLE, TIMESTAMP, Summary
from cwnb.store.segments.facts import (
    BOOLEAN,
    DICTIONARY,
    INTEGER,
    NUMBER,
    TEXT,
    ranges_of,
)

if TYPE_CHECKING:
    from cwnb.events import Window
    from cwnb.store.keys.sealing import Sealer
    from cwnb.store.segments.facts import SegmentFacts

_TIME = pa.timestamp("ms", "UTC")
_KINDS = {INTEGER: pa.int64(), NUMBER: pa.float64(), BOOLEAN: pa.bool_()}
_KINDS |= dict.fromkeys((TEXT, DICTIONARY), pa.string())


def lies_in(segment: SegmentFacts, window: Window) -> bool:
    """Tell whether all events of a segment are in a window; only then its facts count."""
    return window.start_ms <= segment.first_ms and segment.last_ms < window.end_ms


def summary_of(segment: SegmentFacts, sealer: Sealer, name: str) -> Summary | None:
    """Give what is known of a field of all events of a segment; None if they must be read.

    No bound is given that is a double 0, because 0.0 and -0.0 are told apart. Discovery gives no
    NaN.
    """
    if segment.is_stale:
        return None
    if name == TIMESTAMP:
        ends = (pa.scalar(ms, _TIME) for ms in (segment.first_ms, segment.last_ms))
        return Summary(segment.rows, _TIME, *ends)
    code = segment.columns.get(name)
    kind = None if code is None else _KINDS.get(code)
    if kind is None:
        return None  # rare, or of several types, and then which ones is asked for too
    present = segment.present[name]
    if code not in {INTEGER, NUMBER} or not present:
        return Summary(present, kind)
    known = ranges_of(segment, sealer).get(name)
    if known is None:
        return Summary(present, kind) if code == NUMBER else None
    if code == INTEGER and max(map(abs, known)) > EXACT_DOUBLE:
        return None  # whether doubles hold all of them is asked for too
    bounds = (pa.scalar(bound, kind) if bound or code == INTEGER else None for bound in known)
    return Summary(present, kind, *bounds)
