"""What a running server makes of a configuration that changes under it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import CapturingLogger

from rowgate.postgres.logins import DatabaseUnreachable
from rowgate.postgres.serving import Serving
from rowgate.project.resolve import resolve
from rowgate.project.settings import Settings
from rowgate.server import supervisor
from rowgate.server.supervisor import Supervisor

pytestmark = pytest.mark.anyio

ISSUER = '[[rowgate.issuers]]\nname = "{0}"\nprovider = "clerk"\ndomain = "{0}.clerk.accounts.dev"\n'


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


class Watched:
    """A supervisor that watches a file with one issuer in it."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "supabase" / "config.toml"
        self.config.parent.mkdir()
        self.config.write_text(ISSUER.format("first"))
        self.log = CapturingLogger()
        self.run = Supervisor(
            resolve(folder, {}, {}),
            resolve=lambda: resolve(folder, {}, {}),
            watched=(self.config,),
            say=lambda _: None,
            log=self.log,  # type: ignore[arg-type]
        )

    @property
    def trusted(self) -> list[str]:
        return [issuer.name for issuer in self.run._settings.identity.issuers]


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.1)
    here = Watched(tmp_path)
    watching = asyncio.create_task(here.run._watch_configuration())
    await asyncio.sleep(0.05)
    yield here
    watching.cancel()


@pytest.mark.parametrize("broken", ["[[rowgate.issuers]\n", '[[rowgate.issuers]]\nname = "a"\n'])
async def test_a_half_written_file_changes_nothing_until_it_is_whole(watched: Watched, broken: str) -> None:
    watched.config.write_text(broken)
    await until(lambda: any(call.method_name == "error" for call in watched.log.calls))
    assert watched.trusted == ["first"]
    watched.config.write_text(ISSUER.format("second"))
    await until(lambda: watched.trusted == ["second"])


async def test_an_editor_that_empties_the_file_before_it_writes_takes_nobodys_trust_away(watched: Watched) -> None:
    reloads: list[list[str]] = []
    take_up = watched.run._take_up

    async def noted(settings: Settings) -> None:
        await take_up(settings)
        reloads.append(watched.trusted)

    watched.run._take_up = noted  # type: ignore[method-assign]
    watched.config.write_text("")
    await asyncio.sleep(0.12)  # seen empty once
    watched.config.write_text(ISSUER.format("second"))
    await until(lambda: watched.trusted == ["second"])
    assert [] not in reloads


async def test_a_file_that_stays_empty_is_believed(watched: Watched) -> None:
    # `rowgate issuer remove` leaves an empty file where there was nothing else in it.
    watched.config.write_text("")
    await until(lambda: watched.trusted == [])


async def test_what_changed_while_the_database_was_away_is_what_is_served_once_it_is_there(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "DATABASE_RETRY", 0.05)
    serving = Serving("host=x", None, "host=x", None, 180000, "login", None)
    reached = asyncio.Event()

    async def log_in(settings: Settings) -> Serving:
        if not reached.is_set():
            raise DatabaseUnreachable("away")
        return serving

    async def start() -> tuple[str, None]:
        return "host=x", None

    async def nothing_there(settings: Settings, _: Serving) -> tuple[Settings, None]:
        return settings, None

    database = watched.run._database
    for name, stand_in in (("_log_in", log_in), ("_start_embedded", start), ("configure", nothing_there)):
        monkeypatch.setattr(database, name, stand_in)
    keeping = asyncio.create_task(watched.run._keep_database())
    watched.config.write_text(ISSUER.format("second"))
    await until(lambda: watched.trusted == ["second"])
    reached.set()
    await until(lambda: watched.run._serving is serving)
    assert watched.trusted == ["second"]
    keeping.cancel()
