"""Ending with the process that started us, however it ended.

Whoever starts us keeps the write end of a pipe that is our standard input. The kernel closes it when that process is
gone, kill -9 included; no process id has to be watched, and no stranger can inherit one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """Send SIGTERM to this process once standard input closes. Returns at once."""
    threading.Thread(target=_wait_for_the_end, args=(sys.stdin.fileno(),), daemon=True).start()


def _wait_for_the_end(descriptor: int) -> None:
    # A blocking read in a thread of its own: unlike a loop's add_reader it also takes a file or /dev/null.
    with contextlib.suppress(OSError):
        while os.read(descriptor, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
