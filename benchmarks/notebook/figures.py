"""The lines that a measurement prints: a name, its value, and its goal."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Figures:
    """Prints each figure as it is measured; names end in their unit (ms, mb, s)."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def say(self, name: str, values: Sequence[float], goal: float | None = None) -> None:
        """Print the median of the runs; less than the goal is good."""
        least, most = min(values), max(values)
        digits = 1 if most < 10 else 0
        line = f"{name}={statistics.median(values):.{digits}f}"
        if len(values) > 1:
            line += f"  least={least:.{digits}f} most={most:.{digits}f}"
        if goal is not None:
            line += f"  goal<{goal:g}"
            if least >= goal:
                line += "  MISSED"
                self.missed.append(name)
        print(line, flush=True)

    def end(self) -> int:
        """Print the summary; 1 if a goal was missed in every run."""
        print(f"missed={len(self.missed)}" + "".join(f" {name}" for name in self.missed))
        return int(bool(self.missed))
