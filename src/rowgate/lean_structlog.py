"""structlog, without what it imports where it is installed.

rich, which the command line needs, would print tracebacks in colour, which no line of ours holds: 4.4 MiB of a worker;
greenlet, which nothing here needs, would tell contexts apart: 1.1 MiB. A name that is None among `sys.modules` cannot
be imported: https://docs.python.org/3/reference/import.html#the-module-cache
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Nobody can import these modules where they have not been imported yet."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    hidden = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]


with _without("rich", "greenlet"):
    import structlog

__all__ = ["structlog"]
