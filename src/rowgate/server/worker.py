"""One worker: `python -m rowgate.server.worker CONTROL LISTENER`, two inherited file descriptors.

It takes its orders from the parent, serves on the shared socket, and leaves when asked to (SIGTERM: finish what was
begun, exit 0) or when the parent is gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence

import msgspec
import uvloop

from rowgate.errors import RowgateError
from rowgate.http.access import AccessLog
from rowgate.http.crash import place_of
from rowgate.http.exchange import Service
from rowgate.http.gateway import Gateway, Readiness
from rowgate.http.metrics import RequestMetrics, render
from rowgate.postgres.catalog.dump import catalog_json
from rowgate.project.settings import RestSettings
from rowgate.server.channel import Ask, Channel, Orders, ReadCatalog, Reload, ReloadAsked, Report, Told
from rowgate.server.exposition import WorkerFigures
from rowgate.server.limited_server import LimitedServer
from rowgate.server.log import Log, configure
from rowgate.server.rooms import PREFIXES, Rooms
from rowgate.server.verdicts import by_issuer

REPORT_SECONDS = 1.0  # how often a changed state is told to the parent
ORPHAN_DRAIN_SECONDS = 2  # without a parent: what is under way gets this long
ORPHAN_LIMIT_SECONDS = 4.0  # and then the process ends, whatever still hangs: port and database are wanted elsewhere


class Worker:
    """The running worker: a server, the gateway behind it, and the rooms behind that once the database is there."""

    def __init__(self, orders: Orders, channel: Channel, listener: socket.socket, log: Log) -> None:
        self._orders = orders
        self._channel = channel
        self._listener = listener
        self._log = log
        self._rooms: Rooms | None = None
        self._metrics = RequestMetrics()
        self._opened = False
        self._answers: set[asyncio.Future[None]] = set()
        self._last_report: Report | None = None
        settings, served = orders.settings.server, orders.settings.served
        self._gateway = Gateway(
            prefixes=[PREFIXES[service] for service in served],
            at_root=PREFIXES["rest"] if orders.settings.rest.at_root and "rest" in served else None,
            access=AccessLog(log, everything=settings.log_level == "debug"),
            log=log,
            metrics=self._metrics,
            readiness=self.readiness,
            gauges=self._gauges,
            verdicts=lambda: self._rooms.verdicts() if self._rooms is not None else {},
            worker=str(orders.worker),
            body_idle_timeout=settings.body_idle_timeout,
            bodies_limit=settings.bodies_limit,
            origins=orders.settings.rest.server_cors_allowed_origins,
            trace_header=orders.settings.rest.server_trace_header,
        )
        self._server = LimitedServer(self._gateway, settings, self._metrics.turned_away)

    async def run(self) -> None:
        """Serve until told to end; then finish what was begun and close every room."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end)
        tasks = [
            asyncio.ensure_future(self._listen_to_parent()),
            asyncio.ensure_future(self._report()),
            asyncio.ensure_future(self._open_rooms(self._orders)),
        ]
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            for task in tasks:
                task.cancel()
            if self._rooms is not None:
                await self._rooms.close()
            self._channel.close()

    def readiness(self) -> Readiness:
        """Whether requests can be served now."""
        if self._rooms is None:
            return Readiness(False, {"database": "not reachable yet"})
        return self._rooms.readiness()

    def _gauges(self) -> dict[str, float]:
        connections = float(len(self._server.server_state.connections))
        return {"connections": connections, **(self._rooms.gauges() if self._rooms is not None else {})}

    async def _open_rooms(self, orders: Orders) -> None:
        if orders.serving is None:
            return
        if self._rooms is not None:
            await self._rooms.serve_by(orders.serving)
            return
        try:
            rooms = self._rooms = Rooms(
                orders.settings,
                orders.serving,
                self._log,
                on_services=self._serve,
                on_reload_asked=lambda: self._channel.send(ReloadAsked()),
            )
            # Of the database too, which was not known at the start if it was away; a reload during the opening wins.
            self._answer_by(orders.settings.rest)
            await rooms.open()
        except Exception as error:
            # Nothing here fails because something outside is away; a worker that cannot open is started afresh.
            self._log.error("worker cannot serve", error=type(error).__name__, at=place_of(error))
            logging.shutdown()  # the line above is on its way on a thread
            os._exit(1)
        self._opened = True
        self._serve(rooms.services)
        self._tell_parent()

    def _serve(self, services: Sequence[Service]) -> None:
        """From now on these services answer, once the rooms have opened."""
        if self._opened and self._rooms is not None:
            self._gateway.open(self._rooms.verifier, services)

    def _answer_by(self, rest: RestSettings) -> None:
        self._gateway.answer_with(rest.server_cors_allowed_origins, rest.server_trace_header)

    async def _listen_to_parent(self) -> None:
        while (message := await self._channel.receive()) is not None:
            if isinstance(message, Orders):
                await self._open_rooms(message)
            elif isinstance(message, Reload) and self._rooms is not None:
                try:
                    self._rooms.reload(message.settings)
                    self._answer_by(message.settings.rest)
                except RowgateError as error:
                    self._log.error("configuration not taken up", problem=error.message, hint=error.hint)
                self._tell_parent()
            elif isinstance(message, ReadCatalog) and self._rooms is not None:
                self._rooms.read_catalog()
            elif isinstance(message, Ask):
                self._answers.add(answer := asyncio.ensure_future(self._answer(message)))
                answer.add_done_callback(self._answers.discard)
        self._log.warning("the parent process is gone; this worker ends")
        self._server.config.timeout_graceful_shutdown = ORPHAN_DRAIN_SECONDS
        asyncio.get_running_loop().call_later(ORPHAN_LIMIT_SECONDS, os._exit, 1)
        self._end()

    async def _answer(self, question: Ask) -> None:
        """Tell the parent what its admin server is asked for; written out on a thread, a catalog can be large."""
        rooms = self._rooms
        content: bytes | None = None
        if question.what == "figures":
            verdicts = rooms.verdicts() if rooms is not None else {}
            text = render(self._metrics, self._gauges(), str(self._orders.worker), verdicts)
            figures = WorkerFigures(text.decode(), rooms.postgrest_figures() if rooms is not None else {})
            content = msgspec.json.encode(figures)
        elif rooms is not None and (catalog := rooms.catalog) is not None:
            content = await asyncio.to_thread(catalog_json, catalog)
        self._channel.send(Told(question.number, content))

    def _end(self) -> None:
        self._server.should_exit = True

    async def _report(self) -> None:
        told: str | None = None
        while True:
            trouble = self._rooms.trouble() if self._rooms is not None else None
            if trouble is not None and trouble != told:
                self._log.warning("the database does not answer", problem=trouble.partition("\n")[0])
            told = trouble
            self._tell_parent()
            await asyncio.sleep(REPORT_SECONDS)

    def _tell_parent(self) -> None:
        readiness = self.readiness()
        report = Report(
            ready=readiness.ready and self._opened and self._server.started,
            parts=readiness.parts,
            issuers=self._rooms.issuers() if self._rooms is not None else (),
            verdicts=by_issuer(self._rooms.verdicts()) if self._rooms is not None else {},
        )
        if report != self._last_report:
            self._last_report = report
            self._channel.send(report)


async def _work(control: socket.socket, listener: socket.socket) -> None:
    channel = await Channel.over(control)
    orders = await channel.receive()
    if not isinstance(orders, Orders):
        return  # the parent died before it said what to do
    log = configure(orders.settings.server, f"worker {orders.worker}")
    await Worker(orders, channel, listener, log).run()


def main() -> None:
    """Run one worker to its end."""
    control, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    # Until the loop has its own handlers: an early SIGTERM means there is nothing to finish.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for reload in (signal.SIGUSR1, signal.SIGUSR2):  # the parent's; by default they would end a worker
        signal.signal(reload, signal.SIG_IGN)
    uvloop.run(_work(control, listener))


if __name__ == "__main__":
    main()
