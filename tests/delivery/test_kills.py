"""A worker that is killed loses nothing, and sends one chunk again at most."""

from __future__ import annotations

import random

import pytest

from .kills import run


@pytest.mark.timeout(300)
def test_ten_kills_lose_nothing(tmp_path):
    random.seed(7)
    events, again = run(tmp_path, 10)
    assert events > 50
    assert again > 0
