"""The data folder: where it lies, how it is made, and the settings Rowgate gives it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rowgate.errors import RowgateError
from rowgate.postgres.embedded.account import Account, identity_of
from rowgate.postgres.embedded.binaries import Binaries

SUPERUSER = "postgres"
# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
SOCKET_PATH_LIMIT = 103
SETTINGS_FILE = "conf.d/rowgate.conf"

# Beaten by ALTER SYSTEM (postgresql.auto.conf is read last): what an operator sets on purpose stays.
SETTINGS = """\
# Written by Rowgate at every start. Put your own settings into another file of this folder, or use ALTER SYSTEM.
wal_level = logical                      # Realtime reads changes from a replication slot
max_wal_senders = 10
max_replication_slots = 10
max_connections = 100
shared_buffers = 128MB
# No compiling: it costs more than the short requests it would speed up. A provider that is not there turns it off as
# jit = off does, which EXPLAIN (SETTINGS) would show to every client as a setting of its request.
jit_provider = 'none'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'

# Request headers and claims travel as parameters, passwords in statements: neither may reach the log.
log_statement = 'none'
log_min_duration_statement = -1
log_min_error_statement = panic          # an ERROR line without the statement that caused it
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse              # DETAIL and CONTEXT quote values (a key, a JSON document)
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One data folder and what lies beside it. `base` is ours and traversable by the account; `data` is the account's.

    As root everything lies in a folder that root owns, so no file we open there can be swapped for a link by the
    account; only `data` and `sockets` belong to the account.
    """

    base: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def log(self) -> Path:
        return self.base / "postgres.log"

    @property
    def lock(self) -> Path:
        return self.base / "lock"

    @property
    def copies(self) -> Path:
        return self.base / "programs"

    @property
    def postmaster_pid(self) -> Path:
        return self.data / "postmaster.pid"

    def initialised(self) -> bool:
        """Whether there is a data folder. It appears whole or not at all: see `initialise`."""
        return (self.data / "PG_VERSION").is_file()

    def prepare_base(self) -> None:
        """Make the base folder private. As root the account's group may pass through it; no parent's mode is changed.

        Raises RowgateError where the folder cannot be made, or where the account cannot reach it.
        """
        try:
            self.base.mkdir(parents=True, exist_ok=True)
            self.base.chmod(0o710 if self.account else 0o700)
            if self.account is not None:
                os.chown(self.base, 0, self.account.gid)
        except OSError as error:
            raise RowgateError(
                f"The database's folder {self.base} cannot be made: {error.strerror}.",
                "Free the path, or start Rowgate as a user who may write there.",
            ) from None
        if self.account is not None and not _reachable(self.base, self.account):
            raise RowgateError(
                f"The account {self.account.name}, which PostgreSQL runs as, cannot reach {self.base}.",
                "Put the project's state where that account may pass, or start Rowgate as another user than root.",
            )

    def initialise(self, binaries: Binaries, password: str) -> None:
        """Run initdb with the superuser's password, SCRAM for every connection, UTF8 and a C.UTF-8 locale.

        Runs in a folder of another name that is renamed at the end, so a start that was killed half-way leaves nothing
        that looks like a database. Raises RowgateError with initdb's own words.
        """
        unfinished = self.base / "data.unfinished"
        said = ""
        for locale in _locales(binaries.major):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            self._give(unfinished)
            with self._password_file(password) as password_file:
                command = [str(binaries.initdb), "-D", str(unfinished), "-U", SUPERUSER, f"--pwfile={password_file}"]
                command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions", *locale]
                ran = subprocess.run(  # noqa: S603 - an argument list, no shell
                    command,
                    capture_output=True,
                    text=True,
                    check=False,
                    cwd=self.base,
                    env=environment(self.base),
                    **identity_of(self.account),
                )
            if ran.returncode == 0:
                with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as configuration:
                    configuration.write("\ninclude_dir = 'conf.d'\n")
                unfinished.rename(self.data)
                return
            said = ran.stderr.strip() or ran.stdout.strip()
        shutil.rmtree(unfinished, ignore_errors=True)
        raise RowgateError(
            f"initdb of PostgreSQL {binaries.version} failed: {said.splitlines()[-1] if said else 'no message'}",
            f"The programs are {binaries.folder} ({binaries.origin}).",
        )

    def require_version(self, binaries: Binaries) -> None:
        """Raise RowgateError when the data folder was made by another major version than the programs found."""
        major = int((self.data / "PG_VERSION").read_text(encoding="ascii").strip())
        if major != binaries.major:
            raise RowgateError(
                f"The database in {self.data} was made by PostgreSQL {major}; the programs in {binaries.folder} are "
                f"PostgreSQL {binaries.version} ({binaries.origin}).",
                f"Set ROWGATE_POSTGRES_BIN to the programs of PostgreSQL {major}, for example "
                f"/usr/lib/postgresql/{major}/bin, or move the data with pg_dump or pg_upgrade.",
            )

    def write_settings(self) -> None:
        """Write our own settings file, as the account's own file."""
        folder = self.data / Path(SETTINGS_FILE).parent
        folder.mkdir(mode=0o700, exist_ok=True)
        self._give(folder)
        file = self.data / SETTINGS_FILE
        # The folder is the account's: never follow a link it may have put here.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as settings:
            settings.write(SETTINGS)
            if self.account is not None:
                os.fchown(settings.fileno(), self.account.uid, self.account.gid)

    def socket_folder(self, port: int) -> Path:
        """A private folder for the Unix socket: below `base`, or a short one where that path would be too long."""
        for folder in (self.base / "run", *self._short_folders()):
            if len(os.fsencode(folder / f".s.PGSQL.{port}")) <= SOCKET_PATH_LIMIT:
                break
        else:
            raise RowgateError(
                f"No folder for the database's socket is short enough: {self.base} and the temporary folder "
                f"{tempfile.gettempdir()} both pass {SOCKET_PATH_LIMIT} bytes.",
                "Set TMPDIR to a short path.",
            )
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self._give(folder)
        found = folder.lstat()
        owner = self.account.uid if self.account is not None else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
            raise RowgateError(
                f"The socket folder {folder} is not a private folder of the account PostgreSQL runs as.",
                f"Remove it: rm -rf {folder}",
            )
        return folder

    def delete(self) -> None:
        """Remove everything in `base`. Only while its lock is ours. Raises RowgateError.

        The data goes first, under the name of a half-made one: a deletion cut short leaves nothing that looks like a
        database. No link is followed at any depth, which `rmtree` sees to.
        """
        unfinished = self.base / "data.unfinished"
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            if self.data.exists():
                self.data.rename(unfinished)
            shutil.rmtree(self.base)
        except OSError as error:
            raise RowgateError(
                f"{error.filename or self.base} cannot be deleted: {error.strerror}.",
                f"Delete {self.base} as the user who started Rowgate.",
            ) from None
        for folder in self._short_folders():
            shutil.rmtree(folder, ignore_errors=True)  # may be a stranger's under the name ours would have

    def _short_folders(self) -> tuple[Path, ...]:
        name = f"rowgate-{hashlib.sha256(os.fsencode(self.base)).hexdigest()[:12]}"
        return (Path(tempfile.gettempdir()) / name, Path("/tmp") / name)  # noqa: S108 - checked to be ours and private

    def _give(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    @contextlib.contextmanager
    def _password_file(self, password: str) -> Iterator[Path]:
        descriptor, name = tempfile.mkstemp(prefix="password-", dir=self.base)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{password}\n")
                if self.account is not None:
                    os.fchown(file.fileno(), self.account.uid, self.account.gid)
            yield Path(name)
        finally:
            Path(name).unlink()


def environment(base: Path) -> dict[str, str]:
    """The whole environment of the Postgres programs: nothing of ours, such as PGPORT or a database URL, reaches them.

    LC_ALL=C keeps their messages in English, and on macOS the postmaster from becoming multithreaded at start.
    """
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(base), "TZ": "UTC"}


def folder_for(state: Path, project: str, root_folder: Path) -> Path:
    """Where a project's database lies: `postgres` in its state folder; as root `<root_folder>/<project>-<digest>`.

    An unprivileged account often cannot pass to a project below /root, and we never open a parent folder to it. The
    digest of the state folder's path keeps two projects of the same name apart.
    """
    if os.geteuid() != 0:
        return state / "postgres"
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", project).strip(".-")[:40] or "project"
    return root_folder / f"{name}-{hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:8]}"


def _locales(major: int) -> tuple[tuple[str, ...], ...]:
    """initdb's locale options, best first; initdb refuses what the machine lacks (macOS before 26 has no C.UTF-8)."""
    builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    choices: tuple[tuple[str, ...], ...] = (("--locale=C.UTF-8",), ("--locale=en_US.UTF-8",), ("--locale=C",))
    if major >= 17:  # the builtin provider sorts and folds case alike on every machine
        choices = ((*builtin, "--locale=C.UTF-8"), (*builtin, "--locale=C"), *choices)
    return choices


def _reachable(folder: Path, account: Account) -> bool:
    """Whether the account can pass to the folder, tried as that account (`cwd` would be entered before the switch)."""
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
    try:
        tried = subprocess.run(command, capture_output=True, check=False, cwd="/", env={}, **account.identity)  # noqa: S603
    except OSError:
        return False
    return tried.returncode == 0
