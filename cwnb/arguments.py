"""Checks of what users hand in, so that an argument of a wrong kind is an error of our own."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from numbers import Integral
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.insights import MAXIMUM_LIMIT
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def named_arguments(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let a function raise InvalidParameter for an argument that it has not, with the nearest."""

    @wraps(function)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        check_names(kwargs, function)
        return function(*args, **kwargs)

    return checked


def check_names(given: Iterable[str], function: Callable[..., Any]) -> None:
    """Raise InvalidParameter for the first name that is no argument of the function."""
    known = _names(function)
    for name in given:
        if name not in known:
            near = suggestion(name, known, otherwise=f"there are {', '.join(sorted(known))}")
            raise InvalidParameter(f"{function.__name__}() has no argument {name!r}{near}")


@cache
def _names(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters) - {"self"}


def store_path(path: Any) -> str:
    """Give the path of a store's folder as text; it must be one that SQLite can open."""
    try:
        text = os.fspath(path)
        text = text.decode() if isinstance(text, bytes) else text
        text.encode()
    except TypeError:
        raise InvalidParameter(f"a store is a folder, not {path!r:.80}") from None
    except UnicodeError:
        raise InvalidParameter(f"the path {path!r:.80} is not Unicode text") from None
    if "\0" in text:
        raise InvalidParameter(f"the path {path!r:.80} has a NUL character")
    return text


def flag(name: str, value: Any) -> bool:
    """Give a yes or no, which must be True or False: `"no"` would be true."""
    if value is not True and value is not False:
        raise InvalidParameter(f"{name} is True or False, not {value!r:.80}")
    return bool(value)


def group_name(group: Any) -> str:
    """Give the name of a log group, which must be text."""
    if not isinstance(group, str):
        raise InvalidParameter(f"a log group is named by a text, not {group!r:.80}")
    return unicode_text(group)


def one_group(group: Any) -> str:
    """Give the name of one log group, where a prefix has no meaning."""
    name = group_name(group)
    if name.endswith("*"):
        raise InvalidParameter(f"{name!r:.200} is a prefix; name one log group")
    return name


def one_or_all(group: Any) -> str | None:
    """Give the name of a log group, or None for all."""
    return None if group is None else group_name(group)


def group_names(groups: Any) -> list[str]:
    """Give the names of log groups: of a text that one, else those of a list."""
    if isinstance(groups, str):
        return [groups]
    is_table = hasattr(groups, "columns")
    if isinstance(groups, bytes) or is_table or not isinstance(groups, Iterable):
        raise InvalidParameter(f"log groups are a text or a list of texts, not {groups!r:.80}")
    return [group_name(group) for group in groups]


def stream_name(stream: Any) -> str:
    """Give the name of a log stream, which must be text."""
    if not isinstance(stream, str):
        raise InvalidParameter(f"a log stream is named by a text, not {stream!r:.80}")
    return unicode_text(stream)


def unicode_text(text: str) -> str:
    """Give a text that can be written as UTF-8: one without lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidParameter(f"{text!r:.80} is not Unicode text") from None
    return text


def stream_names(streams: Any) -> list[str]:
    """Give the names of log streams: of a text that one, of None none, else those of a list."""
    if streams is None or isinstance(streams, str):
        return [] if streams is None else [streams]
    if isinstance(streams, bytes) or not isinstance(streams, Iterable):
        raise InvalidParameter(f"log streams are a text or a list of texts, not {streams!r:.80}")
    return [stream_name(stream) for stream in streams]


def event_pairs(events: Any) -> list[Any]:
    """Give events as a list of pairs (time, message)."""
    if not isinstance(events, Iterable):
        raise InvalidParameter(f"events are pairs (time, message), not {events!r:.80}")
    pairs = list(events)
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InvalidParameter(f"an event is a pair (time, message), not {pair!r:.80}")
    return pairs


def no_messages(messages: Iterable[Any]) -> InvalidParameter:
    """Make the error for messages that are not all text or bytes."""
    wrong = next((m for m in messages if not isinstance(m, str | bytes | bytearray)), None)
    return InvalidParameter(f"a message is text or bytes, not {wrong!r:.80}")


def tables_by_name(tables: Any, what: str) -> dict[str, Any]:
    """Give tables by their names; `what` names the argument in an error."""
    if tables is None:
        return {}
    if not isinstance(tables, Mapping) or not all(isinstance(name, str) for name in tables):
        raise InvalidParameter(
            f"{what!r} is a dict of tables by name, such as {{'/a': frame}}, not {tables!r:.80}"
        )
    return dict(tables)


@dataclass(frozen=True)
class _Text:
    """A saved query that is handed in as its text, so that its parameters have no defaults."""

    text: str

    @property
    def parameters(self) -> dict[str, Any]:
        """Give the names that stand as `{{name}}` in the text."""
        return dict.fromkeys(re.findall(r"\{\{\s*(\w+)", self.text))


def saved_queries(saved: Any) -> Callable[[str], Any]:
    """Give what finds a saved query by its name."""
    known = tables_by_name(saved, "saved")
    for name, query in known.items():
        if not isinstance(query, str) and not hasattr(query, "text"):
            raise InvalidParameter(f"the saved query {name!r} is a text, not {query!r:.80}")

    def find(name: str) -> Any:
        if name not in known:
            near = suggestion(name, known, cutoff=0.5)
            raise ResourceNotFound(f"no saved query is named {name!r}{near}")
        return _Text(known[name]) if isinstance(known[name], str) else known[name]

    return find


def row_limit(limit: Any) -> int | None:
    """Give the most rows that an answer may have; None for no limit."""
    if limit is None:
        return None
    if not _is_whole(limit) or not 1 <= limit <= MAXIMUM_LIMIT:
        raise InvalidParameter(
            f"limit is a whole number from 1 to {MAXIMUM_LIMIT:,}, not {limit!r}"
        )
    return int(limit)


def number_of_events(count: Any) -> int:
    """Give how many events are asked for, from 0."""
    if not _is_whole(count) or count < 0:
        raise InvalidParameter(
            f"'before' and 'after' are numbers of events, from 0, not {count!r:.80}"
        )
    return int(count)


def memory_bytes(budget: Any) -> int:
    """Give a memory budget in bytes."""
    known = isinstance(budget, int | float | Integral) and not isinstance(budget, bool)
    if not known or not 0 < budget < 2**63:
        raise InvalidParameter(f"'memory_budget' is a number of bytes, not {budget!r:.80}")
    return int(budget)


def task_executor(executor: Any) -> Executor | None:
    """Give the executor that runs tasks; None for threads of this process."""
    if executor is not None and not hasattr(executor, "submit"):
        raise InvalidParameter(f"'executor' is a concurrent.futures Executor, not {executor!r:.80}")
    return executor  # type: ignore[no-any-return]


def _is_whole(number: Any) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)
