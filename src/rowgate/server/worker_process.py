"""One worker as the parent sees it: a process that is given its orders, started again when it dies, and drained."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Literal

from rowgate.server.channel import Ask, Channel, Message, Orders, ReloadAsked, Report, Told
from rowgate.server.log import Log
from rowgate.server.verdicts import VerdictCounts, summed

FIRST_PAUSE = 0.1  # seconds before a dead worker is started again
LONGEST_PAUSE = 10.0
SETTLED_SECONDS = 30.0  # a worker that lived so long did not die of its start: the pause begins anew
ANSWER_SECONDS = 5.0  # how long the admin server waits for a worker
KILL_GRACE = 3.0  # seconds beyond the drain before a worker that will not end is killed

# What a worker's libraries need from the environment. Everything else, secrets first of all, comes with its orders.
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR")


class WorkerProcess:
    """Keeps one worker alive until `drain`. `orders` gives the orders of the moment; `reported` is told of news, and
    `reload_asked` that the database wants the configuration to be read again."""

    def __init__(
        self,
        number: int,
        listener: socket.socket,
        orders: Callable[[int], Orders],
        reported: Callable[[], None],
        reload_asked: Callable[[], None],
        log: Log,
    ) -> None:
        self.number = number
        self.pid: int | None = None
        self.report = Report(ready=False, parts={"worker": "starting"})
        self.restarts = 0
        self._former: VerdictCounts = {}  # of the processes that died; a restart must not set the counts back
        self._listener = listener
        self._orders = orders
        self._reported = reported
        self._reload_asked = reload_asked
        self._log = log
        self._channel: Channel | None = None
        self._asked: dict[int, asyncio.Future[bytes | None]] = {}
        self._questions = 0
        self._process: asyncio.subprocess.Process | None = None
        self._draining = asyncio.Event()

    async def run(self) -> None:
        """Start the worker and start it again whenever it dies; return once it ended after `drain`."""
        pause = FIRST_PAUSE
        while not self._draining.is_set():
            began = time.monotonic()
            status = await self._live()
            if self._draining.is_set():
                return
            self.restarts += 1
            self._former = self.verdicts
            self._log.warning("worker ended", worker=self.number, status=_status_words(status), again_in=pause)
            self._news(Report(ready=False, parts={"worker": "being started again"}))
            if time.monotonic() - began > SETTLED_SECONDS:
                pause = FIRST_PAUSE
            try:
                async with asyncio.timeout(pause):
                    await self._draining.wait()
            except TimeoutError:
                pause = min(pause * 2, LONGEST_PAUSE)

    @property
    def verdicts(self) -> VerdictCounts:
        """What this worker has counted since the start, in all its lives (its last second may be lost with it)."""
        return summed(self._former, self.report.verdicts)

    def tell(self, message: Message) -> None:
        """Send a message; a worker that is being started again gets the newest orders anyway."""
        if self._channel is not None:
            self._channel.send(message)

    async def ask(self, what: Literal["catalog", "figures"]) -> bytes | None:
        """The worker's answer, None where it has none, or gives none within `ANSWER_SECONDS`."""
        if self._channel is None:
            return None
        self._questions += 1
        number = self._questions
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._channel.send(Ask(number, what))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._asked[number]

    def drain(self) -> None:
        """Ask the worker to finish what it has begun and end."""
        self._draining.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the worker at once."""
        self._draining.set()
        self._signal(signal.SIGKILL)

    async def _live(self) -> int:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the working folder is the project's, not a place to import from
                "-m",
                "rowgate.server.worker",
                str(theirs.fileno()),
                str(self._listener.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                env=worker_environment(os.environ),
                pass_fds=(theirs.fileno(), self._listener.fileno()),
                start_new_session=True,  # the terminal's Ctrl-C is the parent's; it drains in order
            )
        self.pid = self._process.pid
        channel = self._channel = await Channel.over(ours)
        if self._draining.is_set():  # drained between the fork and here
            self._signal(signal.SIGTERM)
        channel.send(self._orders(self.number))
        listening = asyncio.ensure_future(self._listen(channel))
        try:
            return await self._process.wait()
        finally:
            self.pid = None
            self._channel = None
            listening.cancel()
            channel.close()

    async def _listen(self, channel: Channel) -> None:
        while (message := await channel.receive()) is not None:
            if isinstance(message, Report):
                self._news(message)
            elif isinstance(message, Told):
                answer = self._asked.get(message.number)
                if answer is not None and not answer.done():
                    answer.set_result(message.content)
            elif isinstance(message, ReloadAsked):
                self._reload_asked()

    def _news(self, report: Report) -> None:
        self.report = report
        self._reported()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)


def worker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables a worker inherits: an environment can be read from outside for as long as the process lives."""
    return {name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith("LC_")}


def _status_words(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit {status}"
