"""A PostgreSQL 15 cluster of a test's own, under pg_ctl: roles are the whole cluster's, and these tests restart it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.support.stack import free_port

BIN = Path("/usr/lib/postgresql/15/bin")
SUPERUSER = "postgres"


def run(program: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs, as somebody who is not root."""
    command = [str(BIN / program), *arguments]
    if os.getuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Cluster:
    """One data folder and its server. `superuser` is the URL of its superuser; TCP without TLS, SCRAM for the rest."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def superuser(self) -> str:
        return self.url(SUPERUSER, "postgres")

    def url(self, user: str, password: str, database: str = "postgres", port: int | None = None) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def running(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def execute(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """Run SQL as the superuser; rows of the last statement."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def dump(self) -> str:
        """Everything that set-up could change: the schema, the roles with their verifiers, and their memberships."""
        dumps = run("pg_dump", "--schema-only", self.superuser) + run(
            "pg_dumpall", "--roles-only", "-d", self.superuser
        )
        return re.sub(r"(?m)^\\(un)?restrict .*$", "", dumps)  # a random word, new in every dump


def initialise(folder: Path) -> None:
    """A data folder with a superuser `postgres`, password `postgres`."""
    password = folder / "password"
    password.write_text("postgres")
    if os.getuid() == 0:
        for path in (folder, password):
            shutil.chown(path, "postgres")
    where = ["-D", str(folder / "data"), "-U", SUPERUSER, f"--pwfile={password}"]
    run("initdb", *where, "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")


def copied(template: Path, folder: Path) -> Cluster:
    """A new cluster from a stopped one's data."""
    shutil.copytree(template / "data", folder / "data")
    if os.getuid() == 0:
        for path in (folder, folder / "data", *(folder / "data").rglob("*")):
            shutil.chown(path, "postgres")
    (folder / "data").chmod(0o700)
    return Cluster(folder)
