"""The last good key set of each issuer on disk, so that a restart while the issuer is down changes nothing.

The folder is private to the service user: whoever can write here can add a key.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rowgate.identity.issuer import Discovery, Issuer, JwksUrl

FILE_LIMIT = 4 * 1024 * 1024  # bytes; a fetched set has 1 MiB at most, and grows when it is quoted as JSON text


class _Entry(msgspec.Struct, frozen=True):
    fetched_at: float
    key_set: str


@dataclass(frozen=True, slots=True)
class CachedKeySet:
    """A key set document as it was fetched at `fetched_at` (Unix seconds)."""

    document: bytes
    fetched_at: float


class KeyCache:
    """One file per issuer in `folder`. A cache that cannot be read or written is no cache, never an error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, issuer: Issuer) -> CachedKeySet | None:
        """The set stored for exactly this issuer and key source, or None."""
        try:
            entry = msgspec.json.decode(_own_file(self._path(issuer)), type=_Entry)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return CachedKeySet(entry.key_set.encode("utf-8"), entry.fetched_at)

    def store(self, issuer: Issuer, document: bytes, fetched_at: float) -> str | None:
        """Replace the stored set in one rename. Returns why it could not, or None."""
        entry = _Entry(fetched_at, document.decode("utf-8", errors="replace"))
        temporary: str | None = None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes the file 0600; several workers may write at once, the last rename wins whole.
            descriptor, temporary = tempfile.mkstemp(dir=self._folder, suffix=".new")
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(entry))
            Path(temporary).replace(self._path(issuer))
        except OSError as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
            return f"the key cache could not be written: {error.strerror}"
        return None

    def _path(self, issuer: Issuer) -> Path:
        # The name binds the keys to issuer and source: after either has changed there is nothing to find.
        name = hashlib.sha256(f"{issuer.issuer}\n{_source(issuer)}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"


def _own_file(path: Path) -> bytes:
    """The content of a plain file that nobody but this user (or root) can have written. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o022 or status.st_uid not in (0, os.geteuid()):
            raise PermissionError(errno.EPERM, "not a file of this user's alone")
        return file.read(FILE_LIMIT)


def _source(issuer: Issuer) -> str:
    source = issuer.key_source
    return f"{type(source).__name__} {source.url}" if isinstance(source, Discovery | JwksUrl) else "pasted"
