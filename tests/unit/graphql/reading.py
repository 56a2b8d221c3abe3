"""Root fields planned and written without a database."""

from __future__ import annotations

from collections.abc import Mapping

from graphql.language import OperationDefinitionNode, parse

from rowgate.graphql.connection_plan import connection_plan
from rowgate.graphql.connection_sql import connection_text
from rowgate.graphql.given import Json, Trace
from rowgate.graphql.schema import Schema
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select
from rowgate.graphql.tree import ConnectionPlan
from rowgate.graphql.written import Parameter, Writer


def scope_of(variables: Mapping[str, Json] | None = None) -> Scope:
    """The surroundings of an operation without fragments."""
    return Scope(variables or {}, {}, {}, Trace())


def selected(query: str, schema: Schema, scope: Scope) -> Selected:
    """The one root field of a query."""
    (operation,) = parse(query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (field,) = select(operation.selection_set.selections, schema.query, scope)
    return field


def connection(query: str, schema: Schema, scope: Scope | None = None) -> ConnectionPlan:
    """The plan of a query's only root field, a connection."""
    scope = scope or scope_of()
    field = selected(query, schema, scope)
    return connection_plan(field, schema.query.fields[field.name], schema, scope)


def written(query: str, schema: Schema, variables: Mapping[str, Json] | None = None) -> tuple[str, list[Parameter]]:
    """The SQL of a query's only root field, a connection, and its parameters."""
    writer = Writer()
    return connection_text(connection(query, schema, scope_of(variables)), writer), writer.parameters
