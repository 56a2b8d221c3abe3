"""Behind a real PgBouncer in transaction mode: unnamed statements work, and named ones say which setting to change."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError
from tests.integration.postgres_path.place import ANA, BEN, PUBLIC_LOGIN, SETTINGS, Place, asking, cell

pytestmark = pytest.mark.anyio

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
WHO = "select current_user || ' ' || (current_setting('request.jwt.claims')::json ->> 'sub')"


@pytest.fixture
async def pooled(place: Place, tmp_path: Path, anyio_backend: str) -> AsyncIterator[str]:
    """The public login's URL by way of PgBouncer, which has two backends for everybody."""
    if PGBOUNCER is None:
        assert not os.environ.get("CI"), "pgbouncer is not installed"
        pytest.skip("pgbouncer is not installed")
    parts = urlsplit(place.public)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "users").write_text(f'"{PUBLIC_LOGIN}" "public"\n')
    as_root = os.getuid() == 0
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\n{parts.path[1:]} = host={parts.hostname} port={parts.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = plain\n"
        f"auth_file = {tmp_path}/users\npool_mode = transaction\ndefault_pool_size = 2\nlogfile =\n"
        + ("user = nobody\n" if as_root else "")
    )
    if as_root:  # PgBouncer refuses to be root; what it reads after dropping it must be readable
        for path in (tmp_path, *tmp_path.iterdir()):
            shutil.chown(path, "nobody")
        for parent in tmp_path.parents:
            if parent.name.startswith("pytest-"):
                parent.chmod(0o755)
    process = subprocess.Popen([PGBOUNCER, "-q", str(tmp_path / "pgbouncer.ini")], stderr=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(5):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        user = parts.netloc.rpartition("@")[0]
        yield urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
    finally:
        process.terminate()
        process.wait(5)


async def crowd(database: Database) -> set[bytes | None]:
    principals = (ANA, BEN) * 20
    answers = await asyncio.gather(*(database.run(principal, asking(WHO)) for principal in principals))
    assert [cell(answer) for answer in answers] == [b"authenticated ana", b"authenticated ben"] * 20
    return {cell(answer) for answer in answers}


async def test_unnamed_statements_work_behind_a_transaction_pooler(pooled: str, place: Place) -> None:
    database = Database(pooled, None, replace(SETTINGS, prepared_statements=False))
    await database.open()
    try:
        for _ in range(5):
            await crowd(database)
        with pytest.raises(DatabaseError):
            await database.run(ANA, asking("select 1/0"))
        insert = "insert into notes (owner, body) values ('ana', 'pooled')"
        await database.run(ANA, asking(insert, write=True, check=lambda result: None))
        await crowd(database)
    finally:
        await database.close()
    left = place.execute(
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'"
    )
    assert left == [(0,)]


async def test_a_cancel_behind_a_pooler_ends_the_request(pooled: str) -> None:
    database = Database(pooled, None, replace(SETTINGS, pool_size=1, prepared_statements=False))
    await database.open()
    try:
        task = asyncio.create_task(database.run(ANA, asking("select pg_sleep(30)")))
        await asyncio.sleep(0.2)
        task.cancel()
        async with asyncio.timeout(5):
            assert cell(await database.run(ANA, asking(WHO))) == b"authenticated ana"
    finally:
        await database.close()


async def test_named_statements_behind_a_transaction_pooler_say_what_to_change(pooled: str) -> None:
    database = Database(pooled, None, SETTINGS)
    await database.open()
    try:
        with pytest.raises(DatabaseError) as caught:
            await asyncio.gather(*(crowd(database) for _ in range(10)))
        assert caught.value.sqlstate in ("26000", "42P05")
        assert "prepared_statements = false" in (caught.value.hint or "")
    finally:
        await database.close()
