"""Write string functions as pandas code."""

from __future__ import annotations

import re

from cwnb.insights.to_pandas.writing import (
    CannotSay,
    Script,
    Snippet,
    as_column,
    data,
    number,
    quoted,
    raw,
    text,
    writes,
)


@writes("isempty")
def _isempty(script: Script, value: Snippet) -> Snippet:
    return _is_empty(script, value, "")


@writes("isblank")
def _isblank(script: Script, value: Snippet) -> Snippet:
    return _is_empty(script, value, ".str.strip()")


def _is_empty(script: Script, value: Snippet, change: str) -> Snippet:
    written = text(script, value)
    if value.is_literal or value.kind == "text":
        return Snippet(f'{written.operand}.fillna(""){change} == ""', "condition", whole=False)
    # A list or map has no text, and is not empty.
    whole = data(value).operand
    empty = f'({written.operand}.astype("str"){change} == "")'
    return Snippet(f"{whole}.isna() | {empty}", "condition", whole=False)


@writes("concat")
def _concat(script: Script, *values: Snippet) -> Snippet:
    parts = [
        quoted(v.literal) if isinstance(v.literal, str) else f'{text(script, v).operand}.fillna("")'
        for v in values
    ]
    if all(isinstance(v.literal, str) for v in values):
        parts[0] = text(script, values[0]).operand
    return Snippet(" + ".join(parts), "text", whole=len(parts) == 1)


@writes("strlen")
def _strlen(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"{text(script, value).operand}.str.len()", "integer")


@writes("toupper")
def _toupper(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"{text(script, value).operand}.str.upper()", "text")


@writes("tolower")
def _tolower(script: Script, value: Snippet) -> Snippet:
    return Snippet(f"{text(script, value).operand}.str.lower()", "text")


@writes("trim")
def _trim(script: Script, value: Snippet, letters: Snippet | None = None) -> Snippet:
    return _strip(script, "strip", value, letters)


@writes("ltrim")
def _ltrim(script: Script, value: Snippet, letters: Snippet | None = None) -> Snippet:
    return _strip(script, "lstrip", value, letters)


@writes("rtrim")
def _rtrim(script: Script, value: Snippet, letters: Snippet | None = None) -> Snippet:
    return _strip(script, "rstrip", value, letters)


def _strip(script: Script, method: str, value: Snippet, letters: Snippet | None) -> Snippet:
    value = text(script, value)
    if letters is None:
        return Snippet(f"{value.operand}.str.{method}()", "text")
    if letters.is_literal:
        # An empty set would mean white space to pandas.
        if letters.literal == "":
            return value
        return Snippet(f"{value.operand}.str.{method}({quoted(str(letters.literal))})", "text")
    return Snippet(f"each(str.{method}, TEXT, {value.code}, {text(script, letters).code})", "text")


@writes("substr")
def _substr(
    script: Script, value: Snippet, start: Snippet, length: Snippet | None = None
) -> Snippet:
    value = text(script, value)
    bounds = [number(script, n) for n in (start, length) if n is not None]
    whole = all(isinstance(b.literal, int) and b.literal >= 0 for b in bounds)
    if whole and length is None:
        return Snippet(f"{value.operand}.str[{bounds[0].literal}:]", "text")
    if whole:
        end = bounds[0].literal + bounds[1].literal
        return Snippet(f"{value.operand}.str[{bounds[0].literal}:{end}]", "text")
    arguments = ", ".join([value.code, *(b.code for b in bounds)])
    return Snippet(f"each(substring, TEXT, {arguments})", "text")


@writes("replace")
def _replace(script: Script, value: Snippet, find: Snippet, put: Snippet) -> Snippet:
    value = text(script, value)
    if find.is_literal and put.is_literal and find.literal != "":
        arguments = f"{_word(find)}, {_word(put)}, regex=False"
        return Snippet(f"{value.operand}.str.replace({arguments})", "text")
    if find.literal == "":
        return value
    arguments = f"{value.code}, {text(script, find).code}, {text(script, put).code}"
    return Snippet(f"each(replaced, TEXT, {arguments})", "text")


def _word(snippet: Snippet) -> str:
    return quoted(str(snippet.literal))


@writes("regexreplace")
def _regexreplace(script: Script, value: Snippet, pattern: Snippet, put: Snippet) -> Snippet:
    if not (pattern.kind == "regex" or pattern.is_literal) or not put.is_literal:
        raise CannotSay("regexReplace with a pattern or replacement that differs by row")
    # RE2's replacement syntax has `\1` only, and a backslash must be doubled.
    template = re.sub(r"\$(\d)|\$\{(\d)\}", r"\\\1\2", str(put.literal))
    value = text(script, value)
    code = f"{value.operand}.str.replace({raw(str(pattern.literal))}, {raw(template)}, regex=True)"
    return Snippet(code, "text")


@writes("strcontains")
def _strcontains(
    script: Script, value: Snippet, find: Snippet, ignore_case: Snippet | None = None
) -> Snippet:
    value = text(script, value)
    ignore = ignore_case is not None and bool(ignore_case.literal)
    if ignore_case is not None and not ignore_case.is_literal:
        raise CannotSay("strcontains whose third argument differs by row")
    if find.is_literal:
        case = ", case=False" if ignore else ""
        code = f"{value.operand}.str.contains({_word(find)}{case}, regex=False)"
        return Snippet(code, "condition")
    wanted = text(script, find)
    one, other = (
        (f"{value.operand}.str.lower()", f"{wanted.operand}.str.lower()")
        if ignore
        else (value.code, wanted.code)
    )
    return Snippet(f'each(str.__contains__, "bool[pyarrow]", {one}, {other})', "condition")


@writes("startswith")
def _startswith(script: Script, value: Snippet, start: Snippet) -> Snippet:
    return _edge(script, "startswith", value, start)


@writes("endswith")
def _endswith(script: Script, value: Snippet, end: Snippet) -> Snippet:
    return _edge(script, "endswith", value, end)


def _edge(script: Script, method: str, value: Snippet, edge: Snippet) -> Snippet:
    value = text(script, value)
    if edge.is_literal:
        return Snippet(f"{value.operand}.str.{method}({_word(edge)})", "condition")
    arguments = f"{value.code}, {text(script, edge).code}"
    return Snippet(f'each(str.{method}, "bool[pyarrow]", {arguments})', "condition")


def _by_value(name: str, helper: str, dtype: str = "TEXT", kind: str = "text") -> None:
    def writer(script: Script, value: Snippet) -> Snippet:
        return Snippet(f"each({helper}, {dtype}, {text(script, value).code})", kind)

    writes(name)(writer)


_by_value("urlencode", "url_encoded")
_by_value("urldecode", "url_decoded")
_by_value("base64encode", "base64_encoded")
_by_value("base64decode", "base64_decoded")
_by_value("md5", "md5")
_by_value("sha256", "sha256")
_by_value("hextoascii", "hex_to_ascii")
_by_value("hextodec", "hex_to_number", "object", "any")


@writes("dectohex")
def _dectohex(script: Script, value: Snippet) -> Snippet:
    value = as_column(script, number(script, value))
    return Snippet(f"each(number_to_hex, TEXT, {value.code})", "text")


@writes("split")
def _split(script: Script, value: Snippet, delimiter: Snippet) -> Snippet:
    value = text(script, value)
    return Snippet(f"each(list_of, object, {value.code}, {delimiter.code})", "any")
