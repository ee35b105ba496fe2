"""The strategy for many JSON lines: `pyarrow.json` parses whole blocks of them.

pyarrow parses as strictly as orjson and refuses duplicate keys, but one line that does not fit the
schema fails its block. So the schema is learnt beforehand, from some of the lines. If the block
fails, orjson reads all of them, and those that fit one schema are parsed together, then those
that fit another, and so on. pyarrow infers nothing: text that looks like a time stays text, and
a key that the schema lacks is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from cwnb.garbage import collector_paused
from cwnb.store.cache import Cache
from cwnb.store.discovery.census import Census
from cwnb.store.discovery.flatten import flatten
from cwnb.store.discovery.schema import shape_of
from cwnb.store.discovery.unnest import NameClash, unnest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cwnb.store.discovery.schema import Schema

# Parsing longer lines (in bytes) is slow when it fails, and they can nest deep enough to exhaust
# the stack.
_MAX_LINE_BYTES = 65_536
# Lines from which the schema is learnt.
_SAMPLE_LINES = 128
# Fewer lines than this are parsed one by one as fast, and after so many schemas the rest is.
_LEAST_LINES, _MOST_SCHEMAS = 48, 8
# A schema that fits fewer of the lines than one in so many shows that others would fit few as well.
_FIT_AT_LEAST = 8
# After so many numbers that the schema did not expect, all lines are looked at for others.
_NUMBERS_ALONE = 3
_LITERAL = re.compile(r"couldn't parse:(.*)$", re.DOTALL)
# What a number begins with that is written as a double; a text may hold the same.
_DOUBLE = r"[:,\[][ \t]*-?[0-9]+[.eE]"
# For each turn, the censuses of earlier blocks by the first keys of a document: a key that one
# event in thousands has is known in the next block. What is found never depends on them, only how
# fast.
_KEYS_ALIKE, _REMEMBERED = 8, 8
_remembered: list[Cache[Census]] = [Cache(_REMEMBERED) for _ in range(_MOST_SCHEMAS)]


class Parsed(NamedTuple):
    """Fields of some lines of a block: a column each, and the rows (ascending) of these lines."""

    columns: dict[str, pa.Array]
    rows: np.ndarray


def may_be_objects(messages: pa.Array) -> np.ndarray:
    """Tell which messages may be JSON objects that `parse_together` can parse."""
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


def parse_together(lines: pa.Array) -> list[Parsed]:
    """Give the fields of those lines that can be parsed many at once.

    `lines`: strings that each begin with `{`, end with `}` and hold no control character. A row
    that is in no answer has to be parsed by itself.
    """
    parsed: list[Parsed] = []
    left = np.arange(len(lines))
    for turn in range(_MOST_SCHEMAS):
        if len(left) < _LEAST_LINES:
            break
        here = lines if len(left) == len(lines) else lines.take(pa.array(left))
        found, apart = _parse_most(here, turn)
        if found is not None:
            parsed.append(Parsed(found.columns, left[found.rows]))
        fitting = 0 if found is None else len(found.rows)
        if len(apart) == len(left) or fitting * _FIT_AT_LEAST < len(left):
            break
        left = left[apart]
    return parsed


def _parse_most(lines: pa.Array, turn: int) -> tuple[Parsed | None, np.ndarray]:
    """Parse what fits one schema; gives, too, the rows of what another schema may hold."""
    step = max(1, len(lines) // _SAMPLE_LINES)
    sample = _documents(lines, range(0, len(lines), step))
    if not sample:
        return None, np.zeros(0, np.int64)
    like = tuple(sorted(sample[0])[:_KEYS_ALIKE])
    known = _remembered[turn].get(like)
    census = Census() if known is None else known.copy()
    for document in sample:
        census.learn(document, step)
    schema, pattern = census.settle(len(lines))
    apart = np.zeros(len(lines), bool)
    if pattern is not None:
        apart = pc.match_substring_regex(lines, pattern).to_numpy(zero_copy_only=False)
    found = _Lines(lines, np.flatnonzero(~apart)).parse(schema)
    if found is None:
        schema, good, apart = _fitting(lines, census)
        found = _Lines(lines, np.flatnonzero(good)).parse(schema)
    _remembered[turn].put(like, census)
    return found, np.flatnonzero(apart)


def _documents(lines: pa.Array, rows: Iterable[int]) -> list[Any]:
    found = []
    for row in rows:
        try:
            found.append(orjson.loads(lines[row].as_py()))
        except orjson.JSONDecodeError:
            continue
    return found


def _fitting(lines: pa.Array, census: Census) -> tuple[Schema, np.ndarray, np.ndarray]:
    """Learn from all lines; gives a schema, which lines fit it, and which are JSON and do not."""
    good, apart = np.zeros(len(lines), bool), np.zeros(len(lines), bool)
    schema, _ = census.settle(len(lines))
    others = {}
    # Whether a document fits depends on its keys and kinds alone, and few of these are different;
    # but an integer of so many digits may be of another kind.
    digits = pc.match_substring_regex(lines, "[0-9]{19}").to_pylist()
    known: dict[Any, bool] = {}
    with collector_paused():
        for row, text in enumerate(lines.to_pylist()):
            try:
                document = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            kinds = None if digits[row] else shape_of(document)
            fits = known.get(kinds)
            if fits is None:
                fits = schema.fits(document)
                if kinds is not None:
                    known[kinds] = fits
            good[row] = fits
            if not fits:
                census.learn(document)
                others[row] = document
        schema, _ = census.settle(len(lines), schema)
        for row, document in others.items():
            good[row] = schema.fits(document)
            apart[row] = not good[row]
        others.clear()
    return schema, good, apart


class _Lines:
    """Lines of a block that one schema is to hold."""

    def __init__(self, block: pa.Array, rows: np.ndarray) -> None:
        self.rows = rows
        self.lines = block if len(rows) == len(block) else block.take(pa.array(rows))

    def parse(self, schema: Schema) -> Parsed | None:
        """Parse all that fit; None if some are in the way that do not."""
        table = self._read(schema)
        if table is None:
            return None
        try:
            leaves, again = unnest(table)
        except NameClash:
            return None
        if again.any():
            keep = pa.array(~again)
            self._keep(~again)
            leaves = {name: leaf.filter(keep) for name, leaf in leaves.items()}
            leaves = {name: leaf for name, leaf in leaves.items() if leaf.null_count < len(leaf)}
        for name in self._integers(leaves):
            leaves[name] = leaves[name].cast(pa.int64())
        return Parsed(leaves, self.rows)

    def _keep(self, mask: np.ndarray) -> None:
        self.rows = self.rows[mask]
        self.lines = self.lines.filter(pa.array(mask))

    def _read(self, schema: Schema) -> pa.Table | None:
        """Parse all lines that are left at once; None if some of them do not fit the schema."""
        failures = 0
        while len(self.lines):
            try:
                table = _read(self.lines, schema)
            except pa.ArrowInvalid as error:
                failures += 1
                literal = _LITERAL.search(str(error))
                if not literal:
                    return None
                alone = literal[1] if failures <= _NUMBERS_ALONE else ""
                if not self._leave_number_out(schema, alone):
                    return None
            else:
                # More rows than lines: some hold two documents. None can begin in one line and
                # end in another, since each begins with { and ends with }.
                return table if table.num_rows == len(self.lines) else None
        return None

    def _leave_number_out(self, schema: Schema, literal: str) -> bool:
        """Leave out the lines with a number that is no integer of 64 bits where one is expected.

        Only those with this literal are looked at. Tells whether anything is another way than
        before.
        """
        holds = pc.match_substring(self.lines, literal).to_numpy(zero_copy_only=False)
        version, keep = schema.version, np.ones(len(self.lines), bool)
        for row in np.flatnonzero(holds):
            found = _documents(self.lines, [int(row)])
            keep[row] = bool(found) and schema.widen(found[0])
        if not keep.all():
            self._keep(keep)
        return version != schema.version or not bool(keep.all())

    def _integers(self, leaves: dict[str, pa.Array]) -> set[str]:
        """Name the columns of doubles all of whose literals are integers.

        The schema may say double because of a line that was left out, or of an earlier block.
        """
        names = {name for name, leaf in leaves.items() if _is_whole(leaf)}
        if not names:
            return names
        doubles = pc.match_substring_regex(self.lines, _DOUBLE).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(doubles):
            fields: dict[str, Any] = {}
            flatten(orjson.loads(self.lines[int(row)].as_py()), fields)
            names = {name for name in names if type(fields.get(name)) is not float}
            if not names:
                break
        return names


def _is_whole(leaf: pa.Array) -> bool:
    if not pa.types.is_floating(leaf.type):
        return False
    numbers = pc.drop_null(leaf).to_numpy()
    return bool((numbers == np.floor(numbers)).all())


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
