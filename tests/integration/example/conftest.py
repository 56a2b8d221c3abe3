"""The example project's migrations and seed on a database of their own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from .asking import Asking

SUPABASE = Path(__file__).parents[3] / "examples" / "todos" / "supabase"

# What the migrations expect of the server, in Supabase's own terms.
GROUND = """
do $$
declare name text;
begin
  foreach name in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin noinherit', name);
    end if;
  end loop;
end $$;
create schema auth;
create function auth.jwt() returns jsonb language sql stable
  as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
grant usage on schema auth to anon, authenticated, service_role;
grant execute on function auth.jwt() to anon, authenticated, service_role;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
"""


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    """The URL of a database with migrations and seed applied."""
    name = f"example_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        url = psycopg.conninfo.make_conninfo(postgres_url, dbname=name)
        try:
            with psycopg.connect(url) as connection:
                connection.execute(GROUND)
                for migration in sorted((SUPABASE / "migrations").glob("*.sql")):
                    connection.execute(migration.read_text())  # type: ignore[call-overload]
                for _ in range(2):  # the seed may run again
                    connection.execute((SUPABASE / "seed.sql").read_text())  # type: ignore[call-overload]
            yield url
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def asking(database: str) -> Iterator[Asking]:
    """Requests in one transaction, which ends without a trace."""
    with psycopg.connect(database) as connection, connection.transaction(force_rollback=True):
        yield Asking(connection)
