"""One measurement, and what several of them come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

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
    resident: float = 0.0  # of the largest server process with its children
    requests: int = 0

    @property
    def total(self) -> float:
        """CPU of server and Postgres together, ms per request."""
        return self.server + self.postgres


class Cell(NamedTuple):
    """What a sample is of. `workers` is 1 for those who have none."""

    scenario: str
    contender: str
    connections: int
    workers: int = 1


Figures = dict[Cell, Sample]


def measured(servers: Sequence[int], postmaster: int, load: Callable[[], Load]) -> Sample:
    """Run a load and put the CPU used meanwhile beside it; `servers` and `postmaster` are roots of process trees."""
    before_servers, before = [usage(pid).cpu for pid in servers], usage(postmaster).cpu
    seen = load()
    after, after_servers = usage(postmaster).cpu, [usage(pid) for pid in servers]
    return Sample(
        seen.per_second,
        seen.p50,
        seen.p99,
        1000 * (sum(each.cpu for each in after_servers) - sum(before_servers)) / seen.requests,
        1000 * (after - before) / seen.requests,
        seen.failures,
        max((sum(each.resident.values()) / MEBIBYTE for each in after_servers), default=0.0),
        seen.requests,
    )


def middle(samples: Sequence[Sample]) -> Sample:
    """The median of each figure; failures are added up, and memory is the most that was seen."""
    return Sample(
        median(each.per_second for each in samples),
        median(each.p50 for each in samples),
        median(each.p99 for each in samples),
        median(each.server for each in samples),
        median(each.postgres for each in samples),
        sum(each.failures for each in samples),
        max(each.resident for each in samples),
        sum(each.requests for each in samples),
    )
