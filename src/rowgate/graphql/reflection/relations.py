"""Ways from table to table: foreign keys, and those that comments declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rowgate.graphql.entities import Relation, Table
from rowgate.graphql.reflection.directives import TableDirectives, constraint_directives
from rowgate.graphql.reflection.naming import to_many_name, to_one_name
from rowgate.postgres.catalog.records import QualifiedName, SearchPath


class _Key(NamedTuple):
    """A foreign key from `local` to `foreign`; `secured` says that row-level security may hide the row it refers to."""

    local: Table
    local_columns: tuple[str, ...]
    local_name: str | None
    foreign: Table
    foreign_columns: tuple[str, ...]
    foreign_name: str | None
    secured: bool


def reflect_relations(
    path: SearchPath, tables: Mapping[QualifiedName, Table], directives: Mapping[QualifiedName, TableDirectives]
) -> dict[QualifiedName, tuple[Relation, ...]]:
    """Relations by table: those of its own keys first, then those of the keys that refer to it, each in the order of
    creation, keys from comments last.

    A key counts when the role may read all its columns on both sides.
    """
    keys = [key for key in _keys(path, tables, directives) if _readable(key)]
    outgoing: dict[QualifiedName, list[Relation]] = {}
    incoming: dict[QualifiedName, list[Relation]] = {}
    for key in keys:
        outgoing.setdefault(key.local.qualified_name, []).append(_outgoing(key))
        incoming.setdefault(key.foreign.qualified_name, []).append(_incoming(key, _unique(key, path)))
    return {name: (*outgoing.get(name, ()), *incoming.get(name, ())) for name in outgoing.keys() | incoming.keys()}


def _keys(
    path: SearchPath, tables: Mapping[QualifiedName, Table], directives: Mapping[QualifiedName, TableDirectives]
) -> Iterator[_Key]:
    for key in path.foreign_keys:
        named = constraint_directives(key.comment)  # also where it relates nothing: it may be unreadable
        if key.source in tables and key.target in tables:
            yield _Key(
                tables[key.source],
                key.columns,
                named.local_name,
                tables[key.target],
                key.target_columns,
                named.foreign_name,
                path.relations[key.target].rls_enabled,
            )
    for name, table in tables.items():
        for declared in directives[name].foreign_keys:
            target = (declared.foreign_schema, declared.foreign_table)
            if target in tables and len(declared.local_columns) == len(declared.foreign_columns):
                yield _Key(
                    table,
                    declared.local_columns,
                    declared.local_name,
                    tables[target],
                    declared.foreign_columns,
                    declared.foreign_name,
                    path.relations[name].rls_enabled,  # of this side: so upstream has it
                )


def _readable(key: _Key) -> bool:
    return _selectable(key.local, key.local_columns) and _selectable(key.foreign, key.foreign_columns)


def _selectable(table: Table, names: tuple[str, ...]) -> bool:
    readable = {column.name for column in table.columns if column.name in names and column.selectable}
    return readable.issuperset(names)


def _unique(key: _Key, path: SearchPath) -> bool:
    """Whether a row is referred to once at most: a unique index has no columns but those of the key."""
    oid = path.relations[key.local.qualified_name].oid
    return any(set(key.local_columns).issuperset(columns) for columns in path.unique.get(oid, ()))


def _outgoing(key: _Key) -> Relation:
    """To the one row that the key refers to. Nullable in the schema where row-level security may hide that row."""
    other = key.foreign
    field = key.foreign_name
    if field is None:
        field = to_one_name(key.local_columns, other.base, other.inflected)
    not_null = any(column.not_null for column in key.local.columns if column.name in key.local_columns)
    return Relation(
        field,
        other.qualified_name,
        tuple(zip(key.local_columns, key.foreign_columns, strict=True)),
        True,
        not_null and not key.secured,
    )


def _incoming(key: _Key, unique: bool) -> Relation:
    """From the row that the key refers to: to the one row, or to all rows that do."""
    other = key.local
    field = key.local_name
    if field is None:
        field = to_one_name(key.foreign_columns, other.base, other.inflected) if unique else to_many_name(other.base)
    join = tuple(zip(key.foreign_columns, key.local_columns, strict=True))
    return Relation(field, other.qualified_name, join, unique)
