"""Coerced arguments as the parameters of a statement."""

from __future__ import annotations

from rowgate.graphql.entities import Kind
from rowgate.graphql.given import Given, Input
from rowgate.graphql.rendering import render_of
from rowgate.graphql.written import Writer


def parameter_sql(given: Input, kind: Kind, sql_type: str, writer: Writer, *, several: bool = False) -> str:
    """A leaf as a parameter with the cast that pg_graphql gives it: what the type cannot hold is Postgres' own error.

    `several`: a list of values of the kind, `sql_type` still being that of one. Absent is NULL.
    """
    leaf = given if isinstance(given, Given) else Given(None)
    return f"{writer.parameter(leaf, render_of(kind, several=several))}::{sql_type}{'[]' if several else ''}"
