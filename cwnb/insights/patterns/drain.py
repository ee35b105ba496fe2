"""Group texts by their words with the algorithm Drain.

Source: He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree" (ICWS
2017), with the defaults of drain3. A tree leads from the number of words (here with the keys of
JSON) and the first two words to a leaf, whose templates the text is compared with: it joins the one
with the largest share of equal words, if that is at least SIMILARITY, and else begins a new one. A
place in which the texts of a template differ is a wildcard, and equals no word.

Ours differs in two rules. A leaf has at most MAXIMUM_TEMPLATES, which bounds the time; in one that
is full a text joins the template that is most like it, however little that is. And templates that
differ in one of the first words only are one if there are at least JOINED of them, as in `user ann
left now`, `user bob left now`: those words led to different leaves and were never compared. Words
that are levels, such as ERROR, stay apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

SIMILARITY = 0.4
# Words by which the tree divides before it compares.
PREFIX_WORDS = 2
# Branches of one node; words beyond share the branch of variable words.
MAXIMUM_BRANCHES = 100
MAXIMUM_TEMPLATES = 1000
# So many templates that differ in one word are one, if they share so many words that are no marks.
JOINED = 4
SHARED_WORDS = 2

WILDCARD = -1
# The branch of words that have a mark or a digit.
_VARIABLE = -2
_LEAF = -3


class Leaf:
    """The templates of the texts that share their number of words and their first words."""

    def __init__(self, length: int) -> None:
        # One column per template: comparing rows of one long column each is several times faster.
        self._words: Any = np.empty((length, 4), np.int32)
        self._wildcards: Any = np.zeros(4, np.int32)
        self._numbers: list[int] = []

    def __len__(self) -> int:
        return len(self._numbers)

    def template(self, column: int) -> Any:
        """Give the words of a template."""
        return self._words[:, column]

    def join(self, words: Any, number: int) -> int:
        """Give the number of the template that the text joins; a new one gets `number`.

        Of templates with as many equal words the one with most wildcards, of those the first.
        """
        count, length = len(self._numbers), len(words)
        if count:
            same = self._words[:, :count] == words[:, None]
            equal = same.sum(axis=0, dtype=np.int32)
            best = int((equal * (length + 1) + self._wildcards[:count]).argmax())
            if equal[best] >= SIMILARITY * length or count >= MAXIMUM_TEMPLATES:
                different = ~same[:, best]
                self._words[different, best] = WILDCARD
                self._wildcards[best] = length - int(equal[best])
                return self._numbers[best]
        if count == self._words.shape[1]:
            self._words = np.concatenate([self._words, np.empty_like(self._words)], axis=1)
            self._wildcards = np.concatenate([self._wildcards, np.zeros(count, np.int32)])
        self._words[:, count] = words
        self._numbers.append(number)
        return number


class Drain:
    """Groups texts one after the other; the result depends on their order."""

    def __init__(self) -> None:
        self._roots: dict[Hashable, dict[Any, Any]] = {}
        # Of each template its root, its leaf and its column there.
        self._templates: list[tuple[Hashable, Leaf, int]] = []

    def add(self, root: Hashable, words: Any, variable: Sequence[bool]) -> int:
        """Give the number of the template that the text joins, counted from 0.

        `words` has a number for each word, as int32. `variable` says of the first words which have
        a mark or a digit.
        """
        root = len(words), root
        node = self._roots.setdefault(root, {})
        for word, varies in zip(words[:PREFIX_WORDS].tolist(), variable, strict=False):
            branch = _VARIABLE if varies else word
            if branch not in node and len(node) >= MAXIMUM_BRANCHES:
                branch = _VARIABLE
            node = node.setdefault(branch, {})
        leaf = node.get(_LEAF)
        if leaf is None:
            leaf = node[_LEAF] = Leaf(len(words))
        new = len(self._templates)
        number: int = leaf.join(words, new)
        if number == new:
            self._templates.append((root, leaf, len(leaf) - 1))
        return number

    def joined(self, is_mark: Any, is_level: Any) -> list[int]:
        """Give for each template the number of the one that it is part of, the first of them.

        `is_mark` and `is_level` say of each number of a word whether it is a mark or a level.
        """
        part_of = list(range(len(self._templates)))

        def first(number: int) -> int:
            while part_of[number] != number:
                number = part_of[number]
            return number

        for place in range(PREFIX_WORDS):
            alike: dict[Any, list[int]] = {}
            for number, (root, leaf, column) in enumerate(self._templates):
                words = leaf.template(column).copy()
                if place >= len(words) or (words[place] >= 0 and is_level[words[place]]):
                    continue
                words[place] = WILDCARD
                known = words[words != WILDCARD]
                if np.count_nonzero(~is_mark[known]) >= SHARED_WORDS:
                    alike.setdefault((root, words.tobytes()), []).append(number)
            for numbers in alike.values():
                if len(numbers) >= JOINED:
                    whole = min(map(first, numbers))
                    for number in numbers:
                        part_of[first(number)] = whole
        return [first(number) for number in part_of]
