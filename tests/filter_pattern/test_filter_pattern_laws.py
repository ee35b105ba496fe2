"""The matcher answers as the slow reference does, on random patterns and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import reference
from random_pairs import Maker, differences

from cwnb import FilterPattern, explain_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("seed", range(4))
def test_the_reference_agrees(seed: int) -> None:
    wrong, matching = differences(2_000, seed)
    assert wrong == []
    assert matching > 100


def held(tree: tuple[Any, ...], answers: Iterator[bool | None]) -> bool:
    """Give what the conditions say, by the answers of the leaves in order."""
    if tree[0] in {"and", "or"}:
        parts = [held(part, answers) for part in tree[1]]
        return all(parts) if tree[0] == "and" else any(parts)
    return bool(next(answers))


@pytest.mark.parametrize("seed", range(2))
def test_pieces_explain_the_answer(seed: int) -> None:
    """What the pieces say of a message makes the answer, and says nothing else."""
    maker, told = Maker(seed), 0
    for _ in range(600):
        pattern, message = maker.pattern(), maker.message()
        explained = explain_pattern(reference.written(pattern), message)
        holds = [piece.holds for piece in explained.pieces]
        assert bool(explained) == reference.matches(pattern, message)
        if len(holds) == 1 and explained.pieces[0].text in {"{ … }", "[…]"}:
            assert (holds, bool(explained)) == ([False], False)
            continue
        told += 1
        if pattern[0] == "json":
            assert held(pattern[1], iter(holds)) == bool(explained)
        elif pattern[0] == "fields":
            answers = iter(holds)
            trees = [tree for _, tree in [*pattern[1], *(pattern[2] or [])]]
            parts = [
                next(answers) is None if tree is None else held(tree, answers) for tree in trees
            ]
            assert all(parts) == bool(explained)
        elif pattern[0] == "terms" and all(sign == "?" for sign, _ in pattern[1]):
            assert any(holds) == bool(explained)
        else:
            assert all(one is not False for one in holds) == bool(explained)
    assert told > 300


def test_repr_is_a_line_for_each_piece() -> None:
    explained = explain_pattern('{ $.status >= 500 && $.path = "/api/*" }', '{"status": 404}')
    assert repr(explained).splitlines() == [
        'does not match: { $.status >= 500 && $.path = "/api/*" }',
        "  no   $.status >= 500    $.status is 404",
        '  no   $.path = "/api/*"  $.path is not in the message',
    ]
    assert repr(FilterPattern.parse("a -b")) == "FilterPattern('a -b')"
