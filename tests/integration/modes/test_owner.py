"""The database's owner without superuser, on the oldest PostgreSQL and on the bundled one: what works, what is left
out, and that the statement an administrator is told to run is all that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from rowgate.postgres.embedded.server import EmbeddedServer
from tests.integration.server.asking import until
from tests.support.stack import Stack, free_port

from .asking import ask, token
from .cluster import BIN
from .schema import NOTES, TWO_ROWS

VERSIONS: dict[str, Path | None] = {"15": BIN, "wheel": None}
BYPASS = "ALTER ROLE service_role BYPASSRLS;"


@pytest.fixture(params=sorted(VERSIONS))
def superuser(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """A superuser's URL of a fresh cluster, with a database `app` of the plain owner `app`."""
    programs = VERSIONS[request.param]
    if programs is not None and not (programs / "initdb").exists():
        pytest.skip("PostgreSQL 15 of Debian is not installed")
    with EmbeddedServer(folder, free_port(), "127.0.0.1", "super", programs, root_folder=folder) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as administrator:
            administrator.execute("create role app login createrole password 'app'")
            administrator.execute("create database app owner app")
        yield urlsplit(server.owner_url)._replace(path="/app").geturl()


def test_an_owner_without_superuser_serves_and_names_what_an_administrator_must_run(
    superuser: str, serve: Callable[..., Stack]
) -> None:
    owner = superuser.replace("postgres:super@", "app:app@")
    stack = serve(owner, migrations={"20260101000000_notes.sql": NOTES + TWO_ROWS})
    printed = "".join(stack.output)
    assert BYPASS in printed
    assert "event triggers need a superuser" in printed
    assert "NOTIFY pgrst, 'reload schema';" in printed

    assert ask(stack, "GET", "/notes?select=body", bearer=token(stack, "ana")).body == [{"body": "ana's"}]
    assert ask(stack, "POST", "/notes", {"body": "new"}, bearer=token(stack, "ana")).status == 201
    assert ask(stack, "GET", "/notes").body == []
    refused = ask(stack, "GET", "/notes", key=stack.keys["SECRET_KEY"])
    assert (refused.status, refused.headers["x-rowgate-refusal"]) == (403, "api_key_unavailable")
    assert BYPASS in refused.body["hint"]

    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("create table public.later (id int); grant select on public.later to anon")
        assert ask(stack, "GET", "/later").status == 404
        connection.execute("notify pgrst, 'reload schema'")
    until(lambda: ask(stack, "GET", "/later").status == 200, 5)

    with psycopg.connect(superuser, autocommit=True) as administrator:
        administrator.execute(BYPASS)
    until(lambda: ask(stack, "GET", "/notes", key=stack.keys["SECRET_KEY"]).status == 200, 8)
    found = ask(stack, "GET", "/notes?select=owner&order=id", key=stack.keys["SECRET_KEY"])
    assert found.body == [{"owner": "ana"}, {"owner": "ben"}, {"owner": "ana"}]
    # And it is taken away as soon: without BYPASSRLS the key would see what its policies let through, not everything.
    with psycopg.connect(superuser, autocommit=True) as administrator:
        administrator.execute("alter role service_role nobypassrls")
    until(lambda: ask(stack, "GET", "/notes", key=stack.keys["SECRET_KEY"]).status == 403, 8)
    assert ask(stack, "GET", "/notes?select=id", bearer=token(stack, "ben")).status == 200
