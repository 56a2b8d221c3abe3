"""The last good key set of each issuer on disk, so that a restart while the issuer is down changes nothing.

The folder is private to the service user: whoever can write here can add a key.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rowgate.identity.issuer import Discovery, Issuer, JwksUrl


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
            entry = msgspec.json.decode(self._path(issuer).read_bytes(), type=_Entry)
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


def _source(issuer: Issuer) -> str:
    source = issuer.key_source
    return f"{type(source).__name__} {source.url}" if isinstance(source, Discovery | JwksUrl) else "pasted"
