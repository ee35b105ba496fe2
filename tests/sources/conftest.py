from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from memory_store import MemoryStore

from cwnb.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def memory() -> MemoryStore:
    """A substitute that shows what `load` hands to a store."""
    return MemoryStore()


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("store") / "s"
    store = Store.open(path)
    yield store
    store.close()
