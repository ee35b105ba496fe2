"""Parts of many JSON objects read at once by `pyarrow.json`, where one by one gives the same.

pyarrow is told which parts are read and as what, which is learnt from some of the texts; what does
not fit that is an error. Whatever it might read in another way is not given to it, or its answer is
not taken: then there is None, and the texts are to be read one by one.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EXACT_DOUBLE
from cwnb.insights.values.value_types import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Step(Enum):
    """Steps of a path that are no key."""

    EACH_ITEM = "each item of a list"


# Keys, and at most one step to the items of a list.
Path = tuple["str | Step", ...]

# Fewer texts are read as fast one by one.
_LEAST_TEXTS = 64
_TEXTS_LEARNT_FROM = 64
# orjson refuses what is nested deeper than 1,024 levels, and pyarrow does not.
_MOST_BRACKETS = 1_000
_LONGEST, _LONGEST_TOGETHER = 65_536, 1 << 26  # bytes
# Numbers that JSON has not, or that no double holds: pyarrow passes over them where orjson refuses
# the text. The same within a text in quotes does no harm.
_DOUBTFUL_NUMBER = r"[:,\[] *-?(?:(?:NaN|Inf(?:inity)?) *[,\]}]|[0-9.]+[eE]\+?[0-9]{3}|[0-9]{100})"
_BEGINS_STRUCTURE = r"^[ \t\r\n]*[{\[]"
_TYPES: dict[frozenset[type], pa.DataType] = {
    # A part that none of these texts has. Where another has it as no text, pyarrow fails.
    frozenset(): pa.string(),
    frozenset({str}): pa.string(),
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
}


class _Differs(Exception):
    """The texts are to be read one by one."""


def columns_at(texts: pa.Array, paths: Sequence[Sequence[str]]) -> list[pa.Array] | None:
    """Give a column for each path into the objects of these texts; a text may be no object."""
    try:
        block = _Block(texts, [tuple(path) for path in paths])
        return [block.placed(block.column(path)) for path in block.paths]
    except _Differs:
        return None


def items_at(
    texts: pa.Array, path: Sequence[str], below: Sequence[Sequence[str]], *, or_map: bool = False
) -> tuple[np.ndarray[Any, Any], list[pa.Array]] | None:
    """Give how many items each list at a path has, and a column for each path into the items.

    What is no list, and what is missing, counts as one item. `or_map`: where the path leads
    nowhere, keys that go on from it after a dot are a map.
    """
    whole: Path = (*path, Step.EACH_ITEM)
    try:
        block = _Block(texts, [(*whole, *inner) for inner in below])
        lists = block.placed(block.lists(whole))
        if or_map and lists.null_count and _may_have_keys(texts.filter(lists.is_null()), path):
            return None
        counts = pc.fill_null(pc.list_value_length(lists), 1).to_numpy()
        rows = _rows_of_items(lists, counts)
        return counts.astype(np.int64), [_take(block.column(part), rows) for part in block.paths]
    except _Differs:
        return None


def _may_have_keys(texts: Any, path: Sequence[str]) -> bool:
    """Tell whether a text may have a key that begins with the first of a path and a dot."""
    beginning = orjson.dumps(f"{path[0]}.").decode().removesuffix('"')
    found = pc.or_(pc.match_substring(texts, beginning), pc.match_substring(texts, "\\"))
    return bool(pc.any(found).as_py())


def _rows_of_items(lists: Any, counts: np.ndarray[Any, Any]) -> Any:
    """Give the place of each item among the items of all lists; missing for a missing list."""
    missing = np.repeat(lists.is_null().to_numpy(zero_copy_only=False), counts)
    return pa.array(np.cumsum(~missing) - 1, mask=missing)


def _take(column: pa.Array, rows: Any) -> pa.Array:
    return pa.nulls(len(rows)) if pa.types.is_null(column.type) else column.take(rows)


class _Block:
    """Texts that were read at once, and the columns of some paths into them."""

    def __init__(self, texts: pa.Array, paths: list[Path]) -> None:
        self.paths = paths
        if len(texts) < _LEAST_TEXTS or not paths:
            raise _Differs
        objects, self._are_objects = _objects(decode(texts))
        documents = _some(objects)
        types = {path: _type_at(path, documents) for path in paths}
        self._table = _read(objects, pa.schema(list(_fields(types))))

    def column(self, path: Path) -> pa.Array:
        """Give the values at a path: one for each object, or for each item of all lists."""
        found = self._walk(path)
        # Where a path of several keys leads nowhere, one key with dots may lead on.
        if found.null_count and len(_last_keys(path)) > 1:
            raise _Differs
        if pa.types.is_floating(found.type):
            _check_doubles(pc.drop_null(found).to_numpy())
        return pa.nulls(len(found)) if found.null_count == len(found) else found

    def lists(self, path: Path) -> pa.Array:
        """Give the lists of which a path gives the items."""
        found = self._walk(path[: path.index(Step.EACH_ITEM)])
        if found.null_count and path.index(Step.EACH_ITEM) > 1:
            raise _Differs
        return found

    def placed(self, column: pa.Array) -> pa.Array:
        """Give a value for each text, missing for those that are no objects."""
        if self._are_objects is None:
            return column
        rows = np.cumsum(self._are_objects) - 1
        return _take(column, pa.array(rows, mask=~self._are_objects))

    def _walk(self, path: Path) -> Any:
        first, *others = path
        found = self._table.column(first).combine_chunks()
        for step in others:
            if step is Step.EACH_ITEM:
                found = found.flatten()
            else:
                found = pc.struct_field(found, [found.type.get_field_index(step)])
        return found


def _last_keys(path: Path) -> Path:
    """Give the keys of a path into the items, or all."""
    return path[path.index(Step.EACH_ITEM) + 1 :] if Step.EACH_ITEM in path else path


def _check_doubles(numbers: np.ndarray[Any, Any]) -> None:
    # Integers among them were made doubles; one by one they would stay what they are.
    if (np.abs(numbers) >= EXACT_DOUBLE).any() or (np.signbit(numbers) & (numbers == 0)).any():
        raise _Differs


def _objects(texts: pa.Array) -> tuple[pa.Array, np.ndarray[Any, Any] | None]:
    """Give the texts that are read, all of them JSON objects, and, if these are not all, which.

    The others are certainly no object or list.
    """
    are_objects = pc.and_(pc.starts_with(texts, "{"), pc.ends_with(texts, "}")).fill_null(False)
    if are_objects.true_count < len(texts):
        others = texts.filter(pc.invert(are_objects))
        if pc.any(pc.match_substring_regex(others, _BEGINS_STRUCTURE)).as_py():
            raise _Differs
        texts = texts.filter(are_objects)
        if len(texts) < _LEAST_TEXTS:
            raise _Differs
        mask = are_objects.to_numpy(zero_copy_only=False)
    else:
        mask = None
    if texts.nbytes > _LONGEST_TOGETHER:
        raise _Differs
    longest = pc.max(pc.binary_length(texts)).as_py()
    if longest > _LONGEST or (longest > 2 * _MOST_BRACKETS and _may_be_deep(texts)):
        raise _Differs
    return texts, mask


def _may_be_deep(texts: pa.Array) -> bool:
    brackets = pc.add(pc.count_substring(texts, "["), pc.count_substring(texts, "{"))
    return bool(pc.max(brackets).as_py() > _MOST_BRACKETS)


def _some(objects: pa.Array) -> list[Any]:
    step = -(-len(objects) // _TEXTS_LEARNT_FROM)
    try:
        return [orjson.loads(text) for text in objects[::step].to_pylist()]
    except ValueError as error:
        raise _Differs from error


def _type_at(path: Path, documents: list[Any]) -> pa.DataType:
    kinds = {type(value) for document in documents for value in _values_at(document, path)}
    found = _TYPES.get(frozenset(kinds - {type(None)}))
    if found is None:
        raise _Differs
    return found


def _values_at(value: Any, path: Path) -> Iterator[Any]:
    if not path or value is None:
        yield value
    elif path[0] is Step.EACH_ITEM:
        if type(value) is not list:
            raise _Differs
        for item in value:
            yield from _values_at(item, path[1:])
    elif type(value) is dict:
        yield from _values_at(value.get(path[0]), path[1:])
    else:
        raise _Differs


def _fields(types: dict[Path, pa.DataType]) -> Iterator[pa.Field]:
    """Give a field for each first key, with what is read below it."""
    below: dict[str, dict[Path, pa.DataType]] = {}
    for path, kind in types.items():
        if not path or not isinstance(path[0], str):
            raise _Differs  # the whole, of which there is no type
        below.setdefault(path[0], {})[path[1:]] = kind
    for key, inner in below.items():
        yield pa.field(key, _type_below(inner))


def _type_below(types: dict[Path, pa.DataType]) -> pa.DataType:
    if () in types:
        if len(types) > 1:
            raise _Differs
        return types[()]
    if any(path[0] is Step.EACH_ITEM for path in types):
        if not all(path[0] is Step.EACH_ITEM for path in types):
            raise _Differs
        return pa.list_(_type_below({path[1:]: kind for path, kind in types.items()}))
    return pa.struct(list(_fields(types)))


def _read(texts: pa.Array, schema: pa.Schema) -> pa.Table:
    import pyarrow.json as pj

    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "\n").buffers()[2]
    data = np.frombuffer(joined, np.uint8)
    # A line may end within a text only at a control character, of which joining adds one for each.
    if np.count_nonzero(data < ord(" ")) != len(texts) - 1:
        raise _Differs
    if pc.any(pc.match_substring_regex(texts, _DOUBTFUL_NUMBER)).as_py():
        raise _Differs
    try:
        table = pj.read_json(
            pa.BufferReader(joined),
            read_options=pj.ReadOptions(use_threads=False, block_size=joined.size + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=schema,
                newlines_in_values=False,
                unexpected_field_behavior="ignore",
            ),
        )
    except pa.ArrowInvalid as error:
        raise _Differs from error
    if table.num_rows != len(texts):
        raise _Differs
    return table
