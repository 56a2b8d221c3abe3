"""structlog, without rich.

Where rich is installed, which the command line needs, structlog imports it to print tracebacks in colour. No line of
ours holds a traceback, and a worker would keep 4.4 MiB for it. A name that is None among `sys.modules` cannot be
imported: https://docs.python.org/3/reference/import.html#the-module-cache
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def _absent(name: str) -> Iterator[None]:
    """Nobody can import a module that has not been imported yet."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    if name in modules:
        yield
        return
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


with _absent("rich"):
    import structlog

__all__ = ["structlog"]
