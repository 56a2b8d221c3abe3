"""Tables, views and their columns, as one role sees them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

from rowgate.graphql.entities import Column, Scalar, Table
from rowgate.graphql.reflection.directives import SchemaDirectives, TableDirectives, column_directives, table_directives
from rowgate.graphql.reflection.kinds import CHARACTER, CHARACTER_VARYING, Kinds
from rowgate.graphql.reflection.naming import column_name, is_name, type_name
from rowgate.postgres.catalog.records import Column as SqlColumn
from rowgate.postgres.catalog.records import QualifiedName, Relation, RelationKind, SearchPath
from rowgate.postgres.catalog.rights import DELETE, INSERT, SELECT, UPDATE, Rights


def reflect_tables(
    path: SearchPath, rights: Rights, schemas: Mapping[str, SchemaDirectives], kinds: Kinds
) -> tuple[dict[QualifiedName, Table], dict[QualifiedName, TableDirectives]]:
    """The tables that the role sees, those without a key too, and what their comments say. A partitioned table is none,
    its partitions are.

    Raises GraphQLError for a comment that cannot be read, also one of a table that would not be seen.
    """
    tables: dict[QualifiedName, Table] = {}
    found: dict[QualifiedName, TableDirectives] = {}
    for relation in path.relations.values():
        if relation.schema not in schemas or relation.kind is RelationKind.PARTITIONED_TABLE:
            continue
        directives = table_directives(relation.comment)
        table = _table(
            relation, path.primary.get(relation.oid, ()), directives, schemas[relation.schema], rights, kinds
        )
        if is_name(table.base) and any(column.selectable for column in table.columns):
            tables[relation.qualified_name] = table
            found[relation.qualified_name] = directives
    return tables, found


def _table(
    relation: Relation,
    primary: tuple[str, ...],
    directives: TableDirectives,
    schema: SchemaDirectives,
    rights: Rights,
    kinds: Kinds,
) -> Table:
    oid = relation.oid
    whole = rights.tables.get(oid, 0)
    held = {each.name: rights.held(oid, each.position) for each in relation.columns.values()}
    some = reduce(or_, held.values(), 0)
    columns = {each.name: _column(each, schema, held[each.name], kinds) for each in relation.columns.values()}
    return Table(
        relation.schema,
        relation.name,
        directives.name if directives.name is not None else type_name(relation.name, schema.inflect_names),
        tuple(columns.values()),
        _key(primary, directives, columns),
        some & INSERT != 0,
        some & UPDATE != 0,
        whole & DELETE != 0,
        whole & SELECT != 0,
        directives.total_count,
        directives.aggregate,
        directives.max_rows if directives.max_rows is not None else schema.max_rows,
        directives.description,
        schema.inflect_names,
        schema.introspection,
    )


def _column(column: SqlColumn, schema: SchemaDirectives, held: int, kinds: Kinds) -> Column:
    """`held` is the sum of the role's privileges on it."""
    directives = column_directives(column.comment)
    field = directives.name if directives.name is not None else column_name(column.name, schema.inflect_names)
    kind = kinds.kind(column.type_oid)
    given = column.generated or column.serial  # by Postgres, and by nobody else
    return Column(
        column.name,
        field,
        Scalar.OPAQUE if kind is None else kind,
        column.type,
        column.type_oid,
        column.not_null,
        column.position,
        is_name(field),
        kind is None,
        held & SELECT != 0,
        not given and held & INSERT != 0,
        not given and held & UPDATE != 0,
        column.max_length if column.type_oid in (CHARACTER, CHARACTER_VARYING) else None,
        directives.description,
    )


def _key(primary: tuple[str, ...], directives: TableDirectives, columns: Mapping[str, Column]) -> tuple[Column, ...]:
    """The primary key's columns, or those that the comment declares, all of which must exist."""
    names = primary or directives.primary_key_columns or ()
    return tuple([columns[name] for name in names]) if all(name in columns for name in names) else ()
