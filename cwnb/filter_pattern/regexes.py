r"""The regular expressions of filter patterns, `%…%`, and their form for RE2.

The service documents a subset without groups and flags. What it permits is written for RE2 so that
it means the same there: `{,3}` is `{0,3}`, `\s` is tab, space and newline, and `\xhh` is a
character by its code. Source: FilterAndPatternSyntax, "Supported regular expressions".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cwnb.regex import reason_of_refusal

if TYPE_CHECKING:
    from cwnb.errors import MalformedPattern
    from cwnb.filter_pattern.scanner import Scanner

# In one pattern of JSON selectors or of fields. Source: FilterAndPatternSyntax.
MOST_REGEXES = 2
# The greatest bound of a repetition that RE2 takes.
_GREATEST_BOUND = 1_000
_LITERAL = re.compile(r"[A-Za-z0-9:_#=@/;,\- ]")
_OPERATORS = r"^$?[]{}|\*+."
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")
_BOUNDS = re.compile(r"\{(\d*)(,?)(\d*)\}")
_CLASSES = "dDsSwW"
_SPACES = r" \t\n"
# What RE2 takes for white space and the service does not.
_NO_SPACES = r"\f\r"


def read_regex(scanner: Scanner) -> str:
    """Read `%…%` and give it for RE2; raises MalformedPattern with the reason."""
    start = scanner.place
    scanner.place += 1
    close = scanner.text.find("%", scanner.place, scanner.end)
    if close < 0:
        raise scanner.fault("unterminated regex: the closing % is missing", start, scanner.end)
    if close == scanner.place:
        raise scanner.fault("the regex between the two % is empty", start, close + 1)
    re2 = _Translation(scanner, close).whole()
    scanner.place = close + 1
    if reason := reason_of_refusal(re2):
        raise scanner.fault(f"RE2 does not take this regex: {reason}", start, close + 1)
    return re2


class _Translation:
    """Reads the characters of a regex one by one, and writes them for RE2."""

    def __init__(self, scanner: Scanner, close: int) -> None:
        self._scanner = scanner
        self._text = scanner.text
        self._place = scanner.place
        self._close = close

    def whole(self) -> str:
        """Give the regex for RE2."""
        written: list[str] = []
        repeatable = False  # whether what was read last may be repeated
        repeated = False
        while self._place < self._close:
            start, one = self._place, self._text[self._place]
            if one in "*+?{":
                repetition = self._repetition()
                lazy = repeated and one == "?"
                if not repeatable and not lazy:
                    raise self._scanner.fault(
                        f"nothing stands before {repetition!r} that could be repeated",
                        start,
                        self._place,
                    )
                written.append(repetition)
                # `a+?` is the same repetition, which takes as little as it can.
                repeatable, repeated = False, not lazy
                continue
            repeatable, repeated = one not in "^$|", False
            if one == "[":
                written.append(self._class())
            elif one in "]}":
                self._place += 1
                written.append(f"\\{one}")
            else:
                written.append(self._one())
        return "".join(written)

    def _repetition(self) -> str:
        start, one = self._place, self._text[self._place]
        if one != "{":
            self._place += 1
            return one
        bounds = _BOUNDS.match(self._text, start, self._close)
        if bounds is None or not (bounds[1] or bounds[3]):
            raise self._scanner.fault(
                r"'{' begins a repetition such as {2,5}, {2,} or {,5}; write \{ for the character",
                start,
                start + 1,
            )
        self._place = bounds.end()
        low = int(bounds[1] or 0)
        high = int(bounds[3]) if bounds[3] else low
        if max(low, high) > _GREATEST_BOUND:
            raise self._scanner.fault(
                f"a repetition is of at most {_GREATEST_BOUND:,} times, which is what RE2 takes, "
                f"not {max(low, high):,}",
                start,
                self._place,
            )
        if high < low:
            raise self._scanner.fault("the bounds of a repetition ascend", start, self._place)
        return f"{{{low}{bounds[2]}{bounds[3]}}}"

    def _class(self) -> str:
        """Read `[…]`; inside, `[` is a character."""
        start = self._place
        self._place += 1
        written = ["["]
        if self._text.startswith("^", self._place, self._close):
            self._place += 1
            written.append("^")
        first = True
        while self._place < self._close:
            if self._text[self._place] == "]" and not first:
                self._place += 1
                return "".join([*written, "]"])
            first = False
            begin = self._place
            written.append(self._member())
            # A hyphen between two members makes a range of them; at an end it is a character.
            if not self._text.startswith("-", self._place, self._close - 1):
                continue
            if self._text[self._place + 1] == "]":
                continue
            self._place += 1
            middle = self._place
            written += ["-", self._member()]
            if self._is_set(begin) or self._is_set(middle):
                raise self._scanner.fault(
                    "a range is between two characters; put the hyphen first or last for itself",
                    begin,
                    self._place,
                )
        raise self._scanner.fault("the class is not closed: its ] is missing", start, self._close)

    def _member(self) -> str:
        one = self._text[self._place]
        if one in "[]-":
            self._place += 1
            return f"\\{one}"
        return self._one(in_class=True)

    def _is_set(self, place: int) -> bool:
        return self._text[place] == "\\" and self._text[place + 1] in _CLASSES

    def _one(self, *, in_class: bool = False) -> str:
        start, one = self._place, self._text[self._place]
        if one == "\\":
            return self._escape(in_class=in_class)
        if not _LITERAL.match(one) and one not in _OPERATORS:
            raise self._refused(one, start, start + 1)
        self._place += 1
        return one

    def _escape(self, *, in_class: bool) -> str:
        start = self._place
        if code := _HEX.match(self._text, start, self._close):
            self._place = code.end()
            return f"\\x{{{code[1]}}}"
        one = self._text[start + 1 : min(start + 2, self._close)]
        self._place = start + 1 + len(one)
        if one == "s":
            return _SPACES if in_class else f"[{_SPACES}]"
        if one == "S":
            return rf"\S{_NO_SPACES}" if in_class else f"[^{_SPACES}]"
        if one and one in _CLASSES:
            return f"\\{one}"
        if not one or one.isalnum():
            raise self._scanner.invalid_term(
                f"\\{one}",
                r"after \ stand d, D, s, S, w, W, x and two hexadecimal digits, or a symbol",
                start,
                self._place,
            )
        if not _LITERAL.match(one) and one not in _OPERATORS:
            raise self._refused(one, start, self._place)
        return " " if one == " " else f"\\{one}"

    def _refused(self, one: str, start: int, end: int) -> MalformedPattern:
        code = ord(one)
        remedy = f"write it \\x{code:02x}" if code < 128 else "only ASCII can stand in a regex"
        if one in "()":
            remedy = f"groups are not supported, and the character itself is \\x{code:02x}"
        return self._scanner.invalid_term(one, remedy, start, end)
