"""Opening a libpq connection without blocking the event loop, name resolution included."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq.abc import PGconn

from rowgate.postgres.waiting import ready

CONNECT_TIMEOUT = 10.0  # seconds, where the connection string names no connect_timeout

# What every connection speaks, and how soon a silent network is noticed (seconds, tcp_user_timeout in milliseconds).
_DEFAULTS = {
    "application_name": "rowgate",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

_OK = int(pq.PollingStatus.OK)
_FAILED = int(pq.PollingStatus.FAILED)


class ConnectFailed(Exception):
    """Postgres could not be reached or refused the login; the text is libpq's and holds no password."""


async def connect(conninfo: str) -> PGconn:
    """Open one connection. Raises ConnectFailed."""
    try:
        options = conninfo_to_dict(conninfo)
    except (psycopg.Error, ValueError):
        # libpq's complaint quotes the part it stumbled over, which may be the password.
        raise ConnectFailed("the connection string cannot be read") from None
    try:
        timeout = float(options.get("connect_timeout") or CONNECT_TIMEOUT)
        async with asyncio.timeout(timeout):
            return await _establish(await _resolved(options))
    except TimeoutError:
        raise ConnectFailed("Postgres did not answer in time") from None
    except (psycopg.Error, OSError, ValueError) as error:
        raise ConnectFailed(str(error).strip()) from None


async def _establish(options: dict[str, Any]) -> PGconn:
    pg = pq.PGconn.connect_start(make_conninfo(**options).encode())
    pg.notice_handler = None  # RAISE NOTICE of a user's function is not ours to print: it may hold row values
    try:
        while (status := pg.connect_poll()) not in (_OK, _FAILED):
            await ready(pg.socket, status)
    except BaseException:
        pg.finish()
        raise
    if status == _FAILED:
        message = pg.get_error_message()
        pg.finish()
        raise psycopg.OperationalError(message)
    return pg


async def _resolved(options: dict[str, Any]) -> dict[str, Any]:
    """Connection options with every host name resolved: libpq's own look-up blocks the whole process."""
    options = {**_DEFAULTS, **options, "client_encoding": "utf8"}
    hosts = str(options.get("host") or "").split(",")
    if options.get("hostaddr") or not any(map(_is_name, hosts)):
        return options
    ports = str(options.get("port") or "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    loop = asyncio.get_running_loop()
    expanded: list[tuple[str, str, str]] = []
    for host, port in zip(hosts, ports, strict=True):
        if not _is_name(host):
            expanded.append((host, "" if host.startswith(("/", "@")) else host, port))
            continue
        found = await loop.getaddrinfo(host, int(port or 5432), type=socket.SOCK_STREAM)
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        expanded.extend((host, address, port) for address in addresses)
    names, addresses_, ports_ = zip(*expanded, strict=True)
    return {**options, "host": ",".join(names), "hostaddr": ",".join(addresses_), "port": ",".join(ports_)}


def _is_name(host: str) -> bool:
    if not host or host.startswith(("/", "@")):  # a socket folder, or an abstract socket
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False
