"""Noticing that the project's configuration changed on disk."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

POLL_SECONDS = 0.4  # a change takes effect within a second; no file-system events, which containers often lack


class FileWatch:
    """Remembers the content of a few small files. A touched file whose content is the same has not changed."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._stamps = tuple(map(_stamp, self._paths))
        self._digest = self._read()

    def changed(self) -> bool:
        """Whether the content differs from what it was at the last call (or at creation)."""
        stamps = tuple(map(_stamp, self._paths))
        if stamps == self._stamps:
            return False
        self._stamps = stamps
        digest = self._read()
        if digest == self._digest:
            return False
        self._digest = digest
        return True

    def _read(self) -> bytes:
        digest = blake2b()
        for path in self._paths:
            try:
                content = path.read_bytes()
            except OSError:
                content = b"\0absent"
            digest.update(b"%d:" % len(content) + content)
        return digest.digest()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Modification time, size and inode: editors replace files, and two writes can fall into one clock tick."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
