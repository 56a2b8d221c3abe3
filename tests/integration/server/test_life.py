"""The life of a server: it starts, heals, drains, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.support.stack import Stack, free_port, rowgate, start, wait_for_line

from .asking import alive, get, nap, napping, state_of, until
from .conftest import make_project


def test_a_started_project_serves_its_tables_and_says_where(started: Callable[..., Stack]) -> None:
    stack = started()
    assert get(stack, "/rest/v1/todos?select=title") == (200, [{"title": "hello"}])
    assert stack.keys["API_URL"] == stack.url
    assert set(stack.keys) >= {"DB_URL", "ANON_KEY", "SERVICE_ROLE_KEY", "SECRET_KEY", "JWT_SECRET"}
    assert get(stack, "/rest/v1/todos?select=title", stack.keys["SECRET_KEY"])[0] == 200
    assert get(stack, "/ready") == (200, {"ready": True, "parts": {"database": "ok", "catalog": "ok"}})
    shown = rowgate("status", "--workdir", str(stack.workdir), environ=stack.environ)
    assert "ready" in shown.stdout
    assert stack.stop() == 0
    assert rowgate("status", "--workdir", str(stack.workdir), environ=stack.environ).returncode == 1


def test_a_lone_killed_worker_is_replaced_and_callers_wait_for_it(started: Callable[..., Stack]) -> None:
    stack = started()
    os.kill(state_of(stack)["workers"]["0"], signal.SIGKILL)
    # The parent holds the listening socket: the connection waits in its queue until a worker is there again.
    status = until(lambda: get(stack, "/rest/v1/todos?select=title")[0] in (200, 503))
    assert status
    until(lambda: get(stack, "/rest/v1/todos?select=title")[0] == 200)


def test_nothing_is_left_when_the_parent_is_killed_and_a_start_works_at_once(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "embedded")
    database_port = str(free_port())
    stack = start(folder, environ={"ROWGATE_DB__PORT": database_port})
    workers = list(state_of(stack)["workers"].values())
    stack.stop(signal.SIGKILL)
    again = start(folder, "--port", stack.url.rpartition(":")[2], environ={"ROWGATE_DB__PORT": database_port})
    try:
        assert get(again, "/rest/v1/todos?select=title") == (200, [{"title": "hello"}])
        until(lambda: not any(map(alive, workers)), 5)
    finally:
        assert again.stop() == 0
    for port in (int(stack.url.rpartition(":")[2]), int(database_port)):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_backend_killed_under_a_write_leaves_its_outcome_unknown_and_the_server_recovers(tmp_path: Path) -> None:
    stack = start(make_project(tmp_path / "crash"))
    try:
        answers, asking = nap(stack, 20)
        backend = until(lambda: napping(stack))
        os.kill(backend, signal.SIGKILL)  # Postgres restarts all its backends after that
        asking.join(5)
        ((status, body),) = answers
        assert (status, body["code"]) == (500, "outcome_unknown")
        seen: list[int] = []

        def served() -> bool:
            seen.append(get(stack, "/rest/v1/todos?select=title")[0])
            return seen[-1] == 200

        until(served, 20)
        assert set(seen) <= {200, 503}
        until(lambda: get(stack, "/ready")[0] == 200)
    finally:
        assert stack.stop() == 0


def test_a_request_under_way_is_finished_before_the_server_ends(started: Callable[..., Stack]) -> None:
    stack = started()
    answers, asking = nap(stack, 1.5)
    until(lambda: napping(stack))
    assert stack.stop() == 0
    asking.join()
    assert answers == [(200, "rested")]


def test_no_request_is_broken_by_a_drain_under_load(started: Callable[..., Stack]) -> None:
    stack = started()
    port = int(stack.url.rpartition(":")[2])
    request = f"GET /rest/v1/todos?select=title HTTP/1.1\r\nhost: x\r\napikey: {stack.publishable_key}\r\n\r\n".encode()
    broken: list[bytes] = []
    served = [0] * 8

    def hammer(number: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                while True:
                    connection.sendall(request)
                    answer = b""
                    while b'[{"title":"hello"}]' not in answer:
                        if not (piece := connection.recv(65536)):
                            # Between two answers the server may close; inside of one it may not.
                            broken.extend([answer] if answer else [])
                            return
                        answer += piece
                    served[number] += 1
        except ConnectionError:
            return  # the same moment, seen while sending

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(len(served))]
    for thread in threads:
        thread.start()
    until(lambda: min(served) > 20)
    assert stack.stop() == 0
    for thread in threads:
        thread.join()
    assert broken == []


def test_stop_ends_the_server(started: Callable[..., Stack]) -> None:
    stack = started()
    ended = rowgate("stop", "--workdir", str(stack.workdir), environ=stack.environ)
    assert (ended.returncode, stack.process.wait(5)) == (0, 0)
    assert "not running" in rowgate("stop", "--workdir", str(stack.workdir), environ=stack.environ).stdout


def test_a_taken_port_is_named_and_nothing_is_started(database_url: str, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "taken")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = rowgate("start", "--workdir", str(folder), "--port", str(port), environ={"DATABASE_URL": database_url})
    assert told.returncode == 1
    assert f"Port {port}" in told.stderr
    assert "--port" in told.stderr


def test_a_database_that_is_away_does_not_stop_the_start(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "away")
    port = free_port()
    away = f"postgresql://nobody:private@127.0.0.1:{free_port()}/postgres"
    process = subprocess.Popen(
        [sys.executable, "-m", "rowgate", "start", "--workdir", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "DATABASE_URL": away},
    )
    stack = Stack(folder, f"http://127.0.0.1:{port}", {"PUBLISHABLE_KEY": "x"}, process, (), {})
    try:
        wait_for_line(stack, "keeps trying", 15)
        status, body = until(lambda: get(stack, "/rest/v1/todos"))
        assert (status, body["code"]) == (503, "not_ready")
        assert get(stack, "/health")[0] == 200
        assert "private" not in "".join(stack.output)
    finally:
        assert stack.stop() == 0
