"""The one listening socket: bound once by the parent and handed to every worker, so that a dead worker drops nobody."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from rowgate.errors import RowgateError

BACKLOG = 1024  # connections the kernel keeps waiting while a worker is being replaced


class PortUnavailable(RowgateError):
    """The configured address cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen on `host`:`port` (0 takes any free port). Raises PortUnavailable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise PortUnavailable(
            f"The host {host!r} is no address of this machine ({error.strerror or error}).",
            "Set `--host` (or ROWGATE_API__HOST) to 127.0.0.1, or to 0.0.0.0 to be reached from outside.",
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortUnavailable(*_words(error, host, port)) from error
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """The URL under which this machine's own programs reach the socket."""
    host, port = listener.getsockname()[:2]
    address = ip_address(host.partition("%")[0])
    if address.is_unspecified:  # every interface: the loopback one is the one that works here
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"


def _words(error: OSError, host: str, port: int) -> tuple[str, str]:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program.",
            f"`lsof -i :{port}` names it. End it, or choose another port: `--port`, or `[api] port` in config.toml.",
        )
    if error.errno == errno.EACCES:
        return (
            f"This user may not listen on port {port}.",
            "Ports below 1024 need privileges; choose a higher one with `--port` and put a proxy in front.",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"The address {host} does not belong to this machine.",
            "Set `--host` (or ROWGATE_API__HOST) to 127.0.0.1, or to 0.0.0.0 to be reached from outside.",
        )
    return f"Cannot listen on {host}:{port} ({error.strerror}).", "Choose another address with `--host` and `--port`."
