"""How often something may happen: a few times at once, then once per period."""

from __future__ import annotations

from collections.abc import Callable


class Allowance:
    """A token bucket of `burst` that regains one every `period` seconds of `clock`."""

    def __init__(self, burst: int, period: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._period = period
        self._clock = clock
        self._left = float(burst)
        self._counted_at = clock()

    def take(self) -> bool:
        """Take one, if there is one."""
        self._regain()
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def pause(self) -> float:
        """Seconds until there is one to take."""
        self._regain()
        return max(0.0, (1.0 - self._left) * self._period)

    def _regain(self) -> None:
        now = self._clock()
        if self._period <= 0:
            self._left = float(self._burst)
        else:
            self._left = min(float(self._burst), self._left + max(0.0, now - self._counted_at) / self._period)
        self._counted_at = now
