"""Rowgate's worker: where it is, what it costs when nobody asks, and what a slow read does to fast ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from tests.support.stack import Stack

from benchmarks.cpu import children, usage
from benchmarks.load import Signed, wrk
from benchmarks.sample import MEBIBYTE

BESIDE = 7  # fast reads at once beside the slow one
SLOW = 3  # seconds


def workers_of(stack: Stack) -> list[int]:
    """The process ids of the workers below the parent."""
    found = [
        pid
        for pid in children().get(stack.process.pid, [])
        if b"rowgate.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    if not found:
        raise RuntimeError("Rowgate's workers were not found below their parent")
    return found


def resident(stack: Stack) -> float:
    """MiB of the largest worker."""
    return max(sum(usage(pid).resident.values()) for pid in workers_of(stack)) / MEBIBYTE


def idle(stack: Stack, seconds: float) -> float:
    """CPU milliseconds per second of a worker that nobody asks."""
    (worker,) = workers_of(stack)
    time.sleep(1)  # let what the load before left behind come to its end
    before = usage(worker).cpu
    time.sleep(seconds)
    return 1000 * (usage(worker).cpu - before) / seconds


def beside_a_slow_read(stack: Stack, requests: Sequence[Signed], folder: Path, seconds: float) -> float:
    """The p99 of seven fast reads beside one of three seconds over their p99 alone."""
    seconds = max(seconds, SLOW + 1)
    wrk(stack.rest, requests, BESIDE, 1, folder)
    quiet = wrk(stack.rest, requests, BESIDE, seconds, folder)
    stop = threading.Event()
    statuses: list[int] = []

    def sleep() -> None:
        headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {requests[0].token}"}
        with httpx.Client(timeout=30, headers=headers) as client:
            while not stop.is_set():
                statuses.append(client.get(f"{stack.rest}/rpc/sleep_read?seconds={SLOW}").status_code)

    thread = threading.Thread(target=sleep)
    thread.start()
    time.sleep(0.2)
    beside = wrk(stack.rest, requests, BESIDE, seconds, folder)
    stop.set()
    thread.join()
    if set(statuses) != {200}:
        raise RuntimeError(f"the slow reads were answered with {sorted(set(statuses))}")
    return beside.p99 / quiet.p99
