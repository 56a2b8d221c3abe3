"""The process that owns the embedded postmaster, so that nothing outlives the server that started it.

It runs as a script of its own (standard library only, no site packages: it must start in milliseconds and work from
any environment) and reads a pipe whose other end only its parent holds. Whatever ends the parent, kill -9 included,
closes that pipe; the keeper then stops Postgres and ends. It restarts a postmaster that died while the parent lives.

The file descriptor `lock` is inherited by the postmaster and all its children: as long as one of them lives, nobody
else can lock the cluster; once all are gone the kernel frees it. That is what makes a left-over postmaster.pid safe to
remove, where a process id alone could by now belong to anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time

PATIENCE_ORPHANED = 3.0  # seconds for a fast shutdown after the parent vanished: a new start may be waiting
PATIENCE_ORDERLY = 30.0  # seconds for a fast shutdown that was asked for: its checkpoint may be large
PATIENCE_IMMEDIATE = 1.0  # seconds between an immediate shutdown and SIGKILL
PARENT_CHECK = 0.5  # seconds; the pipe can be held open by a forked child of the parent, its process id cannot
SETTLED = 2.0  # seconds after which a restarted postmaster counts as started
RESTART_PAUSE = 0.25  # seconds before the first restart of a postmaster that died; doubles up to RESTART_PAUSE_LIMIT
RESTART_PAUSE_LIMIT = 4.0

# The parent's words
READY = b"ready\n"  # it has connected: from now on a postmaster that dies is started again
STOP = b"stop\n"
RESTART = b"restart\n"


class Keeper:
    """Starts, watches and stops one postmaster.

    `order` holds `command` (argument list), `cwd`, `environment`, `log` (path), `lock` (file descriptor), `parent`
    (process id), `port`, and `user` and `group` (numbers, or null to stay who we are).
    """

    def __init__(self, order: dict[str, object]) -> None:
        self.order = order
        self.parent = int(str(order["parent"]))
        self.lock = int(str(order["lock"]))
        self.postmaster: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.wakeup, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self.wakeup, False)
        self.asked_by_signal = False

    def run(self) -> int:
        """Keep Postgres running until the parent asks for its end or ends itself. Returns the exit status."""
        self._catch_signals()
        self._say_who_holds_the_lock()
        self._start()
        ready = False
        pause = RESTART_PAUSE
        while True:
            word = self._wait(PARENT_CHECK)
            if word == READY:
                ready = True
            elif word == RESTART:
                self._stop(PATIENCE_ORDERLY)
                self._start()
            elif word is not None:
                self._stop(PATIENCE_ORDERLY if STOP in word else PATIENCE_ORPHANED)
                return 0
            elif (status := self._ended()) is not None:
                if not ready:
                    return 1  # it never came up: the log says why, and the parent tells it
                self._log(f"PostgreSQL ended with status {status}; starting it again")
                if self._wait(pause) is not None:
                    return 0
                pause = min(pause * 2, RESTART_PAUSE_LIMIT)
                self._start()
            elif time.monotonic() - self.started > SETTLED:
                pause = RESTART_PAUSE

    def _ended(self) -> int | None:
        """The postmaster's exit status; None while it runs."""
        assert self.postmaster is not None
        return self.postmaster.poll()

    def _catch_signals(self) -> None:
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)

        def ask(_number: int, _frame: object) -> None:
            self.asked_by_signal = True

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, ask)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _wait(self, seconds: float) -> bytes | None:
        """Wait for a word of the parent. None: nothing to do; b"": the parent is gone or a signal asks for the end."""
        until = time.monotonic() + seconds
        while True:
            if self.asked_by_signal:
                return b""
            if os.getppid() != self.parent:
                return b""
            remaining = until - time.monotonic()
            if remaining <= 0:
                return None
            ready, _, _ = select.select([0, self.wakeup], [], [], remaining)
            if 0 in ready:
                return os.read(0, 64)
            if self.wakeup in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wakeup, 512)
                if self._ended() is not None and not self.asked_by_signal:
                    return None

    def _start(self) -> None:
        command = self.order["command"]
        environment = self.order["environment"]
        assert isinstance(command, list)
        assert isinstance(environment, dict)
        identity: dict[str, object] = {}
        if self.order["user"] is not None:
            identity = {"user": self.order["user"], "group": self.order["group"], "extra_groups": []}
        with open(str(self.order["log"]), "ab") as log:  # noqa: PTH123 - no pathlib here, for the start's sake
            self.postmaster = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
                command,
                cwd=str(self.order["cwd"]),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self.lock,),
                **identity,
            )
        self.started = time.monotonic()

    def _stop(self, patience: float) -> None:
        """Fast shutdown, then immediate, then SIGKILL: postgres(1) names the signals."""
        assert self.postmaster is not None
        for number, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, PATIENCE_IMMEDIATE), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                self.postmaster.send_signal(number)
            try:
                self.postmaster.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            return

    def _say_who_holds_the_lock(self) -> None:
        holder = {"parent": self.parent, "keeper": os.getpid(), "port": self.order["port"]}
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, json.dumps(holder).encode(), 0)

    def _log(self, line: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        with open(str(self.order["log"]), "a", encoding="utf-8") as log:  # noqa: PTH123
            log.write(f"{stamp} [keeper] {line}\n")


if __name__ == "__main__":
    sys.exit(Keeper(json.loads(sys.argv[1])).run())
