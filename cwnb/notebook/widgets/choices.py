"""Views of names to choose from: a list of log groups or streams, and the fields of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Bool, Dict, List, Unicode

from cwnb.errors import InvalidParameter
from cwnb.notebook.widgets.view import Reply, View
from cwnb.results.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    # Gives the most frequent values of a field, each with the number of its events.
    ValuesOf = Callable[[str], Iterable[tuple[Any, int]]]
    # Takes what to do (keep_only, leave_out, count_by), the name of the field and the value.
    Gesture = Callable[[str, str, Any], object]

_CHARACTERS = 300  # of a value in the list
_ANSWERS_KEPT = 8  # for each field, as several views may show it


class ListView(View):
    """A list of names with a search box, of which one or several can be chosen.

    >>> groups = ListView(title="Log groups", heads=["events", "size"])
    >>> groups.items = [{"name": "/shop/app", "texts": ["1,234", "56 kB"], "hint": "…"}]
    >>> groups.observe(show_streams, "chosen")

    `items` are dicts of a `name`, of `texts` that stand beside it, one for each of `heads`, of
    `details`, each a line below them, and of a `hint`, shown where the pointer rests; all but the
    name may be left out. `chosen` has the names
    that are chosen, in the order of the items. `empty` is the sentence that stands in place of a
    list without items.
    """

    title = Unicode().tag(sync=True)
    heads = List(Unicode()).tag(sync=True)
    items = List(Dict()).tag(sync=True)
    chosen = List(Unicode()).tag(sync=True, echo_update=False)
    multiple = Bool(default_value=True).tag(sync=True)
    empty = Unicode("nothing is there").tag(sync=True)

    written: ClassVar = frozenset({"chosen"})

    def __init__(self, **traits: Any) -> None:
        super().__init__(kind="list", **traits)


class FieldsView(View):
    """The fields of events: how many events have each, its types, and its most frequent values.

    `items` are dicts of a `name`, the `share` (0 to 1) of events that have it, a list of `types`,
    and `has_conflict`, which says that a value of it has another type than others. `values` is
    asked, on a thread, for the most frequent values of a field when it is opened. `on_gesture` is
    called, on a thread too, with "keep_only", "leave_out" or "count_by", the name of the field,
    and the value as `values` gave it; None for "count_by". `about` says of which events the values
    are, such as "in the last hour": when it changes, open fields ask for their values again.
    """

    title = Unicode("Fields").tag(sync=True)
    about = Unicode("in the window").tag(sync=True)
    items = List(Dict()).tag(sync=True)
    empty = Unicode("no events are there to have fields").tag(sync=True)

    def __init__(self, values: ValuesOf, on_gesture: Gesture, **traits: Any) -> None:
        self._values_of = values
        self._on_gesture = on_gesture
        # The values that were given last, by field and question.
        self._given: dict[str, dict[str, list[Any]]] = {}
        super().__init__(kind="fields", **traits)

    def _values(self, name: str, of: str = "") -> Reply:
        """Give the texts and the numbers of events of the most frequent values.

        The browser says by its question `of` and a place which value was clicked: answers need not
        come in the order of the questions.
        """
        found = list(self._values_of(name))
        given = self._given.setdefault(name, {})
        given[of] = [value for value, _ in found]
        for old in list(given)[:-_ANSWERS_KEPT]:
            del given[old]
        return Reply({"values": [_shown(value, count) for value, count in found]})

    def _gesture(self, do: str, field: str, place: int | None = None, of: str = "") -> None:
        value = None
        if place is not None:
            given = self._given.get(field, {})
            if of not in given:
                raise InvalidParameter(
                    "these values were counted long ago; close and open the field"
                )
            value = given[of][place]
        self._on_gesture(do, field, value)

    asked: ClassVar = {"values": _values, "gesture": _gesture}


def _shown(value: Any, count: int) -> dict[str, Any]:
    text = render(value)
    short = text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
    missing = {"is_missing": True} if value is None else {}
    return {"text": short, "count": count, **missing}
