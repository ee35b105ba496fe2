"""Columns of made-up values, put together by numpy and Arrow a piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASHES = (8, 13, 18, 23)


def join(*parts: str | pa.Array) -> pa.Array:
    """Put texts one behind another; missing if a part is."""
    return pc.binary_join_element_wise(*parts, "")


def text(values: Any) -> pa.Array:
    """Write numbers as text."""
    return pa.array(values).cast(pa.string())


def pick(names: Sequence[Any], codes: np.ndarray) -> pa.Array:
    """Give the names of codes."""
    return pa.array(names).take(pa.array(codes))


def chosen(random: np.random.Generator, rows: int, shares: dict[Any, float]) -> pa.Array:
    """Draw values by their shares."""
    return pick(list(shares), codes_of(random, rows, list(shares.values())))


def codes_of(random: np.random.Generator, rows: int, shares: Sequence[float]) -> np.ndarray:
    """Draw places in a list of shares, which need not add up to one."""
    ends = np.cumsum(np.asarray(shares, float))
    return np.searchsorted(ends / ends[-1], random.random(rows), side="right").astype(np.int64)


def skewed(random: np.random.Generator, rows: int, count: int, exponent: float = 1.0) -> np.ndarray:
    """Draw numbers below `count` by Zipf's law: few are frequent, most are rare."""
    return codes_of(random, rows, 1.0 / np.arange(1, count + 1) ** exponent)


def some(random: np.random.Generator, values: pa.Array, share: float) -> pa.Array:
    """Keep a share of the values; the others are missing."""
    return pc.if_else(pa.array(random.random(len(values)) < share), values, None)


def uuids(random: np.random.Generator, rows: int) -> pa.Array:
    """Give random UUIDs."""
    letters = np.full((rows, 36), ord("-"), np.uint8)
    places = [place for place in range(36) if place not in _DASHES]
    letters[:, places] = _DIGITS[random.integers(0, 16, (rows, 32))]
    letters[:, 14] = ord("4")
    return _fixed(letters)


def hexes(random: np.random.Generator, rows: int, digits: int) -> pa.Array:
    """Give random hexadecimal texts of so many digits."""
    return _fixed(_DIGITS[random.integers(0, 16, (rows, digits))])


def padded(prefix: str, numbers: np.ndarray, digits: int) -> pa.Array:
    """Write numbers with zeros before them."""
    return join(prefix, pc.utf8_lpad(text(numbers), digits, "0"))


def iso(when_ms: np.ndarray, unit: str = "ms") -> pa.Array:
    """Write times as programs do, `2026-10-01T00:00:00.000Z`; `unit` is `s` or `ms`."""
    times = pa.array(when_ms, pa.timestamp("ms")).cast(pa.timestamp(unit), safe=False)
    return pc.strftime(times, "%Y-%m-%dT%H:%M:%SZ")


def floored(when_ms: np.ndarray, unit_ms: int) -> np.ndarray:
    """Round times down."""
    return when_ms // unit_ms * unit_ms


def addresses(network: str, *parts: np.ndarray) -> pa.Array:
    """Give IPv4 addresses: the beginning of a network, and the numbers behind it."""
    columns: list[Any] = [network]
    for place, part in enumerate(parts):
        columns += [".", text(part)] if place or network else [text(part)]
    return join(*columns)


def lists(lengths: np.ndarray, values: pa.Array) -> pa.Array:
    """Give a list of so many of the values to each row."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values)


def mixed(rows: int, kinds: np.ndarray, columns: Sequence[pa.Array | pa.Table]) -> Any:
    """Put the rows of each kind where `kinds` has its number.

    Each column or table has as many rows as its kind. Columns that a table lacks are missing.
    """
    places = [np.flatnonzero(kinds == kind) for kind in range(len(columns))]
    order = np.empty(rows, np.int64)
    order[np.concatenate(places)] = np.arange(rows)
    if isinstance(columns[0], pa.Table):
        together = pa.concat_tables(columns, promote_options="permissive")
        return together.take(pa.array(order)).combine_chunks()
    return pa.concat_arrays(columns).take(pa.array(order))


def _fixed(letters: np.ndarray) -> pa.Array:
    rows, length = letters.shape
    ends = np.arange(0, rows * length + 1, length, dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(letters))]
    return pa.Array.from_buffers(pa.string(), rows, buffers)
