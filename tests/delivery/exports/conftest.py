"""An open store, as a fixture."""

from __future__ import annotations

import pytest

import cwnb


@pytest.fixture
def logs(tmp_path):
    with cwnb.open(tmp_path / "store", encryption="none") as opened:
        yield opened
