"""Columns of a lookup table beside the rows: `lookup` by equal texts, `cidrlookup` by networks."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.insights import values
from cwnb.insights.engine.commands.key_codes import KeyCodes
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.functions.calling import map_values
from cwnb.insights.functions.general import coalesce
from cwnb.insights.tree import Field
from cwnb.insights.values.addresses import read_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.insights.context import AnswerRows
    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.tree import CidrLookup, Lookup


def lookup(command: Lookup, batch: Batch, wanted: set[str] | None) -> Batch:
    """Find for each row the first row of the table whose columns have the texts of its fields."""
    table = batch.query_values.answers[command.args["answer"].place]
    names = [key.args["column"] for key in command.args["keys"]]
    index = table.once(("lookup", *names), lambda: TextIndex([table.columns[n] for n in names]))
    fields = [evaluate_array(key.field, batch) for key in command.args["keys"]]
    return _with_columns(command, batch, table, index.rows_of(fields), wanted)


def cidr_lookup(command: CidrLookup, batch: Batch, wanted: set[str] | None) -> Batch:
    """Find for each row the row of the table with the smallest network that has its address."""
    table = batch.query_values.answers[command.args["answer"].place]
    name = command.args["column"]
    index = table.once(("cidr", name), lambda: NetworkIndex(table.columns[name], name))
    rows = index.rows_of(evaluate_array(command.args["field"], batch))
    return _with_columns(command, batch, table, rows, wanted)


def _with_columns(
    command: Lookup | CidrLookup,
    batch: Batch,
    table: AnswerRows,
    rows: pa.Array,
    wanted: set[str] | None,
) -> Batch:
    found: dict[str, Any] = {}
    for output in command.args["outputs"]:
        name = output.args["name"]
        if wanted is not None and not any(w == name or w.startswith(f"{name}.") for w in wanted):
            continue
        column = table.columns[output.args["column"]].take(rows)
        if command.args.get("new"):
            column = coalesce(evaluate_array(Field(parts=name.split(".")), batch), column)
        found[name] = column
    for name, column in found.items():
        batch.set(name, column)
    return batch


class TextIndex:
    """The first row of a table for each combination of the texts in some of its columns."""

    def __init__(self, columns: Sequence[pa.Array]) -> None:
        self._keys = KeyCodes(columns, _text)
        codes = self._keys.codes(columns)
        there = np.flatnonzero(codes.is_valid().to_numpy(zero_copy_only=False))
        known, first = np.unique(codes.take(pa.array(there)).to_numpy(), return_index=True)
        self._known, self._first = pa.array(known, pa.int64()), pa.array(there[first])

    def rows_of(self, fields: Sequence[pa.Array]) -> pa.Array:
        """Give the row of the table for each combination of values; missing where none matches."""
        return self._first.take(pc.index_in(self._keys.codes(fields), value_set=self._known))


def _text(column: pa.Array) -> pa.Array:
    """Give the texts of values; maps and lists have none."""
    return values.to_text(values.without_structures(column))


class NetworkIndex:
    """The networks in a column of a table, by the length of their prefix."""

    def __init__(self, column: pa.Array, name: str) -> None:
        self._rows: dict[tuple[int, int], dict[int, int]] = {}
        for row, text in enumerate(values.decode(_text(column)).to_pylist()):
            if text is None:
                continue
            try:
                network = ipaddress.ip_network(text.strip(), strict=False)
            except ValueError:
                raise MalformedQuery(
                    f"row {row + 1} of the lookup table has {text!r} in {name!r}, which is no "
                    "network such as '10.0.0.0/8'"
                ) from None
            bits = network.max_prefixlen - network.prefixlen
            held = self._rows.setdefault((network.version, bits), {})
            held.setdefault(int(network.network_address) >> bits, row)
        # Of the networks that have an address the smallest comes first.
        self._lengths = sorted(self._rows, key=lambda length: length[1])

    def rows_of(self, field: pa.Array) -> pa.Array:
        """Give the row of the table for each address; missing where no network has it."""
        found = map_values(self._row_of, pa.int64(), _text(field))
        return found if isinstance(found, pa.Array) else pa.nulls(len(field), pa.int64())

    def _row_of(self, text: str) -> int | None:
        address = read_address(text)
        if address is None:
            return None
        for version, bits in self._lengths:
            if version == address.version:
                row = self._rows[version, bits].get(int(address) >> bits)
                if row is not None:
                    return row
        return None
