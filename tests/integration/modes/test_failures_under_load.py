"""Something is killed or restarted while clients read and write: no wrong row, no half write, no false promise."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable

import pytest

from tests.integration.server.asking import alive, state_of, until
from tests.support.stack import Stack

from .asking import ask, token
from .cluster import Cluster
from .load import goes_on, loaded, progress
from .schema import NOTES, TWO_ROWS

BACKENDS = (
    "select pid from pg_stat_activity where datname = current_database() and usename = 'rowgate_public'"
    " and backend_type = 'client backend'"
)


@pytest.fixture
def stack(cluster: Cluster, serve: Callable[..., Stack]) -> Stack:
    migrations = {"20260101000000_notes.sql": NOTES + TWO_ROWS}
    return serve(cluster.superuser, "--workers", "2", migrations=migrations)


def test_terminated_and_killed_backends_and_killed_workers(cluster: Cluster, stack: Stack) -> None:
    with loaded(stack) as load:
        until(lambda: goes_on(load, (0, 0)), 10)
        for _ in range(10):
            cluster.execute(f"select pg_terminate_backend(pid) from ({BACKENDS}) b")
            time.sleep(0.1)
        since = progress(load)
        until(lambda: goes_on(load, since), 10)
        assert not load.codes["cut"]

        os.kill(int(str(cluster.execute(BACKENDS)[0][0])), signal.SIGKILL)  # Postgres ends all others and recovers
        since = progress(load)
        until(lambda: goes_on(load, since), 20)

        before = state_of(stack)["workers"]
        os.kill(before["1"], signal.SIGKILL)
        since = progress(load)
        until(lambda: goes_on(load, since), 10)
        until(lambda: state_of(stack)["workers"].get("1") not in (None, before["1"]), 10)
    load.check(cluster)
    assert "request failed" not in "".join(stack.output)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgres_restarts(cluster: Cluster, stack: Stack, mode: str) -> None:
    with loaded(stack) as load:
        until(lambda: goes_on(load, (0, 0)), 10)
        cluster.stop(mode)
        until(lambda: load.codes["PGRST000"] > 10, 10)
        away = ask(stack, "POST", "/notes", {"body": "x"}, bearer=token(stack, "ana"))
        assert (away.status, away.headers["retry-after"]) == (503, "1")
        cluster.start()
        since = progress(load)
        until(lambda: goes_on(load, since), 15)
    load.check(cluster)
    assert "request failed" not in "".join(stack.output)
    until(lambda: state_of(stack)["ready"], 5)


def test_the_parent_is_killed(cluster: Cluster, stack: Stack, serve: Callable[..., Stack]) -> None:
    workers = list(state_of(stack)["workers"].values())
    port = int(stack.url.rpartition(":")[2])
    with loaded(stack) as load:
        until(lambda: goes_on(load, (0, 0)), 10)
        stack.process.kill()
        until(lambda: not any(map(alive, workers)), 5)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
        until(lambda: not cluster.execute(BACKENDS), 1)
    load.check(cluster)
    again = serve(cluster.superuser, "--port", str(port))
    assert ask(again, "GET", "/notes?select=body", bearer=token(again, "ben")).body == [{"body": "ben's"}]
