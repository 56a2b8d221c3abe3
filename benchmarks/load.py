"""HTTP load from wrk, with one user's token after the other."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
local tokens = {{ {tokens} }}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", nil, {{ ["apikey"] = "{apikey}", ["Authorization"] = "Bearer " .. tokens[n % #tokens + 1] }})
end
done = function(summary, latency, requests)
  io.write(string.format("@ %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: requests in all, requests per second, latencies in milliseconds, failures."""

    requests: int
    per_second: float
    p50: float
    p99: float
    failures: int


def wrk(url: str, tokens: Sequence[str], apikey: str, connections: int, seconds: float, folder: Path) -> Load:
    """Send GETs for `seconds` over `connections` kept-alive connections from one thread."""
    script = folder / "wrk.lua"
    script.write_text(SCRIPT.format(tokens=",".join(f'"{token}"' for token in tokens), apikey=apikey))
    script.chmod(0o600)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    found = re.search(r"^@ (\d+) (\d+) (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"wrk printed no summary:\n{output}")
    requests, micros, failures, p50, p99 = (int(group) for group in found.groups())
    return Load(requests, requests / (micros / 1e6), p50 / 1000, p99 / 1000, failures)
