"""The issuer's clock, which may run ahead or behind: expired and not-yet-valid tokens without waiting for them."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Wall-clock time plus `offset`, both in seconds."""

    offset: float = 0.0

    def now(self) -> float:
        """Unix seconds as this issuer sees them."""
        return time.time() + self.offset
