"""A real PgBouncer in transaction mode before a cluster, looking passwords up in the cluster itself."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.server.asking import until
from tests.support.stack import free_port

from .cluster import Cluster

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def pooled(cluster: Cluster, folder: Path) -> Iterator[int]:
    """PgBouncer's port. Four backends for each login; logins that set-up makes are found by its `auth_query`."""
    assert PGBOUNCER is not None
    port = free_port()
    ((verifier,),) = cluster.execute("select rolpassword from pg_authid where rolname = 'postgres'")
    (folder / "users").write_text(f'"postgres" "{verifier}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={cluster.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {folder}/users\nauth_user = postgres\n"
        "auth_query = select usename, passwd from pg_shadow where usename = $1\n"
        "pool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 200\nlogfile =\n"
    )
    command = [PGBOUNCER, "-q", str(folder / "pgbouncer.ini")]
    if os.getuid() == 0:  # PgBouncer refuses to be root
        command = ["runuser", "-u", "postgres", "--", *command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        until(lambda: _listens(port), 5)
        yield port
    finally:
        process.terminate()
        process.wait(5)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
