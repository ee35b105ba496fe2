"""`parse … csv`: the fields of one record of comma-separated text, by their place.

RFC 4180: a field in quotes may hold commas, line breaks and doubled quotes; a quote anywhere else
breaks the record. A line break outside of quotes ends the record. Nothing is trimmed.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.control import with_checkpoints

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\r|\n|\Z)')
_NEEDS_CARE = r'["\r\n]'


def parse_csv(text: pa.Array, count: int) -> list[pa.Array]:
    """Give the first `count` fields of each text as columns of text.

    A field that a text does not have is missing, and all are where its quotes are broken.
    """
    plain = pc.invert(pc.match_substring_regex(text, _NEEDS_CARE)).fill_null(False)
    if plain.true_count == len(text):
        return _split(text, count)
    with_care = np.flatnonzero(~np.asarray(plain))
    simple = np.flatnonzero(np.asarray(plain))
    columns = _split(text.take(pa.array(simple)), count)
    records = [
        _read_record(one, count)
        for one in with_checkpoints(text.take(pa.array(with_care)).to_pylist())
    ]
    back = pa.array(np.argsort(np.concatenate([simple, with_care])))
    return [
        pa.concat_arrays([column, pa.array([r[place] for r in records], pa.string())]).take(back)
        for place, column in enumerate(columns)
    ]


def _split(text: pa.Array, count: int) -> list[pa.Array]:
    """Split texts without quotes and line breaks at their commas."""
    parts = pc.split_pattern(text.fill_null(""), ",", max_splits=count)
    offsets = parts.offsets.to_numpy()
    sizes = np.where(np.asarray(text.is_valid()), np.diff(offsets), 0)
    fields = parts.values
    return [
        fields.take(pa.array(np.where(sizes > place, offsets[:-1] + place, 0), mask=sizes <= place))
        for place in range(count)
    ]


def _read_record(text: str | None, count: int) -> list[str | None]:
    found: list[str | None] = []
    place, separator = 0, ","
    while text is not None and separator == ",":
        match = _FIELD.match(text, place)
        if match is None:
            return [None] * count
        quoted, bare, separator = match.groups()
        found.append(bare if quoted is None else quoted.replace('""', '"'))
        place = match.end()
    return [*found, *[None] * count][:count]
