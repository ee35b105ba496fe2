"""A regex that is a whole pattern: `%…%`, searched anywhere in the message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cwnb import regex
from cwnb.filter_pattern.pieces import Piece
from cwnb.filter_pattern.regexes import read_regex

if TYPE_CHECKING:
    from cwnb.filter_pattern.conditions import Mask
    from cwnb.filter_pattern.scanner import Scanner


@dataclass(frozen=True)
class StandAlone:
    """A regex; `re2` is its form for RE2."""

    written: str
    re2: str

    kind = "regex"

    def mask(self, texts: pa.Array) -> Mask:
        """Tell which messages have a match."""
        return np.asarray(regex.matches(texts, self.re2))

    def extract(self, text: str) -> dict[str, str]:
        """Give nothing: only fields have values."""
        del text
        return {}

    def explain(self, text: str) -> list[Piece]:
        """Say whether the regex has a match."""
        holds = bool(self.mask(pa.array([text], pa.string()))[0])
        said = "has a match in the message" if holds else "has no match in the message"
        return [Piece(self.written, holds=holds, reason=said)]


def read_stand_alone(scanner: Scanner) -> StandAlone:
    """Read a pattern that is one regex; raises MalformedPattern."""
    start = scanner.place
    re2 = read_regex(scanner)
    if not scanner.at_end():
        raise scanner.fault("a regex stands alone, without terms beside it")
    return StandAlone(scanner.text[start : scanner.end], re2)
