"""One measurement, and what several of them come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cpu import usage
from benchmarks.load import Load

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    """What the client saw (latencies in ms), the CPU in ms per request of server and Postgres, resident MiB."""

    per_second: float
    p50: float
    p99: float
    server: float
    postgres: float
    failures: int = 0
    resident: float = 0.0

    @property
    def total(self) -> float:
        """CPU of server and Postgres together, ms per request."""
        return self.server + self.postgres


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to measure: `measure(connections, seconds)`."""

    name: str
    measure: Callable[[int, float], Sample]


Figures = dict[tuple[str, int], Sample]  # (contender, connections)


def measured(server: int | None, postmaster: int, load: Callable[[], Load]) -> Sample:
    """Run a load and put the CPU used meanwhile beside it; `server` and `postmaster` are the roots of process trees."""
    before_server, before = usage(server) if server else None, usage(postmaster)
    seen = load()
    after, after_server = usage(postmaster), usage(server) if server else None
    spent = after_server.cpu - before_server.cpu if after_server and before_server else 0.0
    return Sample(
        seen.per_second,
        seen.p50,
        seen.p99,
        1000 * spent / seen.requests,
        1000 * (after.cpu - before.cpu) / seen.requests,
        seen.failures,
        sum(after_server.resident.values()) / MEBIBYTE if after_server else 0.0,
    )


def middle(samples: Sequence[Sample]) -> Sample:
    """The median of each figure; failures are added up, and memory is the most that was seen."""
    return Sample(
        *(
            median(getattr(each, name) for each in samples)
            for name in ("per_second", "p50", "p99", "server", "postgres")
        ),
        sum(each.failures for each in samples),
        max(each.resident for each in samples),
    )
