"""The barrier of `pattern … | anomaly`: how many events of each text lie in each slot of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import TIMESTAMP
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.commands.patterns import batch_of, severities, texts_and_counts
from cwnb.insights.engine.message_slices import text_slices
from cwnb.insights.patterns.mask import TextCounts, merged, reduced_counts
from cwnb.insights.patterns.mining import Patterns, mine_reduced
from cwnb.insights.patterns.score import HTTP_ERROR, RECENT, SLOTS, anomaly_of
from cwnb.insights.tree import ANOMALY_COLUMNS, fields_read

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.events import Window
    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.engine.commands.barrier import Rows
    from cwnb.insights.engine.order import RowOrder

# Of each text and slot: the events, and those of them with an HTTP error.
_KINDS = 2


@dataclass
class SlotPartial:
    """Distinct reduced texts; the counts are those of each kind in each slot."""

    counted: TextCounts

    @property
    def rows(self) -> int:
        """Give the number of texts."""
        return len(self.counted)

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return self.counted.nbytes


@dataclass
class AnomalyPlan:
    """The barrier of `pattern … | anomaly`; picklable."""

    value: exp.Expression

    @property
    def enough(self) -> None:
        """None: every event may change the patterns."""

    def reads(self) -> set[str]:
        """Name the fields that it reads."""
        return fields_read(self.value) | {TIMESTAMP}

    def partial(self, batch: Batch, order: RowOrder, task: int) -> SlotPartial:  # noqa: ARG002
        """Count the distinct texts of one batch in each slot."""
        slots = _slots(batch.timestamp(), batch.query_values.window)
        parts, start = [], 0
        for text in text_slices(self.value, batch):
            checkpoint()
            present = text.is_valid().to_numpy(zero_copy_only=False)
            slot = slots[start : start + len(text)][present]
            parts.append(_counted(text.drop_null(), slot))
            start += len(text)
        return SlotPartial(merged(parts)[0])

    def merge(self, partials: list[SlotPartial]) -> SlotPartial:
        """Merge the texts of several tasks."""
        return SlotPartial(merged([partial.counted for partial in partials])[0])

    def finish(self, merged: SlotPartial | None, rows: Rows) -> Batch:
        """Give a row per anomaly, the largest score first, then by the text of the pattern."""
        nothing = TextCounts(
            pa.array([], pa.large_string()), np.zeros((0, _KINDS, SLOTS), np.int64)
        )
        counted = merged.counted if merged else nothing
        patterns, of_texts = mine_reduced(
            TextCounts(counted.texts, counted.counts[:, 0].sum(axis=1))
        )
        slots = np.zeros((len(patterns.texts), _KINDS, SLOTS), np.int64)
        np.add.at(slots, of_texts, counted.counts)
        known_before = bool(slots[:, 0, :-RECENT].any())
        found = []
        for at, (events, errors) in enumerate(slots):
            anomaly = anomaly_of(events, errors, known_before=known_before)
            if anomaly is not None:
                found.append((at, anomaly))
        found.sort(key=lambda pair: (-pair[1].score, patterns.texts[pair[0]]))
        where = np.array([at for at, _ in found], np.int64)
        kept = Patterns([patterns.texts[at] for at in where], patterns.counts[where])
        ratios = kept.counts / max(1, int(patterns.counts.sum()))
        columns = [
            *texts_and_counts(kept),
            pa.array(ratios, pa.float64()),
            severities(kept),
            pa.array([anomaly.kind for _, anomaly in found], pa.string()),
            pa.array([anomaly.score for _, anomaly in found], pa.float64()),
            pa.array([anomaly.sentence for _, anomaly in found], pa.string()),
        ]
        return batch_of(ANOMALY_COLUMNS, columns, rows.query_values)


def _slots(times: Any, window: Window) -> Any:
    """Give the slot of each time; SLOTS, which is none, where it is missing."""
    length = max(1, window.end_ms - window.start_ms)
    ms = times.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).fill_null(window.end_ms)
    since = ms.to_numpy() - window.start_ms
    return np.minimum(since * SLOTS // length, SLOTS)


def _counted(text: Any, slot: Any) -> TextCounts:
    found, codes = reduced_counts(text)
    errors = pc.match_substring_regex(text, pattern=HTTP_ERROR).to_numpy(zero_copy_only=False)
    counts = np.zeros((len(found), _KINDS, SLOTS + 1), np.int64)
    np.add.at(counts, (codes, 0, slot), 1)
    np.add.at(counts, (codes[errors], 1, slot[errors]), 1)
    return TextCounts(found.texts, counts[:, :, :SLOTS])
