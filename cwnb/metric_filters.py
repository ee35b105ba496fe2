"""The part of `Logs` that makes metrics of events: metric filters and their points."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from cwnb import arguments
from cwnb.embedded_metrics import EmbeddedMetrics
from cwnb.errors import InvalidParameter, ResourceNotFound, StoreReadOnly
from cwnb.nearest import suggestion
from cwnb.results.listings import METRIC_FILTERS, METRICS, listing
from cwnb.window import read_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandas import DataFrame

    from cwnb.delivery import MetricFilter
    from cwnb.store import Present, Store


class MetricFilters(EmbeddedMetrics):
    """Counts and adds up by the minute what matches filter patterns."""

    store: Store

    @arguments.named_arguments
    def put_metric_filter(
        self,
        group: str,
        name: str,
        pattern: str,
        *,
        metric: str,
        namespace: str = "cwnb",
        value: str | float = "1",
        default: float | None = None,
        unit: str = "None",
        dimensions: Mapping[str, str] | None = None,
        emit_system_fields: Sequence[str] | None = None,
        replay: bool = False,
    ) -> None:
        """Make a metric of the events of a log group that match a filter pattern.

        >>> logs.put_metric_filter("/shop/app", "slow", "{ $.took > 1000 }", metric="Slow",
        ...                        value="$.took", unit="Milliseconds")
        >>> logs.metrics("/shop/app")

        `value` is a number, or refers to a value of the event: `$.took` in a JSON pattern, `$bytes`
        or `$3` in one of fields. An event whose value is no number counts nothing. `default` is the
        value of a minute in which events came and none matched. `dimensions`: at most three, a
        reference by name; an event that lacks one counts nothing. `emit_system_fields`: of
        "@aws.account" and "@aws.region", those that are dimensions too. Events count that become
        visible from now on; with `replay` all that ever did, in place of what it has counted (but
        for loads with `deliver=False`). A filter of the same name is replaced and goes on where it
        was. Raises MalformedPattern, ResourceNotFound, InvalidParameter.
        """
        replay = arguments.flag("replay", replay)
        from cwnb.delivery import (
            MOST_FILTERS,
            Position,
            checked_dimensions,
            forget,
            system_fields,
            text_of,
        )
        from cwnb.delivery import MetricFilter as Made

        group = arguments.one_group(group)
        group_id = self.store.group_id(group)
        made = Made(
            *(name, group, group_id, pattern, namespace, metric, text_of(value)),
            None if default is None else _number(default),
            unit,
            checked_dimensions(dimensions),
            self.store.clock.now_ms(),
            system_fields=system_fields.checked(emit_system_fields, system_fields.OF_METRICS),
        )
        made.check()
        there = [one for one in self._metric_filters() if one.group_id == group_id]
        if len(there) >= MOST_FILTERS and name not in {one.name for one in there}:
            raise InvalidParameter(f"a log group has at most {MOST_FILTERS} metric filters")

        def put(old: dict[str, Any] | None, present: Present) -> dict[str, Any]:
            made.position = present.position
            if replay:
                forget(present, name)
                made.position = Position(0, 0)
            elif old is not None:
                before = Made.read(old)
                made.position, made.created_ms = before.position, before.created_ms
                if made.counts_as(before):
                    made.matched = before.matched
                    made.without_number = before.without_number
                    made.without_dimension = before.without_dimension
                    made.expired = before.expired
            return made.held()

        self.store.change_kept(_family(), name, put, group=group_id)

    def delete_metric_filter(self, group: str, name: str) -> None:
        """Delete a metric filter; its points stay. Raises ResourceNotFound."""
        group_id = self.store.group_id(arguments.one_group(group))
        names = [one.name for one in self._metric_filters() if one.group_id == group_id]
        if name not in names:
            near = suggestion(str(name), names, cutoff=0.5)
            raise ResourceNotFound(f"log group {group!r} has no metric filter {name!r}{near}")
        self.store.change_kept(_family(), name, lambda _, __: None, group=group_id)

    def metric_filters(self) -> DataFrame:
        """Give the metric filters by group and name, a row each, with what they have counted.

        `matched`: events that matched. Of these gave no value those of `without_number`, where what
        `value` refers to is no number, and of `without_dimension`. `expired`: events that expired
        before they were looked at. What has become visible is counted first. A filter that is
        replaced by another one counts anew.
        """
        self._catch_up(self._metric_filters())
        return listing(self._metric_filters(), METRIC_FILTERS)

    @arguments.named_arguments
    def metrics(
        self,
        group: str | None = None,
        metric: str | None = None,
        start: Any = None,
        end: Any = None,
    ) -> DataFrame:
        """Give the points of metrics, a row for each minute with a value, by group and time.

        Columns: `time` (the minute's beginning), `group`, `namespace`, `metric`, `dimensions`,
        `unit`, `sum`, `count`, `min` and `max`. What has become visible is counted first, by the
        times of the events, or those in messages: see `put_embedded_metrics`. `start` and `end`
        (not included) are as those of `query`. Raises ResourceNotFound for a metric that nothing
        makes, and where there are neither metric filters nor embedded metrics. `metric_filters()`
        says how many events matched and gave no value.
        """
        from cwnb.delivery import points

        named = None if group is None else {self.store.group_id(arguments.one_group(group))}
        filters = [one for one in self._metric_filters() if named is None or one.group_id in named]
        self._catch_up(filters)
        embedded = self._catch_up_embedded(named)
        window = read_window(start, end, self.store.clock.now_ms())
        groups = {
            number: name
            for number, name in self.store.group_ids(["*"])
            if named is None or number in named
        }
        found = list(points(self.store, groups))
        if not (found or filters or embedded):
            where = "the store" if group is None else f"log group {group!r}"
            raise ResourceNotFound(
                f"{where} has no metric filters; logs.put_metric_filter() makes one"
            )
        known = {point.metric for point in found} | {one.metric for one in filters}
        if metric is not None and metric not in known:
            near = suggestion(metric, known, cutoff=0.5)
            raise ResourceNotFound(f"no metric is named {metric!r}{near}")
        rows = [
            point
            for point in found
            if metric in {None, point.metric} and window.start_ms <= point.time_ms < window.end_ms
        ]
        return listing(sorted(rows, key=lambda point: (point.group, point.time_ms)), METRICS)

    def _catch_up(self, filters: list[MetricFilter]) -> None:
        from cwnb.delivery import catch_up

        for one in filters:
            try:
                catch_up(self.store, one)
            except StoreReadOnly as error:
                warnings.warn(f"{error}: values are as they were last counted", stacklevel=3)
                break

    def _metric_filters(self) -> list[MetricFilter]:
        from cwnb.delivery import MetricFilter as Made

        found = [Made.read(record.value) for record in self.store.kept_records(_family())]
        return sorted(found, key=lambda one: (one.group, one.name))


def _family() -> str:
    from cwnb.delivery import METRIC_FILTER_FAMILY

    return METRIC_FILTER_FAMILY


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidParameter(f"the default value is a number, not {value!r:.80}") from None
