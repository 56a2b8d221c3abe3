"""Waiting on a file descriptor that libpq polls."""

from __future__ import annotations

import asyncio

from psycopg import pq

_READING = int(pq.PollingStatus.READING)


async def ready(descriptor: int, status: int) -> None:
    """Wait until libpq's descriptor can be read or written, as the polling `status` asks."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not future.done():
            future.set_result(None)

    if status == _READING:
        loop.add_reader(descriptor, wake)
    else:
        loop.add_writer(descriptor, wake)
    try:
        await future
    finally:
        if status == _READING:
            loop.remove_reader(descriptor)
        else:
            loop.remove_writer(descriptor)
