"""The one listening socket: bound once by the parent and handed to every worker, so that a dead worker drops nobody."""

from __future__ import annotations

import errno
import os
import socket
import stat
from ipaddress import ip_address
from pathlib import Path

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


def listen_at_path(path: Path, mode: str) -> socket.socket:
    """Bind a Unix socket there and listen, with this file mode (octal text). A socket nobody listens on any more is
    replaced; anything else at that path is left alone. Raises PortUnavailable."""
    try:
        bits = int(mode, 8)
    except ValueError:
        bits = 0
    if not 0o600 <= bits <= 0o777:
        raise PortUnavailable(
            f"rest.server_unix_socket_mode is {mode!r}, which is no octal mode from 600 to 777.",
            'Write it as a text: "660".',
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_dead_socket(path)
        former = os.umask(0o177)  # nobody else may connect between the bind and the mode
        try:
            listener.bind(str(path))
        finally:
            os.umask(former)
        path.chmod(bits)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortUnavailable(
            f"Cannot listen on the Unix socket {path} ({error.strerror or error}).",
            "Set rest.server_unix_socket (PGRST_SERVER_UNIX_SOCKET) to a path that is free, in a folder that exists.",
        ) from error
    listener.setblocking(False)
    return listener


def _remove_dead_socket(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return  # the bind says that the path is taken
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def url_of(listener: socket.socket) -> str:
    """The URL under which this machine's own programs reach the socket; a Unix socket's path."""
    name = listener.getsockname()
    if isinstance(name, str):
        return f"unix:{name}"
    host, port = name[:2]
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
