"""HTTP load from wrk: requests made before the load begins, sent one after the other from one thread."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scenarios import Ask

# The requests are rendered once, so that wrk, which shares the machine, does little more than write them.
SCRIPT = """
local asked = {{ {asked} }}
local once = {once}
local ready, sent = {{}}, 0
init = function(args)
  local path = wrk.path
  for number, each in ipairs(asked) do ready[number] = wrk.format(each[1], path .. each[2], each[3], each[4]) end
end
request = function()
  sent = sent + 1
  return ready[(sent - 1) % #ready + 1]
end
response = once and function() if sent >= #ready then wrk.thread:stop() end end or nil
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


@dataclass(frozen=True, slots=True)
class Signed:
    """A request with the credentials it is sent with."""

    ask: Ask
    apikey: str
    token: str


def wrk(
    url: str, requests: Iterable[Signed], connections: int, seconds: float, folder: Path, *, once: bool = False
) -> Load:
    """Send requests below `url` for `seconds` over kept-alive connections; `once` ends when all have been sent."""
    script = folder / "wrk.lua"
    script.write_text(SCRIPT.format(asked=",\n".join(map(_lua, requests)), once=str(once).lower()))
    script.chmod(0o600)
    whole = max(1, round(seconds))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{whole}s", "--timeout", "10s", "-s", str(script), url]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds + 60)
    found = re.search(r"^@ (\d+) (\d+) (\d+) (\d+) (\d+)$", ended.stdout, re.MULTILINE)
    if not found:
        raise RuntimeError(f"wrk printed no summary:\n{ended.stdout}{ended.stderr}"[:2000])
    sent, micros, failures, p50, p99 = (int(group) for group in found.groups())
    return Load(sent, sent / (micros / 1e6), p50 / 1000, p99 / 1000, failures)


def _lua(request: Signed) -> str:
    headers = {"apikey": request.apikey, "Authorization": f"Bearer {request.token}", **dict(request.ask.headers)}
    listed = ",".join(f"[ {_quoted(name)} ]={_quoted(value)}" for name, value in headers.items())
    words: Sequence[str] = (
        _quoted(request.ask.method),
        _quoted(request.ask.target),
        f"{{{listed}}}",
        _quoted(request.ask.body) if request.ask.body else "nil",
    )
    return f"{{{','.join(words)}}}"


def _quoted(text: str) -> str:
    if "]==]" in text:
        raise ValueError("a text of the benchmark would end its Lua string early")
    return f"[==[{text}]==]"
