"""Random patterns and messages, made of few words so that many pairs match.

`python tests/filter_pattern/random_pairs.py 100000` compares so many pairs, with a seed of its own.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

import pyarrow as pa
import reference
from reference import ANY_ELEMENT, ANY_FIELD

from cwnb import FilterPattern

KEYS = ["a", "b", "a.b", "c-d", "x y", "é", "A", "k/l"]
WORDS = ["a", "b", "ab", "aab", "error", "Error", "ERR_1", "é", "10.1.2.3", "404", "4", "4.0", "-4"]
TEXTS = [*WORDS, "", " ", "a b", 'say "a"', "a/b", "back\\slash", "tab\there", "*", "ü\n4", "[x]"]
NUMBERS = ["0", "-0", "4", "404", "4.0", "4.50", "-4", "1e3", "1E+3", "40e-1", "0.1",
           "12345678901234567890123", "9007199254740993", "18446744073709551616"]  # fmt: skip
LINES = ["a", "ab", "4", "404", "4.0", "1e3", "[a b]", '"a b"', '"', "[", "]", 'a="b c"', "error",
         "-", "10.1.2.3", "[]", '""', "é", "x[y]", '"a"b']  # fmt: skip
SPACES = [" ", " ", " ", "  ", "\t", "\n"]
OPERATORS = ["=", "=", "=", "!=", "<", "<=", ">", ">="]


class Maker:
    """Makes patterns and messages from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pattern(self) -> tuple[Any, ...]:
        """Give a pattern as `reference` has it."""
        kind = self.random.choice(["terms", "regex", "json", "json", "json", "fields", "fields"])
        if kind == "terms":
            return "terms", self.terms()
        if kind == "regex":
            return "regex", self.regex()
        self.regexes = 2
        self.wildcards = 3
        if kind == "json":
            return "json", self.tree(self.selector_leaf, 3)
        before = self.items(self.random.randrange(4), 0)
        after = self.items(self.random.randrange(3), 4) if self.random.random() < 0.5 else None
        if before in ([], [(None, None)]) and after is None:
            before = [("w", None)]  # `[]` is another pattern, for all events
        return "fields", before, after

    def message(self) -> str:
        """Give a message: JSON, something like it, or a line."""
        kind = self.random.randrange(10)
        if kind < 5:
            return self.space() + self.json(self.object(3)) + self.space()
        if kind == 5:
            text = self.json(self.random.choice([self.object(2), self.array(2), "a", None]))
            return self.random.choice(["a ", "", "[", "-"]) + text + self.random.choice(["", "}"])
        words = [*LINES, *WORDS]
        count = self.random.randrange(7)
        line = "".join(self.random.choice(words) + self.pick(SPACES) for _ in range(count))
        return line if self.random.random() < 0.7 else line.strip()

    def pick(self, options: list[Any]) -> Any:
        return self.random.choice(options)

    # Patterns

    def terms(self) -> list[tuple[str, str]]:
        signs = self.pick([["", "-"], ["?"], ["", "-", "?"], [""]])
        texts = [text for text in TEXTS if text and text != " "]
        count = self.random.randrange(1, 4)
        return [(self.pick(signs), self.pick(texts)) for _ in range(count)]

    def regex(self) -> tuple[str, str]:
        parts = [self.regex_part() for _ in range(self.random.randrange(1, 4))]
        text, python = "".join(p[0] for p in parts), "".join(p[1] for p in parts)
        if self.random.random() < 0.2:
            text, python = f"^{text}", f"^{python}"
        if self.random.random() < 0.2:
            text, python = f"{text}$", rf"{python}\Z"
        if self.random.random() < 0.2:
            other = self.regex_part()
            text, python = f"{text}|{other[0]}", f"{python}|{other[1]}"
        return text, python

    def regex_part(self) -> tuple[str, str]:
        one = self.pick(
            [
                *[
                    ("a", "a"),
                    ("b", "b"),
                    ("4", "4"),
                    ("r", "r"),
                    (" ", " "),
                    (".", "."),
                    ("/", "/"),
                ],
                *[
                    (r"\d", "[0-9]"),
                    (r"\D", "[^0-9]"),
                    (r"\w", "[A-Za-z0-9_]"),
                    (r"\S", r"[^ \t\n]"),
                ],
                *[(r"\s", r"[ \t\n]"), ("[a-c4]", "[a-c4]"), ("[^a]", "[^a]"), (r"\.", r"\.")],
                *[
                    (r"\x22", '"'),
                    (r"[\s.]", r"[ \t\n.]"),
                    (r"[^\Sa]", r"[ \t\n]"),
                    ("[]4]", r"[\]4]"),
                ],
                *[
                    (r"[4-]", "[4-]"),
                    (r"[[a]", r"[\[a]"),
                    ("]", r"\]"),
                    (r"\-", "-"),
                    (r"\*", r"\*"),
                ],
            ]
        )
        quantifier = self.pick(
            [("", ""), ("", ""), ("", ""), ("*", "*"), ("+", "+"), ("?", "?"), ("{2}", "{2}"),
             ("{,2}", "{0,2}"), ("{1,}", "{1,}"), ("{1,2}", "{1,2}"), ("+?", "+?")]
        )  # fmt: skip
        return one[0] + quantifier[0], one[1] + quantifier[1]

    def tree(self, leaf: Any, depth: int) -> tuple[Any, ...]:
        if not depth or self.random.random() < 0.5:
            return leaf()
        parts = [self.tree(leaf, depth - 1) for _ in range(self.random.randrange(2, 4))]
        return self.pick(["and", "or"]), parts

    def selector_leaf(self) -> tuple[Any, ...]:
        steps = self.steps()
        kind = self.random.randrange(10)
        if kind == 0:
            return "is", steps, self.pick([None, True, False])
        if kind == 1:
            return "absent", steps
        return "compare", steps, *self.comparison()

    def steps(self) -> list[Any]:
        options = [*KEYS, *KEYS[:2] * 3, 0, 1]
        steps = [self.pick(options) for _ in range(self.pick([1, 1, 1, 2, 2, 3]))]
        if self.wildcards and self.random.random() < 0.2:
            self.wildcards -= 1
            steps[self.random.randrange(len(steps))] = self.pick([ANY_FIELD, ANY_ELEMENT])
        return steps

    def comparison(self) -> tuple[str, tuple[Any, ...]]:
        operator = self.pick(OPERATORS)
        kind = self.random.randrange(6)
        if operator not in {"=", "!="} or kind == 0:
            return operator, ("number", self.pick([*NUMBERS, "+4", ".5", "4."]))
        if kind == 1 and self.regexes:
            self.regexes -= 1
            return operator, ("regex", *self.regex())
        if kind < 4:
            return operator, ("text", self.pick(TEXTS), True)
        words = ["*", "a*", "*b", "4*", "*r*", "10.1.*", "a*b", "error", "é*", "*.*", "4.*0"]
        return operator, ("text", self.pick(words), self.random.random() < 0.5)

    def items(self, count: int, first: int) -> list[Any]:
        items: list[Any] = []
        for number in range(first, first + count):
            name = f"w{number}" if self.random.random() < 0.8 else None
            tree = None
            if name and self.random.random() < 0.6:
                tree = self.alternatives()
            items.append((name, tree))
        return items

    def alternatives(self) -> tuple[Any, ...]:
        """Give conditions without parentheses, which fields do not have."""
        either = []
        for _ in range(self.pick([1, 1, 2])):
            every = [("compare", None, *self.comparison()) for _ in range(self.pick([1, 1, 2]))]
            either.append(("and", every) if len(every) > 1 else every[0])
        return ("or", either) if len(either) > 1 else either[0]

    # Messages

    def object(self, depth: int) -> dict[str, Any]:
        return {self.pick(KEYS): self.value(depth - 1) for _ in range(self.random.randrange(4))}

    def array(self, depth: int) -> list[Any]:
        return [self.value(depth - 1) for _ in range(self.random.randrange(3))]

    def value(self, depth: int) -> Any:
        kind = self.random.randrange(10)
        if kind < 2 and depth > 0:
            return self.object(depth)
        if kind < 4 and depth > 0:
            return self.array(depth)
        if kind == 4:
            return self.pick([None, True, False])
        if kind < 7:
            return float("nan"), self.pick(NUMBERS)  # a mark for a number with its text
        return self.pick(TEXTS)

    def json(self, value: Any) -> str:
        """Write JSON with spaces here and there, and with escapes where none are needed."""
        if isinstance(value, tuple):
            return str(value[1])
        if isinstance(value, dict):
            pairs = [
                f"{self.string(key)}{self.space()}:{self.space()}{self.json(one)}"
                for key, one in value.items()
            ]
            return "{" + self.space() + f"{self.space()},{self.space()}".join(pairs) + "}"
        if isinstance(value, list):
            return "[" + f",{self.space()}".join(map(self.json, value)) + self.space() + "]"
        return self.string(value) if isinstance(value, str) else json.dumps(value)

    def string(self, text: str) -> str:
        written = json.dumps(text, ensure_ascii=self.random.random() < 0.5)
        if text.isalnum() and text.isascii() and self.random.random() < 0.05:
            return '"' + "".join(f"\\u{ord(one):04x}" for one in text) + '"'
        return written.replace("/", "\\/") if self.random.random() < 0.2 else written

    def space(self) -> str:
        return self.pick(["", "", "", " ", "\n", "\t ", "\r"])


MESSAGES = 20


def differences(pairs: int, seed: int) -> tuple[list[tuple[str, str, bool]], int]:
    """Compare so many pairs; give those that differ, with what the reference says, and the matches."""
    maker, wrong, matching = Maker(seed), [], 0
    for _ in range(pairs // MESSAGES):
        pattern = maker.pattern()
        text = reference.written(pattern)
        messages = [maker.message() for _ in range(MESSAGES)]
        found = FilterPattern.parse(text).matches(pa.array(messages, pa.string())).tolist()
        for message, answer in zip(messages, found, strict=True):
            expected = reference.matches(pattern, message)
            matching += expected
            if answer != expected:
                wrong.append((text, message, expected))
    return wrong, matching


if __name__ == "__main__":
    count, start = int(sys.argv[1]), time.time_ns()
    failed, matched = differences(count, start)
    for one in failed[:20]:
        print(one)
    print(f"seed {start}: {count:,} pairs, {matched:,} match, {len(failed):,} differ")
    sys.exit(bool(failed))
