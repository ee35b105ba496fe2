"""A small cache of the process, safe among threads and across a fork because it takes no lock."""

from __future__ import annotations

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Keeps the values asked for last, up to a total weight."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._weighed = False
        self._items: dict[object, tuple[int, Value]] = {}

    def get(self, key: object) -> Value | None:
        """Give the value, or None; it counts as the newest from now on."""
        item = self._items.pop(key, None)
        if item is None:
            return None
        self._items[key] = item
        return item[1]

    def put(self, key: object, value: Value, weight: int = 1) -> None:
        """Keep the value and drop the oldest past the capacity; one too heavy is not kept."""
        if weight > self._capacity:
            return
        self._weighed = self._weighed or weight != 1
        self._items[key] = (weight, value)
        while self._total() > self._capacity:
            try:
                del self._items[next(iter(self._items))]
            except (StopIteration, RuntimeError, KeyError):
                return  # another thread is dropping some already

    def _total(self) -> int:
        if not self._weighed:
            return len(self._items)
        return sum(weight for weight, _ in tuple(self._items.values()))
