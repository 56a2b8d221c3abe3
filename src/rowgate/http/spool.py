"""A body that is written before it is sent: small ones stay in memory, the rest lies in a temporary file.

An answer's head comes first and says how long the body is and whether it succeeded, so a body of unknown length has to
end before its head can leave. Meanwhile it costs the process no memory, and whoever reads it slowly keeps nothing busy
but a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from typing import IO

from rowgate.http.heap import trim

TRIM_AFTER = 1.0  # seconds
# Whoever asks for much and reads a trickle would otherwise keep the space from everybody for as long as he likes.
GRACE_SECONDS = 60.0
PACE_BYTES = 32 * 1024  # a second

PIECE_BYTES = 256 * 1024  # read from the file at a time: twice that is what a slow reader costs in memory


class SpoolFull(Exception):
    """The space for bodies that wait to be sent is used up; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes of answers wait to be sent")
        self.limit = limit


class SpoolFailed(Exception):
    """The temporary file could not be written, in the operating system's words, or nobody should wait for it."""


class SpoolSpace:
    """What all spools of a service may lay down at a time: a disk that fills up would stop the database with it."""

    __slots__ = ("_trimming", "limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes
        self.used = 0
        self._trimming: asyncio.TimerHandle | None = None

    def give_back(self, size: int) -> None:
        """Some of it is free again; where all of it is, the memory that the way there took goes back."""
        self.used -= size
        if size and not self.used:
            self.tidy()

    def tidy(self) -> None:
        """Give free memory back to the system, a little later."""
        if self._trimming is None:
            with contextlib.suppress(RuntimeError):  # no event loop: the process ends
                self._trimming = asyncio.get_running_loop().call_later(TRIM_AFTER, self._trim)

    def _trim(self) -> None:
        self._trimming = None
        asyncio.get_running_loop().run_in_executor(None, trim)


class Spool:
    """One body. Up to `memory` bytes of it are kept in memory; more goes to a file without a name (mode 0600) in the
    folder for temporary files, gone with the process whatever becomes of it. Written once, then read once."""

    __slots__ = ("_file", "_memory", "_pieces", "_size", "_space", "_storing", "_taken")

    def __init__(self, memory: int, space: SpoolSpace) -> None:
        self._memory = memory
        self._space = space
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._storing: asyncio.Future[IO[bytes]] | None = None
        self._size = 0
        self._taken = 0  # bytes of the space

    def __len__(self) -> int:
        return self._size

    def __del__(self) -> None:
        self.close()

    @property
    def whole(self) -> bytes | None:
        """The body where it has stayed in memory, None where it lies in a file."""
        return b"".join(self._pieces) if self._file is None else None

    async def write(self, piece: bytes) -> None:
        """Add a piece. Raises SpoolFull, SpoolFailed."""
        self._size += len(piece)
        if self._file is None and self._size <= self._memory:
            self._pieces.append(piece)
            return
        added = self._size - self._taken
        if self._space.used + added > self._space.limit:
            raise SpoolFull(self._space.limit)
        self._space.used += added
        self._taken = self._size
        pieces = [*self._pieces, piece]
        self._pieces.clear()
        # A write waits for the disk once too much of it is unwritten: never on the event loop.
        self._storing = asyncio.get_running_loop().run_in_executor(None, _stored, self._file, pieces)
        try:
            self._file = await asyncio.shield(self._storing)
        except OSError as error:
            self._storing = None
            raise SpoolFailed(os.strerror(error.errno) if error.errno else type(error).__name__) from None
        self._storing = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces. What has been given is forgotten.

        Raises SpoolFailed, too where half of the space is taken and the reader does not keep pace.
        """
        try:
            if self._file is None:
                for number, piece in enumerate(self._pieces):
                    self._pieces[number] = b""
                    yield piece
                return
            loop, descriptor, at = asyncio.get_running_loop(), self._file.fileno(), 0
            began = loop.time()
            while at < self._size:
                spent = loop.time() - began
                if spent > GRACE_SECONDS and at < spent * PACE_BYTES and 2 * self._space.used > self._space.limit:
                    raise SpoolFailed("its reader is too slow for a space that is half used up")
                piece = await loop.run_in_executor(None, os.pread, descriptor, PIECE_BYTES, at)
                if not piece:
                    raise SpoolFailed("the temporary file has become shorter")
                at += len(piece)
                yield piece
        finally:
            self.close()

    async def aclose(self) -> None:
        """`close`, as whoever sends a body expects it."""
        self.close()

    def close(self) -> None:
        """Give the space back. Safe to call again."""
        self._pieces.clear()
        self._space.give_back(self._taken)
        self._taken = 0
        file, storing = self._file, self._storing
        self._file = self._storing = None
        if storing is not None and storing.done():
            _close(storing)
        elif storing is not None:
            storing.add_done_callback(_close)  # it was given up: the thread still writes
        elif file is not None:
            file.close()


def _stored(file: IO[bytes] | None, pieces: list[bytes]) -> IO[bytes]:
    """Write to the file, a new one where there is none."""
    file = tempfile.TemporaryFile(buffering=0) if file is None else file  # noqa: SIM115 -- lives as long as the spool
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[file.write(left) :]
    return file


def _close(stored: asyncio.Future[IO[bytes]]) -> None:
    if not stored.cancelled() and stored.exception() is None:
        stored.result().close()
