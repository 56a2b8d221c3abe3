"""Prometheus' text of the whole server: the workers' own families joined, and PostgREST's names summed up.

https://docs.postgrest.org/en/v14/references/observability.html#metrics
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec


class Family(NamedTuple):
    """A metric of PostgREST's: its type, what it says, and how those of several workers become one."""

    kind: Literal["counter", "gauge"]
    text: str
    join: Literal["sum", "largest"] = "sum"
    label: str = ""


POSTGREST_METRICS: Mapping[str, Family] = {
    "pgrst_db_pool_timeouts_total": Family("counter", "The total number of pool connection timeouts"),
    "pgrst_db_pool_available": Family("gauge", "Available connections in the pool"),
    "pgrst_db_pool_waiting": Family("gauge", "Requests waiting to acquire a pool connection"),
    "pgrst_db_pool_max": Family("gauge", "Max pool connections"),
    "pgrst_schema_cache_loads_total": Family(
        "counter", "The total number of times the schema cache was loaded", label="status"
    ),
    "pgrst_schema_cache_query_time_seconds": Family(
        "gauge", "The query time in seconds of the last schema cache load", "largest"
    ),
    "pgrst_jwt_cache_requests_total": Family("counter", "The total number of JWT cache lookups"),
    "pgrst_jwt_cache_hits_total": Family("counter", "The total number of JWT cache hits"),
    "pgrst_jwt_cache_evictions_total": Family("counter", "The total number of JWT cache evictions"),
}


class WorkerFigures(msgspec.Struct, frozen=True):
    """One worker's counts: its own exposition, and PostgREST's metrics by name and label value ("" where none)."""

    text: str
    postgrest: Mapping[str, Mapping[str, float]]


def exposition(workers: Iterable[WorkerFigures]) -> str:
    """The exposition of all workers (text format 0.0.4)."""
    workers = list(workers)
    lines = _joined(worker.text for worker in workers)
    for name, family in POSTGREST_METRICS.items():
        lines += [f"# HELP {name} {family.text}", f"# TYPE {name} {family.kind}"]
        values: dict[str, list[float]] = {}
        for worker in workers:
            for label, value in worker.postgrest.get(name, {}).items():
                values.setdefault(label, []).append(value)
        for label, found in values.items():
            number = max(found) if family.join == "largest" else sum(found)
            place = f'{{{family.label}="{label}"}}' if label else ""
            lines.append(f"{name}{place} {number!r}")
    return "\n".join(lines) + "\n"


def _joined(texts: Iterable[str]) -> list[str]:
    """A family's lines must stand together, under one HELP and TYPE; the label `worker` tells them apart."""
    families: dict[str, list[str]] = {}
    for text in texts:
        lines: list[str] = []
        known = False
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                known = name in families
                lines = families.setdefault(name, [])
            if not (known and line.startswith("#")):
                lines.append(line)
    return [line for lines in families.values() for line in lines]
