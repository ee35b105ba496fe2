"""Errors of calls in cells, such as `logs.query(…)`: the message and the line, and no traceback."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cwnb.errors import CwnbError
from cwnb.results.visible import visible

if TYPE_CHECKING:
    from types import TracebackType

_LIBRARY = Path(__file__).resolve().parents[1]


def register(shell: Any) -> None:
    """Show our errors by their message; a handler that somebody else has set stays."""
    if not shell.custom_exceptions:
        shell.set_custom_exc((CwnbError,), _show)


def unregister(shell: Any) -> None:
    """Let IPython show our errors as it shows others."""
    if shell.custom_exceptions == (CwnbError,):
        shell.set_custom_exc((), None)


def text_of(error: CwnbError) -> str:
    """Give the text that a cell shows: the kind of the error, and its message."""
    return visible(f"{type(error).__name__}: {error}", keep="\n\t")


def _show(
    shell: Any, kind: type, error: CwnbError, trace: TracebackType, tb_offset: int | None = None
) -> list[str]:
    del tb_offset  # IPython hands it over by its name
    lines = [text_of(error)]
    line = _line_of_user(trace)
    if line is not None and not hasattr(error, "_render_traceback_"):
        lines.append(f"in line {line.lineno}: {visible(line.line or '')}")
    shell._showtraceback(kind, error, lines)  # noqa: SLF001 - what IPython's own handlers call
    return lines


def _line_of_user(trace: TracebackType) -> traceback.FrameSummary | None:
    """Give the last line that was run before the library was called; the first is IPython's own."""
    found = None
    for frame in traceback.extract_tb(trace)[1:]:
        if Path(frame.filename).is_relative_to(_LIBRARY):
            break
        found = frame
    return found
