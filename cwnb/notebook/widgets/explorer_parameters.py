"""A field in the explorer for each `{{name}}` of the query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import ipywidgets

from cwnb.notebook.placeholders import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cwnb.notebook.exploration import Exploration


class ParameterFields(ipywidgets.HBox):  # type: ignore[misc]
    """Fields for the values of the parameters of an exploration.

    What reads as a number, `true`, `false`, a list `[…]` or a text in double quotes is that; all
    else is a text. A name begins with the value of the variable that is called so, if there is one.
    """

    def __init__(
        self,
        exploration: Exploration,
        variables: Mapping[str, Any],
        on_change: Callable[[], object],
    ) -> None:
        self._exploration = exploration
        self._variables = variables
        self._on_change = on_change
        self.fields: dict[str, Any] = {}
        self.children: Any
        super().__init__([])
        self.add_class("cwnb-parameters")

    def show(self) -> None:
        """Show a field for each name in the text, and drop the values of names that it lacks."""
        exploration = self._exploration
        names = names_in(exploration.text)
        known = {name: self._variables[name] for name in names if name in self._variables}
        known |= {name: value for name, value in exploration.parameters.items() if name in names}
        # This follows from the text, whose change `undo` takes back.
        exploration.parameters = known
        self.fields = {name: self.fields.get(name) or self._field(name) for name in names}
        for name, field in self.fields.items():
            if name in known and _value(field.value) != known[name]:
                field.value = _text(known[name])
        fields: Any = tuple(self.fields.values())
        if self.children != fields:
            self.children = fields
        self.layout.display = "" if names else "none"

    def _field(self, name: str) -> Any:
        field = ipywidgets.Text(
            description=name, placeholder=f"value of {{{{{name}}}}}", continuous_update=False
        )

        def changed(change: Any) -> None:
            parameters = self._exploration.parameters
            value = _value(change["new"])
            if name not in parameters or _text(parameters[name]) != change["new"]:
                self._exploration.choose_parameter(name, value)
                self._on_change()

        field.observe(changed, "value")
        return field


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str | int | list) or _is_finite(value) else text


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and value - value == 0


def _text(value: Any) -> str:
    if isinstance(value, str) and _value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
