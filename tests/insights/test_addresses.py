"""Addresses read out of many texts at once are those that `ipaddress` reads out of each."""

from __future__ import annotations

import ipaddress

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cwnb.insights.values.addresses import Addresses, are_within, read_address

OCTETS = st.one_of(
    st.integers(0, 300).map(str), st.sampled_from(["", "0", "00", "01", "255", "256", "999", "1 "]),
    st.sampled_from(["-1", "+1", "a", "1e", "\uff11", "1\n"])
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(OCTETS, min_size=3, max_size=5).map(".".join),
    st.ip_addresses().map(str),
    st.sampled_from(["::ffff:1.2.3.4", "1:2::%eth", " 1.2.3.4", "1.2.3.4:80", "....", "é.1.2.3"]),
    st.none(),
)
NETWORKS = [
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/0", "10.0.0.0/8", "192.168.1.7/32", "::/0", "2001:db8::/32")
]


@settings(deadline=None, max_examples=300)
@given(st.lists(TEXTS, max_size=30), st.integers(0, 3))
@example(["255.255.255.255", "0.0.0.0", "999.1.1.1", "1.1.1.999"], 0)
def test_addresses_of_many_are_those_of_each(texts: list[str | None], skipped: int) -> None:
    found = Addresses.of(pa.array(texts, pa.string()).slice(skipped))
    expected = [None if text is None else read_address(text) for text in texts[skipped:]]
    for row, address in enumerate(expected):
        is_v4 = isinstance(address, ipaddress.IPv4Address)
        assert found.v4[row] == is_v4
        assert not is_v4 or found.numbers[row] == int(address)
        assert found.others.get(row) == (None if is_v4 else address)
    for network in NETWORKS:
        inside = [address is not None and address in network for address in expected]
        assert found.within([network]).tolist() == inside
        assert are_within(pa.array(texts, pa.string()).slice(skipped), [network]).tolist() == inside
