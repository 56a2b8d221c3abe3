"""Child processes that never outlive the demo."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 10.0  # for a clean stop, then SIGKILL
ROWGATE = (sys.executable, "-c", "import sys; from rowgate.cli.main import main; sys.exit(main())")


class ChildFailed(Exception):
    """A child ended, or said nothing in time; the text holds what it last said."""


class Child:
    """A `rowgate …` command with its own session, so that Ctrl-C in the terminal reaches the demo first."""

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self._drain: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, name: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> Child:
        """Start it, with a pipe on standard input whose end tells it that the demo is gone (`--parent-pipe`)."""
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *ROWGATE,
                *arguments,
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        return cls(name, process, log)

    async def ready(self, opening: str, seconds: float) -> str:
        """The first line that begins with `opening`. Raises ChildFailed."""
        assert self.process.stdout
        said: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while line := (await self.process.stdout.readline()).decode(errors="replace"):
                    said.append(line)
                    if line.startswith(opening):
                        self._drain = asyncio.create_task(self._forget())
                        return line.strip()
        except TimeoutError:
            raise ChildFailed(f"{self.name} was not ready within {seconds:.0f} s.\n{self._last_words(said)}") from None
        status = await self.process.wait()
        raise ChildFailed(f"{self.name} ended with status {status}.\n{self._last_words(said)}")

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL to its whole session; returns once it is reaped."""
        if self.process.stdin:
            self.process.stdin.close()
        if self.process.returncode is None:
            self._signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self.process.wait()
            except TimeoutError:
                self._signal(signal.SIGKILL, group=True)
                await self.process.wait()
        if self._drain:
            self._drain.cancel()

    def _signal(self, number: signal.Signals, group: bool = False) -> None:
        try:
            if group:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass

    async def _forget(self) -> None:
        assert self.process.stdout
        while await self.process.stdout.readline():  # an unread pipe would fill and stop the child
            pass

    def _last_words(self, said: Sequence[str]) -> str:
        errors = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([*(line.rstrip() for line in said[-5:]), *errors]) or "It said nothing."


async def output_of(arguments: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """What a `rowgate …` command prints. Raises ChildFailed when it ends badly."""
    process = await asyncio.create_subprocess_exec(
        *ROWGATE, *arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env={**os.environ, **environment}
    )
    out, errors = await process.communicate()
    if process.returncode:
        raise ChildFailed(f"rowgate {' '.join(arguments)} ended with status {process.returncode}.\n{errors.decode()}")
    return out


def is_free(port: int) -> bool:
    """Whether a loopback port can be bound now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(preferred: int) -> int:
    """The preferred loopback port, or any free one."""
    if is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
