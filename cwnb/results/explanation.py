"""How a query was run, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.insights import Step


@dataclass(repr=False)
class Explanation:
    """The steps of a query as it was run, each written as a command of the language.

    Milliseconds are summed over the threads that worked side by side.
    """

    steps: list[Step]
    statistics: dict[str, float]

    def __str__(self) -> str:
        """Give one line a command: rows in and out, milliseconds, bytes read, the text."""
        head = f"{'rows in':>12} {'rows out':>12} {'ms':>9} {'bytes read':>12}  command"
        lines = [
            f"{step.rows_in:>12,} {step.rows_out:>12,} {step.seconds * 1000:>9.1f} "
            f"{step.bytes_read:>12,}  {'' if i == 0 else '| '}{step.text}"
            for i, step in enumerate(self.steps)
        ]
        return "\n".join([head, *lines])

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from cwnb.results.html import explanation_html

        return {"text/plain": str(self), "text/html": explanation_html(self._rows())}

    def _rows(self) -> list[dict[str, object]]:
        return [
            {
                "text": step.text,
                "rows_in": step.rows_in,
                "rows_out": step.rows_out,
                "ms": step.seconds * 1000,
                "bytes": step.bytes_read,
            }
            for step in self.steps
        ]
