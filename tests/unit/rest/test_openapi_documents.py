"""OpenAPI documents: made once, off the event loop, and kept within bounds."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from typing import Any

import pytest

from rowgate.postgres.catalog.records import Catalog, Column, Relation, RelationKind
from rowgate.project.service_address import ServiceAddress
from rowgate.rest import openapi
from rowgate.rest.openapi_documents import Documents
from rowgate.rest.openapi_types import default_value

pytestmark = pytest.mark.anyio

ADDRESS = ServiceAddress("http", "localhost", 80, "/")


def catalog(version: int = 1, tables: int = 1) -> Catalog:
    column = Column("id", 1, "integer", "integer", 23, False)
    relations = {
        ("public", f"t{n}"): Relation("public", f"t{n}", RelationKind.TABLE, {"id": column}, oid=n)
        for n in range(tables)
    }
    return Catalog(version, 180000, ("public",), relations, {}, {}, {})


def rights(*relations: int) -> tuple[bytes, bytes]:
    return json.dumps(relations).encode(), b"[]"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads in which documents were made."""
    threads: list[threading.Thread] = []
    make = openapi.document

    def spy(*arguments: Any, **more: Any) -> bytes:
        threads.append(threading.current_thread())
        return make(*arguments, **more)

    monkeypatch.setattr(openapi, "document", spy)
    return threads


async def test_one_is_made_for_everybody_with_the_same_rights(made: list[threading.Thread]) -> None:
    documents = Documents(ADDRESS, security=False)
    known = catalog(tables=2)
    first = await documents.document(known, "public", rights(0))
    assert await documents.document(known, "public", rights(0)) is first
    assert len(made) == 1
    assert await documents.document(known, "public", rights(0, 1)) != first
    assert await documents.document(known, "other", rights(0)) != first
    assert await documents.document(known, "public", None) != first
    assert len(made) == 4


async def test_it_is_not_made_on_the_event_loop(made: list[threading.Thread]) -> None:
    await Documents(ADDRESS, security=False).document(catalog(), "public", None)
    assert threading.current_thread() not in made


async def test_a_crowd_waits_for_one(made: list[threading.Thread]) -> None:
    documents = Documents(ADDRESS, security=False)
    known = catalog()
    answers = await asyncio.gather(*(documents.document(known, "public", None) for _ in range(20)))
    assert len(made) == 1
    assert len(set(answers)) == 1


async def test_who_goes_away_leaves_it_to_the_others(made: list[threading.Thread]) -> None:
    documents = Documents(ADDRESS, security=False)
    known = catalog()
    leaving = asyncio.create_task(documents.document(known, "public", None))
    await asyncio.sleep(0)
    leaving.cancel()
    assert json.loads(await documents.document(known, "public", None))["swagger"] == "2.0"
    assert len(made) == 1


async def test_a_failure_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = Documents(ADDRESS, security=False)
    known = catalog()
    with monkeypatch.context() as broken:
        broken.setattr(openapi, "document", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await documents.document(known, "public", None)
    assert json.loads(await documents.document(known, "public", None))["swagger"] == "2.0"


async def test_a_new_catalog_drops_the_documents_of_the_old_one() -> None:
    documents = Documents(ADDRESS, security=False)
    await documents.document(catalog(1), "public", None)
    await documents.document(catalog(2, tables=2), "public", None)
    assert documents.kept[0] == 1


async def test_number_and_bytes_are_bounded_and_the_least_recently_used_goes_first(
    made: list[threading.Thread],
) -> None:
    documents = Documents(ADDRESS, security=False, entries=2)
    known = catalog(tables=3)
    for number in (0, 1, 0, 2, 0):
        await documents.document(known, "public", rights(number))
    assert len(made) == 3  # 0 was in use all the time
    assert documents.kept[0] == 2
    size = documents.kept[1]
    documents = Documents(ADDRESS, security=False, size=size)
    for number in range(3):
        await documents.document(known, "public", rights(number))
    assert documents.kept[0] == 2
    assert documents.kept[1] <= size


async def test_one_that_is_too_large_is_answered_and_not_kept() -> None:
    documents = Documents(ADDRESS, security=False, size=1000)
    assert len(await documents.document(catalog(tables=9), "public", None)) > 1000
    assert documents.kept == (0, 0)


def test_a_worker_that_is_never_asked_does_not_carry_what_writes_it() -> None:
    code = (
        "import sys, rowgate.server.rooms; from rowgate.rest.service import RestService; "
        "print('rowgate.rest.openapi' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("kind", "expression", "value"),
    [
        ("integer", "42", (42,)),
        ("integer", "'-1'::integer", None),
        ("integer", "nextval('s'::regclass)", None),
        ("numeric", "1.5", (1.5,)),
        ("boolean", "true", (True,)),
        ("text", "'a b'::text", ("a b",)),
        ("text", "''::text", ("",)),
        ("text", "'it''s'::text", ("it''s",)),
        ("text", "'say \"so\"'::text", None),
        ("text", "'a\nb'::text", None),
        ("text", "NULL::text", ("NULL",)),
        ("text", "CURRENT_USER", ("CURRENT_USER",)),
        ("uuid", "gen_random_uuid()", ("gen_random_uuid()",)),
        ("character varying", "'x'::character varying", ("x",)),
        ("extra.mood", "'ok'::extra.mood", ("ok",)),
        ("jsonb", "'{}'::jsonb", None),
        ("text[]", "'{}'::text[]", None),
        ("bigint", "9223372036854775807", (9223372036854775807,)),
        ("numeric", "1e999999", None),
        ("text", "'\ud800'::text", None),
    ],
)
def test_a_constant_default_is_shown(kind: str, expression: str, value: tuple[Any] | None) -> None:
    assert default_value(kind, expression) == value
