"""How a query was run, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.insights import Step


@dataclass(repr=False)
class Explanation:
    """The steps of a query as it was run, each written as a command of the language.

    Milliseconds are summed over the threads that worked side by side. `reasons` say why the answer
    has no rows.
    """

    steps: list[Step]
    statistics: dict[str, float]
    reasons: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Give one line a command: rows in and out, milliseconds, bytes read, the text."""
        head = f"{'rows in':>12} {'rows out':>12} {'ms':>9} {'bytes read':>12}  command"
        lines = [
            f"{step.rows_in:>12,} {step.rows_out:>12,} {step.seconds * 1000:>9.1f} "
            f"{step.bytes_read:>12,}  {self._begins(i)}{step.text}"
            for i, step in enumerate(self.steps)
        ]
        return "\n".join([head, *lines, *self._notes()])

    __repr__ = __str__

    def _begins(self, place: int) -> str:
        """Write what stands before a step: a bar, or the name of an answer that others read."""
        step = self.steps[place]
        if place and self.steps[place - 1].pipeline == step.pipeline:
            return "| "
        return "" if step.pipeline == self.steps[-1].pipeline else f"answer {step.pipeline + 1}: "

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from cwnb.results.html import explanation_html

        shown = explanation_html(self._rows(), notes=self._notes())
        return {"text/plain": str(self), "text/html": shown}

    def _notes(self) -> list[str]:
        return [f"no rows: {reason}" for reason in self.reasons]

    def _rows(self) -> list[dict[str, object]]:
        return [
            {
                "text": f"{self._begins(i).removeprefix('| ')}{step.text}",
                "rows_in": step.rows_in,
                "rows_out": step.rows_out,
                "ms": step.seconds * 1000,
                "bytes": step.bytes_read,
            }
            for i, step in enumerate(self.steps)
        ]
