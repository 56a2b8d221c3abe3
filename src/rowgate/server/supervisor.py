"""The parent process: it owns the port, the database server and the configuration, and keeps the workers alive.

It serves no request itself, so nothing a client sends can take it down.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from rowgate.errors import RowgateError
from rowgate.identity.issuers import build_issuers
from rowgate.identity.unbound import unbound_of
from rowgate.postgres.logins import DatabaseUnreachable
from rowgate.postgres.serving import Serving
from rowgate.project.reload import taken_up
from rowgate.project.settings import Settings
from rowgate.server.admin import Admin, admin_server
from rowgate.server.channel import Orders, ReadCatalog, Reload
from rowgate.server.database import ProjectDatabase
from rowgate.server.exposition import WorkerFigures
from rowgate.server.log import Log
from rowgate.server.port import PortUnavailable, listen, listen_at_path, url_of
from rowgate.server.state_file import ServerState, StateFile
from rowgate.server.verdicts import summed
from rowgate.server.watch import POLL_SECONDS, FileWatch
from rowgate.server.worker_process import KILL_GRACE, WorkerProcess

SILENCE = 1.0  # seconds after which a start says what it waits for
SLOW_START = 10.0  # seconds without news before the ready line after which the operator is told what is missing
RELOAD_PAUSE = 0.05  # seconds in which further wishes for a reload are the same one
DATABASE_RETRY = 1.0  # seconds between attempts to reach a database that is away
_DRAIN_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervisor:
    """One run of `rowgate start`.

    `resolve` reads the configuration again when one of the files `watched` changed; `say` prints a line for the person
    in front of the terminal.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Callable[[], Settings],
        watched: Sequence[Path],
        say: Callable[[str], None],
        log: Log,
    ) -> None:
        self._settings = settings
        self._resolve = resolve
        self._watched = watched
        self._say = say
        self._log = log
        self._state_file = StateFile(settings.folders.state)
        self._database = ProjectDatabase(settings, say)
        self._serving: Serving | None = None
        self._database_state = "starting"
        self._started = time.time()
        self._workers: list[WorkerProcess] = []
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._setting_up = asyncio.Lock()
        self._reload_asked = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._signals = 0

    async def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C, then drain. Raises RowgateError for what keeps the server from starting."""
        self._check_issuers(self._settings)
        self._state_file.claim()
        try:
            with self._listen() as listener:
                self._catch_signals()
                async with self._administered():
                    await self._serve(listener)
        finally:
            await self._database.stop()
            self._state_file.release()

    async def _serve(self, listener: socket.socket) -> None:
        url = url_of(listener)
        self._write_state(url)
        try:
            self._serving = await self._unless_stopped(self._database.prepare(self._settings))
        except DatabaseUnreachable as error:
            self._say(f"{error.message.rstrip('.')}. {error.hint or ''}".rstrip())
            self._say(f"Rowgate listens at {url}, answers 503 until the database can be reached, and keeps trying.")
            self._database_state = error.message
        else:
            self._settings = self._database.settings
            self._database_state = self._database.kind
        if self._stop.is_set():
            return
        self._workers = [
            WorkerProcess(number, listener, self._orders, self._news.set, self._reload_asked.set, self._log)
            for number in range(self._settings.server.workers)
        ]
        running = [asyncio.ensure_future(worker.run()) for worker in self._workers]
        beside = [
            asyncio.ensure_future(self._follow(url)),
            asyncio.ensure_future(self._watch_configuration()),
            asyncio.ensure_future(self._reload_when_asked()),
            asyncio.ensure_future(self._keep_database()),
        ]
        try:
            stopping = asyncio.ensure_future(self._stop.wait())
            await asyncio.wait([stopping, *beside], return_when=asyncio.FIRST_COMPLETED)
            for task in beside:
                if task.done():
                    task.result()  # a task beside ends only by an exception, which is ours to raise
        finally:
            for task in beside:
                task.cancel()
            listener.close()  # nobody new comes in; what the workers accepted they finish
            await self._drain(running)

    def _listen(self) -> socket.socket:
        rest = self._settings.rest
        if rest.server_unix_socket is not None:
            return listen_at_path(rest.server_unix_socket, rest.server_unix_socket_mode)
        return listen(self._settings.api.host, self._settings.api.port)

    @asynccontextmanager
    async def _administered(self) -> AsyncIterator[None]:
        """With the admin server beside, where there is to be one. Raises PortUnavailable."""
        rest = self._settings.rest
        if rest.admin_server_port is None:
            yield
            return
        try:
            listener = listen(rest.admin_server_host, rest.admin_server_port)
        except PortUnavailable as error:
            where = (
                "Set rest.admin_server_host and rest.admin_server_port (PGRST_ADMIN_SERVER_PORT) to another address."
            )
            raise PortUnavailable(f"The admin server: {error.message}", where) from None
        self._say(f"The admin server listens at {url_of(listener)}")
        server = admin_server(
            Admin(
                live=lambda: any(worker.pid is not None for worker in self._workers),
                ready=lambda: bool(self._workers) and all(worker.report.ready for worker in self._workers),
                settings=lambda: self._settings,
                catalog=self._newest_catalog,
                figures=self._figures,
            ),
            self._settings.server,
        )
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving

    async def _newest_catalog(self) -> bytes | None:
        """Of the first worker that has one: they read the same database for the same reasons."""
        for worker in self._workers:
            if (content := await worker.ask("catalog")) is not None:
                return content
        return None

    async def _figures(self) -> list[WorkerFigures]:
        told = await asyncio.gather(*(worker.ask("figures") for worker in self._workers))
        return [msgspec.json.decode(content, type=WorkerFigures) for content in told if content is not None]

    async def _unless_stopped(self, preparing: Coroutine[None, None, Serving]) -> Serving | None:
        """The result, or None when a signal came first: a database that hangs must not make the server unstoppable."""
        work = asyncio.ensure_future(preparing)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            done, _ = await asyncio.wait([work, stopping], timeout=SILENCE, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self._say(self._database.waiting)
                await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            work.cancel()
            stopping.cancel()

    async def _drain(self, running: Sequence[asyncio.Future[None]]) -> None:
        if not running:
            return
        for worker in self._workers:
            worker.drain()
        patience = self._settings.server.drain_timeout + KILL_GRACE
        _, late = await asyncio.wait(running, timeout=patience)
        if late:
            self._log.error("workers did not end in time and are killed", workers=len(late), seconds=patience)
            for worker in self._workers:
                worker.kill()
            await asyncio.wait(late)

    def _orders(self, number: int) -> Orders:
        return Orders(worker=number, settings=self._settings, serving=self._serving)

    async def _follow(self, url: str) -> None:
        """Keep `server.json` true, say once that the server is ready, and log when that changes."""
        said = ready = False
        while True:
            try:
                async with asyncio.timeout(None if said else SLOW_START):
                    await self._news.wait()
            except TimeoutError:
                self._log.warning("still starting", missing=self._missing())
                continue
            self._news.clear()
            self._write_state(url)
            before, ready = ready, all(worker.report.ready for worker in self._workers)
            if ready and not said:
                said = True
                self._say(f"Rowgate is ready at {url}{_places(self._settings, url)}")
            elif ready and not before:
                self._log.info("ready again")
            elif before and not ready:
                self._log.warning("not ready", missing=self._missing())

    def _missing(self) -> dict[str, str]:
        """What keeps the server from being ready: part -> what is wrong, of the first worker that says so."""
        found: dict[str, str] = {}
        for worker in self._workers:
            for part, state in worker.report.parts.items():
                if state != "ok":
                    found.setdefault(part, state)
        return found

    def _write_state(self, url: str) -> None:
        reports = [worker.report for worker in self._workers]
        self._state_file.write(
            ServerState(
                pid=os.getpid(),
                url=url,
                started=self._started,
                ready=bool(reports) and all(report.ready for report in reports),
                database=self._database_state,
                workers={str(worker.number): worker.pid for worker in self._workers if worker.pid is not None},
                missing=self._missing(),
                issuers=next((report.issuers for report in reports if report.issuers), ()),
                verdicts=summed(*(worker.verdicts for worker in self._workers)),
            )
        )

    async def _keep_database(self) -> None:
        """Prepare a database that was away at the start as soon as it is there; then follow its roles."""
        while self._serving is None:
            await asyncio.sleep(DATABASE_RETRY)
            try:
                async with self._reloading:  # a file may have changed since the start, and may change meanwhile
                    self._serving = await self._database.prepare(self._settings)
                    self._settings = self._database.settings
            except RowgateError as error:
                if error.message != self._database_state:
                    self._log.warning("database not usable yet", problem=error.message, hint=error.hint)
                    self._database_state = error.message
                continue
            self._database_state = self._database.kind
            self._log.info("database reached")
            self._tell_orders()
        self._database_state = self._database.kind
        self._news.set()
        refused: str | None = None
        while True:
            try:
                async with self._setting_up:
                    self._serve_by(await self._database.renew(self._serving) or self._serving)
                refused = None
            except RowgateError as error:
                if error.message != refused:
                    self._log.error("roles not taken up", problem=error.message, hint=error.hint)
                refused = error.message
            await asyncio.sleep(self._settings.identity.role_check_interval)

    def _serve_by(self, serving: Serving) -> None:
        if serving != self._serving:
            self._serving = serving
            self._tell_orders()
            self._log.info("roles taken up", secret_keys=serving.service_login is not None)

    def _tell_orders(self) -> None:
        for worker in self._workers:
            worker.tell(self._orders(worker.number))

    async def _watch_configuration(self) -> None:
        """Take up changed issuers within a second. A file that cannot be used changes nothing, and is told about."""
        watch = FileWatch(self._watched)
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not watch.changed():
                continue
            if _blank(self._settings.folders.config_file):
                # Most likely an editor between two steps: look again before nobody is trusted any more.
                await asyncio.sleep(POLL_SECONDS)
                watch.changed()
            await self._reload(ask_database=False)

    async def _reload_when_asked(self) -> None:
        """Read the configuration again for SIGUSR2 and `NOTIFY …, 'reload config'`. Every worker hears the latter; what
        they tell within a moment is one reload."""
        while True:
            await self._reload_asked.wait()
            await asyncio.sleep(RELOAD_PAUSE)
            self._reload_asked.clear()
            await self._reload(ask_database=True)

    async def _reload(self, *, ask_database: bool) -> None:
        """Read the files again, the database too if asked to, and take up what changed; what cannot be used changes
        nothing. A changed file waits for no database: it may be about whom not to trust any more."""
        async with self._reloading:
            try:
                settings = self._resolve()
                if self._serving is not None and ask_database:
                    settings, problem = await self._database.configure(settings, self._serving)
                    if problem is not None:
                        self._log.error(
                            "configuration in the database not taken up", problem=problem.message, hint=problem.hint
                        )
                else:
                    settings = self._database.configured(settings)
            except RowgateError as error:
                self._log.error("configuration not taken up", problem=error.message, hint=error.hint)
                return
            except Exception as error:  # a half-written file must not end a running server
                self._log.error("configuration not taken up", problem=type(error).__name__)
                return
            await self._take_up(settings)

    async def _take_up(self, settings: Settings) -> None:
        settings, waiting = taken_up(settings, self._settings)
        if waiting:
            self._log.warning("these settings change at the next start", sections=waiting)
        if settings == self._settings:
            return
        try:
            self._check_issuers(settings)
            if self._serving is not None:
                async with self._setting_up:  # a new issuer may name roles no login may take yet
                    self._serve_by(await self._database.serve_roles(settings, self._serving))
        except RowgateError as error:
            self._log.error("configuration not taken up", problem=error.message, hint=error.hint)
            return
        self._settings = settings
        for worker in self._workers:
            worker.tell(Reload(settings=settings))
        self._log.info("configuration reloaded", issuers=[issuer.name for issuer in settings.identity.issuers])

    def _check_issuers(self, settings: Settings) -> None:
        """Raise ConfigurationError for issuers that no worker could take; say what is questionable about the others."""
        unbound = unbound_of(settings.rest)
        for issuer in (*build_issuers(settings.identity), *(() if unbound is None else (unbound.issuer,))):
            for warning in issuer.warnings:
                self._say(f"Warning: {warning}")

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _DRAIN_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup wants the hang-up ignored
                loop.add_signal_handler(number, self._asked_to_stop)
        loop.add_signal_handler(signal.SIGUSR1, self._read_catalogs)
        loop.add_signal_handler(signal.SIGUSR2, self._reload_asked.set)

    def _read_catalogs(self) -> None:
        for worker in self._workers:
            worker.tell(ReadCatalog())

    def _asked_to_stop(self) -> None:
        self._signals += 1
        if self._signals == 1:
            self._stop.set()
            self._say("Finishing the requests under way. Press Ctrl-C again to cut them off.")
        else:
            for worker in self._workers:
                worker.kill()


def _blank(path: Path) -> bool:
    try:
        return not path.read_bytes().strip()
    except OSError:
        return True


def _places(settings: Settings, url: str) -> str:
    """Where each service answers, for the operator."""
    rest = url if settings.rest.at_root else f"{url}/rest/v1"
    known = {"rest": f"REST: {rest}", "graphql": f"GraphQL: {url}/graphql/v1"}
    return f" ({', '.join(known[service] for service in settings.served)})" if settings.served else ""
