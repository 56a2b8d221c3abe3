"""One GraphQL request as a principal, from its text to its answer, over a database of a test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from rowgate.graphql.at_most import excess_message
from rowgate.graphql.definition import schema_of
from rowgate.graphql.document import read_operation
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Hole, Trace, Written
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.prepared import Fixed, Prepared
from rowgate.graphql.reflection import reflect
from rowgate.graphql.schema import Schema
from rowgate.graphql.scope import Scope
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.catalog.rights import read_rights, rights_statement
from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import Access, RequestContext, Result, Statement, Transaction
from rowgate.principal import Principal
from tests.integration.postgres_path.place import user
from tests.integration.rest.conftest import opened

ANA = user("ana")
CONTEXT = RequestContext("POST", "/graphql/v1", '"public"')


@dataclass
class Api:
    """Asks one database. The schema is that of `authenticated`."""

    database: Database
    schema: Schema

    def prepared(self, query: str, variables: Mapping[str, Any] | None = None) -> Prepared:
        """The plan of a request. Raises GraphQLError."""
        operation = read_operation(query, None, Limits())
        scope = Scope(variables or {}, operation.defaults, operation.fragments, Trace())
        return prepare(operation, scope, self.schema, Limits())

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, principal: Principal = ANA
    ) -> dict[str, Any]:
        """The answer, as a client reads it."""
        given = msgspec.json.decode(msgspec.json.encode(variables or {}))
        try:
            prepared = self.prepared(query, given)
            return await self.run(prepared, given, principal)
        except GraphQLError as error:
            return {"data": None, "errors": [{"message": error.message}]}

    async def run(self, prepared: Prepared, variables: Mapping[str, Any], principal: Principal) -> dict[str, Any]:
        """What a plan answers for these variables."""
        try:
            results = await self._results(prepared, variables, principal)
        except DatabaseError as error:
            return {"data": None, "errors": [{"message": excess_message(error) or error.message}]}
        errors = [{"message": message} for message in prepared.errors]
        data: dict[str, Any] | None = None
        if prepared.parts is not None:
            data = {
                part.key: msgspec.json.decode(
                    (part.json if isinstance(part, Fixed) else results[part.statement].rows[0][part.column]) or b"null"
                )
                for part in prepared.parts
            }
        return {"data": data, **({"errors": errors} if errors else {})}

    async def _results(
        self, prepared: Prepared, variables: Mapping[str, Any], principal: Principal
    ) -> tuple[Result, ...]:
        if not prepared.statements:
            return ()
        first, *further = [_filled(each, variables, prepared.access) for each in prepared.statements]
        return await self.database.run_all(principal, Transaction(CONTEXT, first), further)


def _filled(written: Written, variables: Mapping[str, Any], access: Access) -> Statement:
    values = (each.fill(variables) if isinstance(each, Hole) else each for each in written.parameters)
    return Statement(written.sql, tuple(values), access)


@asynccontextmanager
async def asking(url: str, catalog: Catalog) -> AsyncIterator[Api]:
    """An Api over a database whose catalog has been read."""
    async with opened(url) as database:
        rights = read_rights(await database.run(ANA, Transaction(CONTEXT, rights_statement(("public",)))))
        yield Api(database, schema_of(reflect(catalog, rights), 1))
