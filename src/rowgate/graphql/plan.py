"""An operation → what is ready to run: each root field by what it means in the database.

What a failing root field costs is pg_graphql's rule (resolve.rs): a query loses that field, a mutation everything.
"""

from __future__ import annotations

from graphql.language import OperationType

from rowgate.graphql.call_plan import call_plan
from rowgate.graphql.call_sql import call_text
from rowgate.graphql.connection_plan import connection_plan
from rowgate.graphql.connection_sql import connection_text
from rowgate.graphql.document import Operation
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.introspection import introspected
from rowgate.graphql.key_plan import key_values, node_plan, row_of_key_plan
from rowgate.graphql.key_sql import key_text
from rowgate.graphql.limits import Limits
from rowgate.graphql.mutation_plan import mutation_plan
from rowgate.graphql.mutation_sql import mutation_statement
from rowgate.graphql.prepared import Fetched, Fixed, Part, Prepared
from rowgate.graphql.schema import ByKey, Call, Collection, Field, ObjectType, Root, Schema
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select
from rowgate.graphql.written import Writer, Written
from rowgate.postgres.statement import Access, PlanMode


def prepare(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
    """The statements of an operation, and where their columns stand in the answer.

    Raises GraphQLError with `nothing_ran` where upstream answers without `data`, or the operation costs too much.
    """
    if operation.kind is OperationType.MUTATION:
        return _mutation(operation, scope, schema, limits)
    return _query(operation, scope, schema, limits)


def _selected(operation: Operation, of: ObjectType, scope: Scope) -> tuple[Selected, ...]:
    try:
        return select(operation.selections, of, scope)
    except GraphQLError as error:
        raise GraphQLError(error.message, nothing_ran=True) from None


def _unknown(selected: Selected, of: ObjectType) -> GraphQLError:
    return GraphQLError(f'Unknown field "{selected.name}" on type {of.name}')


def _fixed_name(selected: Selected, of: ObjectType) -> Fixed:
    return Fixed(selected.key, f'"{of.name}"'.encode())


# Queries: one statement, a column per root field.


def _query(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
    selected = _selected(operation, schema.query, scope)
    if not selected:
        raise GraphQLError("Selection set must not be empty", nothing_ran=True)
    parts: list[Part] = []
    errors: list[str] = []
    columns: list[str] = []
    writer = Writer()
    cost, by_key = 0, True
    for each in selected:
        known = len(writer.parameters)
        try:
            if each.name == "__typename":
                parts.append(_fixed_name(each, schema.query))
                continue
            field = schema.query.fields.get(each.name)
            if field is None:
                raise _unknown(each, schema.query)
            if field.meaning in (Root.TYPE, Root.SCHEMA):
                parts.append(Fixed(each.key, introspected(each, schema, scope)))
                continue
            reached, sql, keys = _read(each, field, schema, scope, writer)
            by_key = by_key and len(writer.parameters) - known == keys
            parts.append(Fetched(each.key, 0, len(columns)))
            columns.append(sql)
            cost = checked_cost(cost + reached, limits)
        except GraphQLError as error:
            if error.nothing_ran:
                raise
            errors.append(error.message)
            del writer.parameters[known:]  # those of a field that is left out would have no type
    mode = PlanMode.GENERIC if by_key else PlanMode.CUSTOM
    statements = (Written(f"select {', '.join(columns)}", tuple(writer.parameters), mode),) if columns else ()
    return Prepared(
        Access.READ_ONLY,
        statements,
        tuple(parts) if parts else None,
        tuple(errors),
        pins=tuple(scope.trace.pins),
    )


def _read(selected: Selected, field: Field, schema: Schema, scope: Scope, writer: Writer) -> tuple[int, str, int]:
    """What a root field costs, its SQL, and how many of its parameters no plan depends on."""
    match field.meaning:
        case Collection():
            connection = connection_plan(selected, field, schema, scope)
            keys = key_values(connection.filter, connection.table)
            return connection.cost, connection_text(connection, writer), keys
        case ByKey():
            row = row_of_key_plan(selected, field, schema, scope)
            return row.row.cost, key_text(row, writer), len(row.row.table.key)
        case Call():
            call = call_plan(selected, field, schema, scope)
            return call.cost, call_text(call, writer), call.indifferent
    assert field.meaning is Root.NODE
    node = node_plan(selected, field, schema, scope)
    return node.row.cost, key_text(node, writer), len(node.row.table.key)


# Mutations: one statement per root field, in order.


def _mutation(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
    of = schema.mutation
    if of is None:
        return _failed("Unknown type Mutation", scope)
    selected = _selected(operation, of, scope)
    parts: list[Part] = []
    statements: list[Written] = []
    cost = 0
    if not selected:
        return _failed("Selection set must not be empty", scope)
    try:
        for each in selected:
            if each.name == "__typename":
                parts.append(_fixed_name(each, of))
                continue
            field = of.fields.get(each.name)
            if field is None:
                raise _unknown(each, of)
            reached, statement = _write(each, field, schema, scope)
            parts.append(Fetched(each.key, len(statements), 0))
            statements.append(statement)
            cost = checked_cost(cost + reached, limits)
    except GraphQLError as error:
        if error.nothing_ran:
            raise
        return _failed(error.message, scope)
    return Prepared(Access.READ_WRITE, tuple(statements), tuple(parts), pins=tuple(scope.trace.pins))


def _write(selected: Selected, field: Field, schema: Schema, scope: Scope) -> tuple[int, Written]:
    """What a root field of a mutation costs, and its statement."""
    if isinstance(field.meaning, Call):
        call = call_plan(selected, field, schema, scope)
        writer = Writer()
        sql = f"select {call_text(call, writer)}"
        mode = PlanMode.GENERIC if len(writer.parameters) == call.indifferent else PlanMode.CUSTOM
        return call.cost, Written(sql, tuple(writer.parameters), mode)
    plan = mutation_plan(selected, field, schema, scope)
    return plan.cost, mutation_statement(plan)


def _failed(message: str, scope: Scope) -> Prepared:
    return Prepared(Access.READ_WRITE, (), None, (message,), pins=tuple(scope.trace.pins))


def checked_cost(cost: int, limits: Limits) -> int:
    """The cost. Raises GraphQLError with `nothing_ran` where it is more than an operation may have."""
    if cost > limits.cost:
        raise GraphQLError(
            f"Operation may reach {cost} rows, more than the {limits.cost} that are allowed", nothing_ran=True
        )
    return cost
