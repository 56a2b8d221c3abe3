"""What one request costs on the Postgres path alone, beside pgbench with the same statements pipelined.

    python benchmarks/path.py postgresql://postgres:…@127.0.0.1:54322/postgres [--seconds 5] [--concurrency 16]

Makes the database `rowgate_bench` (a table of 100,000 rows under RLS) and the logins it needs, drives `Database.run`
in this process, then runs pgbench -M prepared with the same two statements in one pipeline. Prints microseconds of CPU
per request, of this process and of the whole Postgres cluster, from /proc. Linux only; the server must run here.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from rowgate.postgres.context import context_command
from rowgate.postgres.database import Database
from rowgate.postgres.statement import RequestContext, Statement, Transaction
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import DatabaseSettings

USERS = 100
ROWS = 100_000
TICK = os.sysconf("SC_CLK_TCK")

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


def postgres_ticks(postmaster: int) -> int:
    """CPU ticks of the cluster: the postmaster, its living children, and the children it has reaped."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry.name) == postmaster:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            total += int(fields[11]) + int(fields[12])
    return total


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


def pgbench(url: str, seconds: float, concurrency: int) -> float:
    """Transactions per second of pgbench with the same statements, their parameters as pgbench variables."""
    context = context_command("rowgate_bench_user", principals()[1].claims, REQUEST, 60_000)
    sql = re.sub(r"\$(\d+)", r":p\1", context.sql)
    variables = [f"-Dp{n}={(value or b'').decode()}" for n, value in enumerate(context.parameters, start=1)]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"\\startpipeline\n{sql};\n{LIST_OF_TEN};\n\\endpipeline\n")
        script.flush()
        jobs = ["-c", str(concurrency), "-j", "1", "-T", str(round(seconds)), "-M", "prepared", "-n", "-f", script.name]
        run = subprocess.run(["pgbench", *jobs, *variables, url], check=True, capture_output=True, text=True)
    time.sleep(0.5)  # until the postmaster has reaped its backends and counts their CPU
    return float(next(line for line in run.stdout.splitlines() if line.startswith("tps")).split()[2])


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
        before, ticks = resource.getrusage(resource.RUSAGE_SELF), postgres_ticks(postmaster)
        count, latencies = await drive(database, options.seconds, options.concurrency)
        after, spent = resource.getrusage(resource.RUSAGE_SELF), postgres_ticks(postmaster) - ticks
        own = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        latencies.sort()
        print(
            f"rowgate   {count / options.seconds:8.0f} req/s   process {own / count * 1e6:6.1f} us"
            f"   postgres {spent / TICK / count * 1e6:6.1f} us   p50 {latencies[count // 2] * 1e3:.2f} ms"
            f"   p99 {latencies[count * 99 // 100] * 1e3:.2f} ms   connections {database.stats().public.open}",
            flush=True,
        )
        await database.close()

    try:
        import uvloop

        runner = uvloop.run
    except ImportError:
        runner = asyncio.run
    try:
        for _ in range(options.rounds):
            runner(ours())
            if shutil.which("pgbench"):
                ticks = postgres_ticks(postmaster)
                tps = pgbench(login, options.seconds, options.concurrency)
                spent = (postgres_ticks(postmaster) - ticks) / TICK
                print(
                    f"pgbench   {tps:8.0f} tps  {'':20}postgres {spent / (tps * options.seconds) * 1e6:6.1f} us",
                    flush=True,
                )
    finally:
        with psycopg.connect(options.url, autocommit=True) as superuser:
            superuser.execute("drop database if exists rowgate_bench with (force)")
            superuser.execute("drop role if exists rowgate_bench_user, rowgate_bench_login")


if __name__ == "__main__":
    main()
