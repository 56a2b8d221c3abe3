"""@supabase/lite on its Postgres driver as a contender: the same server, the same table in a database of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import httpx
import psycopg

from benchmarks.project import SCHEMA, write_lite

FOLDER = Path(__file__).with_name("peers")
CLI = FOLDER / "node_modules" / "@supabase" / "lite" / "dist" / "cli" / "index.js"
KEY = "sb_publishable_bench"
START_TIMEOUT = 20.0  # seconds


def install() -> None:
    """Install it from its lock file, once."""
    if not CLI.exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER, check=True)


def database_url(owner: str) -> str:
    """Its database on the owner's server."""
    return f"{owner.rpartition('/')[0]}/bench_lite"


def start(folder: Path, owner: str, port: int, secret: str) -> subprocess.Popen[bytes]:
    """Start it over a new database of the owner's server. Raises RuntimeError with its log when it does not answer."""
    node = shutil.which("node")
    assert node is not None, "missing tools are named before"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("create database bench_lite")
    url = database_url(owner)
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
