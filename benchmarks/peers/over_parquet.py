"""The peers of the seven sets: each over one Parquet file, `logs`, with all fields as columns."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from benchmarks.threads import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandas import DataFrame


class DuckDB:
    """A view over the file, on a connection that has read nothing."""

    name = "duckdb"

    def __init__(self, path: Path) -> None:
        import duckdb

        self.connection = duckdb.connect()
        self.connection.execute(f"SET threads = {THREADS}")
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(f"CREATE VIEW logs AS FROM '{path}'")

    def ask(self, text: str) -> DataFrame:
        return self.connection.execute(text).df()


class Polars:
    """A lazy scan of the file, collected."""

    name = "polars"

    def __init__(self, path: Path) -> None:
        import polars as pl

        self.names = {"pl": pl, "c": pl.col, "logs": pl.scan_parquet(path)}

    def ask(self, text: str) -> DataFrame:
        return eval(text, self.names).collect().to_pandas()  # the texts are our own


class ChDB:
    """A view over the file, in the one session that a process can have."""

    name = "chdb"
    session: Any = None

    def __init__(self, path: Path) -> None:
        if ChDB.session is None:
            from chdb.session import Session

            ChDB.session = Session()
            ChDB.session.query(f"SET max_threads = {THREADS}")
        ChDB.session.query(
            f"CREATE OR REPLACE VIEW logs AS SELECT * FROM file('{path.absolute()}', Parquet)"
        )

    def ask(self, text: str) -> DataFrame:
        return ChDB.session.query(text, "DataFrame")


_ALL: tuple[Callable[[Path], Any], ...] = (DuckDB, Polars, ChDB)


def installed() -> dict[str, Callable[[Path], Any]]:
    """Give the peers that are installed, DuckDB first."""
    return {peer.name: peer for peer in _ALL if importlib.util.find_spec(peer.name)}
