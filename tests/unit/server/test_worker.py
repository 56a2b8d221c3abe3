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
from rowgate.server.channel import Message, Orders
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


async def test_origins_and_trace_header_are_those_of_the_orders_it_opens_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "Rooms", Rooms)
    with socket.socket() as listener:
        made = Worker(Orders(0, SETTINGS), Channel(), listener, CapturingLogger())  # type: ignore[arg-type]
    assert (b"access-control-allow-origin", b"*") in made._gateway._cors.headers(PAGE, 200)

    rest = RestSettings(server_cors_allowed_origins=("https://b.example",), server_trace_header="X-Trace")
    await made._open_rooms(Orders(0, replace(SETTINGS, rest=rest), SERVING))

    assert made._gateway._cors.headers(PAGE, 200) == [(b"vary", b"Origin")]
    assert made._gateway._trace == b"x-trace"
