"""Asking Postgres to cancel what a connection runs, without blocking the event loop."""

from __future__ import annotations

import asyncio

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn

from rowgate.postgres.waiting import ready

_OK = int(pq.PollingStatus.OK)
_FAILED = int(pq.PollingStatus.FAILED)
_NON_BLOCKING_CANCEL = 170000  # the first libpq with PQcancelStart


async def cancel(pg: PGconn) -> None:
    """Send a cancel request and wait until the server has taken it.

    The server closes that connection after it has signalled the backend, so a query sent later cannot be hit.
    Raises psycopg.OperationalError when the request could not be delivered.
    """
    if pq.version() < _NON_BLOCKING_CANCEL:
        await asyncio.to_thread(pg.get_cancel().cancel)
        return
    request = pg.cancel_conn()
    try:
        request.start()
        while (status := request.poll()) != _OK:
            if status == _FAILED:
                raise psycopg.OperationalError("the cancel request did not reach Postgres")
            await ready(request.socket, status)
    finally:
        request.finish()
