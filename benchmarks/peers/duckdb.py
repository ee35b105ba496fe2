"""DuckDB over Parquet: all fields as typed columns and the raw line, zstd, in order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from benchmarks.threads import THREADS

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame

    from benchmarks.data.shop import Logs

_STRUCTURE = """{"timestamp": "TIMESTAMP", "level": "VARCHAR", "service": "VARCHAR",
 "route": "VARCHAR", "status": "BIGINT", "latencyMs": "DOUBLE",
 "user": {"id": "VARCHAR", "plan": "VARCHAR"}, "requestId": "VARCHAR",
 "host": {"name": "VARCHAR", "region": "VARCHAR"}, "message": "VARCHAR"}"""

# Of the ways to keep the line beside its fields this is the fastest: a positional join of
# read_json and read_csv takes five times as long, `unnest` of the struct two and a half.
_APP = """
COPY (
  SELECT d.timestamp AS time, json::VARCHAR AS line, d.level AS level, d.service AS service,
    d.route AS route, d.status AS status, d.latencyMs AS latencyMs, d.user.id AS "user.id",
    d.user.plan AS "user.plan", d.requestId AS requestId, d.host.name AS "host.name",
    d.host.region AS "host.region", d.message AS message
  FROM (SELECT json, from_json(json, '{structure}') AS d FROM read_ndjson_objects('{source}'))
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""

_ACCESS = """
COPY (
  SELECT strptime(regexp_extract(line, '\\[([^\\]]+)\\]', 1), '%d/%b/%Y:%H:%M:%S %z')::TIMESTAMP
    AS time, line
  FROM read_csv('{source}', delim = chr(1), quote = '', escape = '', header = false,
    columns = {{'line': 'VARCHAR'}}, auto_detect = false)
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""

_ORDERS = """
COPY (
  SELECT d.timestamp AS time, json::VARCHAR AS line, d.items AS items, d.record AS record,
    d.pairs AS pairs, d.document AS document
  FROM (SELECT json, from_json(json, '{{"timestamp": "TIMESTAMP", "items":
    [{{"sku": "VARCHAR", "qty": "BIGINT"}}], "record": "VARCHAR", "pairs": "VARCHAR",
    "document": "VARCHAR"}}') AS d FROM read_ndjson_objects('{source}'))
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""

_USERS = """
COPY (
  SELECT d.timestamp AS time, json::VARCHAR AS line, d.id AS id, d.tier AS tier,
    d.country AS country
  FROM (SELECT json, from_json(json, '{{"timestamp": "TIMESTAMP", "id": "VARCHAR",
    "tier": "VARCHAR", "country": "VARCHAR"}}') AS d FROM read_ndjson_objects('{source}'))
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""


class DuckDB:
    """Load and ask; every question on a fresh connection, so that nothing is remembered."""

    name = "duckdb"

    def __init__(self, folder: Path) -> None:
        self.app = folder / "duckdb-app.parquet"
        # The other tables, whose names are those of the files.
        self.others = {
            name: folder / f"duckdb-{name}.parquet" for name in ("access", "orders", "users")
        }
        self.connection = self._connect()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute(f"SET threads = {THREADS}")
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def load_app(self, logs: Logs) -> int:
        """Write the JSON events to Parquet and give the file's size."""
        sql = _APP.format(structure=_STRUCTURE, source=logs.app, target=self.app)
        self.connection.execute(sql)
        return self.app.stat().st_size

    def load(self, logs: Logs) -> None:
        """Write what is not there yet."""
        if not self.app.exists():
            self.load_app(logs)
        for name, sql in (("access", _ACCESS), ("orders", _ORDERS), ("users", _USERS)):
            target = self.others[name]
            if not target.exists():
                self.connection.execute(sql.format(source=getattr(logs, name), target=target))

    def prepare(self) -> None:
        """Forget; not timed."""
        self.connection.close()
        self.connection = self._connect()
        self.connection.execute(f"CREATE VIEW app AS FROM '{self.app}'")
        for name, path in self.others.items():
            self.connection.execute(f"CREATE VIEW {name} AS FROM '{path}'")

    def ask(self, text: str) -> DataFrame:
        """Give the answer as its user would have it."""
        return self.connection.execute(text).df()
