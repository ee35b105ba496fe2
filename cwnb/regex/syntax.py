"""Read the syntax of a regular expression, as RE2 reads it: its tokens and its groups.

Nothing here matches text; `regex` does, with Arrow's RE2.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

# Names in queries in use, which RE2 does not take: `(?<@user>…)`.
_AT_NAME = re.compile(r"@+[A-Za-z0-9_]+")
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
# What no glob has: `\d` and the like with a quantifier or at an end, `(?<a>`, `(.*`, `[a-z]+`.
_REGEX_SIGNS = re.compile(
    r"\\[dDwWsS](?:[+*?{)\]\\]|$)|\(\?[<:P=!i]|\(\.[*+]|\[[^\]*]*\w-\w[^\]*]*\][+*{]"
)
_TOKEN = re.compile(
    r"""
    (?P<quoted>    \\Q .*? (?: \\E | \Z ) )                            # \Q text \E
  | (?P<escape>    \\[xpP]\{[^}]*\}? | \\k<[^>]*>? | \\.? )            # \d \x{41} \p{Greek}
  | (?P<class>     \[\^?\]? (?: \[:\^?\w+:\] | \\. | [^\]\\] )* \]? )  # [^]a-z[:alpha:]]
  | (?P<flags>     \(\? [a-zA-Z]* (?: -[a-zA-Z]* )? \) )               # (?i)
  | (?P<open>      \(                                                  # a group that captures,
                   (?: \?P?<(?P<name>[^>=!]*)>                         # one with a name,
                     | (?P<special>\?<?) )? )                          # or (?: (?i: (?= (?<=
  | (?P<close>     \) )
  | (?P<character> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def looks_like_regex(glob: str) -> bool:
    r"""Tell whether a glob has what only a regular expression needs, such as `\d+` or `(.*)`."""
    return _REGEX_SIGNS.search(glob) is not None


@dataclass(frozen=True)
class Token:
    """A part of a pattern: `kind` is the name of its row in the table above.

    `name` is that of a group that has one; `captures` tells whether a group is one that captures.
    """

    kind: str
    text: str
    start: int
    name: str | None = None
    captures: bool = False

    @property
    def end(self) -> int:
        """Give the position after it in the pattern."""
        return self.start + len(self.text)

    @property
    def literal(self) -> str | None:
        """Give the one character that the token stands for; None if it is anything else."""
        if self.kind == "character" and not _SPECIAL.match(self.text):
            return self.text
        if self.kind == "escape" and len(self.text) == 2 and not self.text[1].isalnum():
            return self.text[1]
        return None


@dataclass
class Group:
    """A group of a pattern, or (the outermost) the whole of it.

    `start` and `end` are the slice of its opening, `(` or `(?P<name>`; `body` stands inside.
    """

    start: int = 0
    end: int = 0
    name: str | None = None
    captures: bool = False
    parent: Group | None = None
    may_be_left_out: bool = False
    has_alternatives: bool = False
    body: str = ""

    @property
    def optional(self) -> bool:
        """Tell whether a match need not go through it, because of `?`, `*`, `{0,…}` or `|`."""
        group: Group | None = self
        while group is not None and group.parent is not None:
            if group.may_be_left_out or group.parent.has_alternatives:
                return True
            group = group.parent
        return False


def escape(literal: str) -> str:
    """Give the pattern that matches this text and nothing else."""
    return _SPECIAL.sub(r"\\\g<0>", literal).replace("\0", r"\x00")


def tokens(pattern: str) -> list[Token]:
    """Split a pattern into tokens; their texts joined are the pattern."""
    return [
        Token(
            str(match.lastgroup),
            match[0],
            match.start(),
            match["name"],
            match["open"] is not None and match["special"] is None,
        )
        for match in _TOKEN.finditer(pattern)
    ]


@functools.lru_cache(maxsize=256)
def groups(pattern: str) -> tuple[Group, ...]:
    """List the groups that capture, in order."""
    here, found = Group(body=pattern), []
    for token in tokens(pattern):
        if token.kind == "open":
            here = Group(token.start, token.end, token.name, token.captures, parent=here)
            if token.captures:
                found.append(here)
        elif token.text == "|":
            here.has_alternatives = True
        elif token.kind == "close" and here.parent is not None:
            here.may_be_left_out = pattern.startswith(("?", "*", "{0"), token.end)
            here.body = pattern[here.end : token.start]
            here = here.parent
    return tuple(found)


def only_named_groups(pattern: str) -> str:
    """Make groups without a name capture nothing, if there are any with a name."""
    found = groups(pattern)
    if not any(group.name for group in found):
        return pattern
    return with_openings(pattern, [None if g.name is None else f"(?P<{g.name}>" for g in found])


def with_openings(pattern: str, openings: list[str | None]) -> str:
    """Replace the opening of each group that captures; None makes it capture nothing."""
    pairs = list(zip(groups(pattern), openings, strict=True))
    for group, opening in reversed(pairs):
        pattern = f"{pattern[: group.start]}{opening or '(?:'}{pattern[group.end :]}"
    return pattern


def plain_names(pattern: str) -> str:
    """Give the pattern with names that RE2 takes: of `(?P<@user>` the group is called `at_user`."""
    found = groups(pattern)
    if not any("@" in (group.name or "") for group in found):
        return pattern
    taken = {group.name for group in found}
    plain: dict[str, str] = {}
    for name in filter(None, (group.name for group in found)):
        new = name
        if _AT_NAME.fullmatch(name):
            new = name.replace("@", "at_")
            while new in taken:
                new += "_"
        plain[name] = new
    return with_openings(
        pattern, [f"(?P<{plain[g.name]}>" if g.name else pattern[g.start : g.end] for g in found]
    )


def write_regex(pattern: str) -> str:
    """Write a pattern between slashes, as a query has it: `(?<name>…)`, its slashes escaped."""
    written = []
    for token in tokens(pattern):
        text = token.text
        if text.startswith("(?P<"):
            text = "(?<" + text[4:]
        elif token.kind == "quoted":
            text = text.replace("/", "\\E\\/\\Q")
        elif token.kind != "escape":
            text = re.sub(r"(\\.)|/", lambda m: m[1] or "\\/", text, flags=re.DOTALL)
        written.append(text.replace("\n", "\\n"))
    return "/" + "".join(written) + "/"
