"""The questions about each of the seven sets: ours, and what good users of the peers would ask."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.data import SETS

if TYPE_CHECKING:
    from benchmarks.broad.question import Question

_MODULES = {name: f"of_{name}" for name in SETS}

QUESTIONS: dict[str, tuple[Question, ...]] = {
    name: import_module(f"benchmarks.questions.{module}").QUESTIONS
    for name, module in _MODULES.items()
}
