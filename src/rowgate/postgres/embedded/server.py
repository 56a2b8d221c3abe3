"""The embedded server's life: claim the cluster, start it under a keeper, wait until it answers, stop it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg

from rowgate.errors import RowgateError
from rowgate.postgres.embedded import keeper as keeper_script
from rowgate.postgres.embedded.account import choose_account
from rowgate.postgres.embedded.binaries import Binaries, find_binaries
from rowgate.postgres.embedded.cluster import SUPERUSER, Cluster, environment, folder_for

ROOT_FOLDER = Path("/var/lib/rowgate")
DATABASE = "postgres"  # the database's and the superuser's name, as in every Supabase project

START_TIMEOUT = 120.0  # seconds; crash recovery after a power cut can take long, a dead postmaster is seen at once
CONNECT_TIMEOUT = 3  # seconds for one attempt
ATTEMPT_PAUSE = 0.02  # seconds between two attempts, spent waiting for the keeper's end
CLAIM_PAUSE = 0.05
CLAIM_PATIENCE_ALIVE = 1.0  # seconds to wait for a cluster whose owner lives: it is in use
CLAIM_PATIENCE_ORPHAN = 8.0  # seconds to wait for a cluster whose owner is gone: its keeper is stopping it
STOP_TIMEOUT = 40.0  # seconds; the keeper's own patience ends before
LOG_LIMIT = 10 * 1024 * 1024  # bytes after which the log is set aside at the next start


class EmbeddedServer:
    """A PostgreSQL server of the project's own, which ends when the process that started it ends.

    `folder` is the project's private state folder; the data lies in `folder/postgres`, or, as root, in
    `/var/lib/rowgate/<project>-<digest>` under an unprivileged account. `bin_folder` overrides the search for the
    programs. `start` and `stop` block (the first start takes about a second): call them before the event loop runs, or
    through `asyncio.to_thread`.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        host: str,
        superuser_password: str,
        bin_folder: Path | None = None,
        project: str = "project",
        root_folder: Path = ROOT_FOLDER,
    ) -> None:
        self.port = port
        self.host = host
        self.notes: tuple[str, ...] = ()  # sentences worth telling the operator, after `start`
        self._password = superuser_password
        self._bin_folder = bin_folder
        self._base = folder_for(folder, project, root_folder)
        self._socket_folder: Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"EmbeddedServer({str(self._base)!r}, {self.host}:{self.port})"

    @cached_property
    def _cluster(self) -> Cluster:
        """The cluster with its account; as root this may make the account, so asking for a URL must not come here."""
        return Cluster(self._base, choose_account(Cluster(self._base, None).data))

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """Everything that belongs to this database: data, log, lock, and as root a copy of the programs."""
        return self._base

    @property
    def data_folder(self) -> Path:
        """The PostgreSQL data folder."""
        return Cluster(self._base, None).data

    @property
    def log_file(self) -> Path:
        """The server's log. It never holds a statement, a parameter or a password."""
        return Cluster(self._base, None).log

    @property
    def socket_folder(self) -> Path:
        """The private folder of the Unix socket, libpq's `host`. Known after `start`."""
        assert self._socket_folder is not None, "the embedded server was not started"
        return self._socket_folder

    @property
    def owner_url(self) -> str:
        """The superuser's URL over TCP. It holds the password: never log it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{SUPERUSER}:{quote(self._password, safe='')}@{host}:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Start Postgres, making its data folder first where there is none, and return once it answers queries.

        Raises RowgateError when the project's database is already in use, the port is taken, no suitable programs are
        found, the data folder has another major version, or Postgres itself gives up (with its last words).
        """
        if self._keeper is not None:
            return
        self._cluster.prepare_base()
        binaries, self.notes = find_binaries(self._bin_folder, self._cluster.account, self._cluster.copies)
        lock = self._claim()
        try:
            if self._cluster.initialised():
                self._cluster.require_version(binaries)
            else:
                self._cluster.initialise(binaries, self._password)
            # The lock is ours, so no process of this cluster lives: what the file says is history. Postgres itself
            # would refuse to start if its old process id now belonged to somebody else.
            self._cluster.postmaster_pid.unlink(missing_ok=True)
            self._cluster.write_settings()
            self._socket_folder = self._cluster.socket_folder(self.port)
            self._require_free_port()
            log_start = self._open_log()
            self._keeper = self._spawn_keeper(binaries, lock)
        finally:
            os.close(lock)  # the keeper and Postgres hold it from here on
        try:
            self._wait_until_it_answers(log_start)
        except BaseException:
            self.stop()
            raise
        self._tell(keeper_script.READY)

    def stop(self) -> None:
        """Stop Postgres (fast shutdown, immediate after 30 seconds) and wait until nothing of it is left."""
        keeper = self._keeper
        if keeper is None:
            return
        self._tell(keeper_script.STOP)
        assert keeper.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            keeper.stdin.close()
        try:
            keeper.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        self._keeper = None

    def delete(self) -> None:
        """Delete the database and everything that belongs to it. Not while it runs.

        Raises RowgateError when somebody uses it, or when a file cannot be removed.
        """
        if not self._base.exists():
            return
        lock = self._claim()
        try:
            Cluster(self._base, None).delete()
        finally:
            os.close(lock)

    def restart(self) -> None:
        """Stop Postgres and start it again under the same keeper; returns once it answers."""
        assert self._keeper is not None, "the embedded server was not started"
        log_start = self._cluster.log.stat().st_size
        before = self._postmaster()
        self._tell(keeper_script.RESTART)
        until = time.monotonic() + STOP_TIMEOUT
        while self._postmaster() == before and time.monotonic() < until:
            self._pause()
        self._wait_until_it_answers(log_start)

    def _tell(self, word: bytes) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.write(word)
            self._keeper.stdin.flush()

    def _claim(self) -> int:
        """Lock the cluster and return the descriptor that holds the lock.

        A cluster whose owner was killed is being stopped by its keeper, which takes a moment; one whose keeper was
        killed too is stopped here. Raises RowgateError when a living owner uses it.
        """
        # Base belongs to us alone (as root: to root), so the path cannot be a link somebody else put there.
        lock = os.open(Cluster(self._base, None).lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        began = time.monotonic()
        asked: int | None = None
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    os.close(lock)
                    raise
            else:
                return lock
            holder = _holder(lock)
            parent, keeper, waited = holder.get("parent", 0), holder.get("keeper", 0), time.monotonic() - began
            if waited > (CLAIM_PATIENCE_ALIVE if _alive(parent) and _alive(keeper) else CLAIM_PATIENCE_ORPHAN):
                os.close(lock)
                raise RowgateError(
                    f"The database in {self.data_folder} is in use by process {parent} on port "
                    f"{holder.get('port', 'unknown')}.",
                    f"This project is already running: use it, or stop it first (`rowgate stop`, or kill {parent}).",
                )
            if keeper and not _alive(keeper):
                asked = self._stop_orphan(asked, immediately=waited > CLAIM_PATIENCE_ORPHAN / 2)
            time.sleep(CLAIM_PAUSE)

    def _stop_orphan(self, asked: int | None, immediately: bool) -> int | None:
        """Ask a postmaster without keeper to stop; the held lock proves that the process in the file is still it."""
        number = signal.SIGQUIT if immediately else signal.SIGINT
        postmaster = self._postmaster()
        if asked != number and postmaster is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(postmaster, number)
            return number
        return asked

    def _postmaster(self) -> int | None:
        try:
            return int(self._cluster.postmaster_pid.read_text(encoding="utf-8").split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _require_free_port(self) -> None:
        """Raise RowgateError when the port cannot be had; Postgres would only say so in its log."""
        hint = (
            "Stop what uses it, or choose another port: `port` below [db] in supabase/config.toml, or ROWGATE_DB__PORT."
        )
        try:
            addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise RowgateError(
                f"The database's host {self.host} cannot be resolved: {error.strerror}.",
                "Set `host` below [rowgate.db] to an address of this machine, such as 127.0.0.1.",
            ) from None
        for family, kind, protocol, _, address in addresses:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Postgres does
                try:
                    probe.bind(address)
                except OSError as error:
                    reason = "is already in use" if error.errno == errno.EADDRINUSE else f"fails: {error.strerror}"
                    raise RowgateError(f"The database's port {self.host}:{self.port} {reason}.", hint) from None

    def _open_log(self) -> int:
        """Set a long log aside; return the size the log has before this start."""
        log = self._cluster.log
        size = log.stat().st_size if log.exists() else 0
        if size > LOG_LIMIT:
            log.rename(log.with_suffix(".log.1"))
            size = 0
        if size == 0:
            log.touch(mode=0o600)
        return size

    def _spawn_keeper(self, binaries: Binaries, lock: int) -> subprocess.Popen[bytes]:
        # Port, host and socket stand on the command line, which beats ALTER SYSTEM: we could not find it otherwise.
        quoted = '"' + str(self.socket_folder).replace('"', '""') + '"'
        settings = {"port": self.port, "listen_addresses": self.host, "unix_socket_directories": quoted}
        command = [str(binaries.postgres), "-D", str(self._cluster.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        account = self._cluster.account
        order = {
            "command": command,
            "cwd": str(self._cluster.data),
            "environment": environment(self._cluster.base),
            "log": str(self._cluster.log),
            "lock": lock,
            "parent": os.getpid(),
            "port": self.port,
            "user": account.uid if account is not None else None,
            "group": account.gid if account is not None else None,
        }
        with self._cluster.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - an argument list, no shell
                [sys.executable, "-I", "-S", keeper_script.__file__, json.dumps(order)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                # A session of its own: the terminal's Ctrl-C reaches the server alone, which drains before Postgres
                # goes.
                start_new_session=True,
                cwd="/",
            )

    def _wait_until_it_answers(self, log_start: int) -> None:
        until = time.monotonic() + START_TIMEOUT
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError as error:
                self._raise_if_hopeless(error, log_start, time.monotonic() > until)
            else:
                return
            self._pause()

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.socket_folder),
            port=self.port,
            user=SUPERUSER,
            password=self._password,
            dbname=DATABASE,
            connect_timeout=CONNECT_TIMEOUT,
        )

    def _raise_if_hopeless(self, error: psycopg.OperationalError, log_start: int, late: bool) -> None:
        assert self._keeper is not None
        if "password authentication failed" in str(error):
            raise RowgateError(
                f"The database in {self._cluster.data} has another password than this project's secrets.",
                "Put the former secrets back, or remove that folder to begin with an empty database.",
            ) from None
        if self._keeper.poll() is not None or late:
            words = _last_words(self._cluster.log, log_start)
            raise RowgateError(
                f"The embedded PostgreSQL did not start: {words}",
                f"Its log is {self._cluster.log}.",
            ) from None

    def _pause(self) -> None:
        assert self._keeper is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._keeper.wait(ATTEMPT_PAUSE)


def _holder(lock: int) -> dict[str, int]:
    try:
        holder = json.loads(os.pread(lock, 4096, 0))
    except ValueError:
        return {}  # between our locking and the keeper's first line
    return holder if isinstance(holder, dict) else {}


def _alive(process: int) -> bool:
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _last_words(log: Path, start: int) -> str:
    """The line in which Postgres says why it gave up, else the last line written since `start`."""
    with log.open("rb") as file:
        file.seek(start)
        lines = [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    for line in reversed(lines):
        if "FATAL:" in line or "PANIC:" in line:
            return line.split(":  ", 1)[-1]
    return lines[-1] if lines else "it gave no reason"
