from __future__ import annotations

from cwnb.store.cache import Cache


def test_the_oldest_go_first():
    cache = Cache(3)
    for key in "abc":
        cache.put(key, key.upper())
    assert cache.get("a") == "A"
    cache.put("d", "D")
    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"]


def test_heavy_values_take_the_place_of_several():
    cache = Cache(10)
    for key in "abc":
        cache.put(key, key, 3)
    cache.put("d", "d", 7)
    assert [cache.get(key) for key in "abcd"] == [None, None, "c", "d"]
    cache.put("e", "e", 11)
    assert cache.get("e") is None
    assert cache.get("d") == "d"
