"""The Postgres server under measurement, and the programs that come with it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.cpu import stat
from rowgate.postgres.embedded.binaries import wheel_folder


@dataclass(frozen=True, slots=True)
class Server:
    """`postmaster` is its process id, `cluster` the folder that holds its data folder. `conninfo` leads there over its
    Unix socket and holds the owner's password."""

    postmaster: int
    version: str
    cluster: Path
    conninfo: str = field(repr=False)


def look_around(owner: str) -> Server:
    """Ask the server itself. `owner` is a superuser's URL."""
    with psycopg.connect(owner) as connection:
        row = connection.execute(
            "select pg_backend_pid(), current_setting('unix_socket_directories'), current_setting('server_version'),"
            " current_setting('data_directory')"
        ).fetchone()
        assert row is not None
        info = connection.info
        folder = row[1].split(",")[0].strip('"')
        conninfo = make_conninfo(
            host=folder, port=info.port, user=info.user, dbname=info.dbname, password=info.password
        )
        return Server(int(stat(row[0])[1]), row[2], Path(row[3]).parent, conninfo)


def pgbench_program() -> Path | None:
    """The embedded PostgreSQL's own pgbench, else the machine's; None without either."""
    folder = wheel_folder()
    if folder is not None and (folder / "pgbench").exists():
        return folder / "pgbench"
    found = shutil.which("pgbench")
    return Path(found) if found else None
