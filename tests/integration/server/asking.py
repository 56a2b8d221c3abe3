"""Asking a running server, and looking at it from outside."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from tests.support.stack import Stack


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
