"""What the running server leaves in the project's state folder, and who may claim to be running.

The truth is a lock that the kernel holds for the parent process and drops when it dies, however it dies: a stale
`server.json` or a process id that somebody else has by now can deceive nobody.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rowgate.errors import RowgateError
from rowgate.server.verdicts import VerdictCounts

CLAIM_SECONDS = 1.0  # `rowgate status` looks by taking the lock for an instant; a start waits that out


@dataclass(frozen=True, slots=True)
class ServerState:
    """The content of `server.json`. `url` is where clients connect; `started` in Unix seconds; holds no secret."""

    pid: int
    url: str
    started: float
    ready: bool = False
    database: str = "unknown"  # "embedded", "external", or what is wrong with it
    workers: Mapping[str, int] = field(default_factory=dict)  # worker number -> process id
    missing: Mapping[str, str] = field(default_factory=dict)  # part -> what keeps it from being ready
    issuers: tuple[Mapping[str, object], ...] = ()  # the verifier's own account of each issuer's keys
    verdicts: VerdictCounts = field(default_factory=dict)  # of all workers, since the start


class AlreadyRunning(RowgateError):
    """Another process serves this project."""


class StateFile:
    """`server.json` and its lock in one state folder. One process at a time may `claim` it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "server.json"
        self._lock_path = folder / "server.lock"
        self._lock: int | None = None

    def claim(self) -> None:
        """Become the running server of this project. Raises AlreadyRunning."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + CLAIM_SECONDS
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(descriptor)
                other = self._read()
                raise AlreadyRunning(
                    "Rowgate is already running for this project"
                    + (f" (process {other.pid}, {other.url})." if other else "."),
                    "Use `rowgate status` to see it and `rowgate stop` to end it.",
                )
            time.sleep(0.05)
        self._lock = descriptor
        self._path.unlink(missing_ok=True)  # left by a server that was killed

    def write(self, state: ServerState) -> None:
        """Replace the content in one step, readable by the owner alone. Only after `claim`."""
        assert self._lock is not None
        # Started by root, in a folder of somebody else's, a link here would empty the file it leads to.
        draft = self._path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
        draft.replace(self._path)

    def release(self) -> None:
        """Stop being the running server."""
        if self._lock is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def running(self) -> ServerState | None:
        """The server that runs now, or None; a leftover of a dead one is not looked at."""
        descriptor = self._look()
        if descriptor is None:
            return None
        try:
            return None if _try_lock(descriptor, fcntl.LOCK_SH) else self._read()
        finally:
            os.close(descriptor)

    def locked(self) -> bool:
        """Whether some process serves this project, even one that has not written its state yet."""
        descriptor = self._look()
        if descriptor is None:
            return False
        try:
            return not _try_lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def _look(self) -> int | None:
        """The lock's descriptor, None where no server ever ran. Raises RowgateError where one may not look."""
        try:
            return os.open(self._lock_path, os.O_RDWR | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RowgateError(
                f"{self._lock_path} cannot be read: {error.strerror}.", "Run as the user who started the server."
            ) from None

    def _read(self) -> ServerState | None:
        try:
            state = msgspec.json.decode(self._path.read_bytes(), type=ServerState)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        # `rowgate stop` signals this process: 0 and below mean groups of processes, or all there are.
        return state if state.pid > 0 else None


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True
