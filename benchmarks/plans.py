"""EXPLAIN of every read scenario: our statement beside the query written by hand, in the same context.

    python -m benchmarks.plans > plans.md

Starts Rowgate on an embedded PostgreSQL with the benchmark's tables, as `python -m benchmarks` does.
"""

from __future__ import annotations

import psycopg
from rich.console import Console

from benchmarks.capture import known_of, statements
from benchmarks.pgbench import PipelinedRequest
from benchmarks.scenarios import SCENARIOS
from benchmarks.stand import Stand
from rowgate.rest.select_sql import ROW


def explained(owner: str, request: PipelinedRequest, query: str, parameters: tuple[str | None, ...]) -> str:
    """The plan of a query for these very values, after the context of a request."""
    (context, given), _ = request.statements
    with psycopg.connect(owner, cursor_factory=psycopg.RawCursor) as connection, connection.transaction():
        connection.execute(context.encode(), given)
        # A value as EXPLAIN knows it: no statement is prepared, so the plan is the one for the value at hand.
        connection.execute("set local plan_cache_mode = force_custom_plan")
        rows = connection.execute(f"explain (costs off) {query}".encode(), parameters).fetchall()
    return "\n".join(row[0] for row in rows)


def main() -> None:
    with Stand(Console(stderr=True), peer=False) as stand:
        owner = stand.rowgate.keys["DB_URL"]
        known = known_of(owner)
        for scenario in SCENARIOS:
            query = scenario.by_hand
            if query is None:
                continue
            ask = scenario.ask(1, 0)
            request = statements(known, ask, [], stand.people[1].claims)
            ours, parameters = request.statements[1]
            plan = explained(owner, request, ours, parameters)
            by_hand = explained(owner, request, query, ask.parameters)
            alike = plan.replace(ROW, "t") == by_hand  # `t` is the queries' own name for those rows
            print(f"**{scenario.name}**, {'both' if alike else 'ours and by hand'}:\n")
            for shown in (plan,) if alike else (plan, by_hand):
                print(f"```\n{shown}\n```\n")


if __name__ == "__main__":
    main()
