"""The view of how a query was run: a table with a line for each command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Dict, List

from cwnb.notebook.widgets.view import View
from cwnb.results.html import bytes_text
from cwnb.results.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cwnb.insights import Step


class StepsView(View):
    """The commands of a query as they were run: rows in and out, milliseconds, bytes read."""

    steps = List(Dict()).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(kind="steps", **traits)

    def show(self, steps: Iterable[Step]) -> None:
        """Show these steps; none of them leaves nothing to see."""
        self.steps = [
            {
                "command": visible(("| " if place else "") + step.text, keep="\n\t"),
                "numbers": [
                    f"{step.rows_in:,}",
                    f"{step.rows_out:,}",
                    f"{step.seconds * 1000:,.1f}",
                    bytes_text(step.bytes_read),
                ],
            }
            for place, step in enumerate(steps)
        ]
