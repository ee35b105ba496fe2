"""The gestures on values by name: which method of an `Exploration` each of them calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cwnb.errors import InvalidParameter
from cwnb.nearest import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.notebook.exploration import Exploration


class Chosen(NamedTuple):
    """A value that a gesture is about. `of_event`: its field is one that the events have."""

    name: str
    value: Any
    of_event: bool


ON_VALUES: dict[str, Callable[[Exploration, Chosen], None]] = {
    "keep_only": lambda asks, at: asks.keep_only(at.name, at.value, of_event=at.of_event),
    "leave_out": lambda asks, at: asks.leave_out(at.name, at.value, of_event=at.of_event),
    "count_by": lambda asks, at: asks.count_by(at.name, of_event=at.of_event),
}


def change_by_value(exploration: Exploration, gesture: str, chosen: Chosen) -> None:
    """Do one of ON_VALUES; raises InvalidParameter, as the method of the exploration does."""
    if gesture not in ON_VALUES:
        raise InvalidParameter(unknown("gesture", gesture, ON_VALUES))
    ON_VALUES[gesture](exploration, chosen)
