from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.catalog.records import Catalog

LOGIN = "catalog_reader"  # owns nothing and may do nothing


@pytest.fixture(scope="module")
def database_url(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the module's own, with the module's SCHEMA_SQL applied."""
    name = f"catalog_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "do $$ begin "
            f"if to_regrole('{LOGIN}') is null then create role {LOGIN} login password 'reader'; end if; "
            "if to_regrole('anon') is null then create role anon; end if; end $$"
        )
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = make_conninfo(postgres_url, dbname=name)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(request.module.SCHEMA_SQL)
        yield url
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
async def catalog(database_url: str) -> AsyncIterator[Catalog]:
    """The module's database as an unprivileged login sees it."""
    url = make_conninfo(database_url, user=LOGIN, password="reader")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield await load(connection, ["api", 'Ünïcode "q"'], ["extra"], 7)
