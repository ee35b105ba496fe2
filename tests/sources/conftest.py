from __future__ import annotations

import pytest
from memory_store import MemoryStore


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()
