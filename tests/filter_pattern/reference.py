"""A slow matcher of filter patterns, written to be read: one message at a time, rule by rule.

It works on patterns as plain values, which `written` writes as text, so that it shares nothing with
the grammar and the matcher of the library:

    ("terms", [(sign, text), ...])                  sign is "", "-" or "?"
    ("regex", (written, python))                    the regex as a pattern has it, and for `re`
    ("json", tree)                                  a leaf is ("compare", steps, operator, operand),
                                                    ("is", steps, value) or ("absent", steps)
    ("fields", before, after)                       items (name, tree); after is None without "..."
    tree: a leaf, ("and", [tree, ...]) or ("or", [tree, ...])
    operand: ("number", text), ("text", text, quoted) or ("regex", written, python)
    steps: a key, an index, ANY_FIELD or ANY_ELEMENT
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

ANY_FIELD, ANY_ELEMENT = object(), object()
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def matches(pattern: tuple[Any, ...], message: str) -> bool:
    """Tell whether a message matches."""
    kind, *rest = pattern
    if kind == "terms":
        return of_terms(rest[0], message)
    if kind == "regex":
        return search(rest[0][1], message)
    if kind == "json":
        document = read_json(message)
        if not isinstance(document, dict | list):
            return False
        return holds(rest[0], lambda leaf: of_selector(leaf, document))
    return of_fields(*rest, message)


def of_terms(terms: list[tuple[str, str]], message: str) -> bool:
    if all(sign == "?" for sign, _ in terms):
        return any(text in message for _, text in terms) if terms else True
    required = [text for sign, text in terms if sign == ""]
    excluded = [text for sign, text in terms if sign == "-"]
    return all(t in message for t in required) and not any(t in message for t in excluded)


def search(python: str, text: str) -> bool:
    return re.search(python, text, re.ASCII) is not None


def holds(tree: tuple[Any, ...], leaf_holds: Any) -> bool:
    if tree[0] == "and":
        return all(holds(part, leaf_holds) for part in tree[1])
    if tree[0] == "or":
        return any(holds(part, leaf_holds) for part in tree[1])
    return bool(leaf_holds(tree))


# JSON


class Number:
    """A number of a message: an integer as it is, any other as a double with its text."""

    def __init__(self, text: str, *, whole: bool) -> None:
        self.value = int(text) if whole else float(text)
        self.text = str(self.value) if whole else text
        if not math.isfinite(self.value):
            raise ValueError(text)


def read_json(message: str) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        return json.loads(
            message,
            parse_int=lambda text: Number(text, whole=True),
            parse_float=lambda text: Number(text, whole=False),
            parse_constant=refuse,
        )
    except ValueError:
        return None


def selected(steps: list[Any], document: Any) -> list[Any]:
    if not steps:
        return [document]
    step, *rest = steps
    if step is ANY_FIELD:
        below = list(document.values()) if isinstance(document, dict) else []
    elif step is ANY_ELEMENT:
        below = document if isinstance(document, list) else []
    elif isinstance(step, str):
        below = [document[step]] if isinstance(document, dict) and step in document else []
    else:
        there = isinstance(document, list) and step < len(document)
        below = [document[step]] if there else []
    return [value for one in below for value in selected(rest, one)]


def of_selector(leaf: tuple[Any, ...], document: Any) -> bool:
    kind, steps, *rest = leaf
    values = selected(steps, document)
    if kind == "absent":
        return not values
    if kind == "is":
        return any(value is rest[0] for value in values)
    return any(compares(value, *rest) for value in values)


def compares(value: Any, operator: str, operand: tuple[Any, ...]) -> bool:
    if not isinstance(value, str | Number):
        return False
    text = value if isinstance(value, str) else value.text
    if operand[0] == "number":
        if isinstance(value, Number):
            return ordered(value.value, operator, number(operand[1]))
        return {"=": text == operand[1], "!=": text != operand[1]}.get(operator, False)
    return has_form(text, operand) == (operator == "=")


def has_form(text: str, operand: tuple[Any, ...]) -> bool:
    if operand[0] == "regex":
        return search(operand[2], text)
    glob = ".*".join(map(re.escape, operand[1].split("*")))
    return re.fullmatch(glob, text, re.DOTALL) is not None


def ordered(left: float, operator: str, right: float) -> bool:
    answers = {
        "=": left == right, "!=": left != right, "<": left < right,
        "<=": left <= right, ">": left > right, ">=": left >= right,
    }  # fmt: skip
    return answers[operator]


def number(text: str) -> Any:
    if not NUMBER.fullmatch(text):
        return None
    if re.fullmatch("[+-]?[0-9]+", text):
        return int(text)
    return float(text) if math.isfinite(float(text)) else None


# Fields


def split(message: str) -> list[tuple[int, str]]:
    """Give the fields of a line, each with the place where it begins."""
    fields, place = [], 0
    while place < len(message):
        if message[place] in " \t\r\n":
            place += 1
            continue
        closing = {"[": "]", '"': '"'}.get(message[place])
        close = message.find(closing, place + 1) if closing else -1
        if close >= 0:
            fields.append((place, message[place + 1 : close]))
            place = close + 1
            continue
        end = place
        while end < len(message) and message[end] not in " \t\r\n":
            end += 1
        fields.append((place, message[place:end]))
        place = end
    return fields


def of_fields(before: list[Any], after: list[Any] | None, message: str) -> bool:
    fields = split(message)
    items = [*before, *(after or [])]
    if len(items) > len(fields):
        return False
    texts = [text for _, text in fields]
    if after is not None:
        values = texts[: len(before)] + texts[len(texts) - len(after) :]
    else:
        values = texts[: len(before)]
        if values and len(fields) > len(before):
            values[-1] = message[fields[len(before) - 1][0] :].rstrip(" \t\r\n")
    return all(
        tree is None or holds(tree, lambda leaf, value=value: of_field(value, *leaf[2:]))
        for (_, tree), value in zip(items, values, strict=True)
    )


def of_field(text: str, operator: str, operand: tuple[Any, ...]) -> bool:
    if operand[0] == "number":
        value = number(text)
        if value is None:
            return operator == "!="
        return ordered(value, operator, number(operand[1]))
    return has_form(text, operand) == (operator == "=")


# As text


def written(pattern: tuple[Any, ...]) -> str:
    """Write a pattern as its user would."""
    kind, *rest = pattern
    if kind == "terms":
        return " ".join(sign + term(text) for sign, text in rest[0])
    if kind == "regex":
        return f"%{rest[0][0]}%"
    if kind == "json":
        return "{ " + tree_text(rest[0], lambda leaf: leaf_text(leaf, selector(leaf[1]))) + " }"
    before, after = rest
    items = [item_text(item) for item in before]
    if after is not None:
        items += ["...", *map(item_text, after)]
    return f"[{', '.join(items)}]"


def term(text: str) -> str:
    plain = all(one.isalnum() or one == "_" for one in text)
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def tree_text(tree: tuple[Any, ...], one: Any) -> str:
    if tree[0] == "and":
        parts = [
            f"({tree_text(part, one)})" if part[0] == "or" else tree_text(part, one)
            for part in tree[1]
        ]
        return " && ".join(parts)
    if tree[0] == "or":
        return "||".join(tree_text(part, one) for part in tree[1])
    return str(one(tree))


def leaf_text(leaf: tuple[Any, ...], name: str) -> str:
    kind, _, *rest = leaf
    if kind == "absent":
        return f"{name} NOT EXISTS"
    if kind == "is":
        return f"{name} IS {'NULL' if rest[0] is None else str(rest[0]).upper()}"
    operator, operand = rest
    return f"{name} {operator} {operand_text(operand)}"


def operand_text(operand: tuple[Any, ...]) -> str:
    if operand[0] == "number":
        return str(operand[1])
    if operand[0] == "regex":
        return f"%{operand[1]}%"
    return quoted(operand[1]) if operand[2] else str(operand[1])


def selector(steps: list[Any]) -> str:
    text = "$"
    for step in steps:
        if step is ANY_FIELD:
            text += ".*"
        elif step is ANY_ELEMENT:
            text += "[*]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif step and all(one.isalnum() or one in "-_" for one in step):
            text += f".{step}"
        else:
            text += f".['{step}']"
    return text


def item_text(item: tuple[str | None, Any]) -> str:
    name, tree = item
    if tree is None:
        return name or ""
    return tree_text(tree, lambda leaf: leaf_text(leaf, name or ""))
