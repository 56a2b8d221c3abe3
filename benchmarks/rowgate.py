"""Rowgate itself as a contender: one worker behind its parent, asked over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from rich.console import Console
from tests.support.stack import Stack

from benchmarks.cpu import children, usage
from benchmarks.goals import OURS
from benchmarks.load import wrk
from benchmarks.project import TARGET
from benchmarks.sample import Contender, Sample, measured

BESIDE = 7  # fast reads at once beside the slow one
SLOW = 3  # seconds


def contender(stack: Stack, tokens: Sequence[str], postmaster: int, folder: Path) -> Contender:
    """The started server; `folder` takes wrk's script."""
    worker = worker_of(stack.process.pid)

    def measure(connections: int, seconds: float) -> Sample:
        return measured(
            worker,
            postmaster,
            lambda: wrk(stack.rest + TARGET, tokens, stack.publishable_key, connections, seconds, folder),
        )

    return Contender(OURS, measure)


def worker_of(parent: int) -> int:
    """The process id of the one worker below the parent."""
    for pid in children().get(parent, []):
        if b"rowgate.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise RuntimeError("Rowgate's worker was not found below its parent")


def idle(stack: Stack, seconds: float) -> float:
    """CPU milliseconds per second of a worker that nobody asks."""
    worker = worker_of(stack.process.pid)
    time.sleep(1)  # let what the load before left behind come to its end
    before = usage(worker).cpu
    time.sleep(seconds)
    return 1000 * (usage(worker).cpu - before) / seconds


def beside_a_slow_read(stack: Stack, tokens: Sequence[str], folder: Path, seconds: float, console: Console) -> float:
    """The p99 of seven fast reads beside one of three seconds over their p99 alone."""
    seconds = max(seconds, SLOW + 1)
    url = stack.rest + TARGET
    wrk(url, tokens, stack.publishable_key, BESIDE, 1, folder)
    quiet = wrk(url, tokens, stack.publishable_key, BESIDE, seconds, folder)
    stop = threading.Event()
    statuses: list[int] = []

    def sleep() -> None:
        headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {tokens[0]}"}
        with httpx.Client(timeout=30, headers=headers) as client:
            while not stop.is_set():
                statuses.append(client.get(f"{stack.rest}/rpc/sleep_read?seconds={SLOW}").status_code)

    thread = threading.Thread(target=sleep)
    thread.start()
    time.sleep(0.2)
    beside = wrk(url, tokens, stack.publishable_key, BESIDE, seconds, folder)
    stop.set()
    thread.join()
    if set(statuses) != {200}:
        raise RuntimeError(f"the slow reads were answered with {sorted(set(statuses))}")
    console.print(f"{BESIDE} fast reads: p99 {quiet.p99:.2f} ms alone, {beside.p99:.2f} ms beside a read of {SLOW} s")
    return beside.p99 / quiet.p99
