"""Write `parse` as pandas code: a glob or a regular expression over a text column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.insights.text.json_paths import json_path
from cwnb.insights.text.xml_paths import xml_path
from cwnb.insights.to_pandas.expressions import write
from cwnb.insights.to_pandas.writing import (
    CannotSay,
    Script,
    Snippet,
    as_column,
    quoted,
    raw,
    text,
)
from cwnb.insights.tree import literal_value
from cwnb.regex import escape, groups, tokens, with_openings

if TYPE_CHECKING:
    from cwnb.insights.tree import Json, Parse, ParseCsv, ParseLogfmt, ParseXml


def write_parse(script: Script, command: Parse) -> None:
    """Write the extraction, and the names that it shows."""
    names: list[str] = list(command.args["names"])
    if not names:
        return  # a glob without '*' and names makes nothing
    source = text(script, write(script, command.args["value"]))
    pattern = command.args["pattern"]
    regex = glob_regex(str(pattern.this)) if isinstance(pattern, exp.Literal) else pattern.pattern
    regex, python_names = _named_groups(regex, names)
    if command.args.get("multi"):
        _every_match(script, source, regex, python_names, names)
    else:
        _first_match(script, source, regex, python_names, names)
    for name in names:
        script.kinds[name] = "text"


def write_logfmt(script: Script, command: ParseLogfmt) -> None:
    """Write the reading of `key=value` pairs, and the name that it shows."""
    source = text(script, write(script, command.args["value"]))
    made = Snippet(f"each(logfmt, object, {source.code})", "any")
    script.assign(command.args["name"], made)


def write_csv(script: Script, command: ParseCsv) -> None:
    """Write the reading of comma-separated fields, and the names that it shows."""
    source = text(script, write(script, command.args["value"]))
    names = command.args["names"]
    script.add(f"found = each(comma_separated, object, {source.code})")
    for place, name in enumerate(names):
        script.add(f"{script.at(name)} = each(lambda row: field_at(row, {place}), TEXT, found)")
        script.kinds[name] = "text"


def write_xml(script: Script, command: ParseXml) -> None:
    """Write the reading of the text at a path of XML, and the name that it shows."""
    source = text(script, write(script, command.args["value"]))
    path = xml_path(literal_value(command.args["path"]))
    arguments = quoted(path.elements)
    if path.attribute is not None:
        arguments += f", {quoted(path.attribute)}"
    made = Snippet(f"each(xml_text, TEXT, {source.code}, {arguments})", "text")
    script.assign(command.args["name"], made)


def write_json(script: Script, command: Json) -> None:
    """Write the reading of the value at a path of JSON, and the name that it shows."""
    source = as_column(script, write(script, command.args["value"]))
    keys = ", ".join(map(quoted, json_path(literal_value(command.args["path"]))))
    code = f"each(lambda value: value_at(value, [{keys}]), object, {source.code})"
    script.assign(command.args["name"], Snippet(code, "any"))


def glob_regex(glob: str) -> str:
    """Translate a glob: each `*` matches as little as possible, one at the end all the rest.

    A glob without `*` extracts the text after it.
    """
    literals = glob.split("*") if "*" in glob else [glob, ""]
    last = len(literals) - 2
    pattern = _escaped(literals[0])
    for place, literal in enumerate(literals[1:]):
        rest = place == last and not literal
        pattern += ("(.*)" if rest else "(.*?)") + _escaped(literal)
    return f"(?s){pattern}"


def _escaped(text: str) -> str:
    # The emitted source shows a line end in its pattern as `\\n`.
    return escape(text).replace("\n", "\\n")


def _named_groups(regex: str, names: list[str]) -> tuple[str, list[str]]:
    """Give every capturing group a name that Python allows: the name of the field, else `g0`, …."""
    found = groups(regex)
    has_names = any(group.name for group in found)
    captured = [group for group in found if group.name or not has_names]
    if len(captured) != len(names):
        raise CannotSay(f"a pattern with {len(captured)} groups for {len(names)} names")
    pythonic = [
        name if name.isidentifier() and name.isascii() else f"g{i}" for i, name in enumerate(names)
    ]
    new = iter(pythonic)
    openings = [f"(?P<{next(new)}>" if group in captured else None for group in found]
    return with_openings(regex, openings), pythonic


def _first_match(
    script: Script, source: Snippet, regex: str, python_names: list[str], names: list[str]
) -> None:
    if _python_reads(regex) and not any(group.optional for group in groups(regex)):
        found = f"{source.operand}.str.extract({raw(regex)})"
    else:
        # pandas asks Python for the names, and gives "" for a group that took no part.
        found = f"extract({source.code}, {raw(regex)})"
    if len(names) == 1:
        script.add(f"{script.at(names[0])} = {found}[{quoted(python_names[0])}]")
        return
    script.add(f"found = {found}")
    for name, group in zip(names, python_names, strict=True):
        script.add(f"{script.at(name)} = found[{quoted(group)}]")


def _every_match(
    script: Script, source: Snippet, regex: str, python_names: list[str], names: list[str]
) -> None:
    regex = _for_python(regex)
    if not _python_reads(regex):
        raise CannotSay("parse multi with a pattern that Python does not read")
    script.add(
        f"{script.frame} = {script.frame}.reset_index(drop=True)",
        f"found = every_match({source.code}, {raw(regex)})",
    )
    renamed = {g: n for g, n in zip(python_names, names, strict=True) if g != n}
    if renamed:
        pairs = ", ".join(f"{quoted(g)}: {quoted(n)}" for g, n in renamed.items())
        script.add(f"found = found.rename(columns={{{pairs}}})")
    known = [name for name in names if name in script.kinds]
    frame = script.frame
    if known:
        frame += f".drop(columns=[{', '.join(map(quoted, known))}])"
    script.add(f"{script.frame} = {frame}.join(found).reset_index(drop=True)")


def _python_reads(regex: str) -> bool:
    """Tell whether Python takes a pattern of RE2, and `[[:alpha:]]` as what it means there."""
    if any(token.kind == "class" and "[:" in token.text for token in tokens(regex)):
        return False
    try:
        re.compile(regex)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _for_python(regex: str) -> str:
    """Write `$` as Python does where it means the end of the text, and not that of a line."""
    parts = tokens(regex)
    if any("m" in part.text for part in parts if part.kind in {"flags", "open"} and not part.name):
        return regex
    return "".join("\\Z" if part.text == "$" else part.text for part in parts)
