"""A whole running Rowgate as a person starts it: `rowgate start` on a project folder, and its keys."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rowgate.project.resolve import resolve
from rowgate.server.database import embedded_server

READY = "Rowgate is ready"


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Stack:
    """A started server: where it listens, its keys under upstream's names, its process and what it printed."""

    workdir: Path
    url: str
    keys: dict[str, str]
    process: subprocess.Popen[str]
    arguments: tuple[str, ...]
    environ: dict[str, str]
    output: list[str] = field(default_factory=list)

    @property
    def rest(self) -> str:
        return f"{self.url}/rest/v1"

    @property
    def publishable_key(self) -> str:
        return self.keys["PUBLISHABLE_KEY"]

    def stop(self, how: int = signal.SIGTERM, timeout: float = 20, keep_database: bool = False) -> int:
        """End it and return its exit code.

        An embedded database goes with it, unless it is wanted for another start: as root it does not lie in the
        project's temporary folder and would stay on the machine for good. A killed server (`how`) keeps it.
        """
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if how == signal.SIGTERM and not keep_database:
                self._delete_embedded_database()

    def _delete_embedded_database(self) -> None:
        flagged = any(argument.startswith("--database-url") for argument in self.arguments)
        settings = resolve(self.workdir, {}, self.environ)
        if not flagged and settings.db.url is None:
            embedded_server(settings).delete()


def rowgate(*arguments: str, environ: dict[str, str] | None = None, **kw: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the CLI to its end."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "rowgate", *arguments],
        **{"capture_output": True, "text": True, "timeout": 60, "env": {**os.environ, **(environ or {})}, **kw},
    )


def start(workdir: Path, *arguments: str, environ: dict[str, str] | None = None, timeout: float = 60) -> Stack:
    """Start a project and wait for its ready line. Raises AssertionError with its output when that does not come."""
    port = next((arguments[n + 1] for n, a in enumerate(arguments) if a == "--port"), None) or str(free_port())
    command = ["start", "--workdir", str(workdir), *arguments]
    if "--port" not in arguments:
        command += ["--port", port]
    env = {**os.environ, **(environ or {})}
    if not any(a.startswith("--database-url") for a in arguments):
        env.setdefault("ROWGATE_DB__PORT", str(free_port()))
    process = subprocess.Popen(
        [sys.executable, "-m", "rowgate", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
    )
    stack = Stack(workdir, f"http://127.0.0.1:{port}", {}, process, arguments, env)
    wait_for_line(stack, READY, timeout)
    status = rowgate("status", "--workdir", str(workdir), "-o", "json", environ=env)
    if status.returncode:
        stack.stop()
        raise AssertionError(f"rowgate status failed: {status.stdout}{status.stderr}")
    stack.keys = json.loads(status.stdout)
    return stack


def wait_for_line(stack: Stack, text: str, timeout: float) -> str:
    """Wait until the server has printed a line that holds `text`. Output is drained for good, so it never blocks."""
    assert stack.process.stdout is not None
    stream, found = stack.process.stdout, threading.Event()

    def drain() -> None:
        for line in stream:
            stack.output.append(line)
            if text in line:
                found.set()

    threading.Thread(target=drain, daemon=True).start()
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and stack.process.poll() is None:
        if found.wait(0.05):
            return next(line for line in stack.output if text in line)
    stack.process.kill()
    raise AssertionError(f"no line with {text!r} in {timeout} s; the server printed:\n{''.join(stack.output)}")
