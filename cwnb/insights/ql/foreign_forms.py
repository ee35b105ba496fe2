"""Forms of other languages that are several words long, and how they are written here.

`ahead` are the tokens from the place of the error on, as the query has them; `before` is the one
before them. So a hint repeats the values of the query.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

JOIN = "write join type=inner left=a right=b where a.id = b.id (SOURCE '…')"
EACH_ITEM = "write unnest {0} into item as a command of its own, then item.key"
_CASTS = {
    **dict.fromkeys("int integer bigint smallint long".split(), "toInt"),
    **dict.fromkeys("float double real".split(), "toDouble"),
    **dict.fromkeys("number numeric decimal".split(), "toNumber"),
    **dict.fromkeys("text string varchar char".split(), "concat"),
}
# What other languages have between `parse` with its field and the pattern.
_BEFORE_PATTERN = frozenset("with pattern regexp regex grok using".split())
_SIGNS = frozenset("+-*/%^.")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")
_BYTES = re.compile(r"(?P<factor>[kmgt])(?P<binary>i?)b?", re.IGNORECASE)
_FACTORS = "kmgt"
_NAME = re.compile(r"[\w@`][\w@`.]*")
_LINE_FILTER = re.compile(r"\|(?P<sign>[=~])\s*(?P<text>\"[^\"]*\"|'[^']*')")
# What begins a query of LogQL: labels in braces, then perhaps a text to look for.
_STREAMS = re.compile(
    r"\{(?P<labels>[^{}|]*)\}(?:\s*\|(?P<sign>[=~])\s*(?P<text>\"[^\"]*\"|'[^']*'))?"
)
_FIELD_OF_FILTER = re.compile(r"\b(?:filter|where)\s+[\w@.`]+\s*\Z", re.IGNORECASE)
_LABEL = re.compile(r"(?P<name>[\w.]+)\s*(?P<sign>=~|!~|!=|=)\s*(?P<text>\"[^\"]*\"|'[^']*')")


def thousands(query: str, start: int) -> str | None:
    """Say how a number with commas is written, which begins here; None for anything else."""
    match = _THOUSANDS.match(query, start)
    return f"a number has no commas; write {match[0].replace(',', '')}" if match else None


def after_value(before: Sequence[str], ahead: Sequence[str]) -> str | None:
    """Say what to write for what stands behind a value; None if the form is not known.

    `before`: the last tokens, of which the last one ends the value.
    """
    value = before[-1] if before and _NAME.fullmatch(before[-1]) else "…"
    words = [word.lower() for word in ahead]
    if lucene := lucene_condition(value, ahead):
        return lucene
    if words[:1] == [","] and before[-2:-1] == ["="] and len(ahead) > 1:
        return f"write in [{before[-1]}, {ahead[1]}] for several values"
    if words[:1] == ["between"] or words[:2] == ["not", "between"]:
        field = "…" if before[-2:-1] and before[-2] in _SIGNS else value
        return _range(field, ahead[words.index("between") + 1 :], negated=words[0] == "not")
    if words[:2] == [":", ":"] and len(words) > 2:
        call = _CASTS.get(words[2], "toInt")
        return f"write {call}({value})"
    return None


def lucene_condition(field: str, ahead: Sequence[str]) -> str | None:
    """Say how to write `level:ERROR`, `ms:[10 TO 20]`, `ms:>10`; None for anything else.

    `ahead` begins with the colon.
    """
    if ahead[:1] != [":"] or len(ahead) < 2 or ahead[1] == ":":
        return None
    value, words = ahead[1], [word.lower() for word in ahead]
    if field == "_exists_":
        return f"write ispresent({value})"
    if value in (">", ">=", "<", "<=") and len(ahead) > 2:
        return f"write {field} {value} {ahead[2]}"
    if value == "[" and words[3:4] == ["to"] and len(ahead) > 4:
        return f"write {field} >= {ahead[2]} and {field} <= {ahead[4]}"
    if value == "(":
        items = [part for part in ahead[2:] if part.lower() not in ("or", "(", ")")]
        return f"write {field} in [{', '.join(map(_as_value, items))}]"
    if value == "*":
        text = ahead[2] if len(ahead) > 2 and _NAME.fullmatch(ahead[2]) else "text"
        return f'write {field} like "{text}"'
    if not (value[0] in "\"'" or _NAME.fullmatch(value) or _is_number(value)):
        return None
    if words[2:3] == ["*"]:
        return f"write {field} like /^{value}/"
    return f"write {field} = {_as_value(value)}"


def _as_value(written: str) -> str:
    """Write a bare word as a text; texts in quotes and numbers stay."""
    return written if written[0] in "\"'" or _is_number(written) else f'"{written}"'


def _is_number(written: str) -> bool:
    return re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", written) is not None


def _range(field: str, ahead: Sequence[str], *, negated: bool) -> str:
    """Write `between 500 and 599` as two comparisons."""
    least, rest = _number_or_word(ahead)
    most = _number_or_word(rest[1:])[0] if [word.lower() for word in rest[:1]] == ["and"] else ""
    if not (least and most):
        least, most = "1", "2"
    if negated:
        return f"write {field} < {least} or {field} > {most}"
    return f"write {field} >= {least} and {field} <= {most}"


def _number_or_word(ahead: Sequence[str]) -> tuple[str, Sequence[str]]:
    length = 2 if ahead[:1] == ["-"] else 1
    return "".join(ahead[:length]), ahead[length:]


def power(base: str, exponent: str) -> str:
    """Say how `base ** exponent` is written."""
    known = _NAME.fullmatch(base) and _NAME.fullmatch(exponent)
    return f"write {base} ^ {exponent}" if known else "write … ^ 2"


def brackets(ahead: Sequence[str]) -> str:
    """Say how a list in parentheses is written here; `ahead` begins with `(`."""
    inside = list(ahead[1 : ahead.index(")")]) if ")" in ahead else []
    if not inside or "(" in inside:
        return ", such as ['a', 'b']"
    return f"; write [{''.join(', ' if part == ',' else part for part in inside)}]"


def bytes_written(number: str, unit: str) -> str | None:
    """Say how `10kb` is written as a number; None if it is no number of bytes."""
    match = _BYTES.fullmatch(unit)
    if match is None:
        return None
    power = _FACTORS.index(match["factor"].lower()) + 1
    thousands, binary = (_whole(Decimal(number) * factor**power) for factor in (1000, 1024))
    if match["binary"]:
        meant = binary
    else:
        meant = thousands if len(unit) == 1 else f"{thousands} or {binary}"
    return f"a number has no unit; write {meant} for {number}{unit}"


def _whole(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_without_pattern(value: str, ahead: Sequence[str]) -> str | None:
    """Say what to write for `parse json @message as m`, and for the same in another order."""
    name = _name_after_as(ahead)
    if name is None:
        if len(ahead) > 1 and ahead[1][:1] in ("'", '"') and ahead[0].lower() in _BEFORE_PATTERN:
            return f"write parse {value} {ahead[1]} as name"
        first, name = (ahead[0] if ahead else ""), _name_after_as(ahead[1:]) or "name"
        return parse_mode(first.lower(), value, name) or parse_mode(value.lower(), first, name)
    if hint := parse_mode(value.lower(), "@message", name):
        return hint
    if hint := parse_mode(name.lower(), value, "name"):
        return hint
    return f'write what stands around it: parse {value} "… *" as {name}'


def _name_after_as(ahead: Sequence[str]) -> str | None:
    return ahead[1] if len(ahead) > 1 and ahead[0].lower() == "as" else None


def parse_mode(mode: str, field: str, name: str) -> str | None:
    """Say how to read a text with pairs or JSON into a map; None for another word."""
    if mode == "json":
        return f"write fields jsonParse({field}) as {name}"
    if mode in {"kv", "keyvalue", "key_value"}:
        return f"write parse {field} logfmt as {name}"
    return None


def streams(query: str, start: int) -> str | None:
    """Say how to write labels in braces that begin a query, as in `{app="x"} |= "y"`."""
    before = query[:start].strip()
    if before.endswith("("):
        return (
            "unexpected symbol found '{'; write filter … | stats count(*) by bin(5m): the query "
            "reads the log groups that are chosen beside it, or those of SOURCE"
        )
    if before:
        return None
    match = _STREAMS.match(query, start)
    labels = list(_LABEL.finditer(match["labels"])) if match else []
    conditions = [_condition(label) for label in labels]
    if match and match["text"]:
        conditions.append(f"@message {_like(match)}")
    meant = f"write filter {' and '.join(conditions)}" if conditions else "write filter …"
    return (
        f"unexpected symbol found '{{'; {meant}; the query reads the log groups that are chosen "
        "beside it, or those of SOURCE"
    )


def _condition(label: re.Match[str]) -> str:
    if label["sign"] in ("=", "!="):
        return f"{label['name']} {label['sign']} {label['text']}"
    negated = "not " if label["sign"] == "!~" else ""
    return f"{label['name']} {negated}like /^({_pattern(label)})$/"


def _pattern(match: re.Match[str]) -> str:
    """Give the regex in quotes as it stands between slashes."""
    return match["text"][1:-1].replace("/", "\\/")


def _like(match: re.Match[str]) -> str:
    """Write `|= "text"` or `|~ "regex"` as what stands behind a field."""
    return f"like {match['text']}" if match["sign"] == "=" else f"like /{_pattern(match)}/"


def line_filter(query: str, start: int) -> str | None:
    """Say how to write `|= "text"` and `|~ "regex"`; None if no text follows the sign."""
    match = _LINE_FILTER.match(query, start)
    if match is None:
        return None
    like = _like(match)
    after_field = _FIELD_OF_FILTER.search(query[:start]) is not None
    return f"write {like}" if after_field else f"write | filter @message {like}"
