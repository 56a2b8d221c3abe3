"""Log lines on their way to standard error: a reader that stalls holds a thread here, never the event loop."""

from __future__ import annotations

import contextlib
import sys
from queue import SimpleQueue
from threading import Event, Thread

WAITING_LINES = 2000  # at most about a megabyte; beyond them lines are dropped and counted
LAST_LINES_SECONDS = 1.0  # how long the end of a process waits for its last lines to be taken


class LogWriter:
    """Writes whole lines to standard error, in order, on a thread of its own."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[str | Event] = SimpleQueue()
        self._dropped = 0
        Thread(target=self._write, name="log", daemon=True).start()

    def put(self, line: str) -> None:
        """Queue a line without waiting; one too many is dropped."""
        if self._lines.qsize() < WAITING_LINES:
            self._lines.put(line)
        else:
            self._dropped += 1

    def take_dropped(self) -> int:
        """How many lines were dropped since a line could last be queued; 0 while the reader still stalls."""
        if not self._dropped or self._lines.qsize() >= WAITING_LINES:
            return 0
        dropped, self._dropped = self._dropped, 0
        return dropped

    def flush(self, seconds: float = LAST_LINES_SECONDS) -> None:
        """Wait until everything queued so far was taken, at most `seconds`."""
        reached = Event()
        self._lines.put(reached)
        reached.wait(seconds)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            if isinstance(line, Event):
                line.set()
                continue
            # A reader that has gone away must not take the server with it.
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(line + "\n")
                sys.stderr.flush()
