"""Whether the client of a request is still there, told to the task that works for it.

ASGI only tells who asks (`receive`), and asking beside every request would cost a task each. Here the connection holds
the one task that works for it, and cancels it when it is lost: two attributes written per request.
"""

from __future__ import annotations

import asyncio
from typing import Any

PRESENCE = "rowgate.presence"  # key in the ASGI scope


class Presence:
    """One connection's client. HTTP/1.1 answers in order, so at most one task works for it at a time."""

    __slots__ = ("gone", "working")

    def __init__(self) -> None:
        self.gone = False
        self.working: asyncio.Task[Any] | None = None

    def leave(self) -> None:
        """The connection is lost: nobody waits for what is being worked on."""
        self.gone = True
        if self.working is not None:
            self.working.cancel()
