"""The tokens of a query: one verbose regex, and rules for `/` and `.`, which have two meanings."""

from __future__ import annotations

import re

from sqlglot import tokenizer_core, tokens
from sqlglot.tokenizer_core import Token, TokenType

from cwnb.errors import MalformedQuery
from cwnb.insights.ql import foreign, foreign_forms

if not getattr(tokenizer_core, "__file__", ".py").endswith(".py"):  # pragma: no cover
    # The compiled classes of sqlglot cannot be subclassed, and the grammar does just that.
    message = "the query language needs sqlglot as plain Python; run: pip uninstall sqlglotc"
    raise ImportError(message)

TOKEN = re.compile(
    r"""
    (?P<blank>   \s+ | \#[^\n]* )
  | (?P<number>  [0-9]+ (?:\.[0-9]+)? (?:[eE][+-]?[0-9]+)? )
  | (?P<path>    (?: @*`(?:[^`]|``)+` | [^\W\d][\w@]* | @[\w@]* )
                 (?: \. (?: [\w@]+ | `(?:[^`]|``)+` ) )* )
  | (?P<string>  "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
  | (?P<symbol>  =~ | ~= | == | != | <> | <= | >= | && | \|[|=~] | !~ | [-+*%^=<>!|(),:\[\]] )
  | (?P<unclosed> ["'`] )
  | (?P<placeholder> \{\{.*?\}\} )
  | (?P<brace>   [{}] )
  | (?P<macro>   \$ (?: \w+ | `[^`]*` ) )
    """,
    re.VERBOSE | re.DOTALL,
)
# Only where a value may begin: there `/` opens a regex and `.` begins a number.
REGEX = re.compile(r"/((?:[^/\\\n]|\\[^\n])*)/")
POINT_NUMBER = re.compile(r"\.[0-9]+(?:[eE][+-]?[0-9]+)?")
# Only where a value has just ended: there `/` divides and `.` is followed by a key.
STEP = re.compile(r"(?:\.(?:[\w@]+|`(?:[^`]|``)+`))+")

SYMBOLS = {
    "(": TokenType.L_PAREN,
    ")": TokenType.R_PAREN,
    "[": TokenType.L_BRACKET,
    "]": TokenType.R_BRACKET,
    ",": TokenType.COMMA,
    ":": TokenType.COLON,
    "{": TokenType.L_BRACE,
    "}": TokenType.R_BRACE,
    "|": TokenType.PIPE,
    "+": TokenType.PLUS,
    "-": TokenType.DASH,
    "*": TokenType.STAR,
    "/": TokenType.SLASH,
    "%": TokenType.MOD,
    "^": TokenType.CARET,
    "=": TokenType.EQ,
    "==": TokenType.EQ,
    "!=": TokenType.NEQ,
    "<": TokenType.LT,
    "<=": TokenType.LTE,
    ">": TokenType.GT,
    ">=": TokenType.GTE,
    "=~": TokenType.RLIKE,
    "!": TokenType.EXCLAMATION,
}
REGEX_TOKEN = TokenType.RAW_STRING
STEP_TOKEN = TokenType.DOT
# The name of a saved query with its sign; `macros` puts its text in the place of the call.
MACRO_TOKEN = TokenType.PARAMETER
KINDS = {
    "number": TokenType.NUMBER,
    "path": TokenType.VAR,
    "string": TokenType.STRING,
    "macro": MACRO_TOKEN,
}
# A longer number can be written as a text, which compares digit by digit; Python reads no numbers
# of more than 4,300 digits.
MOST_DIGITS = 1_000
_NAME_AT_END = re.compile(r"(?<![\w@.`])[\w@.`]+\Z")
_QUOTED_KEY = re.compile(r"""\.("[^"`\n]+"|'[^'`\n]+')""")
# UTF-16 writes rare characters as two of these; one alone is in no text, and Arrow takes none.
_SURROGATE = re.compile("[\ud800-\udfff]")
BYTE_ORDER_MARK = "\ufeff"
# Words after which a value begins, though they look like names.
OPERATOR_WORDS = frozenset("and or not like in by as".split())
# Commands in which a query stands in parentheses; in a condition it follows `in`.
COMMANDS_WITH_QUERIES = frozenset({"join", "appendcols"})
VALUE_ENDS = frozenset(
    {
        TokenType.NUMBER,
        TokenType.VAR,
        TokenType.STRING,
        TokenType.R_PAREN,
        TokenType.R_BRACKET,
        REGEX_TOKEN,
        STEP_TOKEN,
    }
)


class InsightsTokenizer(tokens.Tokenizer):
    """Cuts Insights text into tokens; `start` and `end` are the first and last character."""

    def tokenize(self, sql: str) -> list[Token]:
        """Cut the text; raises MalformedQuery where nothing of the language begins."""
        if half := _SURROGATE.search(sql):
            message = f"half of a character, U+{ord(half[0]):X}, is no text"
            shown = sql.encode("utf-8", "replace").decode()
            raise MalformedQuery(message, shown, half.start(), half.end())
        found: list[Token] = []
        context = _Context()
        position = 1 if sql.startswith(BYTE_ORDER_MARK) else 0
        while position < len(sql):
            token, position = _next_token(sql, position, context)
            if token is not None:
                found.append(token)
                context.note(token)
        return found


class _Context:
    """What comes before the next token, so that a regex can be told from a division."""

    def __init__(self) -> None:
        self.value_ended = False
        self.end = -1
        self._command_begins = True
        self._command = ""
        self._word = ""
        # Parentheses that are open in the command, and the same of the commands around it.
        self._depth = 0
        self._around: list[tuple[str, int]] = []

    @property
    def names_groups(self) -> bool:
        """Whether what is read is a SOURCE, in which no regex stands."""
        return self._command == "source"

    def note(self, token: Token) -> None:
        """Take account of a token that has been read."""
        kind = token.token_type
        word = token.text.lower() if kind is TokenType.VAR else ""
        if self._command_begins and word:
            self._command = word
            ended = False
        else:
            ended = kind in VALUE_ENDS and word not in OPERATOR_WORDS
        self._command_begins = kind is TokenType.PIPE
        if kind is TokenType.L_PAREN:
            self._around.append((self._command, self._depth))
            self._depth += 1
            if self._word == "in" or self._command in COMMANDS_WITH_QUERIES:
                self._command_begins, self._command, self._depth = True, "", 0
        elif kind is TokenType.R_PAREN and self._around:
            self._command, self._depth = self._around.pop()
        self._word = word
        # `parse field /regex/`: outside parentheses nothing is divided there.
        self.value_ended = ended and not (self._command == "parse" and self._depth == 0)
        self.end = token.end + 1
        self.step_may_follow = kind in {TokenType.R_PAREN, TokenType.R_BRACKET}

    step_may_follow = False


def _next_token(text: str, position: int, context: _Context) -> tuple[Token | None, int]:
    character = text[position]
    if character == "/":
        if (sign := text[position : position + 2]) in ("//", "/*"):
            hint = foreign.slashes_hint(text[:position], text[position:])
            message = f"{sign!r} begins no regex; {hint}"
            raise MalformedQuery(message, text, position, position + 2)
        if context.value_ended:
            return _token(TokenType.SLASH, "/", position, position + 1)
        if context.names_groups:
            message = "write the name of a log group in quotes: SOURCE '/shop/web'"
            raise MalformedQuery(message, text, position, position + 1)
        return _regex(text, position)
    if character == ".":
        if context.step_may_follow and context.end == position:
            match = STEP.match(text, position)
            if match:
                return _token(STEP_TOKEN, match[0], position, match.end())
        elif match := POINT_NUMBER.match(text, position):
            return _token(TokenType.NUMBER, "0" + match[0], position, match.end())
    match = TOKEN.match(text, position)
    if match is None:
        raise MalformedQuery(_unexpected(text, position), text, position, position + 1)
    kind = str(match.lastgroup)
    value, end = match[0], match.end()
    if kind == "blank":
        return None, end
    if kind in {"symbol", "brace"}:
        # A tag of log groups stands in braces, and nothing else does.
        if value in foreign.SYMBOLS and not (kind == "brace" and context.names_groups):
            raise MalformedQuery(_foreign_symbol(value, text, position), text, position, end)
        return _token(SYMBOLS[value], value, position, end)
    if kind == "unclosed":
        what = "name in backticks" if value == "`" else "string"
        message = f"unterminated {what}: the closing {value} is missing"
        raise MalformedQuery(message, text, position, end)
    if kind == "placeholder":
        raise MalformedQuery(f"placeholder {value} has no value", text, position, end)
    if kind == "number" and len(value) > MOST_DIGITS:
        message = f"a number has at most {MOST_DIGITS:,} digits; write a longer one in quotes"
        raise MalformedQuery(message, text, position, end)
    return _token(KINDS[kind], value, position, end)


def _foreign_symbol(sign: str, text: str, position: int) -> str:
    """Say what to write for a sign of other languages, with the texts that stand beside it."""
    if sign == "{" and (message := foreign_forms.streams(text, position)):
        return message
    if sign in ("|=", "|~") and (hint := foreign_forms.line_filter(text, position)):
        return f"unknown operator {sign!r}; {hint}"
    return foreign.SYMBOLS[sign]


def _unexpected(text: str, position: int) -> str:
    """Say that nothing of the language begins with this character, and what may be meant."""
    character = text[position]
    if character == "." and (key := _QUOTED_KEY.match(text, position)):
        return f"a key that is no plain name stands in backticks: .`{unquote(key[1])}`"
    if text.startswith((".*", ".[*"), position):
        return (
            f"no key is called '*'; {foreign_forms.EACH_ITEM.format(_name_before(text, position))}"
        )
    return foreign.SYMBOLS.get(character, f"unexpected symbol found {character!r}")


def _name_before(text: str, position: int) -> str:
    name = _NAME_AT_END.search(text[:position])
    return name[0] if name else "…"


def _regex(text: str, position: int) -> tuple[Token, int]:
    match = REGEX.match(text, position)
    if match is None:
        raise MalformedQuery(
            "unterminated regex: the closing '/' is missing", text, position, position + 1
        )
    end = match.end()
    flags = re.compile(r"\w*").match(text, end)
    if flags and flags[0]:
        raise MalformedQuery(
            f"unexpected symbol found {flags[0]!r}: a regex takes no flags after its last slash; "
            "write (?i) as its first characters",
            text,
            end,
            flags.end(),
        )
    return _token(REGEX_TOKEN, match[1], position, end)


def _token(kind: TokenType, text: str, start: int, end: int) -> tuple[Token, int]:
    return Token(kind, text, start=start, end=end - 1), end


def unquote(token_text: str) -> str:
    r"""Give the value of a text with its quotes: `\"`, `\'` and `\\` are escapes, no others."""
    return re.sub(r"\\([\\\"'])", r"\1", token_text[1:-1], flags=re.DOTALL)


def offsets_within(token: Token) -> list[int]:
    """Give where each character of a regex or of a text in quotes, and its end, stands as written.

    Counted from the first character of the token, which is a slash or a quote.
    """
    is_regex = token.token_type is REGEX_TOKEN
    inside = token.text if is_regex else token.text[1:-1]
    one = r"\\/|." if is_regex else r"\\[\\\"']|."
    starts = [match.start() for match in re.finditer(one, inside, re.DOTALL)]
    return [start + 1 for start in [*starts, len(inside)]]


def quote(value: str) -> str:
    """Write a text in quotes, which `unquote` reads; backslashes are doubled only where needed."""
    escaped = re.sub(r"\\(?=[\\\"']|\Z)", r"\\\\", value)
    return '"' + escaped.replace('"', '\\"') + '"'


_PART = re.compile(r"(@*)`((?:[^`]|``)+)`|[\w@]+")
PLAIN_PART = re.compile(r"[\w@]+")


def path_parts(path: str) -> list[str]:
    """Split a path as written into its parts: ``a.`odd key`.0`` gives three."""
    parts = []
    for match in _PART.finditer(path):
        quoted = match[2]
        parts.append(match[0] if quoted is None else match[1] + quoted.replace("``", "`"))
    return parts
