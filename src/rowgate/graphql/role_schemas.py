"""The schema of each role that asks: made when it first does, kept until the catalog or the roles change.

A role's privileges decide what its schema holds, so Postgres is asked for them as that role.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from typing import Literal, Protocol, TypeAlias

from msgspec.structs import replace

from rowgate.bounded_cache import BoundedCache
from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.entities import Graph
from rowgate.graphql.reflection.reflect import reflect
from rowgate.graphql.schema import Schema
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.catalog.rights import Rights, read_rights, rights_statement
from rowgate.postgres.statement import RequestContext, Result, Transaction
from rowgate.principal import Principal

Introspection: TypeAlias = Literal["directive", "on", "off"]
ROLES = 64  # schemas kept at most: a project has a handful of roles, a tenant-per-role one asks as few at a time


class RightsRunner(Protocol):
    """What runs the question for a role's rights: `rowgate.postgres.database.Database`."""

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        """Run one transaction as a principal. Raises PostgresError."""
        ...


class Schemas:
    """`search_path` is the request's, ready for Postgres; `introspection` the setting of that name."""

    def __init__(
        self,
        runner: RightsRunner,
        search_path: str,
        introspection: Introspection = "directive",
    ) -> None:
        self._runner = runner
        self._introspection = introspection
        self._context = RequestContext("POST", "/", search_path)
        self._kept: BoundedCache[str, Schema] = BoundedCache(ROLES, ROLES, 1)
        self._coming: dict[str, asyncio.Task[Schema]] = {}
        self._version = -1  # of the catalog that all of them are made of
        self._serials: Iterator[int] = count()

    def known(self, role: str, catalog: Catalog) -> Schema | None:
        """The role's schema where it is there already."""
        if catalog.version != self._version:
            self.forget()
            self._version = catalog.version
        return self._kept.get(role)

    async def of(self, principal: Principal, catalog: Catalog) -> Schema:
        """The schema of the principal's role. Whoever asks while it is being made shares it.

        Raises PostgresError where the role's privileges cannot be asked for, and GraphQLError where a comment
        directive cannot be read.
        """
        role = principal.role
        known = self.known(role, catalog)
        if known is not None:
            return known
        coming = self._coming.get(role)
        if coming is None:
            coming = self._coming[role] = asyncio.create_task(self._made(principal, catalog))
            coming.add_done_callback(self._arrived(role))
        return await asyncio.shield(coming)  # who gives up leaves it to the others

    def forget(self) -> None:
        """Make every schema anew: memberships of roles changed, or the catalog did. One that is being made still
        answers those who wait for it, and nobody else."""
        self._kept.drop(lambda _: True)
        self._coming.clear()

    def _arrived(self, role: str) -> Callable[[asyncio.Task[Schema]], None]:
        def arrived(task: asyncio.Task[Schema]) -> None:
            failed = task.cancelled() or task.exception() is not None  # asked for: or asyncio complains of it
            if self._coming.get(role) is task:
                del self._coming[role]
                if not failed:
                    self._kept.put(role, task.result(), 1)

        return arrived

    async def _made(self, principal: Principal, catalog: Catalog) -> Schema:
        question = rights_statement(catalog.path.schemas)
        result = await self._runner.run(principal, Transaction(self._context, question))
        # A large catalog takes a tenth of a second, in which everybody else would wait.
        return await asyncio.to_thread(self._built, catalog, read_rights(result))

    def _built(self, catalog: Catalog, rights: Rights) -> Schema:
        return schema_of(opted(reflect(catalog, rights), self._introspection), next(self._serials))


def opted(graph: Graph, introspection: Introspection) -> Graph:
    """A graph as introspection shows it under this setting."""
    if introspection == "directive":
        return graph
    shown = introspection == "on"
    tables = {name: replace(table, introspectable=shown) for name, table in graph.tables.items()}
    keyless = {name: replace(table, introspectable=shown) for name, table in graph.keyless.items()}
    functions = tuple(replace(function, introspectable=shown) for function in graph.functions)
    enums = tuple(replace(enum, introspectable=shown) for enum in graph.enums)
    return replace(graph, tables=tables, keyless=keyless, functions=functions, enums=enums, introspection=shown)
