"""With several workers, what changes reaches every one of them in its time, and `status` shows them all.

Each request comes on a connection of its own, and the kernel hands it to either worker: a run of twelve equal answers
without one of the other kind has met both (chance of missing one: 1 in 2048).
"""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.server.asking import state_of, until
from tests.support.stack import Stack, rowgate

from .asking import ask, token
from .cluster import Cluster
from .schema import NOTES, TWO_ROWS

RUN = 12
OFF = "[rowgate.identity]\nshared_secret_enabled = false\n"


def all_workers(stack: Stack, path: str, status: int, bearer: str | None = None) -> Callable[[], bool]:
    return lambda: all(ask(stack, "GET", path, bearer=bearer).status == status for _ in range(RUN))


def test_issuers_roles_and_catalog_reach_every_worker(cluster: Cluster, serve: Callable[..., Stack]) -> None:
    stack = serve(cluster.superuser, "--workers", "2", migrations={"20260101000000_notes.sql": NOTES + TWO_ROWS})
    ana = token(stack, "ana")
    assert all_workers(stack, "/notes", 200, ana)()

    shown = rowgate("status", "--workdir", str(stack.workdir), environ=stack.environ)
    assert len(state_of(stack)["workers"]) == 2
    assert all(str(pid) in shown.stdout for pid in state_of(stack)["workers"].values())

    config = stack.workdir / "supabase" / "config.toml"
    before = config.read_text()
    config.write_text(before + OFF)
    until(all_workers(stack, "/notes", 401, ana), 3)
    config.write_text(before)
    until(all_workers(stack, "/notes", 200, ana), 3)

    cluster.execute("create table public.later (id int); grant select on public.later to anon")
    until(all_workers(stack, "/later", 200), 4)
    cluster.execute("drop table public.later")
    until(all_workers(stack, "/later", 404), 4)

    cluster.execute("alter role authenticated bypassrls")
    until(all_workers(stack, "/notes", 403, ana), 5)
    cluster.execute("alter role authenticated nobypassrls")
    until(all_workers(stack, "/notes", 200, ana), 8)
