"""Reads a filter pattern from left to right, and makes errors that point into it."""

from __future__ import annotations

import re

from cwnb.errors import MalformedPattern

_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
# The escapes of a quoted text; the service documents none, and these are those of queries.
_ESCAPE = re.compile(r'\\(["\\])')


class Scanner:
    """A place in the text of a pattern; `end` is where the part that is read ends."""

    def __init__(self, text: str, place: int, end: int) -> None:
        self.text = text
        self.place = place
        self.end = end

    @property
    def rest(self) -> str:
        """Give what has not been read yet."""
        return self.text[self.place : self.end]

    def skip_space(self) -> None:
        """Go to the next character that is no white space."""
        self.take(_SPACE)

    def at_end(self) -> bool:
        """Tell whether all has been read but white space."""
        self.skip_space()
        return self.place >= self.end

    def at(self, text: str) -> bool:
        """Tell whether this text comes next."""
        return self.text.startswith(text, self.place, self.end)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what matches here; None, and nothing is read, if nothing does."""
        match = pattern.match(self.text, self.place, self.end)
        if match is not None:
            self.place = match.end()
        return match

    def take_text(self, text: str) -> bool:
        """Read this text, if it comes next."""
        if not self.at(text):
            return False
        self.place += len(text)
        return True

    def quoted(self) -> str:
        r"""Read a text in double quotes; `\"` and `\\` are its escapes."""
        start = self.place
        match = self.take(_QUOTED)
        if match is None:
            raise self.fault("unterminated text: the closing quote is missing", start, self.end)
        return _ESCAPE.sub(r"\1", match[1])

    def word(self) -> str:
        """Give what comes next, up to white space, for an error; nothing is read."""
        return self.rest.split(maxsplit=1)[0] if self.rest.strip() else ""

    def fault(
        self,
        message: str,
        start: int | None = None,
        end: int | None = None,
        service_text: str | None = None,
    ) -> MalformedPattern:
        """Make the error for the characters from `start` to `end`, else for what comes next."""
        if start is None:
            self.skip_space()
            start = min(self.place, max(len(self.text) - 1, 0))
            end = start + max(1, len(self.word()))
        known = {} if service_text is None else {"service_text": service_text}
        return MalformedPattern(message, self.text, start, end, **known)

    def invalid_term(self, term: str, remedy: str, start: int, end: int) -> MalformedPattern:
        """Make the error that the service has for characters that a term may not have."""
        said = f"Invalid character(s) in term {term!r}"
        return self.fault(f"{said}; {remedy}", start, end, said)
