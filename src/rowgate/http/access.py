"""The access log: one line per request worth reading, never a header, a query value or a token."""

from __future__ import annotations

from typing import Protocol

from rowgate.identity.refusals import Refusal
from rowgate.principal import Principal

SLOW_SECONDS = 1.0  # a response that took longer is always worth a line
SUCCESSES_PER_SECOND = 5  # a line costs about 20 µs, a tenth of a request: successes are a sample
OTHERS_PER_SECOND = 50  # a storm of bad tokens must not fill the disk
PATH_LIMIT = 256  # characters


class Log(Protocol):
    """The part of a structlog logger that is used here."""

    def info(self, event: str, **fields: object) -> object: ...


class AccessLog:
    """Writes request lines within a budget per second; `everything` lifts it (log level debug).

    Lines that did not fit are counted, and the count goes out as `unlogged` with the next line that does.
    """

    def __init__(self, log: Log, *, everything: bool = False) -> None:
        self._log = log
        self._everything = everything
        self._second = 0
        self._successes = 0
        self._others = 0
        self._unlogged = 0

    def write(
        self,
        *,
        method: str,
        path: str,
        status: int,
        started: float,
        ended: float,
        request_id: str,
        who: Principal | Refusal | None,
    ) -> None:
        """Write the line of a finished request. `path` without query; times from `time.perf_counter`."""
        seconds = ended - started
        if not self._everything and not self._fits(int(ended), status < 400 and seconds < SLOW_SECONDS):
            self._unlogged += 1
            return
        fields: dict[str, object] = {
            "method": method,
            "path": path[:PATH_LIMIT],
            "status": status,
            "ms": round(seconds * 1000, 2),
            "request_id": request_id,
        }
        if isinstance(who, Principal):
            fields |= {"role": who.role, "issuer": who.issuer, "token_class": who.token_class.value}
        elif who is not None:
            fields |= {"refusal": who.code, "issuer": who.issuer}
        if self._unlogged:
            fields["unlogged"] = self._unlogged
            self._unlogged = 0
        self._log.info("request", **fields)

    def _fits(self, second: int, success: bool) -> bool:
        if second != self._second:
            self._second = second
            self._successes, self._others = SUCCESSES_PER_SECOND, OTHERS_PER_SECOND
        if success:
            self._successes -= 1
            return self._successes >= 0
        self._others -= 1
        return self._others >= 0
