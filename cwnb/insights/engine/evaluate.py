"""Evaluate expressions over a batch: one function per node class, and an error for any other.

A value is an Arrow array with a value per row, or an Arrow scalar where it is the same for all.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from cwnb.errors import MalformedQuery
from cwnb.insights import functions, values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine.batch import (
    CAPITAL_TRUTH,
    PART_WITH_VALUES,
    TEXT_BESIDE_NUMBER,
    TRUTH_BESIDE_NUMBER,
    Batch,
)
from cwnb.insights.engine.faults import fault_at, pointed
from cwnb.insights.resolve.times import text_beside_time
from cwnb.insights.text import regex
from cwnb.insights.tree import (
    ARITHMETIC,
    COMPARISONS,
    Access,
    Call,
    Field,
    In,
    InSubquery,
    Like,
    Period,
    Star,
    field_names,
    is_literal,
    literal_value,
    reads_event_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.context import AnswerRows

# If at most this many codes are true, comparing with each is faster than looking up every row.
_FEW_TRUE = 4
# The most values that a subquery in `in (…)` may give; the service documents no number.
SUBQUERY_VALUES = 100_000

# The texts that are noted beside a number, and beside true and false: each finds nothing there.
_WORDS_FOR_TRUTH = {
    TRUTH_BESIDE_NUMBER: ("true", "false"),
    CAPITAL_TRUTH: ("True", "False", "TRUE", "FALSE"),
}
_ORDERED = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_PREDICATES = (*COMPARISONS, exp.And, exp.Or, exp.Not, Like, In, InSubquery)


def evaluate(node: exp.Expression, batch: Batch) -> Any:
    """Give the value of an expression for the rows of a batch.

    An expression over dictionary columns alone is computed once per combination of their values.
    """
    if not isinstance(node, Field) and not is_literal(node):
        encoded = _only_dictionaries(node, batch)
        if encoded is not None:
            return _once_per_value(node, encoded, batch)
    checkpoint()
    rule = RULES.get(type(node))
    if rule is None:
        raise fault_at(node, f"cannot evaluate {type(node).__name__}")
    try:
        return rule(node, batch)
    except MalformedQuery as error:
        raise pointed(error, node) from error.__cause__


def evaluate_array(node: exp.Expression, batch: Batch) -> Any:
    """Give what `evaluate_value` gives, as an array with a value per row."""
    return as_array(evaluate_value(node, batch), batch.rows)


def evaluate_named(name: str, batch: Batch) -> Any:
    """Give the column of a name as an array, with texts as they are and not dictionary-encoded."""
    return values.decode(evaluate_array(Field(parts=[name]), batch))


def evaluate_value(node: exp.Expression, batch: Batch) -> Any:
    """Give the value of an expression; that of a predicate is the number 1 or 0."""
    value = evaluate(node, batch)
    return value.cast(pa.int64()) if is_predicate(node) else value


def evaluate_condition(node: exp.Expression, batch: Batch) -> Any:
    """Give a Boolean array: true, false or null for each row."""
    return as_array(values.to_boolean(evaluate(node, batch)), batch.rows)


def encode_tested_texts(conditions: list[exp.Expression], batch: Batch) -> None:
    """Encode the columns that several calls work through text by text, if their texts repeat.

    For one call it does not pay: to number the texts takes as long.
    """
    calls = [call for one in conditions for call in one.find_all(Call) if call.entry.once_per_text]
    counts = Counter(name for call in calls for name in field_names(call))
    batch.encode(name for name, count in counts.items() if count > 1)


def is_predicate(node: exp.Expression) -> bool:
    """Tell whether an expression is a comparison or test, whose answer is shown as 1 or 0."""
    if isinstance(node, Call):
        return node.entry.result == "boolean"
    return isinstance(node, _PREDICATES)


def as_array(value: Any, rows: int) -> Any:
    """Repeat a scalar for every row; an array stays as it is."""
    if isinstance(value, pa.Scalar):
        if isinstance(value.type, pa.BaseExtensionType):
            return values.broadcast(value, rows)
        return pa.repeat(value, rows)
    return value


def missing(rows: int) -> Any:
    """Give a column without any value."""
    return pa.nulls(rows)


# Once per distinct value


def _only_dictionaries(node: exp.Expression, batch: Batch) -> dict[str, Any] | None:
    """Give the columns that an expression reads, if it pays to compute it once per combination.

    That is if all are dictionary columns with fewer combinations of values than rows; else None.
    """
    names = field_names(node)
    if not names or reads_event_time(node):
        return None
    columns = {}
    combinations = 1
    for name in sorted(names):
        column = batch.column(name)
        if column is None or not pa.types.is_dictionary(column.type):
            return None
        columns[name] = column
        combinations *= len(column.dictionary) + 1
    return columns if combinations < batch.rows else None


def _once_per_value(node: exp.Expression, encoded: dict[str, Any], batch: Batch) -> Any:
    rows = batch.rows
    codes = None
    distinct = {}
    sizes = [len(column.dictionary) + 1 for column in encoded.values()]
    repeats = np.cumprod([1, *sizes[::-1]])[::-1]
    for (name, column), size, repeat in zip(encoded.items(), sizes, repeats[1:], strict=True):
        # A missing value counts as one more value, at the end of the dictionary.
        values_and_missing = pa.concat_arrays(
            [column.dictionary, pa.nulls(1, column.dictionary.type)]
        )
        each = np.repeat(np.arange(size), repeat)
        places = np.tile(each, int(repeats[0] // len(each)))
        distinct[name] = values_and_missing.take(pa.array(places))
        own = column.indices.fill_null(size - 1) if column.null_count else column.indices
        here = np.asarray(own)
        codes = here if codes is None else codes * np.int32(size) + here
    small = Batch(int(repeats[0]), batch.query_values, columns=distinct)
    answer = evaluate(node, small)
    for name, kinds in small.kinds.items():
        # The dictionary has values of other rows too.
        if TEXT_BESIDE_NUMBER in kinds and not values.all_numbers(_used(encoded[name])):
            batch.note_kind(name, TEXT_BESIDE_NUMBER)
        for note in _WORDS_FOR_TRUTH.keys() & kinds:
            if values.is_any_of(_used(encoded[name]), _WORDS_FOR_TRUTH[note]):
                batch.note_kind(name, note)
        if PART_WITH_VALUES in kinds and encoded[name].null_count < len(encoded[name]):
            batch.note_kind(name, PART_WITH_VALUES)
    if isinstance(answer, pa.Scalar):
        return answer
    where = pa.array(codes)
    if pa.types.is_string(answer.type) and len(where) == rows:
        # It stays a dictionary, so that the next expression is computed once per value too. Encoded
        # again, because the values of a dictionary must be distinct.
        unique = answer.dictionary_encode()
        return pa.DictionaryArray.from_arrays(unique.indices.take(where), unique.dictionary)
    if pa.types.is_boolean(answer.type) and not any(c.null_count for c in encoded.values()):
        return _where_true(answer, where)
    return answer.take(where)


def _used(column: Any) -> Any:
    return column.dictionary.take(pc.unique(column.indices.drop_null()))


def _where_true(answer: Any, codes: Any) -> Any:
    """Look up for each code whether it is true.

    Few true codes are found by comparisons, which is four times as fast.
    """
    true = np.flatnonzero(np.asarray(answer.fill_null(False)))
    if answer.slice(0, len(answer) - 1).null_count or len(true) > _FEW_TRUE:
        return answer.take(codes)
    if not len(true):
        return pa.scalar(False)
    found = pc.equal(codes, pa.scalar(int(true[0]), codes.type))
    for code in true[1:]:
        found = pc.or_(found, pc.equal(codes, pa.scalar(int(code), codes.type)))
    return found


# Rules


def _field(node: Field, batch: Batch) -> Any:
    name = node.name
    # `m.key` may be a key of a structure `m` that the query made. It has precedence over a field
    # `m.key` of the events.
    parts = node.parts
    for cut in range(len(parts) - 1, 0, -1) if not batch.has_own(name) else ():
        stem = ".".join(parts[:cut])
        if not batch.has_own(stem):
            continue
        if (pending := batch.document_of(name)) is not None:
            documents, path = pending
            return _noted(documents.values_at(batch, [path])[0], name, batch)
        structure = batch.column(stem)
        if batch.is_document(stem):
            found = functions.access(_or_nulls(structure, batch), list(parts[cut:]))
            return _noted(found, name, batch)
        if structure is not None and values.holds_structures(structure):
            return _noted(functions.access(structure, list(parts[cut:])), name, batch)
    return _or_nulls(batch.column(name), batch)


def _noted(part: Any, name: str, batch: Batch) -> Any:
    """Note that a part of maps or lists has a value, for the hint about one that has none."""
    if part.null_count < len(part):
        batch.note_kind(name, PART_WITH_VALUES)
    return part


def _or_nulls(column: Any, batch: Batch) -> Any:
    return missing(batch.rows) if column is None else column


def _access(node: Access, batch: Batch) -> Any:
    value = evaluate(node.args["value"], batch)
    if not values.holds_structures(value):
        return missing(batch.rows)
    return functions.access(value, list(node.args["path"]))


def _literal(node: exp.Expression, batch: Batch) -> Any:  # noqa: ARG001
    value = literal_value(node)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        # Too long for an int64: as text it still compares exactly.
        return pa.scalar(str(value))
    return pa.scalar(value)


def _negative(node: exp.Neg, batch: Batch) -> Any:
    if is_literal(node):
        return _literal(node, batch)
    return values.arithmetic("-", pa.scalar(0), evaluate_value(node.this, batch))


def _arithmetic(node: exp.Binary, batch: Batch) -> Any:
    left, right = evaluate_value(node.this, batch), evaluate_value(node.expression, batch)
    return values.arithmetic(ARITHMETIC[type(node)], left, right)


def _comparison(node: exp.Binary, batch: Batch) -> Any:
    left, right = evaluate(node.this, batch), evaluate(node.expression, batch)
    if values.is_time(left.type):
        _refuse_text(node.this, right)
    elif values.is_time(right.type):
        _refuse_text(node.expression, left)
    # A predicate is a number, unless it is compared with another Boolean (`isValidIp(a) = true`).
    if not (pa.types.is_boolean(left.type) and pa.types.is_boolean(right.type)):
        left = left.cast(pa.int64()) if is_predicate(node.this) else left
        right = right.cast(pa.int64()) if is_predicate(node.expression) else right
    _note_truths(node, left, right, batch)
    told = _field_beside_number(node) if isinstance(node, _ORDERED) else None
    note = None if told is None else partial(batch.note_kind, told, TEXT_BESIDE_NUMBER)
    return values.compare(COMPARISONS[type(node)], left, right, note)


def _note_truths(node: exp.Binary, left: Any, right: Any, batch: Batch) -> None:
    """Note texts that are words for true and false beside 1 or 0, or beside true and false."""
    _note_truth(node.this, left, node.expression, batch)
    _note_truth(node.expression, right, node.this, batch)


def _note_truth(one: exp.Expression, value: Any, other: exp.Expression, batch: Batch) -> None:
    if not (isinstance(one, Field) and is_literal(other) and isinstance(value, pa.Array)):
        return
    literal = literal_value(other)
    if isinstance(literal, bool):
        note = CAPITAL_TRUTH
    elif isinstance(literal, int) and literal in (0, 1):
        note = TRUTH_BESIDE_NUMBER
    else:
        return
    if values.is_any_of(value, _WORDS_FOR_TRUTH[note]):
        batch.note_kind(one.name, note)


def _field_beside_number(node: exp.Binary) -> str | None:
    """Name the field that is compared with a number, if one is."""
    for one, other in ((node.this, node.expression), (node.expression, node.this)):
        if isinstance(one, Field) and isinstance(other, exp.Literal) and other.is_number:
            return one.name
    return None


def _refuse_text(time: exp.Expression, other: Any) -> None:
    """Refuse a constant text that is no number; the checks find it where the query says so.

    What they cannot know is the type of a column of the user's table.
    """
    text = isinstance(other, pa.Scalar) and other.is_valid and pa.types.is_string(other.type)
    if text and not values.to_number(other).is_valid:
        raise MalformedQuery(text_beside_time(time))


def _and(node: exp.And, batch: Batch) -> Any:
    return _joined(pc.and_kleene, node, batch)


def _or(node: exp.Or, batch: Batch) -> Any:
    return _joined(pc.or_kleene, node, batch)


def _joined(kernel: Callable[..., Any], node: exp.Binary, batch: Batch) -> Any:
    # The tree of a long chain is balanced (`tree.chained`), so this recursion is never deep.
    left = values.to_boolean(evaluate(node.this, batch))
    return kernel(left, values.to_boolean(evaluate(node.expression, batch)))


def _not(node: exp.Not, batch: Batch) -> Any:
    return pc.invert(values.to_boolean(evaluate(node.this, batch)))


def _like(node: Like, batch: Batch) -> Any:
    value = evaluate_value(node.args["value"], batch)
    if values.is_structure(value.type):
        return pa.scalar(False)
    text = as_array(values.to_text(value), batch.rows)
    pattern = node.args["pattern"]
    if isinstance(pattern, exp.Literal):
        found = regex.contains(text, str(pattern.this))
    else:
        found = regex.matches(text, pattern.pattern)
    structures = values.structures_in(value) if isinstance(value, pa.Array) else None
    return found if structures is None else pc.and_(found, pc.invert(structures))


def _in(node: In, batch: Batch) -> Any:
    value = evaluate_value(node.args["value"], batch)
    options = [literal_value(option) for option in node.args["options"]]
    for option in node.args["options"]:
        _note_truth(node.args["value"], value, option, batch)
    if values.is_time(value.type):
        for option in options:
            _refuse_text(node.args["value"], pa.scalar(option))
    return values.is_in(as_array(value, batch.rows), options)


def _in_subquery(node: InSubquery, batch: Batch) -> Any:
    value = as_array(evaluate_value(node.args["value"], batch), batch.rows)
    answer = batch.query_values.answers[node.args["answer"].place]
    name = node.args["column"]
    wanted = answer.once(name, lambda: _values_of(answer, name))
    if values.is_time(value.type) and not values.all_numbers(answer.columns[name]):
        raise MalformedQuery(text_beside_time(node.args["value"]))
    return values.is_among(value, wanted)


def _values_of(answer: AnswerRows, name: str) -> Any:
    wanted = values.distinct(answer.columns[name])
    if len(wanted) > SUBQUERY_VALUES:
        raise MalformedQuery(
            f"the subquery gives {len(wanted):,} values of {name!r}; the most is "
            f"{SUBQUERY_VALUES:,}"
        )
    return wanted


def _call(node: Call, batch: Batch) -> Any:
    function = node.entry
    if function.aggregate:
        raise MalformedQuery(f"{function.name} is an aggregation and belongs in 'stats'")
    arguments = [_argument(argument, batch) for argument in node.arguments]
    return functions.call(function, batch, arguments)


def _argument(node: exp.Expression, batch: Batch) -> Any:
    if isinstance(node, Period):
        return (int(node.args["count"]), str(node.args["unit"]))
    if isinstance(node, Star):
        raise MalformedQuery("'*' stands only in count(*)")
    # Where a function wants a Boolean, coercion makes one of the numbers 1 and 0.
    return evaluate_value(node, batch)


RULES: dict[type[Any], Callable[..., Any]] = {
    Field: _field,
    Access: _access,
    exp.Literal: _literal,
    exp.Boolean: _literal,
    exp.Neg: _negative,
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(COMPARISONS, _comparison),
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    Like: _like,
    In: _in,
    InSubquery: _in_subquery,
    Call: _call,
}
