"""What a worker takes up of its orders, once the database is there."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import CapturingLogger

from rowgate.http.gateway import Readiness
from rowgate.postgres.serving import Serving
from rowgate.project.settings import Folders, RestSettings, Secrets, Settings
from rowgate.server import worker as room
from rowgate.server.channel import Message, Orders, Reload
from rowgate.server.worker import Worker

pytestmark = pytest.mark.anyio

SETTINGS = Settings("p", Folders(Path("/w"), Path("/w/s")), Secrets(*"abcdefgh"))
SERVING = Serving("host=x", None, "host=x", None, 180000, "login", None)
PAGE = {b"origin": b"https://a.example"}


class Rooms:
    services = ()
    verifier = None

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def open(self) -> None:
        await self.while_opening()

    async def while_opening(self) -> None:
        pass

    def reload(self, settings: Settings) -> None:
        pass

    def readiness(self) -> Readiness:
        return Readiness(True)

    def issuers(self) -> tuple[()]:
        return ()

    def verdicts(self) -> Mapping[tuple[str, str], int]:
        return {}


class Channel:
    def send(self, message: Message) -> None:
        pass


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(room, "Rooms", Rooms)
    with socket.socket() as listener:
        return Worker(Orders(0, SETTINGS), Channel(), listener, CapturingLogger())  # type: ignore[arg-type]


def of(origin: str) -> Settings:
    rest = RestSettings(server_cors_allowed_origins=(origin,), server_trace_header="X-Trace")
    return replace(SETTINGS, rest=rest)


async def test_origins_and_trace_header_are_those_of_the_orders_it_opens_by(worker: Worker) -> None:
    assert (b"access-control-allow-origin", b"*") in worker._gateway._cors.headers(PAGE, 200)

    await worker._open_rooms(Orders(0, of("https://b.example"), SERVING))

    assert worker._gateway._cors.headers(PAGE, 200) == [(b"vary", b"Origin")]
    assert worker._gateway._trace == b"x-trace"


async def test_what_is_reloaded_while_it_opens_wins(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[Message | None] = [Reload(of("https://a.example")), None]

    async def reloaded(_: Rooms) -> None:
        monkeypatch.setattr(Channel, "receive", receive, raising=False)
        with pytest.raises(IndexError):
            await worker._listen_to_parent()

    async def receive(_: Channel) -> Message:
        message = messages.pop(0)
        if message is None:
            raise IndexError
        return message

    monkeypatch.setattr(Rooms, "while_opening", reloaded)
    await worker._open_rooms(Orders(0, of("https://b.example"), SERVING))

    assert (b"access-control-allow-origin", b"https://a.example") in worker._gateway._cors.headers(PAGE, 200)
