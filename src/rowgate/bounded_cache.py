"""A cache that no flood of distinct requests can grow."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Kept = TypeVar("Kept")


class BoundedCache(Generic[Key, Kept]):
    """At most `entries`, of at most `size` bytes together and `largest` each; the least recently used go first."""

    def __init__(self, entries: int, size: int, largest: int) -> None:
        self._kept: OrderedDict[Key, tuple[Kept, int]] = OrderedDict()
        self._entries = entries
        self._limit = size
        self._largest = largest
        self.size = 0  # bytes kept now

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Kept | None:
        """What was kept under a key."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Kept, size: int) -> None:
        """Keep it, unless it is too large to be worth it; `size` is what it weighs in bytes."""
        if size > self._largest:
            return
        replaced = self._kept.pop(key, None)
        self._kept[key] = (value, size)
        self.size += size - (replaced[1] if replaced else 0)
        while len(self._kept) > self._entries or self.size > self._limit:
            _, (_, freed) = self._kept.popitem(last=False)
            self.size -= freed

    def drop(self, outdated: Callable[[Key], bool]) -> None:
        """Forget every entry whose key is outdated."""
        for key in [each for each in self._kept if outdated(each)]:
            self.size -= self._kept.pop(key)[1]
