"""The parameters of an operation that is ready."""

from __future__ import annotations

from collections.abc import Mapping

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json
from rowgate.graphql.prepared import Prepared
from rowgate.graphql.written import Hole, Parameter


def filled(prepared: Prepared, variables: Mapping[str, Json]) -> list[bytes | str | None]:
    """Those of every statement, with the variables in their places; a message where a value is none for Postgres."""
    return [_filled(each, variables) for statement in prepared.statements for each in statement.parameters]


def _filled(parameter: Parameter, variables: Mapping[str, Json]) -> bytes | str | None:
    try:
        return parameter.fill(variables) if isinstance(parameter, Hole) else parameter
    except GraphQLError as error:
        return error.message
