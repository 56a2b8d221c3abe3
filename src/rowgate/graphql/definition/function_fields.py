"""Functions as fields of Query (stable and immutable ones) and of Mutation (volatile ones)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from rowgate.graphql.definition.connection_types import connection_arguments
from rowgate.graphql.definition.references import reference
from rowgate.graphql.entities import Function, FunctionParameter, Table
from rowgate.graphql.schema import ArgumentOf, Call, Field, InputField, Named, NonNull
from rowgate.postgres.catalog.records import QualifiedName


def function_makers(
    functions: Iterable[Function], tables: Mapping[QualifiedName, Table]
) -> dict[str, Callable[[], Field]]:
    """What makes the field of each function, by name; none for one that returns rows of a table without a type here."""
    made = ((function, _maker(function, tables)) for function in functions)
    return {function.field: maker for function, maker in made if maker is not None}


def _maker(function: Function, tables: Mapping[QualifiedName, Table]) -> Callable[[], Field] | None:
    returns = function.returns
    if returns.kind is not None:
        return partial(_value, function)
    table = None if returns.table is None else tables.get(returns.table)
    if table is None:
        return None
    return partial(_collection if returns.set_of and not returns.one_row else _row, function, table)


def _value(function: Function) -> Field:
    kind = function.returns.kind
    assert kind is not None, function
    return Field(function.field, reference(kind), _arguments(function), function.description, Call(function))


def _row(function: Function, table: Table) -> Field:
    row = Named(table.base)
    return Field(function.field, row, _arguments(function), function.description, Call(function, table))


def _collection(function: Function, table: Table) -> Field:
    arguments = {**_arguments(function), **connection_arguments(table)}
    connection = Named(f"{table.base}Connection")
    return Field(function.field, connection, arguments, function.description, Call(function, table))


def _arguments(function: Function) -> dict[str, InputField]:
    return {parameter.field: _argument(parameter) for parameter in function.parameters}


def _argument(parameter: FunctionParameter) -> InputField:
    nullable = reference(parameter.kind)
    required = NonNull(nullable) if parameter.required else nullable
    return InputField(parameter.field, required, default=parameter.default, meaning=ArgumentOf(parameter))
