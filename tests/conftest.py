from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def keys_of_their_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Keep the tests' store keys out of the user's key ring."""
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(folder))
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the notebook: its files wait for browsers, and the last one would run alone."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/notebook/"))
