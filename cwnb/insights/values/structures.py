"""Columns of maps and lists; all reading and writing of their JSON is done here."""

from __future__ import annotations

import json
import math
import re
import secrets
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
import pyarrow as pa

from cwnb.events import EXACT_DOUBLE, TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER, TYPE_STRUCTURE
from cwnb.insights import values
from cwnb.insights.control import checkpoint, with_checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Texts of together so many characters are read at once.
_CHARACTERS_AT_ONCE = 1 << 19
# orjson reads integers beyond 64 bits as doubles, so text with one goes to the standard library.
_LONG_DIGITS = re.compile("[0-9]{19}")
_LONG_INTEGER = re.compile(r"(?:\A|[\[:,\s-])[0-9]{19}")
_INFINITE = {True: "Infinity", False: "-Infinity"}
_OPTIONS = orjson.OPT_NON_STR_KEYS


class JsonText(str):
    """JSON text that is finished, among values that have still to be written as JSON."""

    __slots__ = ()


def read_json(text: str) -> Any:
    """Read JSON, integers with all their digits; raises ValueError or RecursionError."""
    value = orjson.loads(text)  # decides what is valid JSON
    return json.loads(text, parse_constant=_no_constant) if _has_long_integers(text) else value


def _has_long_integers(text: str) -> bool:
    # The simple search takes half the time of the other, and few texts have so many digits.
    return bool(_LONG_DIGITS.search(text) and _LONG_INTEGER.search(text))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def read_structure(text: str) -> Any:
    """Read the JSON of an object or array; None for anything else."""
    if not _begins_structure(text):
        return None
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        return None


def _begins_structure(text: str) -> bool:
    return text.lstrip(" \t\r\n").startswith(("{", "["))


def _structure_or_null(text: str | None) -> str:
    return text if text is not None and _begins_structure(text) else "null"


def read_structures(texts: Iterable[str | None]) -> Iterator[Any]:
    """Read each text as `read_structure` does, None where there is none; many of them at once."""
    pending: list[str | None] = []
    characters = 0
    for text in texts:
        pending.append(text)
        characters += 0 if text is None else len(text)
        if characters >= _CHARACTERS_AT_ONCE:
            yield from _read_together(pending)
            pending, characters = [], 0
    yield from _read_together(pending)


def _read_together(texts: list[str | None]) -> list[Any]:
    """Read texts as one JSON array, in which a word that no text has stands between each two.

    So the words are at their places only where each text is one JSON value, and not, say, the end
    of the value that the text before it begins.
    """
    checkpoint()
    word = secrets.token_hex(16)
    joined = f',"{word}",'.join([_structure_or_null(text) for text in texts])
    read: list[Any] = []
    if not _has_long_integers(joined):
        with suppress(ValueError, RecursionError):
            read = orjson.loads(f"[{joined}]")
    if len(read) == 2 * len(texts) - 1 and read[1::2].count(word) == len(texts) - 1:
        return read[::2]
    return [None if text is None else read_structure(text) for text in texts]


def write_json(value: Any) -> str:
    """Write compact JSON, integers with all their digits, other objects as their `str`."""
    try:
        return orjson.dumps(value, default=str, option=_OPTIONS).decode()
    except TypeError:
        return _write_exactly(value)


def _write_exactly(value: Any) -> str:
    """Write integers of any size and structures of any depth, which orjson refuses."""
    written: list[str] = []
    to_write = [value]
    while to_write:
        item = to_write.pop()
        parts: list[Any] = []
        if isinstance(item, JsonText):
            written.append(item)
        elif isinstance(item, dict):
            for key, inner in item.items():
                parts += [JsonText("," if parts else "{"), JsonText(_key(key) + ":"), inner]
            parts.append(JsonText("}" if parts else "{}"))
        elif isinstance(item, list | tuple):
            for inner in item:
                parts += [JsonText("," if parts else "["), inner]
            parts.append(JsonText("]" if parts else "[]"))
        elif isinstance(item, int) and not isinstance(item, bool):
            written.append(str(item))
        else:
            written.append(orjson.dumps(item, default=str, option=_OPTIONS).decode())
        to_write += reversed(parts)
    return "".join(written)


def _key(key: Any) -> str:
    if isinstance(key, int) and not isinstance(key, bool):
        return f'"{key}"'
    return orjson.dumps({key: 0}, option=_OPTIONS).decode().removeprefix("{").removesuffix(":0}")


def structure_array(items: Iterable[Any]) -> pa.Array:
    """Make a column of structures from Python lists and dicts; None becomes missing.

    A JsonText among them is taken as it is.
    """
    texts = [
        item if item is None or type(item) is JsonText else write_json(item)
        for item in with_checkpoints(items)
    ]
    return pa.ExtensionArray.from_storage(values.STRUCTURE, pa.array(texts, pa.string()))


def to_python(array: pa.Array) -> list[Any]:
    """Give the values of a column as Python values that JSON can hold; times become text.

    An infinite number is the text that `float` and JavaScript's `Number` read.
    """
    kind = array.type
    if values.is_mixed(kind):
        pairs = zip(array.field("text").to_pylist(), array.field("type").to_pylist(), strict=True)
        return [_typed(text, code) for text, code in with_checkpoints(pairs)]
    if values.is_structure(kind):
        texts = with_checkpoints(array.storage.to_pylist())
        return [None if text is None else read_json(text) for text in texts]
    if values.is_time(kind):
        array = values.to_text(array)
    if pa.types.is_floating(kind):
        return [_whole_if_exact(number) for number in with_checkpoints(array.to_pylist())]
    return list(array.to_pylist())


def to_json(array: pa.Array) -> pa.Array:
    """Give each value of a column as JSON text."""
    if values.is_structure(array.type):
        return array.storage
    texts = [None if value is None else write_json(value) for value in to_python(array)]
    return pa.array(texts, pa.string())


def _whole_if_exact(number: float | None) -> float | str | None:
    """Give a whole double within ±2^53 as the integer that it may have been written as."""
    if number is None or not number.is_integer() or abs(number) > EXACT_DOUBLE:
        return number if number is None or math.isfinite(number) else _INFINITE[number > 0]
    return int(number)


def _typed(text: str | None, code: int | None) -> Any:
    if text is None:
        return None
    if code == TYPE_INTEGER:
        # Python reads no longer integers from text.
        return int(text) if len(text) <= sys.get_int_max_str_digits() else text
    if code == TYPE_FLOAT:
        return _whole_if_exact(float(text))
    if code == TYPE_STRUCTURE:
        return read_json(text)
    return text == "true" if code == TYPE_BOOLEAN else text
