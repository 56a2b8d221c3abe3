"""Giving memory back: glibc keeps what was freed below the top of its heap, some 45 MiB after ten large answers."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def trim() -> None:
    """Return free pages to the system where the C library is glibc; nothing elsewhere. Takes milliseconds, and lets
    other threads run."""
    call = _malloc_trim()
    if call is not None:
        call(0)


@cache
def _malloc_trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # another C library, or no way to look for it
        return None
