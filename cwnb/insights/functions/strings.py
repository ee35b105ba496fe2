"""String functions. Source: CWL_QuerySyntax-operations-functions."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.insights.control import with_checkpoints
from cwnb.insights.functions.calling import cut_off, map_values, rows_of
from cwnb.insights.functions.registry import function
from cwnb.insights.text import regex
from cwnb.insights.values.conversion import to_text
from cwnb.insights.values.number_columns import column_of_numbers
from cwnb.insights.values.structures import write_json
from cwnb.insights.values.value_types import STRUCTURE, Value, broadcast

if TYPE_CHECKING:
    from collections.abc import Callable

# More characters than any text has.
_FARTHEST = 2**31
_HEX = re.compile(r"(?P<sign>-?)(?:0[xX])?(?P<digits>[0-9a-fA-F]+)")
_GROUP = re.compile(r"\\\\|[\\$](?P<number>[0-9])|\\")


@function("isempty(any field) -> boolean")
def isempty(field: Value) -> Value:
    """Tell whether a value is missing or an empty text."""
    return pc.equal(to_text(field), "").fill_null(True)


@function("isblank(any field) -> boolean")
def isblank(field: Value) -> Value:
    """Tell whether a value is missing, empty or nothing but white space."""
    return pc.equal(pc.utf8_trim_whitespace(to_text(field)), "").fill_null(True)


@function("concat(text s...) -> text")
def concat(*parts: Value) -> Value:
    """Join texts; missing ones add nothing."""
    rows = rows_of(*parts)
    columns = [part if isinstance(part, pa.Array) else broadcast(part, rows) for part in parts]
    return pc.binary_join_element_wise(*columns, "", null_handling="replace", null_replacement="")


@function("ltrim(text s [, text chars]) -> text")
def ltrim(s: Value, chars: Value | None = None) -> Value:
    """Strip white space, or any of the characters given, from the left."""
    return _trim(s, chars, pc.utf8_ltrim_whitespace, pc.utf8_ltrim, str.lstrip)


@function("rtrim(text s [, text chars]) -> text")
def rtrim(s: Value, chars: Value | None = None) -> Value:
    """Strip white space, or any of the characters given, from the right."""
    return _trim(s, chars, pc.utf8_rtrim_whitespace, pc.utf8_rtrim, str.rstrip)


@function("trim(text s [, text chars]) -> text")
def trim(s: Value, chars: Value | None = None) -> Value:
    """Strip white space, or any of the characters given, from both ends."""
    return _trim(s, chars, pc.utf8_trim_whitespace, pc.utf8_trim, str.strip)


def _trim(
    s: Value,
    chars: Value | None,
    strip_space: Callable[[Value], Value],
    strip_characters: Callable[..., Value],
    strip_in_python: Callable[[str, str], str],
) -> Value:
    if chars is None:
        return strip_space(s)
    if isinstance(chars, pa.Array) or not chars.is_valid:
        return map_values(strip_in_python, pa.string(), s, chars)
    return strip_characters(s, characters=chars.as_py()) if chars.as_py() else s


@function("strlen(text s) -> number")
def strlen(s: Value) -> Value:
    """Count the Unicode code points."""
    return pc.cast(pc.utf8_length(s), pa.int64())


@function("toupper(text s) -> text")
def toupper(s: Value) -> Value:
    """Convert to upper case."""
    return pc.utf8_upper(s)


@function("tolower(text s) -> text")
def tolower(s: Value) -> Value:
    """Convert to lower case."""
    return pc.utf8_lower(s)


@function("substr(text s, number start [, number len]) -> text")
def substr(s: Value, start: Value, len: Value | None = None) -> Value:
    """Give the part from a 0-based character on, to the end or of a length; "" if there is none."""
    varies = isinstance(start, pa.Array) or isinstance(len, pa.Array)
    if varies or not start.is_valid or (len is not None and not len.is_valid):
        arguments = [s, start] if len is None else [s, start, len]
        return map_values(_substring, pa.string(), *arguments)
    first = cut_off(start.as_py(), _FARTHEST)
    size = None if len is None else cut_off(len.as_py(), _FARTHEST)
    if first < 0 or (size is not None and size <= 0) or first >= _FARTHEST:
        return pc.if_else(s.is_valid(), "", pa.scalar(None, pa.string()))
    stop = None if size is None else min(first + size, _FARTHEST)
    return pc.utf8_slice_codeunits(s, start=first, stop=stop)


def _substring(text: str, start: float, length: float | None = None) -> str:
    first = cut_off(start, _FARTHEST)
    if first < 0 or (length is not None and length <= 0):
        return ""
    return text[first:] if length is None else text[first : first + cut_off(length, _FARTHEST)]


@function("replace(text s, text find, text with) -> text")
def replace(s: Value, find: Value, new: Value) -> Value:
    """Replace all occurrences of a text."""
    if any(isinstance(v, pa.Array) or not v.is_valid for v in (find, new)):
        return map_values(_replace, pa.string(), s, find, new)
    if not find.as_py():
        return s
    return pc.replace_substring(s, pattern=find.as_py(), replacement=new.as_py())


def _replace(text: str, find: str, new: str) -> str:
    return text.replace(find, new) if find else text


@function("regexReplace(text s, regex regex, literal_text with) -> text")
def regex_replace(s: Value, pattern: str, new: str) -> Value:
    r"""Replace all matches of an RE2 pattern; $1 or \1 in the replacement stand for a group."""
    re2 = regex.to_re2(pattern)
    try:
        return pc.replace_substring_regex(s, re2, _re2_rewrite(new))
    except pa.ArrowInvalid as error:
        raise MalformedQuery(f"replacement {new!r} does not fit the regex: {error}") from None


def _re2_rewrite(new: str) -> str:
    def rewrite(match: re.Match[str]) -> str:
        return "\\" + match["number"] if match["number"] else "\\\\"

    return _GROUP.sub(rewrite, new)


@function(
    "strcontains(text s, text find [, boolean ignoreCase]) -> boolean", true_only_if_contains=True
)
def strcontains(s: Value, find: Value, ignore_case: Value | None = None) -> Value:
    """Tell whether a text contains another."""
    if isinstance(find, pa.Array) or isinstance(ignore_case, pa.Array) or not find.is_valid:
        arguments = [s, find] if ignore_case is None else [s, find, ignore_case]
        return _contains_row_by_row(arguments)
    if ignore_case is not None and not ignore_case.is_valid:
        return pa.nulls(rows_of(s), pa.bool_())
    ignoring = ignore_case is not None and bool(ignore_case.as_py())
    text = broadcast(s, rows_of(s))
    return regex.contains(text, find.as_py(), ignore_case=ignoring)


def _contains_row_by_row(arguments: list[Value]) -> pa.Array:
    """Tell whether texts contain others that vary; a regex of a text is compiled once."""
    others: dict[str, dict[str, bool]] = {}

    def contains(text: str, find: str, ignore_case: bool = False) -> bool:
        if not ignore_case:
            return find in text
        if len(find) > len(text):  # case folding of RE2 replaces one character by one
            return False
        if text.isascii() and find.isascii():
            return find.lower() in text.lower()
        return others.setdefault(find, {}).setdefault(text, False)

    found = map_values(contains, pa.bool_(), *arguments)
    if not others:
        return found
    for find, texts in with_checkpoints(others.items()):
        answers = regex.contains(pa.array(list(texts), pa.string()), find, ignore_case=True)
        texts.update(zip(list(texts), answers.to_pylist(), strict=True))
    return map_values(contains, pa.bool_(), *arguments)


@function("startsWith(text s, text prefix) -> boolean", true_only_if_contains=True)
def starts_with(s: Value, prefix: Value) -> Value:
    """Tell whether a text starts with another."""
    if isinstance(prefix, pa.Array) or not prefix.is_valid:
        return map_values(str.startswith, pa.bool_(), s, prefix)
    return pc.starts_with(s, prefix.as_py())


@function("endsWith(text s, text suffix) -> boolean")
def ends_with(s: Value, suffix: Value) -> Value:
    """Tell whether a text ends with another."""
    if isinstance(suffix, pa.Array) or not suffix.is_valid:
        return map_values(str.endswith, pa.bool_(), s, suffix)
    return pc.ends_with(s, suffix.as_py())


@function("urlencode(text s) -> text")
def urlencode(s: Value) -> Value:
    """Percent-encode everything but letters, digits and `-._~`."""
    return map_values(lambda text: quote(text, safe=""), pa.string(), s)


@function("urldecode(text s) -> text")
def urldecode(s: Value) -> Value:
    """Decode percent-encoding; `+` is a space."""
    return map_values(unquote_plus, pa.string(), s)


@function("base64encode(text s) -> text")
def base64encode(s: Value) -> Value:
    """Encode the UTF-8 bytes of a text in base64."""
    return map_values(lambda text: base64.b64encode(text.encode()).decode(), pa.string(), s)


@function("base64decode(text s) -> text")
def base64decode(s: Value) -> Value:
    """Decode base64 to text; missing if it is not base64. Bytes that are not UTF-8 give U+FFFD."""
    return map_values(_base64decode, pa.string(), s)


def _base64decode(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


@function("split(text s, text delimiter) -> structure")
def split(s: Value, delimiter: Value) -> Value:
    """Split at each occurrence of a literal delimiter into a list."""
    lists = map_values(_split, pa.string(), s, delimiter)
    return pa.ExtensionArray.from_storage(STRUCTURE, lists)


def _split(text: str, delimiter: str) -> str:
    return write_json(text.split(delimiter) if delimiter else [text])


@function("hexToAscii(text s) -> text")
def hex_to_ascii(s: Value) -> Value:
    """Decode pairs of hexadecimal digits to text; missing if the value is anything else."""
    return map_values(_hex_to_ascii, pa.string(), s)


def _hex_to_ascii(text: str) -> str | None:
    match = _HEX.fullmatch(text)
    if not text:
        return ""
    if match is None or match["sign"] or len(match["digits"]) % 2:
        return None
    return bytes.fromhex(match["digits"]).decode("utf-8", "replace")


@function("hexToDec(text s) -> number")
def hex_to_dec(s: Value) -> Value:
    """Read hexadecimal digits, with or without 0x, as a number; missing for anything else."""
    values = map_values(_hex_digits, pa.string(), s)
    numbers = [
        None if word is None else int(word, 16) for word in with_checkpoints(values.to_pylist())
    ]
    return column_of_numbers(numbers)


def _hex_digits(text: str) -> str | None:
    match = _HEX.fullmatch(text)
    return None if match is None else match["sign"] + match["digits"]


@function("decToHex(number n) -> text")
def dec_to_hex(n: Value) -> Value:
    """Write the whole part of a number in hexadecimal: `0x1f`, `-0x1f`."""
    return map_values(lambda x: hex(int(x)) if np.isfinite(x) else None, pa.string(), n)
