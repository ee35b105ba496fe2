"""The left side of the explorer: log groups, log streams and fields, found by threads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cwnb.errors import CwnbError, ResourceNotFound
from cwnb.events import ALL_TIME, LOG, LOG_STREAM, MESSAGE
from cwnb.insights import Vocabulary
from cwnb.notebook.known import vocabulary_from
from cwnb.notebook.widgets.choices import FieldsView, ListView
from cwnb.notebook.widgets.gestures import Chosen, change_by_value
from cwnb.notebook.widgets.newest_task import NewestTask
from cwnb.notebook.widgets.view import sentence
from cwnb.results.html import bytes_text
from cwnb.results.zones import UTC_NAME
from cwnb.window import minute_text, moment_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cwnb.events import Extent
    from cwnb.notebook.exploration import Exploration
    from cwnb.store import FieldInfo, GroupInfo, StreamInfo

NO_GROUPS = (
    "the store has no log groups yet; load a file with "
    "logs.load('access.log', group='/my/logs'), then press Refresh"
)
_CHOOSE = "choose a log group"
_LOOKING = "looking…"
# Fields that every event has, and whose values people look at.
_FIELDS_OF_ALL = (MESSAGE, LOG_STREAM, LOG)


class NamePicker:
    """Lists of the log groups of a store, and of the streams and fields of those chosen.

    `on_change` is called after groups or streams were chosen, `on_gesture` after a value of a field
    changed the query. `on_extent` gets the times of the first and last event of the chosen groups,
    and `on_words` the words that the editor offers. `on_error` gets the reason why a choice cannot
    be made.
    """

    def __init__(
        self,
        exploration: Exploration,
        *,
        on_change: Callable[[], object],
        on_gesture: Callable[[], object],
        on_extent: Callable[[Extent | None], object],
        on_words: Callable[[Vocabulary], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        self._exploration = exploration
        self._on_change = on_change
        self._on_gesture = on_gesture
        self._on_extent = on_extent
        self._on_words = on_words
        self._on_error = on_error
        self.groups = ListView(
            title="Log groups",
            heads=["events", "size", "last event", "kept"],
            empty=_LOOKING,
        )
        self.streams = ListView(title="Log streams", heads=["events", "last event"], empty=_CHOOSE)
        self.fields = FieldsView(exploration.frequent_values, self._change_query, empty=_CHOOSE)
        self._listing = NewestTask(self._fail_groups)
        self._finding = NewestTask(self._fail_names)
        self._shown_groups: list[str] | None = None
        self._words = Vocabulary()
        self.groups.observe(self._choose_groups, "chosen")
        self.streams.observe(self._choose_streams, "chosen")

    def refresh(self) -> None:
        """Look again which groups there are, and what is in those chosen."""
        self._listing.begin((self._exploration.logs.store.groups, self._show_groups))
        self._shown_groups = None
        self.show()

    def show(self) -> None:
        """Show the groups and streams of the exploration."""
        exploration = self._exploration
        groups = self._matched()
        self.groups.chosen = groups
        self.streams.chosen = exploration.streams
        if groups == self._shown_groups:
            return
        self._shown_groups = groups
        self.streams.empty = self.fields.empty = _LOOKING if groups else _CHOOSE
        if not groups:
            self.streams.items, self.fields.items = [], []
            self._finding.begin((lambda: None, self._on_extent))
            return
        store = exploration.logs.store
        self._finding.begin(
            (lambda: store.snapshot(groups).extent(ALL_TIME), self._on_extent),
            (lambda: [info for name in groups for info in store.streams(name)], self._show_streams),
            (lambda: store.field_statistics(*groups), self._show_fields),
        )

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the lists are filled."""
        self._listing.wait(timeout)
        self._finding.wait(timeout)

    # What was found

    def _show_groups(self, found: list[GroupInfo]) -> None:
        self.groups.empty = NO_GROUPS
        self.groups.items = [_group_item(info) for info in found]
        self._offer()
        if len(found) == 1 and not self._exploration.groups:
            self.groups.chosen = [found[0].name]
        else:
            self.groups.chosen = self._matched()

    def _show_streams(self, found: Iterable[StreamInfo]) -> None:
        events: Counter[str] = Counter()
        last: dict[str, int] = {}
        for info in found:  # a stream of this name may be in several groups
            events[info.name] += info.events
            last[info.name] = max(last.get(info.name, 0), info.last_ms or 0)
        self.streams.empty = "the groups have no log streams"
        self.streams.items = [
            {"name": name, "texts": [f"{events[name]:,}", minute_text(last[name] or None)]}
            for name in sorted(events)
        ]
        self.streams.chosen = [name for name in self._exploration.streams if name in events]

    def _show_fields(self, found: Sequence[FieldInfo]) -> None:
        every = {"share": 1.0, "types": ["text"], "has_conflict": False}
        self.fields.items = [{"name": name, **every} for name in _FIELDS_OF_ALL] + [
            {
                "name": info.name,
                "share": info.share,
                "types": list(info.types),
                "has_conflict": info.conflicts,
            }
            for info in found
        ]
        streams = (str(item["name"]) for item in self.streams.items)
        tables = self._exploration.logs.store.lookups()
        self._words = replace(
            vocabulary_from(found, streams),
            tables=tuple((table.name, tuple(table.columns)) for table in tables),
        )
        self._offer()

    def _offer(self) -> None:
        names = tuple(str(item["name"]) for item in self.groups.items)
        self._on_words(replace(self._words, groups=names))

    def _fail_groups(self, error: Exception) -> None:
        self.groups.items = []
        self.groups.empty = sentence(error)

    def _fail_names(self, error: Exception) -> None:
        self.streams.items, self.fields.items = [], []
        self.streams.empty = self.fields.empty = sentence(error)

    # Gestures

    def _choose_groups(self, change: Any) -> None:
        if change["new"] != self._matched():
            self._choose(self._exploration.choose_groups, change["new"])

    def _choose_streams(self, change: Any) -> None:
        if change["new"] != self._exploration.streams:
            self._choose(self._exploration.choose_streams, change["new"])

    def _choose(self, choose: Callable[[Sequence[str]], None], names: Sequence[str]) -> None:
        try:
            choose(names)
        except CwnbError as error:  # such as a group that was deleted meanwhile
            self.show()
            self._on_error(error)
        else:
            self.show()
            self._on_change()

    def _change_query(self, do: str, field: str, value: Any) -> None:
        change_by_value(self._exploration, do, Chosen(field, value, of_event=True))
        self._on_gesture()

    def _matched(self) -> list[str]:
        """Name the groups of the exploration that there are."""
        groups = self._exploration.groups
        if not any(name.endswith("*") for name in groups):
            return sorted(groups)
        try:
            return sorted(self._exploration.logs.store.match_groups(groups))
        except ResourceNotFound:
            return []
        except CwnbError:
            return sorted(groups)


def _group_item(info: GroupInfo) -> dict[str, Any]:
    kept = "ever" if info.retention_days is None else f"{info.retention_days:,} d"
    first = "" if info.first_ms is None else f"first event {moment_text(info.first_ms)} {UTC_NAME}"
    kind = f"log type {info.log_type}" if info.log_type else ""
    return {
        "name": info.name,
        "texts": [
            f"{info.events:,}",
            bytes_text(info.stored_bytes),
            minute_text(info.last_ms),
            kept,
        ],
        "hint": " · ".join(filter(None, [info.name, first, kind])),
    }
