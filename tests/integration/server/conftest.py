"""A project folder whose server runs on ports of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.support.stack import Stack, start

MIGRATION = """
create table public.todos (
  id bigint generated always as identity primary key,
  title text not null,
  owner text not null default (current_setting('request.jwt.claims', true)::json ->> 'sub')
);
alter table public.todos enable row level security;
create policy "own rows" on public.todos to authenticated
  using (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub'));
create policy "anon reads" on public.todos for select to anon using (owner = 'everybody');
grant select, insert, update, delete on public.todos to authenticated, service_role;
grant select on public.todos to anon;
insert into public.todos (title, owner) values ('hello', 'everybody');
create function public.nap(seconds float) returns text language sql volatile
  as $$ select 'rested' from pg_sleep(seconds) $$;
"""


def make_project(folder: Path, configuration: str = "") -> Path:
    """A project with one migration."""
    supabase = folder / "supabase"
    (supabase / "migrations").mkdir(parents=True)
    (supabase / "config.toml").write_text(f'project_id = "{folder.name}"\n{configuration}')
    (supabase / "migrations" / "20260101000000_todos.sql").write_text(MIGRATION)
    return folder


@pytest.fixture
def postgres_url() -> str:
    """A superuser's URL of a running PostgreSQL."""
    url = os.environ.get("ROWGATE_TEST_DATABASE_URL")
    if url is None:
        pytest.skip("ROWGATE_TEST_DATABASE_URL is not set")
    return url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A database of the test's own on the shared server."""
    name = f"server_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    yield postgres_url.rpartition("/")[0] + f"/{name}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)'.encode())


@pytest.fixture
def started(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Starts servers on the test's database, and ends what is left of them."""
    stacks: list[Stack] = []

    def begin(*arguments: str, configuration: str = "", environ: dict[str, str] | None = None) -> Stack:
        folder = tmp_path / "project"
        if not folder.exists():
            make_project(folder, configuration)
        stack = start(folder, *arguments, environ={"DATABASE_URL": database_url, **(environ or {})})
        stacks.append(stack)
        return stack

    yield begin
    for stack in stacks:
        stack.stop()
