"""The admin server's pages, over a server that is pretended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rowgate.project.resolve import resolve
from rowgate.project.settings import Settings
from rowgate.server.admin import CONNECTIONS, Admin, admin_server
from rowgate.server.port import listen

pytestmark = pytest.mark.anyio

SECRETS = ("s3cret", "a secret of more than 32 characters", "hidden")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return resolve(
        tmp_path,
        environ={
            "PGRST_DB_URI": "postgres://authenticator:s3cret@db:5433/app",
            "PGRST_JWT_SECRET": SECRETS[1],
            "PGRST_DB_SCHEMAS": "api,more",
            "PGRST_LOG_LEVEL": "warn",
            "PGRST_APP_SETTINGS_KEY": "hidden",
            "PGRST_JWT_ROLE_CLAIM_KEY": '."a b"',
        },
    )


@dataclass
class House:
    settings: Settings
    live: bool = True
    ready: bool = True
    found: bytes | None = b'{"version":3}'

    def admin(self) -> Admin:
        async def catalog() -> bytes | None:
            return self.found

        async def figures() -> list[Any]:
            return []

        return Admin(
            live=lambda: self.live,
            ready=lambda: self.ready,
            settings=lambda: self.settings,
            catalog=catalog,
            figures=figures,
        )

    async def ask(self, path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.admin()({"type": "http", "path": path, "method": method}, None, send)
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.mark.parametrize(
    ("live", "ready", "statuses"), [(True, True, (200, 200)), (True, False, (200, 503)), (False, True, (500, 500))]
)
async def test_live_and_ready_speak_for_the_whole_server(
    settings: Settings, live: bool, ready: bool, statuses: tuple[int, int]
) -> None:
    house = House(settings, live, ready)

    assert ((await house.ask("/live"))[0], (await house.ask("/ready"))[0]) == statuses


async def test_the_configuration_is_written_as_postgrest_writes_it_without_secrets(settings: Settings) -> None:
    status, _, body = await House(settings).ask("/config")
    lines = body.decode().splitlines()

    assert status == 200
    for line in (
        'db-uri = "postgres://authenticator:********@db:5433/app"',
        'db-schemas = "api,more"',
        'db-max-rows = ""',
        "db-pool = 10",
        "db-plan-enabled = false",
        'jwt-secret = "********"',
        'jwt-role-claim-key = ".\\"a b\\""',
        'log-level = "warn"',
        "server-port = 3000",
        'app.settings.KEY = "********"',
    ):
        assert line in lines
    assert not any(secret in body.decode() for secret in SECRETS)


async def test_the_catalog_is_passed_on_or_missing(settings: Settings) -> None:
    assert (await House(settings).ask("/schema_cache"))[::2] == (200, b'{"version":3}')
    assert (await House(settings, found=None).ask("/schema_cache"))[::2] == (503, b"null")


async def test_metrics_are_prometheus_text(settings: Settings) -> None:
    status, headers, body = await House(settings).ask("/metrics")

    assert (status, headers[b"content-type"][:25]) == (200, b"text/plain; version=0.0.4")
    assert b"pgrst_db_pool_max" in body


async def test_nothing_else_is_there_and_nothing_can_be_changed(settings: Settings) -> None:
    for path in ("/", "/live/", "/tasks", "/rest/v1/tasks"):
        assert (await House(settings).ask(path))[0] == 404
    assert (await House(settings).ask("/config", "POST"))[0] == 405
    assert (await House(settings).ask("/config", "HEAD"))[::2] == (200, b"")


async def test_a_stranger_cannot_make_it_hold_what_he_likes(settings: Settings) -> None:
    house = House(settings)
    with listen("127.0.0.1", 0) as listener:
        server = admin_server(house.admin(), settings.server)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            port = listener.getsockname()[1]
            assert (await exchange(port, b"GET /live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))[9:12] == b"200"
            assert (await exchange(port, b"GET /live HTTP/1.1\r\nhost: x\r\na: " + b"x" * 200_000))[9:12] == b"431"
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
            assert (await exchange(port, b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n"))[9:12] == b"503"
            for _, writer in idle:
                writer.close()
        finally:
            server.should_exit = True
            await serving


async def exchange(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()
