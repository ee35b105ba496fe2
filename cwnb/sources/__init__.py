"""Load files, archives, URLs and DataFrames as events of a log group.

`load` recognises compression and format, finds each record's time, and tells in a `LoadReport`
what became of every record: events + refused = records in the file.
"""

from __future__ import annotations

from cwnb.sources.clocks import Reading
from cwnb.sources.field_times import TIME_NAMES, possible_time_columns, read_field_times
from cwnb.sources.json_rows import compact_json
from cwnb.sources.loading import load
from cwnb.sources.recognise import FORMATS
from cwnb.sources.report import FileReport, LoadReport

__all__ = [
    "FORMATS",
    "TIME_NAMES",
    "FileReport",
    "LoadReport",
    "Reading",
    "compact_json",
    "load",
    "possible_time_columns",
    "read_field_times",
]
