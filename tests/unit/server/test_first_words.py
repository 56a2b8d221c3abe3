"""What a person is told while the database makes them wait."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
import structlog

from rowgate.project.resolve import resolve
from rowgate.server import supervisor
from rowgate.server.supervisor import Supervisor

pytestmark = pytest.mark.anyio


async def test_a_database_that_does_not_answer_is_named_at_once_with_what_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SILENCE", 0.1)
    with socket.socket() as hole:  # connections are taken and never answered
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        place = f"127.0.0.1:{hole.getsockname()[1]}"
        flags: dict[str, object] = {"api.port": 0, "db.url": f"postgresql://app:hidden@{place}/shop"}
        settings = resolve(tmp_path, flags, {})
        lines: list[str] = []
        said = asyncio.Event()

        def say(line: str) -> None:
            lines.append(line)
            said.set()

        run = Supervisor(settings, resolve=lambda: settings, watched=(), say=say, log=structlog.get_logger())
        running = asyncio.create_task(run.run())
        async with asyncio.timeout(3):
            await said.wait()
        run._asked_to_stop()
        await running
    assert lines[0].startswith(f"Waiting for the database at {place}/shop")
    assert "DATABASE_URL" in lines[0]
    assert "hidden" not in lines[0]


async def test_a_message_and_its_hint_are_two_sentences(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        flags: dict[str, object] = {"api.port": 0, "db.url": f"postgresql://127.0.0.1:{closed.getsockname()[1]}/shop"}
        settings = resolve(tmp_path, flags, {})
        lines: list[str] = []
        run = Supervisor(settings, resolve=lambda: settings, watched=(), say=lines.append, log=structlog.get_logger())
        running = asyncio.create_task(run.run())
        async with asyncio.timeout(5):
            while len(lines) < 2:
                await asyncio.sleep(0.02)
        run._asked_to_stop()
        await running
    assert "Connection refused. Check host" in lines[0]
    assert "keeps trying" in lines[1]
