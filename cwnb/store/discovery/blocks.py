"""The strategy for many JSON lines: `pyarrow.json` parses whole blocks of them.

pyarrow parses as strictly as orjson and refuses duplicate keys, but one bad line fails its block.
So the schema is learnt beforehand from some of the lines. If the block fails, orjson reads all
of them to find those that do not fit the schema, and pyarrow parses the others. pyarrow infers
nothing: text that looks like a time stays text, and a key that the schema lacks is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from cwnb.store.discovery.flatten import flatten
from cwnb.store.discovery.schema import Misfit, Schema, signature
from cwnb.store.discovery.unnest import NameClash, unnest

if TYPE_CHECKING:
    from collections.abc import Iterable

# Parsing longer lines (in bytes) is slow when it fails, and they can nest deep enough to exhaust
# the stack.
_MAX_LINE_BYTES = 65_536
# Lines from which the schema is learnt.
_SAMPLE_LINES = 64
# A key is in the schema if at least one in this many lines of the sample has it.
_LINES_PER_RARE_KEY = 32
# If more than one in `_LINES_PER_MISFIT` lines and more than `_ALLOWED_MISFITS` lines do not fit
# the schema, parsing event by event is faster for the whole block.
_LINES_PER_MISFIT, _ALLOWED_MISFITS = 3, 16

_LITERAL = re.compile(r"couldn't parse:(.*)$", re.DOTALL)
# Shapes of documents (keys and types) that are remembered.
_MAX_SHAPES = 4096


class TooVaried(Exception):
    """Most of the block's lines cannot be parsed together."""


def may_be_objects(messages: pa.Array) -> np.ndarray:
    """Tell which messages may be JSON objects that `parse_block` can parse."""
    chosen = pc.and_(pc.starts_with(messages, "{"), pc.ends_with(messages, "}"))
    chosen = pc.and_(chosen, pc.less_equal(pc.binary_length(messages), _MAX_LINE_BYTES))
    if _has_control_bytes(messages):
        plain = pc.invert(pc.match_substring_regex(messages, r"[\x00-\x1f]"))
        chosen = pc.and_(chosen, plain)
    mask: np.ndarray = chosen.to_numpy(zero_copy_only=False)
    return mask


def _has_control_bytes(messages: pa.Array) -> bool:
    offsets = np.frombuffer(messages.buffers()[1], np.int32)
    first, last = offsets[messages.offset], offsets[messages.offset + len(messages)]
    data = np.frombuffer(messages.buffers()[2] or b"", np.uint8)
    # One minimum over all bytes is faster than a mask of them.
    return bool(data[first:last].min(initial=0x20) < 0x20)


def parse_block(lines: pa.Array) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Give the fields of those lines that can be parsed together, and which lines these are.

    `lines`: strings that each begin with `{`, end with `}` and hold no control character. The
    columns have a value for each line chosen (a mask over `lines`). Raises TooVaried.
    """
    return _Block(lines).parse()


class _Block:
    def __init__(self, lines: pa.Array) -> None:
        self.lines = lines
        self.good = np.ones(len(lines), bool)
        self.misfits_left = len(lines) // _LINES_PER_MISFIT + _ALLOWED_MISFITS
        self.schema = Schema()

    def parse(self) -> tuple[dict[str, pa.Array], np.ndarray]:
        step = max(1, len(self.lines) // _SAMPLE_LINES)
        sample = range(0, len(self.lines), step)
        self._learn(sample, add=True)
        self.schema.forget_rare(max(1, len(sample) // _LINES_PER_RARE_KEY))
        table = self._read_good()
        if table is None:
            self._leave_misfits_out()
            table = self._read_good()
        if table is None:
            raise TooVaried
        try:
            leaves, again = unnest(table)
        except NameClash as clash:
            raise TooVaried from clash
        if again.any():
            keep = pa.array(~again)
            self.good[np.flatnonzero(self.good)[again]] = False
            leaves = {name: leaf.filter(keep) for name, leaf in leaves.items()}
            leaves = {name: leaf for name, leaf in leaves.items() if leaf.null_count < len(leaf)}
        return {name: self._number(name, leaf) for name, leaf in leaves.items()}, self.good

    def _read_good(self) -> pa.Table | None:
        """Parse all lines that are left at once; None if some of them do not fit the schema."""
        while True:
            lines = self.lines if self.good.all() else self.lines.filter(pa.array(self.good))
            if not len(lines):
                raise TooVaried
            try:
                table = _read(lines, self.schema)
            except pa.ArrowInvalid as error:
                literal = _LITERAL.search(str(error))
                if not literal or not self._leave_number_out(lines, literal[1]):
                    return None
            else:
                # More rows than lines: some hold two documents. None can begin in one line and
                # end in another, since each begins with { and ends with }.
                return table if table.num_rows == len(lines) else None

    def _leave_number_out(self, lines: pa.Array, literal: str) -> bool:
        """Leave out the lines with a number that is no integer of 64 bits where one is expected."""
        before = self.schema.version, self.good.sum()
        holds = pc.match_substring(lines, literal).to_numpy(zero_copy_only=False)
        self._learn(np.flatnonzero(self.good)[holds], add=False)
        return before != (self.schema.version, self.good.sum())

    def _leave_misfits_out(self) -> None:
        """Find the lines that do not fit; of lines with equal keys and types, one is checked."""
        known: dict[Any, bool] = {}
        texts = self.lines.to_pylist()
        for row in np.flatnonzero(self.good).tolist():
            try:
                document = orjson.loads(texts[row])
                shape = signature(document)
            except (orjson.JSONDecodeError, RecursionError):
                self._drop(row)
                continue
            fits = known.get(shape)
            if fits is None:
                fits = self._fits(document)
                if len(known) < _MAX_SHAPES:
                    known[shape] = fits
            if not fits:
                self._drop(row)

    def _fits(self, document: Any) -> bool:
        try:
            self.schema.learn(document, add=False)
        except Misfit:
            return False
        return True

    def _learn(self, rows: Iterable[int], *, add: bool) -> None:
        """Widen the schema by these lines, and leave out those that it cannot hold."""
        for row in rows:
            try:
                self.schema.learn(orjson.loads(self.lines[int(row)].as_py()), add=add)
            except (Misfit, orjson.JSONDecodeError):
                self._drop(row)

    def _drop(self, row: int) -> None:
        if self.good[row]:
            self.good[row] = False
            self.misfits_left -= 1
            if self.misfits_left < 0:
                raise TooVaried

    def _number(self, name: str, leaf: pa.Array) -> pa.Array:
        """Give a column of doubles as integers if all of its literals are integers.

        The schema may say double because of a line that was left out.
        """
        if not pa.types.is_floating(leaf.type):
            return leaf
        numbers = pc.drop_null(leaf).to_numpy()
        if (numbers != np.floor(numbers)).any():
            return leaf
        rows = np.flatnonzero(self.good)[leaf.is_valid().to_numpy(zero_copy_only=False)]
        for row in rows:
            fields: dict[str, Any] = {}
            flatten(orjson.loads(self.lines[int(row)].as_py()), fields)
            if type(fields[name]) is float:
                return leaf
        return leaf.cast(pa.int64())


def _read(lines: pa.Array, schema: Schema) -> pa.Table:
    text = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n").buffers()[2]
    return pj.read_json(
        pa.BufferReader(text),
        read_options=pj.ReadOptions(use_threads=False, block_size=text.size + 1),
        parse_options=pj.ParseOptions(
            explicit_schema=schema.arrow(),
            newlines_in_values=False,
            unexpected_field_behavior="error",
        ),
    )
