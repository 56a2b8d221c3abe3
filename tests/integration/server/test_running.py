"""A running server: it heals, follows its configuration and its database, and keeps its secrets.

A file of its own because login roles belong to the whole cluster: two projects cannot be served from one at a time.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psycopg
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.support.stack import Stack, free_port, rowgate

from .asking import get, state_of, until


def test_no_secret_stands_in_an_argument_an_environment_or_the_output(running: Stack) -> None:
    pids = [running.process.pid, *state_of(running)["workers"].values()]
    secrets = [running.keys[name] for name in ("SECRET_KEY", "SERVICE_ROLE_KEY", "JWT_SECRET")]
    get(running, f"/rest/v1/todos?apikey={secrets[0]}")
    get(running, "/rest/v1/todos", secrets[0], Authorization=f"Bearer {secrets[1]}")
    passwords = json.loads((running.workdir / ".rowgate" / "secrets.json").read_text())
    secrets += [value for name, value in passwords.items() if "password" in name]
    seen = "".join(running.output)
    for pid in pids:
        seen += Path(f"/proc/{pid}/cmdline").read_text()
    for pid in pids[1:]:
        environment = Path(f"/proc/{pid}/environ").read_text()
        assert "DATABASE_URL" not in environment
        seen += environment
    for secret in secrets:
        assert secret not in seen


def test_a_killed_worker_is_replaced(running: Stack) -> None:
    workers = state_of(running)["workers"]
    os.kill(workers["0"], signal.SIGKILL)
    until(lambda: state_of(running)["ready"] and state_of(running)["workers"].get("0") not in (None, workers["0"]))
    for _ in range(8):
        assert get(running, "/rest/v1/todos?select=title")[0] == 200


def test_a_role_that_turns_privileged_is_refused_within_seconds(running: Stack) -> None:
    assert get(running, "/rest/v1/todos?select=title")[0] == 200
    with psycopg.connect(running.keys["DB_URL"], autocommit=True) as owner:
        owner.execute("alter role anon bypassrls")
        try:
            until(lambda: get(running, "/rest/v1/todos?select=title")[0] == 403, 5)
        finally:
            owner.execute("alter role anon nobypassrls")
    # Each worker sees it for itself; a connection of its own each time meets them both.
    until(lambda: all(get(running, "/rest/v1/todos?select=title")[0] == 200 for _ in range(8)), 10)


def test_a_new_table_is_served_without_a_restart(running: Stack) -> None:
    with psycopg.connect(running.keys["DB_URL"], autocommit=True) as owner:
        owner.execute("create table public.notes (id int); grant select on public.notes to anon")
    until(lambda: get(running, "/rest/v1/notes") == (200, []), 5)


def test_a_killed_backend_costs_at_most_the_request_it_carried(running: Stack) -> None:
    assert get(running, "/rest/v1/todos?select=title")[0] == 200
    with psycopg.connect(running.keys["DB_URL"], autocommit=True) as owner:
        owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'rowgate_public' and datname = current_database()"
        )
    # A read is repeated on a new connection: nobody notices.
    assert get(running, "/rest/v1/todos?select=title") == (200, [{"title": "hello"}])


def test_a_changed_issuer_is_taken_up_within_a_second_and_a_broken_file_is_not(running: Stack) -> None:
    config = running.workdir / "supabase" / "config.toml"
    good = config.read_text()
    issuer = '[auth.third_party.clerk]\nenabled = true\ndomain = "example.clerk.accounts.dev"\n'
    config.write_text(good + issuer)
    until(lambda: any("configuration reloaded" in line for line in running.output), 2)
    until(lambda: "clerk" in json.dumps(state_of(running)["issuers"]), 3)
    config.write_text(good + "[auth.third_party.clerk\n")
    until(lambda: any("configuration not taken up" in line for line in running.output), 2)
    assert get(running, "/rest/v1/todos?select=title")[0] == 200
    assert "clerk" in json.dumps(state_of(running)["issuers"])
    config.write_text(good)
    until(lambda: not state_of(running)["issuers"], 3)


def test_of_two_starts_at_once_one_serves_and_the_other_says_so(running: Stack) -> None:
    second = rowgate("start", "--workdir", str(running.workdir), "--port", str(free_port()), environ=running.environ)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert get(running, "/rest/v1/todos?select=title")[0] == 200


def test_the_old_way_is_counted_apart_where_a_person_looks(running: Stack) -> None:
    old = jwt.encode(
        {"alg": "HS256"},
        {"sub": "user_1", "role": "authenticated", "exp": int(time.time()) + 60},
        OctKey.import_key(running.keys["JWT_SECRET"]),
        algorithms=["HS256"],
    )
    for _ in range(3):
        get(running, "/rest/v1/todos", Authorization=f"Bearer {old}")

    until(lambda: status(running)["verdicts"].get("shared_secret") == {"accepted": 3}, 5)
    os.kill(state_of(running)["workers"]["0"], signal.SIGKILL)
    until(lambda: state_of(running)["ready"] and "0" in state_of(running)["workers"])
    assert status(running)["verdicts"]["shared_secret"] == {"accepted": 3}
    pretty = rowgate("status", "--workdir", str(running.workdir), environ=running.environ).stdout
    assert "shared_secret  accepted 3" in " ".join(pretty.split(" ")).replace("   ", "  ")
    assert "shared_secret_enabled = false" in pretty


def status(stack: Stack) -> dict[str, Any]:
    printed = rowgate("status", "--workdir", str(stack.workdir), "-o", "json", environ=stack.environ).stdout
    return dict(json.loads(printed))
