"""The listener: hears everything, and after a break reads everything again."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rowgate.postgres import listen
from rowgate.postgres.listen import Listener

# The version makes no difference here, so one is enough.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("cluster_url", ["wheel"], indirect=True, scope="session")]


class Ear:
    """Writes down what the listener calls."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.connected: asyncio.Queue[None] = asyncio.Queue()
        self.polled: asyncio.Queue[None] = asyncio.Queue()
        self.errors: list[Exception] = []

    async def notify(self, channel: str, payload: str) -> None:
        await self.heard.put((channel, payload))
        if payload == "fail":
            raise ValueError(payload)

    async def reconnect(self) -> None:
        await self.connected.put(None)

    async def poll(self) -> None:
        await self.polled.put(None)

    def listener(self, conninfo: str, *channels: str) -> Listener:
        return Listener(conninfo, channels, self.notify, self.reconnect, self.poll, self.errors.append)


async def test_hears_its_channels_in_order_and_survives_a_failing_reader(
    database_url: str, admin: psycopg.Connection
) -> None:
    ear = Ear()
    listener = ear.listener(database_url, "pgrst", 'odd "channel"')
    await listener.start()
    async with asyncio.timeout(5):
        await ear.connected.get()
        admin.execute(
            "select pg_notify('other', 'no'), pg_notify('pgrst', 'fail'), pg_notify('odd \"channel\"', 'two')"
        )
        assert [await ear.heard.get(), await ear.heard.get()] == [("pgrst", "fail"), ('odd "channel"', "two")]
    assert [str(error) for error in ear.errors] == ["fail"]
    await listener.stop()


async def test_a_lost_connection_is_made_again_and_everything_is_read_again(
    database_url: str, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "POLL_INTERVAL", 0.05)
    ear = Ear()
    listener = ear.listener(make_conninfo(database_url, application_name="ear"), "pgrst")
    await listener.start()
    async with asyncio.timeout(5):
        await ear.connected.get()
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ear'")
        await ear.polled.get()
        await ear.connected.get()
        admin.execute("notify pgrst, 'again'")
        assert await ear.heard.get() == ("pgrst", "again")
    await listener.stop()
    assert not listener.connected


async def test_polls_while_there_is_no_database(cluster_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "POLL_INTERVAL", 0.02)
    ear = Ear()
    listener = ear.listener(make_conninfo(cluster_url, port="1", password="hunter2"), "pgrst")
    await listener.start()
    async with asyncio.timeout(5):
        for _ in range(3):
            await ear.polled.get()
    await listener.stop()
    assert ear.connected.empty()
    assert "hunter2" not in repr(ear.errors)


async def test_a_silent_connection_is_tried(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "HEARTBEAT", 0.02)
    beats = asyncio.Event()
    original = Listener._heartbeat

    async def beat(self: Listener, connection: psycopg.AsyncConnection) -> None:
        await original(self, connection)
        beats.set()

    monkeypatch.setattr(Listener, "_heartbeat", beat)
    ear = Ear()
    listener = ear.listener(database_url, "pgrst")
    await listener.start()
    async with asyncio.timeout(5):
        await beats.wait()
    await listener.stop()
    assert ear.errors == []
