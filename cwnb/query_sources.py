"""What one query reads: log groups of a store in one snapshot, or the user's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.events import MESSAGE, TIMESTAMP, mixed_type
from cwnb.insights import (
    FrameSource,
    FrameSources,
    RareFields,
    as_frame,
    checkpoint,
    columns_of_frame,
    is_structure,
    values_to_python,
    with_checkpoints,
)
from cwnb.memo import memo
from cwnb.store import Processing, read_rest
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cwnb.events import Source
    from cwnb.store import Snapshot, Store


class DataFrameSources(FrameSources):
    """The user's table, whose columns are converted when the query opens it.

    Adds to `notes` what is left out of it. A table without times raises InvalidParameter where the
    query `has_window`, and gets a note where it `has_bins`.
    """

    def __init__(
        self, rows: Any, notes: list[str], *, has_window: bool = False, has_bins: bool = False
    ) -> None:
        self._frame = as_frame(rows)
        self._notes = notes
        self._has_window = has_window
        self._has_bins = has_bins

    def rows_to_prepare(self) -> int:
        """Give the number of rows of the frame, or 0 once its columns have been converted."""
        return 0 if "source" in vars(self) else len(self._frame)

    def prepare(self) -> None:
        """Convert its columns, and discover the fields in its messages."""
        _ = self.source

    @memo
    def source(self) -> Source:
        """Give its columns, and the fields of its messages that have no column of their own."""
        columns = columns_of_frame(self._frame, read_times=self._read_times, notes=self._notes)
        self._check_times(columns[TIMESTAMP])
        checkpoint()
        message, rare, cut = columns.get(MESSAGE), None, 0
        if message is not None:
            texts = message.dictionary_decode() if pa.types.is_dictionary(message.type) else message
            found = Processing().discover(texts.fill_null(""))
            cut = found.capped
            for name, array in found.columns.items():
                columns.setdefault(name, array)
            if found.rest is not None:
                rare = RareFields(found.rest, frozenset(found.rare_names()), read_rest)
        else:
            columns[MESSAGE] = _rows_as_json(map(str, self._frame.columns), columns)
        checkpoint()
        return FrameSource(columns, rare=rare, cut_messages=cut)

    def _read_times(self, columns: dict[str, Any]) -> Any:
        """Read the times of the rows as `load` reads those of its records."""
        from cwnb.sources import Reading, possible_time_columns, read_field_times

        count = len(next(iter(columns.values()))) if columns else 0
        try:
            reading = Reading(Clock().now_ms())
            times, timed = read_field_times(columns, count, reading)
            if TIMESTAMP not in columns:
                self._note_choice(possible_time_columns(columns, reading))
        except ValueError as error:
            # Whether dates begin with the day or with the month is for the user to say.
            why = str(error).split(";")[0]
            raise InvalidParameter(f"{why}; convert the column with pd.to_datetime first") from None
        if (named := columns.get(TIMESTAMP)) is not None:
            self._note_unread(named.filter(pa.array(~timed)))
        missing = None if timed.all() else ~timed
        return pa.array(times, pa.int64(), mask=missing).cast(pa.timestamp("ms", "UTC"))

    def _note_choice(self, names: list[str]) -> None:
        if len(names) > 1:
            others = ", ".join(map(repr, names[1:]))
            self._notes.append(
                f"the times are those of the column {names[0]!r}; {others} could be them too: call"
                f" the one that you mean {TIMESTAMP!r}"
            )

    def _note_unread(self, values: Any) -> None:
        values = values.drop_null()
        if len(values):
            first = f"{_plain_values(values.slice(0, 1))[0]!r:.80}"
            rows = f"{len(values):,} row" + "s" * (len(values) != 1)
            self._notes.append(f"{TIMESTAMP!r} is no time in {rows}, such as {first}")

    def _check_times(self, times: Any) -> None:
        if len(times) == 0 or times.null_count < len(times):
            return
        what = "the frame has no column of times"
        remedy = f"call the one that has them {TIMESTAMP!r}"
        if self._has_window:
            raise InvalidParameter(f"{what}, so 'start' and 'end' have nothing to choose; {remedy}")
        if self._has_bins:
            self._notes.append(f"{what}, so all rows are in one bin without a time; {remedy}")


class StoreSources:
    """The log groups of a store that one query reads, all in one snapshot.

    `groups` are those that the caller names, `selectors` those that the query names itself; a
    trailing `*` of a name is a prefix. The snapshot is taken when the first is opened.
    """

    def __init__(
        self, store: Store, groups: Sequence[str], selectors: Iterable[Sequence[str]] = ()
    ) -> None:
        self.store = store
        self.groups = list(groups)
        self._selectors = [list(selector) for selector in selectors]

    @memo
    def _snapshot(self) -> Snapshot:
        every = [name for selector in (self.groups, *self._selectors) for name in selector]
        return self.store.snapshot(every)

    def open(self, selector: Sequence[str] | None = None) -> Snapshot:
        """Give the events of these groups, or the caller's, as they were at the first call.

        Raises ResourceNotFound.
        """
        names = self.groups if selector is None else list(selector)
        if names != self.groups and names not in self._selectors:
            raise InvalidParameter(f"the query does not name the log groups {names}")
        return self._snapshot.of_groups(names) if self._selectors else self._snapshot

    def table(self, name: str) -> Any:
        """Raise ResourceNotFound: a store has no lookup tables yet."""
        raise ResourceNotFound(f"there is no lookup table {name!r}")

    def rows_to_prepare(self) -> int:
        """Give the number of recent events, which are in no segment yet."""
        return sum(batch.events for group in self._snapshot.groups for batch in group.batches)

    def prepare(self) -> None:
        """Read the recent events, so that the names of their fields are known."""
        self._snapshot.field_names()

    def again(self) -> StoreSources:
        """Give sources of the same groups, to be read from a new snapshot."""
        return StoreSources(self.store, self.groups, self._selectors)


def _rows_as_json(names: Iterable[str], columns: dict[str, Any]) -> Any:
    """Write each row as `load` does, with those of the names that could be read as columns."""
    from cwnb.sources import compact_json

    readable = [name for name in names if name in columns]
    held = [_plain_values(columns[name]) for name in readable]
    texts = [
        compact_json(dict(zip(readable, row, strict=True))).decode("utf-8", "replace")
        for row in with_checkpoints(zip(*held, strict=True))
    ]
    return pa.array(texts, pa.string())


def _plain_values(array: Any) -> list[Any]:
    several = is_structure(array.type) or array.type == mixed_type()
    found: list[Any] = values_to_python(array) if several else array.to_pylist()
    return found
