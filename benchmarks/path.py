"""What one request costs on the Postgres path alone, beside pgbench with the same statements pipelined.

    python -m benchmarks.path postgresql://postgres:…@127.0.0.1:54322/postgres [--seconds 5] [--concurrency 16]

Makes the database `rowgate_bench` (a table of 100,000 rows under RLS) and the logins it needs, drives `Database.run`
in this process, then runs pgbench -M prepared with the same two statements in one pipeline. Prints microseconds of CPU
per request, of this process and of the whole Postgres cluster, from /proc. Linux only; the server must run here.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import uvloop

from benchmarks import pgbench
from benchmarks.cpu import usage
from benchmarks.server import pgbench_program
from rowgate.postgres.context import context_command
from rowgate.postgres.database import Database
from rowgate.postgres.statement import RequestContext, Statement, Transaction
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import DatabaseSettings

USERS = 100
ROWS = 100_000

SETUP = f"""
create role rowgate_bench_login login noinherit password 'bench';
create role rowgate_bench_user nologin;
grant rowgate_bench_user to rowgate_bench_login;
create table todos (
  id bigint primary key generated always as identity,
  user_id text not null, title text not null, done boolean not null default false, inserted_at timestamptz default now()
);
insert into todos (user_id, title, done)
  select 'user_' || (n % {USERS}), 'todo number ' || n, n % 3 = 0 from generate_series(1, {ROWS}) n;
create index on todos (user_id, id);
alter table todos enable row level security;
create policy own on todos to rowgate_bench_user
  using (user_id = (select current_setting('request.jwt.claims', true)::json ->> 'sub'));
grant select on todos to rowgate_bench_user;
vacuum analyze todos;
"""

LIST_OF_TEN = (
    "select null as total, count(t) as page, coalesce(json_agg(t), '[]') as body "
    'from (select "todos"."id", "todos"."user_id", "todos"."title", "todos"."done" from "public"."todos" '
    'order by "todos"."id" limit 10) t'
)
HEADERS = (
    b'{"host":"127.0.0.1:54321","user-agent":"supabase-js/2.57.4","accept":"*/*","x-client-info":"supabase-js-web"}'
)


def principals() -> list[Principal]:
    claims = '{"iss":"https://clerk.example.com","sub":"user_%d","role":"rowgate_bench_user","aud":"authenticated"}'
    return [Principal("rowgate_bench_user", (claims % n).encode(), TokenClass.SESSION) for n in range(USERS)]


REQUEST = Transaction(
    RequestContext("GET", "/todos", '"public", "extensions"', HEADERS),
    Statement(LIST_OF_TEN),
)


async def drive(database: Database, seconds: float, concurrency: int) -> tuple[int, list[float]]:
    everyone = principals()
    latencies: list[float] = []
    until = time.monotonic() + seconds

    async def client(offset: int) -> None:
        turn = offset
        while (started := time.monotonic()) < until:
            await database.run(everyone[turn % USERS], REQUEST)
            latencies.append(time.monotonic() - started)
            turn += 1

    await asyncio.gather(*(client(n * 7) for n in range(concurrency)))
    return len(latencies), latencies


def requests() -> list[pgbench.PipelinedRequest]:
    """The statements of REQUEST for one user, as pgbench runs them."""
    context = context_command("rowgate_bench_user", principals()[1].claims, REQUEST, 60_000)
    parameters = tuple(None if value is None else value.decode() for value in context.parameters)
    return [pgbench.PipelinedRequest(((context.sql, parameters), (LIST_OF_TEN, ())))]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("url", help="a superuser URL")
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--concurrency", type=int, default=16)
    arguments.add_argument("--rounds", type=int, default=2)
    options = arguments.parse_args()
    parts = urlsplit(options.url)
    owner = urlunsplit(parts._replace(path="/rowgate_bench"))
    server = f"rowgate_bench_login:bench@{parts.hostname}:{parts.port or 5432}"
    login = urlunsplit(parts._replace(path="/rowgate_bench", netloc=server))
    with psycopg.connect(options.url, autocommit=True) as superuser:
        superuser.execute("drop database if exists rowgate_bench")
        superuser.execute("drop role if exists rowgate_bench_user, rowgate_bench_login")
        superuser.execute("create database rowgate_bench")
        folder = superuser.execute("select current_setting('data_directory')").fetchone()
    assert folder is not None
    postmaster = int((Path(folder[0]) / "postmaster.pid").read_text().splitlines()[0])
    with psycopg.connect(owner, autocommit=True) as superuser:
        for statement in SETUP.split(";\n"):
            if statement.strip():
                superuser.execute(statement.encode())

    async def ours() -> None:
        database = Database(login, None, DatabaseSettings())
        await database.open()
        await drive(database, 1, options.concurrency)
        before, used = resource.getrusage(resource.RUSAGE_SELF), usage(postmaster).cpu
        count, latencies = await drive(database, options.seconds, options.concurrency)
        after, spent = resource.getrusage(resource.RUSAGE_SELF), usage(postmaster).cpu - used
        own = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        latencies.sort()
        print(
            f"rowgate   {count / options.seconds:8.0f} req/s   process {own / count * 1e6:6.1f} us"
            f"   postgres {spent / count * 1e6:6.1f} us   p50 {latencies[count // 2] * 1e3:.2f} ms"
            f"   p99 {latencies[count * 99 // 100] * 1e3:.2f} ms   connections {database.stats().public.open}",
            flush=True,
        )
        await database.close()

    program = pgbench_program()
    try:
        for _ in range(options.rounds):
            uvloop.run(ours())
            if program is None:
                continue
            before = usage(postmaster).cpu
            with tempfile.TemporaryDirectory() as scripts:
                seen = pgbench.run(
                    program, login, requests(), options.concurrency, round(options.seconds), Path(scripts)
                )
            spent = usage(postmaster).cpu - before
            print(
                f"pgbench   {seen.per_second:8.0f} tps  {'':20}postgres {spent / seen.requests * 1e6:6.1f} us",
                flush=True,
            )
    finally:
        with psycopg.connect(options.url, autocommit=True) as superuser:
            superuser.execute("drop database if exists rowgate_bench with (force)")
            superuser.execute("drop role if exists rowgate_bench_user, rowgate_bench_login")


if __name__ == "__main__":
    main()
