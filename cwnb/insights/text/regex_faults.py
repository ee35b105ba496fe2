r"""What is wrong with a regex that RE2 does not take, in plain words, and where that stands.

RE2 gives a kind and a part of the pattern, such as `invalid escape sequence: \y`. The part is the
whole pattern where a parenthesis is missing.
"""

from __future__ import annotations

from cwnb.regex import Token, tokens

# First character of a pattern, and the one after the last.
Place = tuple[int, int]

# `{0}` is the part that RE2 names. Source: kErrorStrings of re2.cc.
_REASONS = {
    "missing )": r"a group is not closed; write ')' at its end, or '\(' for the character",
    "unexpected )": r"')' closes no group; write '\)' for the character",
    "missing ]": r"a class is not closed; write ']' at its end, or '\[' for the character",
    "bad repetition operator": "'{0}' repeats what is repeated already",
    "invalid repetition size": "'{0}' counts from a smaller to a larger number, up to 1000 in all",
    "invalid escape sequence": "'{0}' stands for nothing",
    "invalid named capture group": "'{0}' names no group; a name has letters, digits and _",
    "invalid perl operator": "no group begins with '{0}'",
    "trailing \\": r"the backslash at its end stands before nothing; write '\\' for the character",
}
_NOTHING_TO_REPEAT = "no argument for repetition operator"
# What signs of globs are in a regex.
_ANY = {"*": ".* for any characters", "+": ".+ for some characters", "?": ". for any character"}
# What RE2 has for escapes of other libraries.
_ESCAPES = {
    r"\Z": r"write \z for the end of the text",
    r"\h": r"write [ \t] for a blank",
    r"\R": r"write \r?\n for a line break",
    r"\u": r"write \x{…} for a character by its number",
}
_RANGE = "invalid character class range"


def explained(pattern: str, said: str) -> tuple[str, Place | None]:
    """Give the reason in plain words, and its place in the pattern if that can be known.

    `said`: what RE2 says of the pattern.
    """
    kind, _, part = said.partition(": ")
    if "(?P<" not in pattern:
        part = part.replace("(?P<", "(?<")
    place = _place(kind, part, pattern)
    if kind == _RANGE:
        is_range = len(part) == 3 and part[1] == "-"
        reason = f"the range '{part}' runs backwards" if is_range else f"there is no class '{part}'"
        return reason, place
    if kind == _NOTHING_TO_REPEAT:
        any_characters = f"{_ANY[part]}, or " if part in _ANY else ""
        meant = f"write {any_characters}\\{part} for the character"
        return f"there is nothing before '{part}' to repeat; {meant}", place
    reason = _REASONS.get(kind, said).replace("{0}", part)
    return (f"{reason}; {_ESCAPES[part]}" if part in _ESCAPES else reason), place


def _place(kind: str, part: str, pattern: str) -> Place | None:
    found = tokens(pattern)
    if kind == "missing )":
        return _of_token(_unclosed(found))
    if kind == "unexpected )":
        return _of_token(_closes_nothing(found))
    if kind == "missing ]":
        return (found[-1].start, found[-1].start + 1) if found[-1].kind == "class" else None
    if kind == "trailing \\":
        return len(pattern) - 1, len(pattern)
    if kind == _NOTHING_TO_REPEAT:
        return _of_token(_repeats_nothing(found))
    starts = [token.start for token in found if pattern.startswith(part, token.start)]
    if not starts:  # it stands inside of a class
        starts = [token.start + token.text.find(part) for token in found if part in token.text]
    if not (part and starts) or (kind == "invalid repetition size" and len(starts) > 1):
        return None
    return starts[0], starts[0] + len(part)


def _of_token(token: Token | None) -> Place | None:
    return None if token is None else (token.start, token.end)


def _unclosed(found: list[Token]) -> Token | None:
    """Give the innermost opening that nothing closes."""
    opened: list[Token] = []
    for token in found:
        if token.kind == "open":
            opened.append(token)
        elif token.kind == "close" and opened:
            opened.pop()
    return opened[-1] if opened else None


def _closes_nothing(found: list[Token]) -> Token | None:
    depth = 0
    for token in found:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth < 0:
            return token
    return None


def _repeats_nothing(found: list[Token]) -> Token | None:
    before: Token | None = None
    for token in found:
        begins = before is None or before.kind in {"open", "flags"} or before.text == "|"
        if begins and (token.text in _ANY or token.text == "{"):
            return token
        before = token
    return None
