"""A project folder whose server runs on ports of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
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


def make_project(folder: Path) -> Path:
    """A project with one migration."""
    supabase = folder / "supabase"
    (supabase / "migrations").mkdir(parents=True)
    (supabase / "config.toml").write_text(f'project_id = "{folder.name}"\n')
    (supabase / "migrations" / "20260101000000_todos.sql").write_text(MIGRATION)
    return folder


@contextmanager
def fresh_database(postgres_url: str) -> Iterator[str]:
    """A database of one's own on the shared server."""
    name = f"server_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)'.encode())


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A database of the test's own."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def running(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A server with two workers, for all tests that leave it as they found it. Its database is DB_URL of its keys."""
    folder = make_project(tmp_path_factory.mktemp("running") / "project")
    with fresh_database(postgres_url) as url:
        stack = start(folder, "--workers", "2", environ={"DATABASE_URL": url})
        yield stack
        stack.stop()


@pytest.fixture
def started(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Starts servers of the test's own, and ends what is left of them."""
    stacks: list[Stack] = []

    def begin(*arguments: str) -> Stack:
        folder = tmp_path / "project"
        if not folder.exists():
            make_project(folder)
        stack = start(folder, *arguments, environ={"DATABASE_URL": database_url})
        stacks.append(stack)
        return stack

    yield begin
    for stack in stacks:
        stack.stop()
