"""Columns of maps and lists; all reading and writing of their JSON is done here."""

from __future__ import annotations

import json
import math
import re
import secrets
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import orjson
import pyarrow as pa

from cwnb.events import EXACT_DOUBLE, TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER, TYPE_STRUCTURE
from cwnb.garbage import collector_paused
from cwnb.insights import values
from cwnb.insights.control import checkpoint, portions, with_checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Texts of together so many characters are read at once.
_CHARACTERS_AT_ONCE = 1 << 19
# orjson reads integers beyond 64 bits as doubles, so text with one goes to the standard library.
_LONG_DIGITS = re.compile("[0-9]{19}")
_LONG_INTEGER = re.compile(r"(?:\A|[\[:,\s-])[0-9]{19}")
# Stands between texts; no log can have it.
_WORD = secrets.token_hex(16)
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


def _may_have_long_integers(data: bytes) -> bool:
    """Tell whether there are 16 digits in a row, in a twentieth of the time of a search."""
    digits = np.frombuffer(data, np.uint8) - np.uint8(ord("0")) < 10
    for step in (1, 2, 4, 8):
        digits = digits[:-step] & digits[step:]
    return bool(digits.any())


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
    """Read each text as `read_structure` does, None where there is none; many of them at once.

    What it gives are many objects: one who keeps them for a while pauses the collector for it.
    """
    for some in portions(texts):
        yield from _read_some(some)


def _read_some(texts: list[str | None]) -> list[Any]:
    if len(texts) > 1 and sum(map(len, filter(None, texts))) > _CHARACTERS_AT_ONCE:
        half = len(texts) // 2
        return _read_some(texts[:half]) + _read_some(texts[half:])
    return _read_together(texts)


def _read_together(texts: list[str | None]) -> list[Any]:
    """Read texts as one JSON array, in which a word that no text has stands between each two.

    So the words are at their places only where each text is one JSON value, and not, say, the end
    of the value that the text before it begins.
    """
    checkpoint()
    joined = f',"{_WORD}",'.join(
        [text if text and text[0] in "{[" else _structure_or_null(text) for text in texts]
    )
    read: list[Any] = []
    with collector_paused():
        with suppress(ValueError, RecursionError):
            data = f"[{joined}]".encode()
            if not _may_have_long_integers(data):
                read = orjson.loads(data)
        if len(read) == 2 * len(texts) - 1 and read[1::2].count(_WORD) == len(texts) - 1:
            return read[::2]
        return [None if text is None else read_structure(text) for text in texts]


def write_json(value: Any) -> str:
    """Write compact JSON, integers with all their digits, other objects as their `str`."""
    try:
        return orjson.dumps(value, default=str, option=_OPTIONS).decode()
    except TypeError:
        return _write_exactly(value)


def write_together(structures: list[Any]) -> list[JsonText | None]:
    """Write maps and lists as `write_json` does, many at once; None stays None.

    They are written as one list, in which a word that none of them has stands between each two.
    """
    checkpoint()
    if not structures:
        return []
    apart: list[Any] = [_WORD] * (2 * len(structures) - 1)
    apart[::2] = structures
    try:
        whole = orjson.dumps(apart, default=str, option=_OPTIONS).decode()
    except TypeError:
        return [None if one is None else JsonText(write_json(one)) for one in structures]
    texts = whole[1:-1].split(f',"{_WORD}",')
    return [
        None if one is None else JsonText(text) for one, text in zip(structures, texts, strict=True)
    ]


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
    texts: list[str | None] = []
    for some in portions(items):
        written = write_together([None if type(item) is JsonText else item for item in some])
        texts += [text or item for item, text in zip(some, written, strict=True)]
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
        return list(read_structures(array.storage.to_pylist()))
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
