"""@supabase/lite on its Postgres driver as a contender: the same server, the same table in a database of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import psycopg

from benchmarks.goals import PEER
from benchmarks.load import wrk
from benchmarks.project import SCHEMA, TARGET, write_lite
from benchmarks.sample import Contender, Sample, measured

FOLDER = Path(__file__).with_name("peers")
CLI = FOLDER / "node_modules" / "@supabase" / "lite" / "dist" / "cli" / "index.js"
KEY = "sb_publishable_bench"
START_TIMEOUT = 20.0  # seconds


def install() -> None:
    """Install it from its lock file, once."""
    if not CLI.exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER, check=True)


def start(folder: Path, owner: str, port: int, secret: str) -> subprocess.Popen[bytes]:
    """Start it over a new database of the owner's server. Raises RuntimeError with its log when it does not answer."""
    node = shutil.which("node")
    assert node is not None, "missing tools are named before"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("create database bench_lite")
    url = owner.rpartition("/")[0] + "/bench_lite"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    write_lite(folder, url, port, secret)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [node, str(CLI), "--no-telemetry", "start", "--no-admin"], cwd=folder, stdout=log, stderr=log
        )
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/rest/v1/", timeout=1)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return process
    process.kill()
    process.wait()
    raise RuntimeError(f"@supabase/lite did not start: {(folder / 'log').read_text()[-2000:]}")


def contender(
    process: subprocess.Popen[bytes], port: int, tokens: Sequence[str], postmaster: int, folder: Path
) -> Contender:
    """The started process; `tokens` are HS256, the only kind it verifies."""
    url = f"http://127.0.0.1:{port}/rest/v1{TARGET}"

    def measure(connections: int, seconds: float) -> Sample:
        return measured(process.pid, postmaster, lambda: wrk(url, tokens, KEY, connections, seconds, folder))

    return Contender(PEER, measure)
