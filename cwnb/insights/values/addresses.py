"""IP addresses out of many texts at once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.control import with_checkpoints

if TYPE_CHECKING:
    from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Mask = np.ndarray[Any, np.dtype[np.bool_]]

# So many at a time stay in the processor's cache.
_ROWS = 8_192
_OCTETS = 4
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LONGEST_V4, _LONGEST_OCTET, _LARGEST_OCTET = 15, 3, 255


def read_address(text: str) -> Address | None:
    """Give the address that a text is; None if it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Addresses:
    """The addresses of a column of texts.

    `v4` tells which texts are IPv4 addresses, `numbers` has these as numbers of 32 bits. `others`
    are the addresses of IPv6 by row.
    """

    v4: Mask
    numbers: np.ndarray[Any, np.dtype[np.int64]]
    others: dict[int, Address]

    @classmethod
    def of(cls, texts: pa.Array) -> Addresses:
        """Read each text (strings); what is missing or no address is in none of the answers."""
        found = cls.of_v6(texts)
        for start in range(0, len(texts), _ROWS):
            part = slice(start, start + _ROWS)
            _read_v4(texts[part], found.v4[part], found.numbers[part])
        return found

    @classmethod
    def of_v6(cls, texts: pa.Array) -> Addresses:
        """Read the addresses of IPv6 alone."""
        v4, numbers = np.zeros(len(texts), bool), np.zeros(len(texts), np.int64)
        may_be_v6 = pc.fill_null(pc.match_substring(texts, ":"), False)
        rows = np.flatnonzero(may_be_v6.to_numpy(zero_copy_only=False))
        found = with_checkpoints(texts.take(pa.array(rows)).to_pylist())
        read = zip(rows.tolist(), map(read_address, found), strict=True)
        return cls(v4, numbers, {row: address for row, address in read if address is not None})

    @property
    def v6(self) -> Mask:
        """Tell which texts are IPv6 addresses."""
        return self._marked(list(self.others))

    def _marked(self, rows: list[int]) -> Mask:
        mask = np.zeros(len(self.v4), bool)
        mask[rows] = True
        return mask

    def within(self, networks: Sequence[Network]) -> Mask:
        """Tell which addresses lie in one of these networks."""
        others = self.others.items()
        mask = self._marked([row for row, one in others if any(one in each for each in networks)])
        for network in networks:
            if isinstance(network, ipaddress.IPv4Network):
                first, last = int(network.network_address), int(network.broadcast_address)
                mask |= self.v4 & (self.numbers >= first) & (self.numbers <= last)
        return mask


def are_within(texts: pa.Array, networks: Sequence[Network]) -> Mask:
    """Tell which texts (strings) are addresses in one of these networks.

    Those of IPv4 have a pattern, so that a search finds their addresses.
    """
    mask = np.zeros(len(texts), bool)
    patterns = [_pattern(one) for one in networks if isinstance(one, ipaddress.IPv4Network)]
    if patterns:
        found = pc.match_substring_regex(texts, rf"\A(?:{'|'.join(patterns)})\z")
        mask |= pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    if len(patterns) < len(networks):
        mask |= Addresses.of_v6(texts).within(networks)
    return mask


def _pattern(network: ipaddress.IPv4Network) -> str:
    """Give a pattern of the addresses of a network: octets that are free, fixed, or in a range."""
    octets = []
    for place in range(_OCTETS):
        fixed = min(8, max(0, network.prefixlen - 8 * place))
        first = network.network_address.packed[place]
        values = map(str, range(first, first + (1 << 8 - fixed)))
        octets.append(f"(?:{'|'.join(values)})" if fixed else _OCTET)
    return r"\.".join(octets)


def _read_v4(texts: pa.Array, v4: Mask, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    """Mark which texts are IPv4 addresses, and write their numbers.

    Four octets of one to three digits up to 255, without leading zeros, as `ipaddress` takes them.
    """
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
    rows = np.flatnonzero((lengths >= 2 * _OCTETS - 1) & (lengths <= _LONGEST_V4))
    if not len(rows):
        return
    chosen = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
    _, offsets_of, data_of = chosen.buffers()
    ends = np.frombuffer(offsets_of, np.int32)[chosen.offset : chosen.offset + len(chosen) + 1]
    data = np.frombuffer(data_of, np.uint8)[ends[0] : ends[-1]]
    ends = ends.astype(np.int64) - ends[0]
    digits = data - np.uint8(ord("0"))  # wraps round below 0
    dots = data == ord(".")
    # How many dots, and how many bytes that are no part of an address, come before each text.
    before = np.searchsorted(np.flatnonzero(dots), ends)
    odd = np.searchsorted(np.flatnonzero(~dots & (digits > 9)), ends)
    fits = (np.diff(before) == _OCTETS - 1) & (np.diff(odd) == 0)
    at = np.flatnonzero(fits)
    if not len(at):
        return
    places = np.flatnonzero(dots)[before[:-1][at][:, None] + np.arange(_OCTETS - 1)]
    starts = np.column_stack([ends[:-1][at], places + 1])
    stops = np.column_stack([places, ends[1:][at]])
    size = stops - starts
    good = ((size >= 1) & (size <= _LONGEST_OCTET)).all(axis=1)
    at, starts, stops, size = at[good], starts[good], stops[good], size[good]
    values = digits[stops - 1].astype(np.int64)
    for place, weight in ((2, 10), (3, 100)):
        digit = digits[np.maximum(stops - place, 0)].astype(np.int64)
        values += np.where(size >= place, digit * weight, 0)
    plain = ((size == 1) | (digits[starts] != 0)) & (values <= _LARGEST_OCTET)
    good = plain.all(axis=1)
    rows = rows[at[good]]
    v4[rows] = True
    numbers[rows] = values[good] @ np.array([1 << 24, 1 << 16, 1 << 8, 1])
