"""Random queries that are asked of cwnb and of DuckDB: `python -m benchmarks random-queries`."""

from __future__ import annotations

from benchmarks.random_queries.command import main

__all__ = ["main"]
