"""Seeded logs: a web shop (`shop.py`), and seven sets of seven kinds.

Each set is made a piece at a time out of columns, so that the lines and the tables of the
peers are of the same records, and ten million events need no more memory than fifty thousand.
"""

from __future__ import annotations

from benchmarks.data.app import APP
from benchmarks.data.audit import AUDIT
from benchmarks.data.containers import CONTAINERS
from benchmarks.data.flow import FLOW
from benchmarks.data.java import JAVA
from benchmarks.data.lambda_lines import LAMBDA
from benchmarks.data.log_set import LogSet
from benchmarks.data.telemetry import TELEMETRY

SETS = {logs.name: logs for logs in (APP, TELEMETRY, CONTAINERS, AUDIT, FLOW, LAMBDA, JAVA)}

__all__ = ["SETS", "LogSet"]
