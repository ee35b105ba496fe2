"""The query languages and the engine that answers them: text -> answer. Opens no file.

This is the room's only door: other rooms import from here, and a test reads that.

    query = parse("filter status >= 500 | stats count(*) by bin(5m)")     # language="ql"
    checked, warnings = check(query, sources, strict=False)               # names, restrictions
    completed = complete(checked, sources)                                # defaults written out
    outcome = run(completed, QueryContext(sources, now_ms))               # Arrow columns
    to_text(completed), to_pandas_source(completed, schema)               # as QL, as Python source
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cwnb.insights.context import MEMORY_BUDGET, QueryContext
from cwnb.insights.control import Control, Progress, checkpoint, with_checkpoints, working_for
from cwnb.insights.engine import Outcome, Places, Step, prepare
from cwnb.insights.engine import run_query as run
from cwnb.insights.engine.commands.estimate import bytes_in_window as message_bytes
from cwnb.insights.engine.schedule import worker_count
from cwnb.insights.frame_columns import as_frame, columns_of_frame, table_columns
from cwnb.insights.frames import FrameSource, FrameSources, RareFields
from cwnb.insights.inputs import (
    events_of_answer,
    events_read,
    extent_of_answer,
    fields_of_input,
    open_input,
    open_inputs,
    pointing_at_missing,
    window_of,
)
from cwnb.insights.languages import (
    LANGUAGES,
    candidates,
    expanded,
    groups_of_calls,
    page_at,
    parse,
    quote,
    token_spans,
)
from cwnb.insights.ql.writer import to_text, write_name
from cwnb.insights.resolve.check import check
from cwnb.insights.resolve.complete import MAXIMUM_LIMIT, complete
from cwnb.insights.structure_fields import open_task, structure_fields
from cwnb.insights.tree import (
    Call,
    Command,
    Field,
    Groups,
    Input,
    Needs,
    Order,
    Period,
    Pipeline,
    Query,
    Rows,
    Table,
    field_names,
    fields_asked_for_text,
)
from cwnb.insights.values import fits_double, holds_structures, is_structure
from cwnb.insights.values import to_text as values_to_text
from cwnb.insights.values.ordering import ranks
from cwnb.insights.values.structures import to_json as values_to_json
from cwnb.insights.values.structures import to_python as values_to_python
from cwnb.insights.values.structures import write_json as structure_text

if TYPE_CHECKING:
    from cwnb.insights.completion import Candidate, Completion, KnownField, Vocabulary
    from cwnb.insights.ql.completion_tables import completion_tables
    from cwnb.insights.ql.editing import (
        begins_at,
        conditions_to_add,
        counted_by,
        counted_over_time,
        events_beginning,
        fields_of_events,
        keys_of_groups,
        names_made,
        with_condition,
    )
    from cwnb.insights.ql.highlighting import highlighted_words
    from cwnb.insights.to_pandas import Exported
    from cwnb.insights.to_pandas import to_pandas as to_pandas_source

__all__ = [
    "LANGUAGES",
    "MAXIMUM_LIMIT",
    "MEMORY_BUDGET",
    "Call",
    "Candidate",
    "Command",
    "Completion",
    "Control",
    "Exported",
    "Field",
    "FrameSource",
    "FrameSources",
    "Groups",
    "Input",
    "KnownField",
    "Needs",
    "Order",
    "Outcome",
    "Period",
    "Pipeline",
    "Places",
    "Progress",
    "Query",
    "QueryContext",
    "RareFields",
    "Rows",
    "Step",
    "Table",
    "Vocabulary",
    "as_frame",
    "begins_at",
    "candidates",
    "check",
    "checkpoint",
    "columns_of_frame",
    "complete",
    "completion_tables",
    "conditions_to_add",
    "counted_by",
    "counted_over_time",
    "events_beginning",
    "events_of_answer",
    "events_read",
    "expanded",
    "extent_of_answer",
    "field_names",
    "fields_asked_for_text",
    "fields_of_events",
    "fields_of_input",
    "fits_double",
    "groups_of_calls",
    "highlighted_words",
    "holds_structures",
    "is_structure",
    "keys_of_groups",
    "message_bytes",
    "names_made",
    "open_input",
    "open_inputs",
    "open_task",
    "page_at",
    "parse",
    "pointing_at_missing",
    "prepare",
    "quote",
    "ranks",
    "run",
    "structure_fields",
    "structure_text",
    "table_columns",
    "to_pandas_source",
    "to_text",
    "token_spans",
    "values_to_json",
    "values_to_python",
    "values_to_text",
    "window_of",
    "with_checkpoints",
    "with_condition",
    "worker_count",
    "working_for",
    "write_name",
]


# What takes time to import and is seldom asked for, with the module that has it: most queries are
# never written as pandas, and only an editor completes and changes them.
_IMPORTED_LATER = {
    "completion_tables": ("cwnb.insights.ql.completion_tables", "completion_tables"),
    "to_pandas_source": ("cwnb.insights.to_pandas", "to_pandas"),
    "Exported": ("cwnb.insights.to_pandas", "Exported"),
    "highlighted_words": ("cwnb.insights.ql.highlighting", "highlighted_words"),
    **{
        name: ("cwnb.insights.completion", name)
        for name in ("Candidate", "Completion", "KnownField", "Vocabulary")
    },
    **{
        name: ("cwnb.insights.ql.editing", name)
        for name in (
            "begins_at",
            "counted_by",
            "counted_over_time",
            "conditions_to_add",
            "events_beginning",
            "fields_of_events",
            "keys_of_groups",
            "names_made",
            "with_condition",
        )
    },
}


def __getattr__(name: str) -> Any:
    if name in _IMPORTED_LATER:
        module, attribute = _IMPORTED_LATER[name]
        return getattr(import_module(module), attribute)
    message = f"module 'cwnb.insights' has no attribute {name!r}"
    raise AttributeError(message)
