"""IP address functions.

Source: CWL_QuerySyntax-operations-functions; ranges from the IANA special-purpose registries.
"""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cwnb.errors import MalformedQuery
from cwnb.insights.functions.calling import map_column, map_values
from cwnb.insights.functions.registry import function
from cwnb.insights.values.addresses import Addresses, Network, are_within, read_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.values.addresses import Mask
    from cwnb.insights.values.value_types import Value

_EVERY_V4: list[Network] = [ipaddress.ip_network("0.0.0.0/0")]
# RFC 1918.
_PRIVATE = [ipaddress.ip_network(n) for n in "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16".split()]
# https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry.
_RESERVED = [
    ipaddress.ip_network(n)
    for n in """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
    198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
    ::/128 ::1/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23
    2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
    """.split()
]
_MULTICAST = [ipaddress.ip_network(n) for n in ("224.0.0.0/4", "ff00::/8")]
# Ranges of these registries that are globally reachable nevertheless.
_REACHABLE = [
    ipaddress.ip_network(n)
    for n in """
    192.0.0.9/32 192.0.0.10/32 192.31.196.0/24 192.52.193.0/24 192.175.48.0/24
    64:ff9b::/96 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:3::/32 2001:4:112::/48 2001:20::/28
    2001:30::/28 2002::/16 2620:4f:8000::/48
    """.split()
]


@function("isValidIp(text field) -> boolean", once_per_text=True)
def is_valid_ip(field: Value) -> Value:
    """Tell whether a text is an IPv4 or IPv6 address."""
    return _test_each(lambda found: found.v4 | found.v6, field)


@function("isValidIpV4(text field) -> boolean", once_per_text=True)
def is_valid_ipv4(field: Value) -> Value:
    """Tell whether a text is an IPv4 address."""
    return _within(field, _EVERY_V4)


@function("isValidIpV6(text field) -> boolean", once_per_text=True)
def is_valid_ipv6(field: Value) -> Value:
    """Tell whether a text is an IPv6 address."""
    return _test_each(lambda found: found.v6, field)


@function("isIpInSubnet(text field, text cidr) -> boolean", once_per_text=True)
def is_ip_in_subnet(field: Value, cidr: Value) -> Value:
    """Tell whether an address lies in a subnet such as `10.0.0.0/8`."""
    return _in_subnet(field, cidr, (4, 6))


@function("isIpv4InSubnet(text field, text cidr) -> boolean", once_per_text=True)
def is_ipv4_in_subnet(field: Value, cidr: Value) -> Value:
    """Tell whether an IPv4 address lies in a subnet."""
    return _in_subnet(field, cidr, (4,))


@function("isIpv6InSubnet(text field, text cidr) -> boolean", once_per_text=True)
def is_ipv6_in_subnet(field: Value, cidr: Value) -> Value:
    """Tell whether an IPv6 address lies in a subnet."""
    return _in_subnet(field, cidr, (6,))


@function("ipv4ToNumber(text field) -> number", once_per_text=True)
def ipv4_to_number(field: Value) -> Value:
    """Give an IPv4 address as an unsigned 32-bit number; missing for anything else."""

    def numbers(texts: pa.Array) -> pa.Array:
        found = Addresses.of(texts)
        return pa.array(found.numbers, mask=~found.v4)

    return map_column(numbers, field)


@function("isPrivateIP(text field) -> boolean", once_per_text=True)
def is_private_ip(field: Value) -> Value:
    """Tell whether an address is private by RFC 1918."""
    return _within(field, _PRIVATE)


@function("isPublicIP(text field) -> boolean", once_per_text=True)
def is_public_ip(field: Value) -> Value:
    """Tell whether an address is publicly routable."""
    return _test_each(_is_public, field)


@function("isReservedIP(text field) -> boolean", once_per_text=True)
def is_reserved_ip(field: Value) -> Value:
    """Tell whether an address is in a range of the IANA special-purpose registries."""
    return _within(field, _RESERVED)


def _is_public(found: Addresses) -> Mask:
    reachable = found.within(_REACHABLE) | ~found.within(_RESERVED)
    return (found.v4 | found.v6) & reachable & ~found.within(_MULTICAST)


def _test_each(test: Callable[[Addresses], Mask], field: Value) -> pa.Array:
    def answer(texts: pa.Array) -> pa.Array:
        return pa.array(test(Addresses.of(texts)), mask=np.asarray(texts.is_null()))

    return map_column(answer, field)


def _within(field: Value, networks: list[Network]) -> pa.Array:
    def answer(texts: pa.Array) -> pa.Array:
        return pa.array(are_within(texts, networks), mask=np.asarray(texts.is_null()))

    return map_column(answer, field)


def _in_subnet(field: Value, cidr: Value, versions: tuple[int, ...]) -> pa.Array:
    if isinstance(cidr, pa.Scalar) and cidr.is_valid:
        network = _network(cidr.as_py())
        if network is None:
            raise MalformedQuery(f"{cidr.as_py()!r} is no subnet; write one such as '10.0.0.0/8'")
        networks = [network] if network.version in versions else []
        return _within(field, networks)

    def answer(text: str, subnet: str) -> bool:
        address, network = read_address(text), _network(subnet)
        if address is None or network is None or address.version not in versions:
            return False
        return address in network

    return map_values(answer, pa.bool_(), field, cidr)


@functools.lru_cache(maxsize=1024)
def _network(text: str) -> Network | None:
    try:
        # Host bits are ignored: 10.1.2.3/8 is the network 10.0.0.0/8.
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
