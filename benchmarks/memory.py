"""`python -m benchmarks.memory`: what large answers and large bodies cost a worker in resident memory, and its other
clients in patience.

The peak is the kernel's own (VmHWM, set back before each scenario), above what the worker held before; `later` is five
seconds after the last answer. Meanwhile a client asks for ten rows, again and again.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table
from tests.support.stack import Stack, start

from benchmarks.cpu import usage
from benchmarks.rowgate import workers_of
from benchmarks.server import look_around

MIB = 1024 * 1024
SCHEMA = Path(__file__).with_name("memory.sql")
LATER = 5.0  # seconds
PAUSE = 0.005  # seconds between two small requests
CLIENTS = 10
ALL = "/lines?order=id"
PART = "/lines?order=id&limit=100000"
SLOW_BYTES = 1024 * 1024  # per second
SLOW_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario: bytes of body (all clients'), memory in bytes above the start, seconds, CPU of the worker."""

    name: str
    body: int
    peak: int
    later: int
    seconds: float
    cpu: float
    waits: Sequence[float]  # of the small requests beside it, seconds


class Asker:
    """A client with one connection per request, which keeps nothing of what it reads."""

    def __init__(self, stack: Stack) -> None:
        self._port = int(stack.url.rpartition(":")[2])
        self._key = stack.publishable_key

    def ask(self, method: str, target: str, body: bytes = b"", pace: float | None = None, **headers: str) -> int:
        """The bytes of the answer's body. `pace` is how many are read per second, for SLOW_SECONDS at most. Raises
        RuntimeError for an answer that is no success."""
        fields = {"host": "bench", "apikey": self._key, "connection": "close", "content-length": str(len(body))}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = f"{method} /rest/v1{target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
        with socket.create_connection(("127.0.0.1", self._port)) as client:
            client.sendall(head.encode() + b"\r\n" + body)
            received, began = client.recv(65536), time.monotonic()
            while b"\r\n\r\n" not in received:
                received += client.recv(65536)
            answered, _, first = received.partition(b"\r\n\r\n")
            if answered.split()[1][:1] != b"2":
                raise RuntimeError(f"{method} {target}: {answered.decode()}\n{first.decode()}")
            size, room = len(first), bytearray(MIB)
            while count := client.recv_into(room):
                size += count
                if pace is not None:
                    time.sleep(max(0.0, began + size / pace - time.monotonic()))
                    if time.monotonic() - began > SLOW_SECONDS:
                        break
            return size


def scenarios(asker: Asker) -> Iterator[tuple[str, Callable[[], int]]]:
    """Names, and what is done: the bytes of the bodies that moved."""
    rows = range(500_000)
    spelled = b",".join(
        b'{"id":%d,"name":"line number %d","note":"%032d","amount":%d.5,"made":"2026-01-01T00:00:00+00:00"}'
        % (n, n, n, n)
        for n in rows
    )
    bulk = b"[" + spelled + b"]"
    table = b"id,name,note,amount,made\n" + b"".join(
        b'%d,line number %d,"%056d",%d.5,2026-01-01T00:00:00+00:00\n' % (n, n, n, n) for n in rows
    )

    def insert(body: bytes, content_type: str, wish: str = "return=minimal") -> int:
        given = asker.ask("POST", "/taken", body, content_type=content_type, prefer=wish)
        return len(body) + given

    yield "GET, JSON", lambda: asker.ask("GET", ALL)
    yield "GET, JSON, again", lambda: asker.ask("GET", ALL)
    yield "GET, CSV", lambda: asker.ask("GET", ALL, accept="text/csv")
    yield "ten clients at once", lambda: sum(together(lambda: asker.ask("GET", PART)))
    yield "a client that reads 1 MiB/s", lambda: asker.ask("GET", ALL, pace=SLOW_BYTES)
    yield "one value", lambda: asker.ask("GET", "/rpc/one_value?mib=50")
    yield "insert, JSON", lambda: insert(bulk, "application/json")
    yield "insert, CSV", lambda: insert(table, "text/csv")
    yield "insert, representation", lambda: insert(bulk, "application/json", "return=representation")


def together(ask: Callable[[], int]) -> list[int]:
    with ThreadPoolExecutor(CLIENTS) as clients:
        return [each.result() for each in [clients.submit(ask) for _ in range(CLIENTS)]]


@contextmanager
def beside(asker: Asker, waits: list[float]) -> Iterator[None]:
    """Ask for ten rows until the block ends."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(PAUSE):
            began = time.monotonic()
            asker.ask("GET", "/few")
            waits.append(time.monotonic() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def measured(name: str, worker: int, asker: Asker, act: Callable[[], int]) -> Outcome:
    before, waits = field(worker, "VmRSS"), list[float]()
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # sets VmHWM back to what is resident now
    spent, began = usage(worker).cpu, time.monotonic()
    with beside(asker, waits):
        body = act()
    seconds = time.monotonic() - began
    spent = usage(worker).cpu - spent
    time.sleep(LATER)
    return Outcome(
        name, body, field(worker, "VmHWM") - before, field(worker, "VmRSS") - before, seconds, spent, sorted(waits)
    )


def field(pid: int, name: str) -> int:
    """A size of /proc/PID/status in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.memory", description="Memory of large data")
    options.add_argument("--only", default="", help="scenarios whose name contains this")
    wanted = options.parse_args().only
    console = Console(width=None if sys.stdout.isatty() else 130)
    folder = Path(tempfile.mkdtemp(prefix="rowgate-memory-"))
    supabase = folder / "supabase"
    (supabase / "migrations").mkdir(parents=True)
    (supabase / "config.toml").write_text('project_id = "memory"\n[api]\nschemas = ["public"]\n')
    (supabase / "migrations" / "20260101000000_memory.sql").write_text(SCHEMA.read_text())
    stack = start(folder, environ={"ROWGATE_REST__DB_MAX_ROWS": ""}, timeout=120)
    cluster: Path | None = None
    try:
        cluster = look_around(stack.keys["DB_URL"]).cluster
        asker, (worker,) = Asker(stack), workers_of(stack)
        for _ in range(200):
            asker.ask("GET", "/few")
        grid = Table(
            "scenario", "body MB", "peak MiB", "peak / body", "5 s later", "s", "CPU s", "p50 ms", "p99", "max"
        )
        for name, act in scenarios(asker):
            if wanted in name:
                with psycopg.connect(stack.keys["DB_URL"], autocommit=True) as owner:
                    owner.execute("truncate public.taken")
                grid.add_row(*row(measured(name, worker, asker, act)))
        console.print(grid)
        console.print(f"A worker at rest: {field(worker, 'VmRSS') / MIB:.0f} MiB")
    finally:
        stack.stop()
        for path in (folder, cluster):
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)
    return 0


def row(each: Outcome) -> list[str]:
    waits = each.waits
    picked = [waits[len(waits) // 2], waits[int(len(waits) * 0.99)], waits[-1]] if waits else []
    return [
        each.name,
        f"{each.body / 1e6:.0f}",
        f"{each.peak / MIB:.1f}",
        f"{each.peak / max(each.body, 1):.2f}",
        f"{each.later / MIB:+.1f}",
        f"{each.seconds:.1f}",
        f"{each.cpu:.2f}",
        *(f"{1000 * wait:.1f}" for wait in picked),
    ]


if __name__ == "__main__":
    sys.exit(main())
