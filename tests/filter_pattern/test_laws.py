"""The matcher answers as the slow reference does, on random patterns and messages."""

from __future__ import annotations

import pytest
from random_pairs import differences


@pytest.mark.parametrize("seed", range(4))
def test_the_reference_agrees(seed: int) -> None:
    wrong, matching = differences(2_000, seed)
    assert wrong == []
    assert matching > 100
