"""What every format reader gives: records with their line numbers, and times where known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.events import MAX_EVENT_BYTES

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Array = np.ndarray[Any, Any]

NO_EVENT = "no event of CloudWatch Logs"
TOO_LONG = f"longer than {MAX_EVENT_BYTES:,} bytes"


@dataclass
class Chunk:
    """Some records of a file, in its order.

    `number` is the line of each record's first line (of a table or JSON array: the record's
    number). `time_ms` and `timed` are None where the times stand in the fields of the messages.
    `ingestion_ms`: when the events came into the store that a file was exported from, if it tells.
    `refused` holds records that the reader itself could not make an event of. `written`: columns
    of which the messages were written as JSON objects, in the types that discovery gives them.
    """

    message: pa.Array
    number: Array
    time_ms: Array | None = None
    timed: Array | None = None
    stream: pa.Array | None = None
    lines: int = 0
    blank: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    ingestion_ms: Array | None = None
    written: pa.Table | None = None


def stream_names(names: list[Any], default: str) -> pa.Array:
    """Give the log stream of each record: the one it names, forbidden characters as `_`."""
    import pyarrow as pa

    texts = [name if isinstance(name, str) and name else default for name in names]
    return pa.array([re.sub("[:*]", "_", text)[:512] for text in texts], pa.string())
