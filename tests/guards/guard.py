"""One guard: a piece of source, the same piece without the guard, and the tests that notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "src/rowgate/"


@dataclass(frozen=True, slots=True)
class Guard:
    """`text` stands exactly once in `file` (below src/rowgate); `without` takes its place. `tests` are pytest node ids
    below tests/; each must fail, or one of its parameter sets where it has several and none is named."""

    name: str
    protects_from: str
    file: str
    text: str
    without: str
    tests: tuple[str, ...]

    @property
    def path(self) -> str:
        """The file from the root of the repository."""
        return SOURCE + self.file

    def removed_from(self, source: str) -> str:
        """The file's text without the guard. Raises GuardLost where the table has rotted."""
        count = source.count(self.text)
        if count != 1:
            raise GuardLost(f"{self.name}: its text stands {count} times in {self.path}, not once")
        changed = source.replace(self.text, self.without)
        if changed == source:
            raise GuardLost(f"{self.name}: its replacement changes nothing")
        return changed


class GuardLost(ValueError):
    """A row of the table does not fit the source any more."""
