"""The window of the explorer: periods to press, times to write or pick, the zone, what it means."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets

from cwnb.errors import CwnbError, InvalidParameter
from cwnb.events import ALL_TIME
from cwnb.notebook.widgets.lines import LinesView
from cwnb.results.zones import UTC_NAME, display_zone, zone_names
from cwnb.times import moment, to_ms
from cwnb.window import read_window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cwnb.events import Extent
    from cwnb.notebook.exploration import Exploration

PERIODS = ("5m", "30m", "1h", "3h", "12h", "1d", "3d", "7d", "30d")
_ALL, _CUSTOM = "all", "custom"
_OPEN = (None, "", _ALL)
# A time that says where it is: relative to now, in epoch numbers, or with an offset from UTC.
_NEEDS_NO_ZONE = re.compile(
    r"now|all|[-+]?\d[\d.]*\s*(?:ms|[smhdw])?|\S+[T ]\S+(?:Z|[-+]\d\d:?\d\d)|.* ago", re.IGNORECASE
)
_FORM = "%Y-%m-%d %H:%M:%S"
_MINUTES = len("2026-11-20 10:00")


class TimePicker(ipywidgets.VBox):  # type: ignore[misc]
    """Chooses the window of an exploration, and the zone in which times are read and shown.

    `on_change` is called after either has changed. Times are written as `Logs.query` reads them;
    what names no zone is of the chosen one.
    """

    def __init__(
        self,
        exploration: Exploration,
        on_change: Callable[[], object],
        *,
        zone: str = UTC_NAME,
    ) -> None:
        self._exploration = exploration
        self._on_change = on_change
        self._extent: Extent | None = None
        # What the controls were given to show: only what differs from it has been chosen.
        self._shown: dict[Any, Any] = {}
        self._shown_window: tuple[Any, Any] = (None, None)
        self._is_custom = False
        self._fault: CwnbError | None = None
        self.period = ipywidgets.ToggleButtons(
            options=[*((p, p) for p in PERIODS), ("All", _ALL), ("Custom", _CUSTOM)],
            value=_ALL,
            style={"button_width": "auto"},
            tooltips=[*(f"the last {p} by the store's clock" for p in PERIODS), "", ""],
        )
        self.zone = ipywidgets.Dropdown(
            description="Zone",
            options=_zones(zone, ""),
            value=zone,
            tooltip="the zone of all times here; type to find one",
        )
        self.newest = ipywidgets.Button(
            description="To the newest event", tooltip="end the window with the newest event"
        )
        self.compares = ipywidgets.Checkbox(
            description="Compare with the period before", indent=False, value=False
        )
        self.start, self.end = (
            ipywidgets.Text(
                description=name,
                placeholder="2026-11-20 10:00, yesterday 08:00, -2h",
                continuous_update=False,
            )
            for name in ("From", "To")
        )
        self.start_day, self.end_day = (ipywidgets.NaiveDatetimePicker() for _ in "12")
        self.says = LinesView()
        self._custom = ipywidgets.HBox(
            [
                ipywidgets.HBox([self.start, self.start_day]),
                ipywidgets.HBox([self.end, self.end_day]),
            ]
        )
        first = ipywidgets.HBox([self.period, self.newest])
        second = ipywidgets.HBox([self.says, self.zone, self.compares])
        for row, name in ((first, "periods"), (self._custom, "custom"), (second, "zone-row")):
            row.add_class(f"cwnb-{name}")
        super().__init__([first, self._custom, second])
        self.add_class("cwnb-time")
        self.start_day.add_class("cwnb-start-day")
        self.end_day.add_class("cwnb-end-day")
        self.newest.on_click(lambda _: self._attempt(exploration.end_at_newest))
        self._follow(self.period, self._choose_period)
        self._follow(self.zone, lambda _: self._choose_zone())
        self._follow(self.compares, lambda new: self._attempt(lambda: self._choose_comparison(new)))
        for field, picker in ((self.start, self.start_day), (self.end, self.end_day)):
            self._follow(field, lambda _: self._choose_written())
            self._follow(picker, partial(self._take_picked, field))
        self.show()

    def _follow(self, control: Any, chosen: Callable[[Any], object]) -> None:
        """Call `chosen` with a new value of a control that `_set` has not given it."""

        def changed(change: Any) -> None:
            if change["new"] != self._shown.get(control):
                self._shown[control] = change["new"]
                chosen(change["new"])

        control.observe(changed, "value")

    def _set(self, control: Any, value: Any) -> None:
        self._shown[control] = value
        control.value = value

    # What is chosen

    @property
    def tz(self) -> str:
        """The zone in which times are shown."""
        return str(self.zone.value)

    @property
    def fault(self) -> CwnbError | None:
        """Why the times written in the fields cannot be asked; None where they can.

        The exploration then still has the window before them, which the fields do not show.
        """
        return self._fault

    def offer_zone(self, browsers: str) -> None:
        """Offer the zone of the browser too."""
        try:
            display_zone(browsers)
        except InvalidParameter:
            return
        chosen = self.tz
        # With new options a Dropdown takes the first of them, which nobody has chosen.
        self._shown[self.zone] = UTC_NAME
        self.zone.options = _zones(chosen, browsers)
        self._set(self.zone, chosen)

    def show_extent(self, extent: Extent | None) -> None:
        """Take the times of the first and last event of the chosen groups."""
        self._extent = extent
        if self._fault is None:  # times that nobody has asked to change are left to be mended
            self.show()

    def show(self) -> None:
        """Show the window of the exploration, in place of times that could not be read."""
        self._fault = None
        window = self._exploration.start, self._exploration.end
        if window != self._shown_window:
            self._is_custom = False
        self._shown_window = window
        period = _CUSTOM if self._is_custom else _period_of(*window)
        self._set(self.period, period)
        self._set(self.zone, self.tz)
        self._set(self.compares, self._exploration.compares)
        self._custom.layout.display = "" if period == _CUSTOM else "none"
        self._show_written()
        self.says.say(self._window_text())

    # Gestures

    def _choose_period(self, period: str) -> None:
        self._is_custom = period == _CUSTOM
        if self._is_custom:  # nothing changes until a time is written
            self.show()
        else:
            start = None if period == _ALL else f"-{period}"
            self._attempt(lambda: self._exploration.choose_window(start))

    def _choose_comparison(self, compares: bool) -> None:
        self._exploration.choose_comparison(compares)

    def _choose_zone(self) -> None:
        if self._fault is None:
            self._attempt(lambda: None)
        else:
            self._choose_written()

    def _choose_written(self) -> None:
        self._fault = self._attempt(self._take_written)

    def _take_written(self) -> None:
        start, end = (self._read(field.value) for field in (self.start, self.end))
        window = read_window(start, end, self._exploration.logs.clock.now_ms())
        if window.start_ms == window.end_ms:
            raise InvalidParameter("the window is empty: it ends where it starts")
        self._exploration.choose_window(start, end)
        self._shown_window = start, end

    def _take_picked(self, into: Any, picked: datetime | None) -> None:
        if picked is not None:
            into.value = f"{picked:{_FORM}}"

    def _attempt(self, gesture: Callable[[], object]) -> CwnbError | None:
        """Do a gesture and show what it has changed; gives the error where it cannot be done."""
        try:
            gesture()
        except CwnbError as error:
            self._set(self.compares, self._exploration.compares)
            self.says.say(str(error), "error")
            return error
        self.show()
        self._on_change()
        return None

    # How times are read and written

    def _read(self, text: str) -> Any:
        """Give a time as the exploration takes it; what names no zone is of the chosen one."""
        text = text.strip()
        if text.lower() in _OPEN:
            return None
        if self.tz == UTC_NAME or _NEEDS_NO_ZONE.fullmatch(text):
            return text
        now_ms = self._exploration.logs.clock.now_ms()
        return moment(to_ms(text, now_ms, display_zone(self.tz)))

    def _show_written(self) -> None:
        times = self._exploration.start, self._exploration.end
        fields = (self.start, self.start_day), (self.end, self.end_day)
        for time, time_ms, (field, picker) in zip(times, self._ends(), fields, strict=True):
            shown = self._moment(time_ms)
            as_written = isinstance(time, str) and time not in _OPEN
            self._set(field, time if as_written else "" if shown is None else _written(shown))
            naive = None if shown is None else shown.replace(tzinfo=None, microsecond=0)
            self._set(picker, naive)

    def _ends(self) -> tuple[int | None, int | None]:
        """Give the first and the last millisecond of the window, None for a side that is open.

        Where both are, they are those of the first and the last event.
        """
        exploration = self._exploration
        window = read_window(exploration.start, exploration.end, exploration.logs.clock.now_ms())
        if window == ALL_TIME:
            extent = self._extent
            return (None, None) if extent is None else (extent.first_ms, extent.last_ms + 1)
        return (
            window.start_ms if window.start_ms > ALL_TIME.start_ms else None,
            window.end_ms if window.end_ms < ALL_TIME.end_ms else None,
        )

    def _moment(self, time_ms: int | None) -> datetime | None:
        if time_ms is None:
            return None
        try:
            return moment(time_ms).astimezone(display_zone(self.tz))
        except OverflowError:  # outside of the years 1 to 9999
            return None

    def _window_text(self) -> str:
        """Say from when to when, in the zone."""
        exploration = self._exploration
        sides = exploration.start in _OPEN, exploration.end in _OPEN
        first, last = (
            "" if time is None else _written(time) for time in map(self._moment, self._ends())
        )
        if all(sides):
            between = f", {first[:_MINUTES]} to {last[:_MINUTES]} {self.tz}" if first else ""
            return f"all events{between}"
        texts = [f"{word} {time}" for word, time in (("from", first), ("to", last)) if time]
        return " ".join([*texts, self.tz])


def _period_of(start: Any, end: Any) -> str:
    if end in _OPEN:
        if start in _OPEN:
            return _ALL
        if isinstance(start, str) and start.lstrip("-") in PERIODS:
            return start.lstrip("-")
    return _CUSTOM


def _written(time: datetime) -> str:
    text = f"{time:{_FORM}}"
    return f"{text}.{time.microsecond // 1000:03d}" if time.microsecond else text


def _zones(first: str, browsers: str) -> Sequence[tuple[str, str]]:
    names = dict.fromkeys(filter(None, [UTC_NAME, first, browsers, *zone_names()]))
    return [(f"{name} (local)" if name == browsers else name, name) for name in names]
