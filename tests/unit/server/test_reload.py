"""What a worker's rooms do when other schemas are to be exposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.serving import Serving
from rowgate.project.settings import Folders, RestSettings, Secrets, Settings
from rowgate.server import rooms as room
from rowgate.server.rooms import Rooms

pytestmark = pytest.mark.anyio

REST = RestSettings(db_schemas=("a",), db_extra_search_path=())
SETTINGS = Settings("p", Folders(Path("/w"), Path("/w/s")), Secrets(*"abcdefgh"), rest=REST)
OTHER = replace(SETTINGS, rest=replace(REST, db_schemas=("b",), db_max_rows=3))


class Connection:
    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was read and judged, in order."""
    told: list[object] = []

    async def connect(*_: object, **__: object) -> Connection:
        return Connection()

    async def load(_: object, schemas: Sequence[str], __: object, version: int) -> Catalog:
        told.append(("read", tuple(schemas)))
        return Catalog(version, 180000, tuple(schemas), *[{}] * 8, frozenset(), {})  # type: ignore[arg-type]

    monkeypatch.setattr(room.psycopg.AsyncConnection, "connect", connect)
    monkeypatch.setattr(room, "load", load)
    return told


def rooms(history: list[object]) -> Rooms:
    serving = Serving("host=x", None, "host=x", None, 180000, "login", None)
    made = Rooms(
        SETTINGS,
        serving,
        CapturingLogger(),  # type: ignore[arg-type]
        on_services=lambda services: history.append("served"),
        on_reload_asked=lambda: history.append("asked"),
    )

    async def judge(schemas: Sequence[str]) -> None:
        history.append(("judged", tuple(schemas)))

    made._roles.judge_by = judge  # type: ignore[method-assign]
    return made


async def test_the_roles_are_judged_by_new_schemas_before_these_are_served(history: list[object]) -> None:
    made = rooms(history)

    made.reload(OTHER)
    assert history == []  # the former schemas serve until the catalog is there
    await made._catalog.reload()

    assert history == [("judged", ("a", "b")), ("read", ("b",)), "served"]


async def test_the_roles_are_judged_by_what_graphql_exposes_too(history: list[object]) -> None:
    made = rooms(history)
    made.reload(replace(SETTINGS, rest=replace(REST, db_schemas=("b",), db_extra_search_path=("c", "b"))))
    await made._catalog.reload()

    assert history[0] == ("judged", ("a", "b", "c"))


async def test_a_change_that_needs_no_catalog_is_served_at_once(history: list[object]) -> None:
    made = rooms(history)

    made.reload(replace(SETTINGS, rest=replace(SETTINGS.rest, db_max_rows=4)))
    made.reload(replace(SETTINGS, rest=replace(SETTINGS.rest, db_max_rows=4)))

    assert history == ["served"]


async def test_a_catalog_that_cannot_be_read_keeps_the_former_schemas(
    history: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rooms(history)
    loaded: Any = room.load

    async def broken(*_: object) -> Catalog:
        raise OSError("away")

    monkeypatch.setattr(room, "load", broken)
    made.reload(OTHER)
    with pytest.raises(OSError, match="away"):
        await made._catalog.reload()
    assert "served" not in history
    monkeypatch.setattr(room, "load", loaded)
    await made._catalog.reload()
    assert history[-1] == "served"


async def test_only_reload_config_asks_for_the_configuration(history: list[object]) -> None:
    made = rooms(history)

    for payload in ("reload schema", "", "something else"):
        await made._notified("pgrst", payload)
    assert "asked" not in history
    await made._notified("pgrst", "reload config")
    assert history == ["asked"]


async def test_what_was_announced_while_nobody_listened_is_asked_for(history: list[object]) -> None:
    made = rooms(history)

    await made._listening()  # the first time: everything has just been read
    assert history == []
    await made._listening()
    assert history == ["asked"]
