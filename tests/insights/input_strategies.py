"""Random queries around a command that reads a second input, as text, over the fields of FIELDS.

`LEFT` and `RIGHT` are log groups whose events have these fields. The lookup table `table` has the
columns `level`, `status`, `ms` and `flag`, and `networks` the columns `cidr` and `zone`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from strategies import (
    FIELDS,
    State,
    conditions,
    ending,
    extracted,
    field_of,
    filtered,
    grouped,
    listed,
    lists_opened,
    sequenced,
)

from cwnb.insights.ql.dialect import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

LEFT, RIGHT = "/left", "/right"
_COLUMNS = ["level", "status", "ms", "flag"]


@st.composite
def input_queries(draw: st.DrawFn) -> str:
    """Texts of queries with one command, condition or SOURCE that reads a second input."""
    state = State(dict(FIELDS))
    kind = draw(st.sampled_from(sorted(_INPUTS)))
    for step in draw(
        st.lists(st.sampled_from([filtered, listed, extracted, lists_opened]), max_size=2)
    ):
        step(draw, state)
    parts = _written(state)
    reads = _INPUTS[kind](draw, state)
    parts = [reads, *parts] if reads.startswith("SOURCE") else [*parts, reads]
    for step in draw(st.lists(st.sampled_from([filtered, listed, sequenced]), max_size=2)):
        step(draw, state)
    if draw(st.sampled_from([False, False, True])):
        grouped(draw, state)
    ending(draw, state)
    if len(parts) == 1 and not state.commands:
        filtered(draw, state)
    return "\n| ".join([*parts, *_written(state)])


def _written(state: State) -> list[str]:
    texts = [to_text(command) for command in state.commands]
    state.commands.clear()
    return texts


def _other(draw: st.DrawFn) -> str:
    """Draw the beginning of the query that a command reads."""
    source = f"SOURCE '{RIGHT}'"
    if draw(st.booleans()):
        source += f" | filter {to_text(draw(conditions(FIELDS)))}"
    return source


def _in(draw: st.DrawFn, state: State) -> str:
    # A name that the query makes may not be named inside.
    own = sorted(state.plain)
    name = draw(st.sampled_from(own))
    word = draw(st.sampled_from(["in", "in", "not in"]))
    inside = _other(draw)
    if name in FIELDS and draw(st.booleans()):
        inside += f" | stats count(*) as times by {name} | filter times > 1"
    else:
        inside += f" | fields {draw(st.sampled_from(sorted(FIELDS)))}"
    return f"filter {to_text(field_of(name))} {word} ({inside})"


def _append(draw: st.DrawFn, state: State) -> str:
    options = draw(st.sampled_from(["", "override=true ", "max=3 ", "override=true max=5 "]))
    renamed = draw(st.booleans())
    columns = draw(st.lists(st.sampled_from(_COLUMNS), min_size=1, max_size=2, unique=True))
    items = [f"{name} as {state.fresh('mixed')}" if renamed else name for name in columns]
    if not renamed:
        state.names |= dict.fromkeys(columns, "mixed")
    order = draw(st.sampled_from(["", f" | sort {columns[0]}, @timestamp", " | limit 4"]))
    return f"appendcols {options}({_other(draw)} | fields {', '.join(items)}{order})"


def _lookup(draw: st.DrawFn, state: State) -> str:
    column = draw(st.sampled_from(_COLUMNS))
    key = draw(st.sampled_from(sorted(state.plain)))
    word = draw(st.sampled_from(["OUTPUT", "OUTPUTNEW"]))
    outputs = [f"ms as {state.fresh('mixed')}"]
    if draw(st.booleans()):
        outputs.append("status")
        state.names["status"] = "mixed"
    return f"lookup table {column} as {to_text(field_of(key))} {word} {', '.join(outputs)}"


def _networks(draw: st.DrawFn, state: State) -> str:
    address = state.fresh("text")
    word = draw(st.sampled_from(["OUTPUT", "OUTPUTNEW"]))
    zone = state.fresh("text")
    made = f"fields concat('10.0.', abs(status % 3), '.', abs(status % 200)) as {address}"
    return f"{made}\n| cidrlookup networks {address} {word} zone as {zone}"


def _join(draw: st.DrawFn, state: State) -> str:
    kind = draw(st.sampled_from(["inner", "left"]))
    keys = draw(st.lists(st.sampled_from(_COLUMNS), min_size=1, max_size=2, unique=True))
    where = " and ".join(f"a.{key} = b.{key}" for key in keys)
    right = _other(draw)
    # A field of a side has the name of its side; it is one name, in backticks too.
    names = {f"a.{name}": kind for name, kind in state.names.items()}
    names |= {f"b.{name}": kind for name, kind in FIELDS.items()}
    state.names, state.given, state.after_stats = names, set(), True
    return f"join type={kind} left=a right=b where {where} ({right})"


def _source(draw: st.DrawFn, state: State) -> str:
    return draw(st.sampled_from([f"SOURCE '{LEFT}'\n| SOURCE '{RIGHT}'", f"SOURCE '{RIGHT}'"]))


_INPUTS: dict[str, Callable[[st.DrawFn, State], str]] = {
    "in": _in,
    "appendcols": _append,
    "lookup": _lookup,
    "cidrlookup": _networks,
    "join": _join,
    "source": _source,
}
