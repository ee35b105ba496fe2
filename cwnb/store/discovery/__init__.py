"""Fields found in events as they come in: JSON keys, and the lines that AWS services write.

`discover(messages)` gives typed columns; `merge` puts blocks together; `read_rest` finds a key
that was too rare for a column of its own. The result does not depend on how events were divided
into blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter
from cwnb.nearest import unknown
from cwnb.store.discovery.columns import spread
from cwnb.store.discovery.discovered import Discovered, merge
from cwnb.store.discovery.rare import rare_names, read_rest
from cwnb.store.discovery.shapes import lambda_documents
from cwnb.store.discovery.strategies import discover_all, discover_written

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "LOG_TYPES",
    "VERSION",
    "Discovered",
    "derived_fields",
    "discover",
    "documents",
    "merge",
    "rare_names",
    "read_rest",
    "spread",
    "version_of",
]

# Increase it when the same event gives other fields than before: segments record it. The fields of
# one that has another version are found again in its messages, which is slow until it is rewritten.
VERSION = 1
# What is added for a log type: increase it instead when only its events give other fields.
_OF_LOG_TYPE = {"lambda": 1}

LOG_TYPES = ("lambda", "vpc-flow", "route53", "syslog", "cloudtrail", "json", "text")


def discover(
    messages: pa.Array, *, log_type: str | None = None, written: pa.Table | None = None
) -> Discovered:
    """Give the fields of each message (a string array without nulls).

    `log_type` None recognises each line by its own strict shape; `text` looks for nothing.
    `written`: columns in types of JSON (int64, double, bool, string, structs and lists of these)
    of which the messages were written, each row as an object without its missing values. It only
    makes the answer come faster.
    """
    if log_type is not None and log_type not in LOG_TYPES:
        raise InvalidParameter(unknown("log type", log_type, LOG_TYPES))
    if written is not None and log_type != "text":
        return discover_written(messages, written, log_type)
    return discover_all(messages, log_type)


def version_of(log_type: str | None) -> int:
    """Give the version of what `discover` finds in events of a log type."""
    return VERSION + _OF_LOG_TYPE.get(log_type or "", 0)


def derived_fields(log_type: str | None) -> frozenset[str]:
    """Name the fields whose texts are not in the messages that they are found in."""
    # The numbers of a priority are given as words.
    return frozenset({"facility", "severity"} if log_type == "syslog" else ())


def documents(messages: pa.Array, *, log_type: str | None = None) -> pa.Array:
    """Give the JSON text in which `discover` finds the fields of each message; null where none.

    It may be no JSON, which `discover` knows after it has parsed it.
    """
    import pyarrow as pa

    if log_type == "text":
        return pa.nulls(len(messages), pa.string())
    return lambda_documents(messages) if log_type == "lambda" else messages
