"""Set-up where no role exists yet: by an owner who is no superuser, and by two processes at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rowgate.postgres.embedded import EmbeddedServer
from rowgate.postgres.logins import prepare
from rowgate.postgres.migrations import up
from rowgate.postgres.system import install
from rowgate.project.settings import Secrets

OLDEST = Path("/usr/lib/postgresql/15/bin")
VERSIONS: dict[str, Path | None] = {"wheel": None} | ({"15": OLDEST} if OLDEST.is_dir() else {})


pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("version", sorted(VERSIONS))
async def test_an_owner_with_createrole_makes_everything_he_may(
    folder: Path, port: int, secrets: Secrets, version: str
) -> None:
    with EmbeddedServer(folder, port, "127.0.0.1", "pw", VERSIONS[version], root_folder=folder) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as admin:
            major = admin.info.server_version // 10000
            admin.execute("create role boss login createrole bypassrls password 'boss'")
            admin.execute("create database app owner boss")
            admin.execute("create database other")
        boss = make_conninfo(server.owner_url, dbname="app", user="boss", password="boss")

        serving = await prepare(boss, secrets)

        # PostgreSQL 15 lets only superusers give BYPASSRLS away; 16 and newer whoever has it.
        assert (serving.service_conninfo is not None) == (major >= 16)
        assert serving.left_out == () or "ALTER ROLE service_role BYPASSRLS" in serving.left_out[0]
        assert len((await install(boss)).left_out) == 1  # event triggers
        migrations = folder / "supabase" / "migrations"
        migrations.mkdir(parents=True)
        (migrations / "1_todos.sql").write_text("create table todos (id int); insert into todos values (1)")
        assert len((await up(boss, migrations)).migrations) == 1
        with psycopg.connect(serving.public_conninfo) as connection:
            connection.execute("set role anon")
            assert connection.execute("select id from todos").fetchall() == [(1,)]

        with psycopg.connect(server.owner_url, autocommit=True) as admin:
            admin.execute("alter role service_role bypassrls")
        assert (await prepare(boss, secrets)).service_conninfo is not None  # once the administrator ran it

        # Roles are the cluster's, advisory locks the database's: two set-ups can meet all the same.
        other = make_conninfo(server.owner_url, dbname="other")
        same = make_conninfo(server.owner_url, dbname="app")
        await asyncio.gather(*(prepare(url, secrets) for url in (other, same) * 3))
