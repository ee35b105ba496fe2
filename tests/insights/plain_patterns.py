"""Mining of patterns written plainly: `re`, lists and loops, one line after the other.

The second witness of `cwnb.insights.patterns`: it shares the table of masks with it, because that
is what a mask means, and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter

from cwnb.insights.patterns.mask import KINDS, MASKS
from cwnb.insights.patterns.words import LEVELS

HEX = "[0-9a-fA-F]"
ALONE = ("(?<![0-9A-Za-z])", "(?![0-9A-Za-z])")
UUID = re.compile(f"{ALONE[0]}{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}{ALONE[1]}")
WORD = re.compile("[0-9A-Za-z]+")
NAME_DIGIT = re.compile(r"(?:^|[^0-9])[A-Za-z]\Z")
DIVIDERS = re.compile(r'((?:"[^"\s]*"\s*:|[\s"{}\[\],])+)')
MARKS = "".join(KINDS)


def reduce(text: str) -> str:
    text = re.sub("[\ue000-\ue00f]", "\ufffd", text)
    text = UUID.sub("\ue000", text)
    text = WORD.sub(lambda found: "\ue001" if is_hexadecimal(found[0]) else found[0], text)
    out = ""
    for run in re.split("([0-9]+)", text):
        if not run or run[0] not in "0123456789":
            out += run
            before = run
        else:
            kept = len(run) == 1 and run != "0" and NAME_DIGIT.search(before_of(text, out, before))
            out += run if kept else "0"
    return out


def before_of(_: str, out: str, before: str) -> str:
    """Give the run before a digit, with a digit in front where one was written before it."""
    return ("0" if len(out) > len(before) else "") + before


def is_hexadecimal(word: str) -> bool:
    if word[:2] in {"0x", "0X"}:
        return re.fullmatch(f"{HEX}+", word[2:]) is not None
    return (
        len(word) >= 8
        and re.fullmatch(f"{HEX}+", word) is not None
        and not word.isdigit()
        and not word.isalpha()
    )


def mask(text: str) -> str:
    text = reduce(text)
    for pattern, mark in MASKS:
        text = re.sub(pattern, mark, text, flags=re.ASCII)
    return text


class Template:
    def __init__(self, words: list[str]) -> None:
        self.words: list[str | None] = list(words)
        self.texts: list[str] = []

    def equal(self, words: list[str]) -> int:
        return sum(mine == word for mine, word in zip(self.words, words, strict=True))

    def add(self, text: str, words: list[str]) -> None:
        pairs = zip(self.words, words, strict=True)
        self.words = [mine if mine == word else None for mine, word in pairs]
        self.texts.append(text)


def words_of(text: str) -> list[str]:
    return [word for word in DIVIDERS.split(text)[::2] if word]


def templates_of(texts: list[str], branches: int = 100, most: int = 1000) -> list[Template]:
    """Group masked texts as Drain does; `texts` are distinct and in order."""
    nodes: dict[tuple, set] = {}
    leaves: dict[tuple, list[Template]] = {}
    made = []
    for text in texts:
        words = words_of(text)
        path: tuple = (len(words), tuple(re.findall(r'"[^"\s]*"\s*:', text)) if words else text)
        for word in words[:2]:
            children = nodes.setdefault(path, set())
            branch = None if re.search(f"[0-9{MARKS}]", word) else word
            if branch not in children and len(children) >= branches:
                branch = None
            children.add(branch)
            path = (*path, branch)
        leaf = leaves.setdefault(path, [])
        best = max(
            leaf, key=lambda t: (t.equal(words), sum(w is None for w in t.words)), default=None
        )
        if best is None or (best.equal(words) < 0.4 * len(words) and len(leaf) < most):
            best = Template(words)
            leaf.append(best)
            made.append(best)
        best.add(text, words)
    return joined(made)


def joined(made: list[Template], at_least: int = 4, shared: int = 2) -> list[Template]:
    """Join templates that differ in their first or second word only, if there are several."""
    whole = {id(template): [template] for template in made}
    for place in (0, 1):
        alike: dict[tuple, list[Template]] = {}
        for template in made:
            words = [*template.words]
            if len(words) <= place or (words[place] or "").lower() in LEVELS:
                continue
            words[place] = None
            keys = re.findall(r'"[^"\s]*"\s*:', template.texts[0]) if words else template.texts[0]
            known = [word for word in words if word is not None and word not in KINDS]
            if len(known) >= shared:
                alike.setdefault((tuple(words), tuple(keys)), []).append(template)
        for group in alike.values():
            if len(group) >= at_least:
                together = {id(t): t for member in group for t in whole[id(member)]}
                for identity in together:
                    whole[identity] = list(together.values())
    done, found = set(), []
    for template in made:
        if id(template) not in done:
            done |= {id(t) for t in whole[id(template)]}
            one = Template([])
            one.texts = sorted(text for t in whole[id(template)] for text in t.texts)
            found.append(one)
    return found


def written(template: Template) -> str:
    pieces = DIVIDERS.split(template.texts[0])
    at = [i for i in range(0, len(pieces), 2) if pieces[i]]
    for place, i in enumerate(at):
        words = {words_of(text)[place] for text in template.texts}
        if len(words) > 1:
            pieces[i] = shared(words)
    out, number = "", 0
    for character in "".join(pieces):
        if character in KINDS:
            number += 1
            out += f"<{KINDS[character]}-{number}>"
        else:
            out += character
    return out


def shared(words: set[str]) -> str:
    start = longest(set(words), lambda word, n: word[:n])
    rest = {word[len(start) :] for word in words}
    end = longest(rest, lambda word, n: word[len(word) - n :])
    middles = [word[: len(word) - len(end)] for word in rest]
    path = all(re.fullmatch(rf"(?:[A-Za-z]:\\|[\w.\-{MARKS}]*/)\S*", middle) for middle in middles)
    return start + ("\ue005" if path else "\ue006") + end


def longest(words: set[str], cut) -> str:
    """Give the longest end of all words that stops beside a character that is no part of a word."""
    for n in range(min(map(len, words)), 0, -1):
        parts = {cut(word, n) for word in words}
        if len(parts) == 1:
            part = parts.pop()
            edge = part[-1] if cut("ab", 1) == "a" else part[0]
            if not (edge.isalnum() or edge in MARKS or edge in "_/\\."):
                return part
    return ""


def pattern_of_each(lines: list[str]) -> list[str]:
    """Give the pattern of each line."""
    masked = [mask(line) for line in lines]
    pattern_of = {
        text: written(template)
        for template in templates_of(sorted(set(masked), key=lambda text: text.encode()))
        for text in template.texts
    }
    return [pattern_of[text] for text in masked]


def mine(lines: list[str | None]) -> list[tuple[str, int]]:
    """Give each pattern with its count, most frequent first, then by text."""
    counts = Counter(pattern_of_each([line for line in lines if line is not None]))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
