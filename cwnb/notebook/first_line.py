"""What may stand at a cursor in the first line of a cell: options and their values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cwnb.insights import Candidate, Completion
from cwnb.notebook.options import OPTIONS, SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cwnb.notebook.options import Option

_WORD = re.compile(r"""(?:\{\{.*?(?:\}\}|\Z)|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s"'])+""")
_TARGET = re.compile(r"\s*[^\W\d]\w*\s*<<(?=\s|\Z)")
_QUOTES = re.compile(r"""["']""")
_FRAGMENT = re.compile(r"""[^\s,"'=]*\Z""")
_OPEN_PLACEHOLDER = re.compile(r"\{\{\s*(\w*)\Z")
_TIMES = ("-15m", "-1h", "-3h", "-1d", "-7d", "today", "yesterday", "now", "all")
# With more names than this the prefixes come first.
_NAMES_BEFORE_PREFIXES = 50


@dataclass(frozen=True)
class LineNames:
    """The names that a first line may have: log groups, variables with stores, all variables."""

    groups: Sequence[str] = ()
    stores: Sequence[str] = ()
    variables: Sequence[str] = ()


@dataclass
class UnfinishedLine:
    """What a line says so far, whatever is wrong with it.

    `given`: names of its options. `pending`: the option that takes the next word. `query`: where
    the query of a line magic begins.
    """

    groups: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    pending: Option | None = None
    query: int | None = None


def read_unfinished(line: str, *, cell: bool) -> UnfinishedLine:
    """Read the first line of a cell, or a line magic, up to a cursor."""
    read = UnfinishedLine()
    target = _TARGET.match(line)
    has_value = False
    for match in _WORD.finditer(line, target.end() if target else 0):
        word, option = match[0], read.pending
        value = word
        if word.startswith("-") and (option is None or option.many):
            name, _, value = word.partition("=")
            option = SPELLINGS.get(name)
            read.given.add(option.name if option else "")
            read.pending = option if option and option.value else None
            has_value = False
            if not value:
                continue
        elif option is None or (has_value and not cell):
            read.query = match.start()
            return read
        if option is not None and option.name == "group":
            read.groups += [part for part in _QUOTES.sub("", value).split(",") if part]
        has_value = True
        if read.pending is not None and not read.pending.many:
            read.pending = None
    return read


def line_candidates(before: str, names: LineNames) -> Completion | None:
    """Give what may stand at the cursor behind this beginning of a line; None for a path."""
    if variable := _OPEN_PLACEHOLDER.search(before):
        return _beginning(variable[1], [Candidate(name, "variable") for name in names.variables])
    match = _FRAGMENT.search(before)
    fragment = match[0] if match else ""
    read = read_unfinished(before[: len(before) - len(fragment)], cell=True)
    option = read.pending
    if option is not None and not (option.many and fragment.startswith("-")):
        return None if option.name == "store" else _values(fragment, option, names)
    options = [o for o in OPTIONS if o.many or o.name not in read.given]
    return _beginning(fragment, [option_entry(option) for option in options])


def option_entry(option: Option) -> Candidate:
    """Give an option with how it is written and what it does."""
    usage = f"--{option.name} {option.value}".rstrip()
    short = f", -{option.short}" if option.short else ""
    return Candidate(f"--{option.name}", "option", usage + short, option.about)


def _values(fragment: str, option: Option, names: LineNames) -> Completion:
    if option.name == "group":
        return Completion(fragment, tuple(group_candidates(fragment, names.groups)))
    if option.name in {"start", "end"}:
        return _beginning(fragment, [Candidate(time, "time") for time in _TIMES])
    if option.name == "logs":
        return _beginning(fragment, [Candidate(name, "variable") for name in names.stores])
    return _beginning(fragment, [Candidate(choice, "value") for choice in option.choices])


def group_candidates(fragment: str, groups: Sequence[str]) -> Iterator[Candidate]:
    """Give the groups that begin with the fragment, the prefixes of several, then other groups."""
    wanted = fragment.lower()
    begin = [name for name in groups if name.lower().startswith(wanted)]
    inside = [name for name in groups if wanted in name.lower()[1:]] if wanted else []
    names = [Candidate(name, "group") for name in begin]
    prefixes = [
        Candidate(f"{prefix}*", "prefix", f"{count:,} groups")
        for prefix, count in _prefixes(fragment, begin).items()
        if count > 1
    ]
    parts = [names, prefixes] if len(names) <= _NAMES_BEFORE_PREFIXES else [prefixes, names]
    for part in parts:
        yield from part
    there = set(begin)
    yield from (Candidate(name, "group") for name in inside if name not in there)


def _prefixes(fragment: str, groups: Sequence[str]) -> dict[str, int]:
    """Count the groups of each prefix that ends with the next slash after the fragment."""
    counts: dict[str, int] = {}
    for name in groups:
        slash = name.find("/", max(len(fragment), 1))
        if slash > 0:
            prefix = name[: slash + 1]
            counts[prefix] = counts.get(prefix, 0) + 1
        if fragment.endswith("/") and len(fragment) > 1:
            counts[fragment] = counts.get(fragment, 0) + 1
    return counts


def _beginning(fragment: str, found: Sequence[Candidate]) -> Completion:
    wanted = fragment.lower()
    return Completion(fragment, tuple(c for c in found if c.text.lower().startswith(wanted)))
