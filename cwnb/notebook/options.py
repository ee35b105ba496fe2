"""The options of `%%insights`, read from the magic's first line."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter
from cwnb.nearest import suggestion, unknown
from cwnb.results.charts import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Option:
    """One option of the magic.

    `value` describes its value in the help text; an option without it is a flag. `about` is the
    help text. `many`: the option may be given more than once, or with several values.
    """

    name: str
    value: str = ""
    about: str = ""
    short: str = ""
    many: bool = False
    choices: tuple[str, ...] = ()


OPTIONS = (
    Option("group", "GROUP…", "log groups; a trailing * is a prefix", short="g", many=True),
    Option(
        "start",
        "TIME",
        "start of the window: -1h, 'yesterday 08:00', '3 days ago', 2026-11-23T08:00Z, epoch, all; "
        "default: %config Cwnb.start, $CWNB_START, or all there is",
    ),
    Option("end", "TIME", "end of the window, not included, written alike; default: all there is"),
    Option("lang", "LANGUAGE", "the language of the query: ql", choices=("ql",)),
    Option("into", "NAME", "store the answer as a DataFrame and show one line"),
    Option("plot", "KIND", f"{', '.join(KINDS)} or none", choices=(*KINDS, "none")),
    Option("explain", about="show how the query was run, with rows and times"),
    Option("limit", "N", "the most rows to give"),
    Option(
        "no-wait", about="give the running query at once: progress, partial(), stop(), result()"
    ),
    Option("save", "NAME", "save the query; %insights_saved NAME writes it into a new cell"),
    Option("strict", about="refuse what the service's rules do not allow"),
    Option("store", "PATH", "the store to ask"),
    Option("logs", "NAME", "the variable with an open store; the default is logs"),
    Option("help", about="show this", short="h"),
)
SPELLINGS = {f"--{option.name}": option for option in OPTIONS} | {
    f"-{option.short}": option for option in OPTIONS if option.short
}
NOT_YET = {
    "--dry-run": "",
    "--last": "write --start",
    "--params": "write {{name}} in the query",
    "--timeout": "interrupt the kernel instead",
    "--use": "write %insights_saved NAME",
    "--view": "",
}
# What is no option but a setting, and how it is set.
SETTINGS = dict.fromkeys(
    ("--tz", "--timezone", "--zone"), 'write %config Cwnb.tz = "Asia/Seoul" in a cell of its own'
)
_LANGUAGES_NOT_YET = ("sql", "ppl")
_TARGET = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*<<(?=\s|$)")
# Words as a shell splits them, but a {{name}} is one word whatever is in it.
_WORD = re.compile(r"""\s*(?P<word>(?:\{\{.*?\}\}|"[^"]*"|'[^']*'|[^\s"'])+)""")
# As IPython's own magics write a variable; no value of ours has this form.
_VARIABLE = re.compile(r"\$(?P<shell>[^\W\d]\w*)|\$?\{(?P<braces>[^\W\d]\w*)\}")
_QUOTED = re.compile(r"""\{\{.*?\}\}|"([^"]*)"|'([^']*)'""")

HELP = """\
%%insights [NAME <<] [options]
query, with {{name}} for the value of a variable, quoted, or {{name|raw}} as it stands

%insights [NAME <<] [options] query
"""
EXAMPLES = """\
%%insights -g /shop/app --start -1h --plot auto
filter level = "ERROR" | stats count(*) by bin(5m), service

%%insights errors << -g '/shop/*' --start yesterday --end today
filter @message like /timed out/ | fields @timestamp, @log, @message

slow = 500
%insights -g /shop/web --into df filter latency > {{slow}} | limit 100
"""
_HELP_WIDTH = 100


@dataclass
class Options:
    """What the first line of a magic says; `query` is the rest of a line magic."""

    target: str | None = None
    groups: list[str] = field(default_factory=list)
    start: str | None = None
    end: str | None = None
    language: str = "ql"
    into: str | None = None
    plot: str | None = None
    explain: bool = False
    limit: int | None = None
    no_wait: bool = False
    save: str | None = None
    strict: bool = False
    store: str | None = None
    logs: str | None = None
    help: bool = False
    query: str = ""


def help_text() -> str:
    """Describe the options, then give examples."""
    usages = [
        f"{f'-{option.short}, ' if option.short else ''}--{option.name} {option.value}"
        for option in OPTIONS
    ]
    column = max(map(len, usages)) + 4
    lines = [
        textwrap.fill(
            option.about,
            _HELP_WIDTH,
            initial_indent=f"  {usage:<{column - 2}}",
            subsequent_indent=" " * column,
        )
        for usage, option in zip(usages, OPTIONS, strict=True)
    ]
    return "\n".join([HELP, *lines, "", EXAMPLES])


def read_options(
    line: str, *, cell: bool, expand: Callable[[str], list[str]] = lambda word: [word]
) -> Options:
    """Read the line of a cell magic, or of a line magic, whose query follows the options.

    `expand` replaces a word that has a `{{name}}` in it by one or more words. A value may begin
    with a dash (`--start -1h`). Raises InvalidParameter for an option that does not exist.
    """
    options = Options()
    if match := _TARGET.match(line):
        options.target = match["name"]
        line = line[match.end() :]
    given: dict[str, list[str]] = {}
    last: Option | None = None
    while match := _WORD.match(line):
        word = match["word"]
        if not word.startswith("-"):
            if not cell:
                break
            if last is not None and last.name in {"start", "end"}:
                said = f"{given[last.name][-1]} {_bare(word)}"
                raise InvalidParameter(
                    f"unexpected {_bare(word)!r} after --{last.name}; a time of several words needs"
                    f" quotes: --{last.name} '{said}'"
                )
            if last is None or not last.many:
                raise InvalidParameter(
                    f"unexpected {_bare(word)!r} in the first line; "
                    "the query begins on the second line"
                )
            _refuse_variable(last, _bare(word))
            given[last.name].extend(expand(_bare(word)))
            line = line[match.end() :]
            continue
        line = line[match.end() :]
        name, equals, inline = word.partition("=")
        option = last = _known(name)
        if not option.value:
            if equals:
                raise InvalidParameter(f"{name} takes no value")
            given[option.name] = []
            continue
        if not equals:
            match = _WORD.match(line)
            if match is None:
                raise InvalidParameter(f"{name} needs a value: {name} {option.value}")
            inline = match["word"]
            line = line[match.end() :]
        _refuse_variable(option, _bare(inline))
        values = expand(_bare(inline))
        if not option.many and (option.name in given or len(values) != 1):
            raise InvalidParameter(f"{name} takes one value")
        given.setdefault(option.name, []).extend(values)
    options.query = line.strip()
    _fill(options, given)
    return options


def _refuse_variable(option: Option, word: str) -> None:
    match = _VARIABLE.fullmatch(word)
    if match and option.name != "store":  # a folder may be called so
        name = match["shell"] or match["braces"]
        raise InvalidParameter(
            f"{word!r} is no value of --{option.name}; for that of a variable write {{{{{name}}}}}"
        )


def _fill(options: Options, given: dict[str, list[str]]) -> None:
    for name in ("explain", "no-wait", "strict", "help"):
        setattr(options, name.replace("-", "_"), name in given)
    for group in given.get("group", []):
        options.groups.extend(part for part in group.split(",") if part)
    for name in ("start", "end", "store", "logs", "into", "save"):
        if name in given:
            setattr(options, name, given[name][0])
    for name in ("lang", "plot"):
        if name in given:
            _check_choice(name, given[name][0])
    options.plot = given.get("plot", [None])[0]
    if "limit" in given:
        (limit,) = given["limit"]
        if not limit.isascii() or not limit.isdigit() or int(limit) == 0:
            raise InvalidParameter(f"--limit takes a whole number of rows, not {limit!r}")
        options.limit = int(limit)
    if options.into is not None and not options.into.isidentifier():
        raise InvalidParameter(f"--into takes the name of a variable, not {options.into!r}")
    if options.into is not None and options.target is not None:
        raise InvalidParameter("write NAME << for the result or --into NAME for the DataFrame")
    for name in ("into", "plot", "explain"):
        if options.no_wait and name in given:
            raise InvalidParameter(f"--{name} shows an answer, and --no-wait waits for none")


def _known(word: str) -> Option:
    if word in SPELLINGS:
        return SPELLINGS[word]
    if word in NOT_YET:
        instead = f"; {NOT_YET[word]}" if NOT_YET[word] else ""
        raise InvalidParameter(f"option {word} is not supported yet{instead}")
    if word in SETTINGS:
        raise InvalidParameter(f"{word} is no option but a setting; {SETTINGS[word]}")
    near = suggestion(word, SPELLINGS, otherwise="--help lists them")
    raise InvalidParameter(f"unknown option {word!r}{near}")


def _check_choice(name: str, value: str) -> None:
    choices = next(option.choices for option in OPTIONS if option.name == name)
    if value in choices:
        return
    if name == "lang" and value in _LANGUAGES_NOT_YET:
        raise InvalidParameter(f"language {value!r} is not supported yet")
    raise InvalidParameter(unknown(f"--{name}", value, choices))


def _bare(word: str) -> str:
    """Remove the quotes from a word, as a shell does."""
    return _QUOTED.sub(
        lambda match: (
            match[0] if match[1] is None and match[2] is None else (match[1] or match[2] or "")
        ),
        word,
    )
