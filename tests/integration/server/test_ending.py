"""Ending with the parent, and deleting what a project has stored."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rowgate.project.resolve import resolve
from rowgate.server.database import embedded_server
from tests.support.stack import Stack, free_port, rowgate, start

from .asking import alive, get, until
from .conftest import make_project

# Starts Rowgate with a pipe of its own, says its process id, and lives until it is killed.
STARTER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "rowgate", "start", "--parent-pipe", *sys.argv[1:]],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
while "Rowgate is ready" not in child.stdout.readline(): pass
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_killed_starter_takes_the_server_with_it(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "tied")
    port, database_port = free_port(), free_port()
    environ = {**os.environ, "ROWGATE_DB__PORT": str(database_port)}
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, "--workdir", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    until(lambda: not alive(server), 10)
    for number in (port, database_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", number)) != 0
    embedded_server(resolve(folder, {}, environ)).delete()


def test_stop_without_backup_deletes_the_embedded_database_and_says_so(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "deleted")
    stack = start(folder)
    database = embedded_server(resolve(folder, {}, stack.environ)).folder
    assert database.is_dir()

    ended = rowgate("stop", "--no-backup", "--workdir", str(folder), environ=stack.environ)

    assert ended.returncode == 0, ended.stderr
    assert f"all of {database}" in ended.stdout
    assert not database.exists()
    assert stack.stop() == 0
    again = start(folder)  # nothing was left that a new start stumbles over, and the keys are the same
    try:
        assert get(again, "/rest/v1/todos?select=title") == (200, [{"title": "hello"}])
        assert again.publishable_key == stack.publishable_key
    finally:
        again.stop()


def test_stop_without_backup_leaves_a_database_of_ones_own_alone(started: Callable[..., Stack]) -> None:
    stack = started()
    for environ in (stack.environ, {**stack.environ, "DATABASE_URL": ""}):  # known, and known to the server alone
        refused = rowgate("stop", "--no-backup", "--workdir", str(stack.workdir), environ=environ)
        assert refused.returncode == 1
        assert "database" in refused.stderr
    assert get(stack, "/rest/v1/todos?select=title") == (200, [{"title": "hello"}])


def test_a_database_in_use_is_not_deleted(tmp_path: Path) -> None:
    """The project's own lock is what `stop` waits for; the cluster's lock is what deleting asks for."""
    folder = make_project(tmp_path / "used")
    stack = start(folder)
    try:
        (folder / ".rowgate" / "server.lock").rename(folder / ".rowgate" / "elsewhere")
        refused = rowgate("stop", "--no-backup", "--workdir", str(folder), environ=stack.environ)
        assert refused.returncode == 1
        assert "in use" in refused.stderr
        assert get(stack, "/rest/v1/todos?select=title") == (200, [{"title": "hello"}])
    finally:
        stack.stop()
