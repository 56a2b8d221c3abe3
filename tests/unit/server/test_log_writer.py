"""Log lines never hold up the requests they tell of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

from rowgate.server.log_writer import WAITING_LINES

SCRIPT = """
import os, sys, time
from rowgate.project.settings import ServerSettings
from rowgate.server.log import configure
log = configure(ServerSettings(log_format="json"), "worker 0")
slowest = 0.0
for number in range(int(sys.argv[1])):
    begun = time.perf_counter()
    log.info("request", number=number, filler="x" * 200)
    slowest = max(slowest, time.perf_counter() - begun)
print(slowest, flush=True)
sys.stdin.read(1)
time.sleep(0.3)
log.info("after")
"""


def start(lines: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(lines)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ},
    )


def test_a_reader_that_stalls_stops_nobody_and_the_lines_it_missed_are_counted() -> None:
    # Given a pipe behind standard error that nobody empties (64 KiB), and far more lines than it takes
    process = start(WAITING_LINES * 3)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    # Then the process goes on at once
    watchdog = threading.Timer(20, process.kill)
    watchdog.start()
    begun = time.monotonic()
    slowest = float(process.stdout.readline())
    assert time.monotonic() - begun < 10
    assert slowest < 1
    # And when the reader is back, it is told how much it missed
    process.stdin.write(b"x")
    process.stdin.flush()
    lines = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert lines[-1]["event"] == "after"
    numbers = [line["number"] for line in lines[:-1]]
    assert numbers == sorted(numbers)
    dropped = sum(line.get("lines_dropped", 0) for line in lines)
    assert len(numbers) + dropped == WAITING_LINES * 3
    assert dropped > 0
    assert process.wait(5) == 0
    watchdog.cancel()


def test_the_last_lines_of_a_process_are_not_lost() -> None:
    process = start(50)
    _, text = process.communicate(b"x", timeout=10)
    assert len(text.splitlines()) == 51
