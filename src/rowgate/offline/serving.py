"""Serving an offline provider on loopback until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from rowgate.errors import ConfigurationError
from rowgate.parent_pipe import end_with_parent

DRAIN_SECONDS = 2


def listen(host: str, port: int) -> socket.socket:
    """Bind a loopback address; port 0 takes a free one. Raises ConfigurationError for any other host, or a taken port.

    Whoever reaches an offline provider can mint any token it can sign, so it never listens to a network.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigurationError(
            f"an offline provider does not listen on {host!r}",
            "It signs whatever it is asked to, so only a loopback address will do: 127.0.0.1 or ::1.",
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"port {port} of {address} cannot be used: {reason}", "Choose another with --port, or 0 for a free one."
        ) from None
    listener.listen()
    return listener


def origin_of(listener: socket.socket) -> str:
    """`http://127.0.0.1:PORT` of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(application: ASGIApp, listener: socket.socket, ready: str, parent_pipe: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, or, with `parent_pipe`, until standard input closes.

    `ready` is printed once requests are answered.
    """
    config = uvicorn.Config(
        application, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=DRAIN_SECONDS
    )
    server = _Server(config, ready)
    asyncio.run(_run(server, listener, parent_pipe))


class _Server(uvicorn.Server):
    """Says when it is ready, and ends with status 0 when told to stop.

    uvicorn's own signal handling raises the signal again once it has shut down.
    """

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._ready, flush=True)  # noqa: T201 - the line the starter waits for

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run(server: _Server, listener: socket.socket, parent_pipe: bool) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if parent_pipe:
        end_with_parent()
    await server.serve(sockets=[listener])
