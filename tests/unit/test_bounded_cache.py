"""What is kept for the next request is bounded by number and by bytes."""

from __future__ import annotations

from rowgate.bounded_cache import BoundedCache


def test_the_least_recently_used_goes_first() -> None:
    cache: BoundedCache[str, str] = BoundedCache(2, 1000, 1000)
    cache.put("first", "1", 1)
    cache.put("second", "2", 1)
    assert cache.get("first") == "1"
    cache.put("third", "3", 1)
    assert cache.get("second") is None
    assert cache.get("first") == "1"


def test_bytes_are_bounded_and_accounted_for() -> None:
    cache: BoundedCache[int, str] = BoundedCache(2048, 10_000, 10_000)
    for number in range(50):
        cache.put(number, "x", 900)
    assert 9_000 < cache.size <= 10_000
    before = cache.size
    cache.put(49, "x", 900)
    assert cache.size == before


def test_one_that_is_too_large_is_not_kept() -> None:
    cache: BoundedCache[str, str] = BoundedCache(2048, 10_000, 1000)
    cache.put("key", "x", 1001)
    assert len(cache) == 0
    assert cache.size == 0


def test_what_is_outdated_can_be_dropped() -> None:
    cache: BoundedCache[int, str] = BoundedCache(10, 1000, 1000)
    for number in range(4):
        cache.put(number, "x", 10)
    cache.drop(lambda key: key < 3)
    assert (len(cache), cache.size, cache.get(3)) == (1, 10, "x")
