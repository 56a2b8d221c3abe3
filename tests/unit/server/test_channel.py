"""What parent and worker tell each other."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from rowgate.postgres.serving import Serving
from rowgate.project.settings import Folders, IdentitySettings, IssuerSettings, RestSettings, Secrets, Settings
from rowgate.server.channel import Channel, Orders, Reload, Report, Told
from rowgate.server.worker_process import worker_environment

pytestmark = pytest.mark.anyio

IDENTITY = IdentitySettings(issuers=(IssuerSettings("clerk", "clerk", domain="a.clerk.accounts.dev"),))
SETTINGS = replace(
    Settings("p", Folders(Path("/w"), Path("/w/s")), Secrets(*"abcdefgh"), identity=IDENTITY), warnings=("careful",)
)


async def test_settings_arrive_as_they_were_sent() -> None:
    ours, theirs = socket.socketpair()
    parent, worker = await Channel.over(ours), await Channel.over(theirs)
    serving = Serving("host=a password=b", None, "host=c", None, 180006, "rowgate_public", None)
    sent = [
        Orders(worker=1, settings=SETTINGS, serving=serving),
        Reload(settings=SETTINGS),
        Report(ready=True, parts={"database": "ok"}, issuers=({"name": "clerk", "keys": 2},)),
    ]
    for message in sent:
        parent.send(message)
    assert [await worker.receive() for _ in sent] == sent
    parent.close()
    assert await worker.receive() is None
    worker.close()


async def test_a_frame_larger_than_any_of_ours_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    parent = await Channel.over(ours)
    theirs.send(b"\xff\xff\xff\xff" + b"x" * 100)
    async with asyncio.timeout(1):
        assert await parent.receive() is None
    parent.close()
    theirs.close()


async def test_an_answer_too_large_for_a_frame_is_none_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rowgate.server.channel.FRAME_LIMIT", 1000)
    ours, theirs = socket.socketpair()
    parent, worker = await Channel.over(ours), await Channel.over(theirs)
    worker.send(Told(1, b"x" * 1000))
    worker.send(Told(2, b"x" * 100))
    assert await parent.receive() == Told(1, None)
    assert await parent.receive() == Told(2, b"x" * 100)
    parent.close()
    worker.close()


def test_no_secret_shows_in_the_orders() -> None:
    rest = RestSettings(app_settings=(("app.settings.stripe", "hidden-value"),))
    settings = replace(SETTINGS, rest=rest, secrets=Secrets(*["hidden-value"] * 8))
    serving = Serving("password=hidden-value", "password=hidden-value", "password=hidden-value", None, 1, "p", None)
    assert "hidden-value" not in repr(Orders(worker=0, settings=settings, serving=serving))


def test_a_worker_inherits_no_secret_by_its_environment() -> None:
    environ = {"PATH": "/bin", "DATABASE_URL": "x", "ROWGATE_JWT_SECRET": "x", "PGPASSWORD": "x", "LC_ALL": "C"}
    assert worker_environment(environ) == {"PATH": "/bin", "LC_ALL": "C"}
