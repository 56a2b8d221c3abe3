"""The life of a running server: it heals, it drains, and nothing of it is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from tests.support.stack import Stack, free_port, rowgate, start, wait_for_line

from .conftest import make_project


def get(stack: Stack, path: str, key: str | None = None, timeout: float = 20, **headers: str) -> tuple[int, Any]:
    """Status and JSON of a GET; the key goes into `apikey`."""
    wanted = {"apikey": key or stack.publishable_key, **headers}
    request = urllib.request.Request(stack.url + path, headers=wanted)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def until(true: Callable[[], Any], seconds: float = 10) -> Any:
    """Wait for something to become true, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.05)
    return found


def nap(stack: Stack, seconds: float) -> tuple[list[tuple[int, Any]], threading.Thread]:
    """Begin a call that takes `seconds`; its answer is appended to the list when the thread ends."""
    answers: list[tuple[int, Any]] = []
    request = urllib.request.Request(
        stack.rest + "/rpc/nap",
        data=json.dumps({"seconds": seconds}).encode(),
        headers={"apikey": stack.publishable_key, "content-type": "application/json"},
    )

    def call() -> None:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                answers.append((response.status, json.loads(response.read())))
        except urllib.error.HTTPError as error:
            answers.append((error.code, json.loads(error.read())))

    thread = threading.Thread(target=call)
    thread.start()
    return answers, thread


def napping(stack: Stack) -> int | None:
    """The backend in which a nap has begun."""
    with psycopg.connect(stack.keys["DB_URL"]) as owner:
        row = owner.execute(
            "select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
        ).fetchone()
    return row[0] if row is not None else None


def state_of(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((stack.workdir / ".rowgate" / "server.json").read_text())
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie that its parent has not collected does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


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


def test_no_secret_stands_in_an_argument_an_environment_or_the_output(started: Callable[..., Stack]) -> None:
    stack = started()
    pids = [stack.process.pid, *state_of(stack)["workers"].values()]
    secrets = [stack.keys[name] for name in ("SECRET_KEY", "SERVICE_ROLE_KEY", "JWT_SECRET")]
    get(stack, f"/rest/v1/todos?apikey={secrets[0]}")
    get(stack, "/rest/v1/todos", secrets[0], Authorization=f"Bearer {secrets[1]}")
    passwords = json.loads((stack.workdir / ".rowgate" / "secrets.json").read_text())
    secrets += [value for name, value in passwords.items() if "password" in name]
    seen = "".join(stack.output)
    for pid in pids:
        seen += Path(f"/proc/{pid}/cmdline").read_text()
    for pid in pids[1:]:
        seen += Path(f"/proc/{pid}/environ").read_text()
        assert "DATABASE_URL" not in seen
    for secret in secrets:
        assert secret not in seen


def test_a_killed_worker_is_replaced(started: Callable[..., Stack]) -> None:
    stack = started("--workers", "2")
    workers = state_of(stack)["workers"]
    os.kill(workers["0"], signal.SIGKILL)
    until(lambda: state_of(stack)["ready"] and state_of(stack)["workers"].get("0") not in (None, workers["0"]))
    for _ in range(8):
        assert get(stack, "/rest/v1/todos?select=title")[0] == 200


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


def test_a_role_that_turns_privileged_is_refused_within_seconds(
    started: Callable[..., Stack], database_url: str
) -> None:
    stack = started()
    assert get(stack, "/rest/v1/todos?select=title")[0] == 200
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("alter role anon bypassrls")
        try:
            until(lambda: get(stack, "/rest/v1/todos?select=title")[0] == 403, 5)
        finally:
            owner.execute("alter role anon nobypassrls")
    until(lambda: get(stack, "/rest/v1/todos?select=title")[0] == 200, 5)


def test_a_new_table_is_served_without_a_restart(started: Callable[..., Stack], database_url: str) -> None:
    stack = started()
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("create table public.notes (id int); grant select on public.notes to anon")
    until(lambda: get(stack, "/rest/v1/notes") == (200, []), 5)


def test_a_killed_backend_costs_at_most_the_request_it_carried(
    started: Callable[..., Stack], database_url: str
) -> None:
    stack = started()
    assert get(stack, "/rest/v1/todos?select=title")[0] == 200
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'rowgate_public' and datname = current_database()"
        )
    # A read is repeated on a new connection: nobody notices.
    assert get(stack, "/rest/v1/todos?select=title") == (200, [{"title": "hello"}])


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


def test_a_changed_issuer_is_taken_up_within_a_second_and_a_broken_file_is_not(started: Callable[..., Stack]) -> None:
    stack = started()
    config = stack.workdir / "supabase" / "config.toml"
    good = config.read_text()
    issuer = '[auth.third_party.clerk]\nenabled = true\ndomain = "example.clerk.accounts.dev"\n'
    config.write_text(good + issuer)
    until(lambda: any("issuers reloaded" in line for line in stack.output), 2)
    until(lambda: "clerk" in json.dumps(state_of(stack)["issuers"]), 3)
    config.write_text(good + "[auth.third_party.clerk\n")
    until(lambda: any("configuration not taken up" in line for line in stack.output), 2)
    assert get(stack, "/rest/v1/todos?select=title")[0] == 200
    assert "clerk" in json.dumps(state_of(stack)["issuers"])


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


def test_of_two_starts_at_once_one_serves_and_the_other_says_so(started: Callable[..., Stack]) -> None:
    stack = started()
    second = rowgate("start", "--workdir", str(stack.workdir), "--port", str(free_port()), environ=stack.environ)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert get(stack, "/rest/v1/todos?select=title")[0] == 200


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
