"""What is said of an error of a target: in a sentence, in the log, and where it was raised."""

from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from cwnb.delivery.subscriptions.target import Refused
from cwnb.errors import CwnbError

if TYPE_CHECKING:
    from types import TracebackType

    from cwnb.delivery.subscriptions.record import Subscription

LOG = logging.getLogger("cwnb")
_PACKAGE = str(Path(__file__).parents[2]) + os.sep
# Errors that one worker has logged of a subscription; texts with a number in them are all distinct.
_MOST_LOGGED = 100


def sentence(error: BaseException) -> str:
    """Give one line that says what failed."""
    try:
        text = _unicode(str(error).strip().partition("\n")[0][:500])
    except Exception:  # an error of the user's own, whose text cannot be made
        text = "its text cannot be made"
    if isinstance(error, CwnbError | Refused) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def sentence_with_place(error: BaseException) -> str:
    """Give the line with the file and line of the user's code that raised it, as `app.py:12`."""
    trace = _of_user(error.__traceback__)
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if not _is_ours(code.co_filename):
            place = f" ({_unicode(Path(code.co_filename).name)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return sentence(error) + place


class FaultLog:
    """Logs the errors of one subscription's target, each distinct one once."""

    def __init__(self) -> None:
        self._logged: set[str] = set()

    def note(self, subscription: Subscription, said: str, error: BaseException) -> None:
        """Log an error with the traceback of the user's function, if it has one."""
        if said in self._logged or len(self._logged) >= _MOST_LOGGED:
            return
        self._logged.add(said)
        trace = _of_user(error.__traceback__)
        if not _is_unicode("".join(traceback.format_exception(error))):
            error = Exception(said)  # no handler could write the text of the other one
        LOG.warning(
            "the target of subscription %r of log group %r has failed: %s",
            *(subscription.name, subscription.group, said),
            exc_info=None if trace is None else (type(error), error, trace),
        )


def _unicode(text: str) -> str:
    """Write lone surrogates as escapes: what is listed and logged is Unicode text."""
    return text.encode(errors="backslashreplace").decode()


def _is_unicode(text: str) -> bool:
    return _unicode(text) == text


def _of_user(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the frames of cwnb that called the function."""
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_ours(file: str) -> bool:
    return file.startswith(_PACKAGE)
