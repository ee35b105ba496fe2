"""The tools that cwnb is measured beside, each used as a good user of it would.

A peer has a class here and its own text for every query in `queries.py`, under its name.
"""

from __future__ import annotations

from benchmarks.peers.duckdb import DuckDB

PEERS = {peer.name: peer for peer in (DuckDB,)}

__all__ = ["PEERS", "DuckDB"]
