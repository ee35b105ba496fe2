"""All commands, in the order in which help lists them, and the scan that a rewrite adds.

Each is one node class with the facts that rules, planner, checks and writers read.
"""

from __future__ import annotations

from typing import ClassVar

from cwnb.insights.tree.command import Command, fields_named, gives_nothing, no_writes
from cwnb.insights.tree.extraction_commands import (
    Json,
    Parse,
    ParseCsv,
    ParseLogfmt,
    ParseXml,
)
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows
from cwnb.insights.tree.group_commands import CountFrequent, Estimate, Fillmissing, Stats
from cwnb.insights.tree.input_commands import AppendCols, CidrLookup, Join, Lookup
from cwnb.insights.tree.list_commands import Expand, Unnest
from cwnb.insights.tree.order_commands import Dedup, Limit, Sort, Tail
from cwnb.insights.tree.pattern_commands import Anomaly, Diff, Logcompare, Pattern, RelevantFields
from cwnb.insights.tree.row_commands import Display, Fields, Filter, FilterIndex, Unmask
from cwnb.insights.tree.sequence_commands import (
    Accum,
    AddTotals,
    Autoregress,
    Filldown,
    Outlier,
    Sessionize,
)


class ScanEvents(Command):
    """The read that begins a rewritten pipeline.

    `columns`: the names of the columns to read. `conditions`: a source may leave out segments in
    which no event can meet them.
    """

    keyword = "scan"
    arg_types: ClassVar[dict[str, bool]] = {"columns": True, "conditions": False}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.SAME
    names = Names.SAME
    reads = fields_named
    writes = no_writes
    gives = gives_nothing


COMMANDS: tuple[type[Command], ...] = (
    Fields,
    Display,
    Filter,
    Parse,
    ParseLogfmt,
    ParseCsv,
    ParseXml,
    Stats,
    Sort,
    Limit,
    Dedup,
    Json,
    Unnest,
    Expand,
    FilterIndex,
    Unmask,
    Pattern,
    Diff,
    Logcompare,
    Anomaly,
    RelevantFields,
    Tail,
    CountFrequent,
    AddTotals,
    Accum,
    Autoregress,
    Filldown,
    Outlier,
    Sessionize,
    Lookup,
    CidrLookup,
    Join,
    AppendCols,
    Fillmissing,
    Estimate,
)
