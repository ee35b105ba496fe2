"""What the writers of pandas source share: snippets of code, their kinds, the registry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cwnb.errors import CwnbError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.events import Window

# What a snippet gives for each row:
#   integer number boolean text time   typed columns, as the schema calls them
#   numeric     int64 or double, whichever the data allow
#   mixed       a field of several types, which the export holds as text
#   condition   a Boolean column that shows as the numbers 1 and 0
#   any         an object column: values of several types, lists, dicts
#   period regex   arguments that are no values
NUMERIC = ("integer", "number", "numeric")
DTYPES = {
    "integer": '"int64[pyarrow]"',
    "number": '"double[pyarrow]"',
    "boolean": '"bool[pyarrow]"',
    "text": "TEXT",
    "mixed": "TEXT",
    "time": "TIME",
    "any": "object",
}
NOTHING = object()
WIDTH = 100


class CannotSay(CwnbError):
    """A part of the query, which `reason` names, has no form in pandas."""

    code = "UnsupportedOperation"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot write this query as pandas: {reason}")
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.reason,)


@dataclass(frozen=True)
class Snippet:
    """Python code of an expression, which gives a column, or one value for all rows.

    `literal` is that value. `whole`: the code needs no parentheses before `.str` or an operator.
    """

    code: str
    kind: str
    literal: Any = NOTHING
    whole: bool = True

    @property
    def is_literal(self) -> bool:
        """Tell whether the code gives one value for all rows."""
        return self.literal is not NOTHING

    @property
    def operand(self) -> str:
        """Give the code, in parentheses if they are needed before `.str` or an operator."""
        return self.code if self.whole else f"({self.code})"


@dataclass(frozen=True)
class Written:
    """The answer of an earlier pipeline: the name of its frame, and the kinds of its columns."""

    frame: str
    kinds: dict[str, str]

    def at(self, name: str) -> Snippet:
        """Give one of its columns."""
        return Snippet(f"{self.frame}[{quoted(name)}]", self.kinds.get(name, "any"))


@dataclass
class Script:
    """The source written so far, and the state of its frame after the last line.

    `kinds`: the kind of every column. `events`: whether the rows are still events. `newest_first`:
    whether they are in the order in which events come.
    """

    kinds: dict[str, str]
    now_ms: int | None = None
    window: Window | None = None
    frame: str = "events"
    lines: list[str] = field(default_factory=list)
    events: bool = True
    newest_first: bool = True
    # The length of time by which bins are shifted in the keys that are being written.
    bin_offset: str = ""
    # For each aggregation of the `stats` that is being written: the column that holds its values.
    aggregates: dict[str, Snippet] = field(default_factory=dict)
    # The answers of earlier pipelines.
    answers: tuple[Written, ...] = ()

    def add(self, *lines: str) -> None:
        """Append lines."""
        self.lines.extend(lines)

    def at(self, name: str) -> str:
        """Give the code of a column of the frame."""
        return f"{self.frame}[{quoted(name)}]"

    def assign(self, name: str, snippet: Snippet) -> None:
        """Write an assignment to a column, unless the snippet is this column."""
        value = data(snippet)
        column = as_column(self, value)
        if column.code != self.at(name):
            self.write(self.at(name), column.code)
        self.kinds[name] = column.kind

    def write(self, target: str, code: str) -> None:
        """Write an assignment; a long chain of `mask` goes on several lines."""
        chain = split_outside(code, ".mask(")
        if len(f"{target} = {code}") <= WIDTH or len(chain) == 1:
            self.add(f"{target} = {code}")
            return
        self.add(f"{target} = (", f"    {chain[0]}")
        self.add(*(f"    .mask({link}" for link in chain[1:]), ")")

    def free_name(self, wanted: str) -> str:
        """Give a column name that is not taken."""
        while wanted in self.kinds:
            wanted += "'"
        return wanted


def split_outside(code: str, separator: str) -> list[str]:
    """Split code at each separator that is outside brackets and strings."""
    parts, start, depth, quote = [], 0, 0, ""
    for place, letter in enumerate(code):
        if quote:
            if letter == quote and code[place - 1] != "\\":
                quote = ""
            continue
        if depth == 0 and code.startswith(separator, place):
            parts.append(code[start:place])
            start = place + len(separator)
        if letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
    return [*parts, code[start:]]


def is_call(code: str) -> bool:
    """Tell whether code is one chain of names, calls and subscripts, with no operator outside."""
    return len(split_outside(code, " ")) == 1 and not code.startswith(("~", "-"))


def quoted(text: str) -> str:
    """Write a Python string in double quotes where that is possible."""
    written = repr(text)
    if '"' in text or "'" in text:
        return written
    return f'"{written[1:-1]}"'


def raw(pattern: str) -> str:
    """Write a pattern as a raw string where that is possible."""
    plain = pattern.isprintable() and '"' not in pattern and not pattern.endswith("\\")
    return f'r"{pattern}"' if plain and "\\" in pattern else quoted(pattern)


def literal(value: Any) -> Snippet:
    """Make the snippet of a Python value."""
    if isinstance(value, bool):
        return Snippet(repr(value), "boolean", value)
    if isinstance(value, int):
        return Snippet(repr(value), "integer", value, whole=value >= 0)
    if isinstance(value, float):
        code = repr(value).replace("inf", "math.inf")
        return Snippet(code, "number", value, whole=value >= 0)
    return Snippet(quoted(value), "text", value)


def as_column(script: Script, snippet: Snippet) -> Snippet:
    """Turn a literal into a column that repeats it; a column stays as it is."""
    if not snippet.is_literal:
        return snippet
    code = f"pd.Series({snippet.code}, index={script.frame}.index, dtype={DTYPES[snippet.kind]})"
    return Snippet(code, snippet.kind)


def data(snippet: Snippet) -> Snippet:
    """Convert a condition to the numbers 1 and 0; any other snippet stays as it is."""
    if snippet.kind != "condition":
        return snippet
    return Snippet(f'{snippet.operand}.astype("int64[pyarrow]")', "integer")


def text(script: Script, snippet: Snippet) -> Snippet:
    """Convert a snippet to one that gives text."""
    snippet = data(snippet)
    if snippet.is_literal:
        value = snippet.literal
        written = str(value).lower() if isinstance(value, bool) else value
        if isinstance(written, str):
            return as_column(script, literal(written))
        snippet = as_column(script, snippet)
    if snippet.kind in ("text", "mixed"):
        return replace(snippet, kind="text")
    return Snippet(text_form(snippet), "text")


def text_form(snippet: Snippet) -> str:
    """Write a column as text; Arrow's cast writes numbers and Booleans as the language does."""
    if snippet.kind in ("integer", "boolean"):
        return f"{snippet.operand}.astype(TEXT)"
    return f"as_text({snippet.code})"


def number(script: Script, snippet: Snippet) -> Snippet:
    """Convert a snippet to one that gives numbers; a literal number stays a literal."""
    snippet = data(snippet)
    if snippet.kind in NUMERIC:
        return snippet
    snippet = as_column(script, snippet)
    if snippet.kind in ("boolean", "time"):
        return Snippet(f'{snippet.operand}.astype("int64[pyarrow]")', "integer")
    if snippet.kind == "mixed":
        return Snippet(f"as_number(without_booleans({snippet.code}))", "numeric")
    return Snippet(f"as_number({snippet.code})", "numeric")


def common_kind(*snippets: Snippet) -> str:
    """Give the kind that the result of arithmetic over these numbers has."""
    kinds = {snippet.kind for snippet in snippets}
    if kinds == {"integer"}:
        return "integer"
    return "numeric" if "numeric" in kinds else "number"


def number_column(script: Script, snippet: Snippet) -> Snippet:
    """Convert a snippet to one that gives a column of numbers."""
    return as_column(script, number(script, snippet))


WRITERS: dict[str, Callable[..., Snippet]] = {}


def writes(*names: str) -> Callable[[Callable[..., Snippet]], Callable[..., Snippet]]:
    """Register the writer of functions, by canonical name.

    The writer gets the script and a snippet for each argument.
    """

    def register(writer: Callable[..., Snippet]) -> Callable[..., Snippet]:
        for name in names:
            WRITERS[name] = writer
        return writer

    return register
