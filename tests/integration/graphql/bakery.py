"""The world of mutations and calls: a bakery, its bakers' diaries, and triggers that change what is on its way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from rowgate.postgres.catalog.records import Catalog
from rowgate.principal import Principal
from tests.integration.graphql.garden import Gardener
from tests.integration.postgres_path.place import user
from tests.integration.rest.conftest import loaded_catalog, made_database, opened

ANA = user("ana")
SCHEMA = (Path(__file__).parent / "bakery.sql").read_text(encoding="utf-8")

CLEAN = """
truncate baker, bread, diary, settings, odd, wide restart identity cascade;
alter sequence baker_ids restart;
insert into baker (name, level) values ('Ada', 1), ('Bo', 2), ('Cy', 3);
insert into bread (baker_id, name, crust, price, sold) values
  (1, 'rye', 'thin-ish', 3.50, 10), (1, 'bun', 'thick', 0.75, 20), (2, 'loaf', null, 2, 30);
insert into diary (owner, page) values ('ana', 'one'), ('ben', 'two'), ('ben', 'kept');
"""


class World:
    """The superuser's view of a bakery, and its catalog."""

    def __init__(self, url: str, catalog: Catalog) -> None:
        self.url = url
        self.catalog = catalog

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement returns, if it returns rows."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            cursor = owner.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def clean(self) -> None:
        """As it was at first."""
        self.rows(CLEAN)


@contextmanager
def made_bakery(postgres_url: str) -> Iterator[World]:
    """A database with a bakery in it."""
    with made_database(postgres_url, SCHEMA) as url:
        yield World(url, loaded_catalog(url, (), ("public",)))


@dataclass
class Api:
    """The service over a bakery."""

    send: Gardener

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, principal: Principal = ANA
    ) -> dict[str, Any]:
        """The answer to an operation, whatever became of it."""
        answer = await self.send(query, variables, who=principal)
        assert answer.status == 200
        answered: dict[str, Any] = answer.json
        return answered


@asynccontextmanager
async def served(world: World) -> AsyncIterator[Api]:
    """A service over a bakery."""
    async with opened(world.url) as database:
        yield Api(Gardener(database, lambda: world.catalog))
