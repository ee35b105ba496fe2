"""Why a message matches a pattern or does not, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter
from cwnb.filter_pattern.pattern import FilterPattern, text_array

if TYPE_CHECKING:
    from cwnb.filter_pattern.pieces import Piece

_MARKS = {True: "yes", False: "no", None: "-"}


@dataclass(frozen=True, repr=False)
class PatternExplanation:
    """What each piece of a pattern says of a message; true where the message matches."""

    pattern: FilterPattern
    message: str
    matches: bool
    pieces: tuple[Piece, ...]

    def __bool__(self) -> bool:
        return self.matches

    def __repr__(self) -> str:
        """Write a line for each piece, below a first line with the answer."""
        said = "matches" if self.matches else "does not match"
        width = max((len(piece.text) for piece in self.pieces), default=0)
        lines = [
            f"  {_MARKS[piece.holds]:3}  {piece.text:{width}}  {piece.reason}"
            for piece in self.pieces
        ]
        return "\n".join([f"{said}: {self.pattern}", *lines])


def explain_pattern(pattern: str | FilterPattern, message: str) -> PatternExplanation:
    """Say piece by piece why a message matches a filter pattern, or does not.

    >>> cwnb.explain_pattern("{ $.status >= 500 }", '{"status": 404}')
    does not match: { $.status >= 500 }
      no   $.status >= 500  $.status is 404

    Raises MalformedPattern, InvalidParameter.
    """
    if not isinstance(message, str):
        raise InvalidParameter(f"a message is a text, not {message!r:.80}")
    read = pattern if isinstance(pattern, FilterPattern) else FilterPattern.parse(pattern)
    matches = bool(read.matches(text_array([message]))[0])
    return PatternExplanation(read, message, matches, tuple(read.grammar.explain(message)))
