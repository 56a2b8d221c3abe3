"""Read the whole catalog in one consistent look.

Everything runs in one read-only, repeatable-read transaction with an empty search_path, so that Postgres writes out
every name in full. No privilege is needed: what is read here lies open to any login.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from rowgate.postgres.catalog.access import GRANTS_SQL, POLICIES_SQL, build_grants, build_policies
from rowgate.postgres.catalog.functions import FUNCTIONS_SQL, build_functions
from rowgate.postgres.catalog.keys import KEYS_SQL, build_keys
from rowgate.postgres.catalog.kinds import (
    ENUMS_SQL,
    MEDIA_HANDLERS_SQL,
    REPRESENTATIONS_SQL,
    build_enums,
    build_media_handlers,
    build_representations,
    enum_labels,
)
from rowgate.postgres.catalog.records import Catalog, QualifiedName, SearchPath
from rowgate.postgres.catalog.relations import COLUMNS_SQL, RELATIONS_SQL, Row, build_columns, build_relations
from rowgate.postgres.catalog.relationships import COMPUTED_SQL, build_computed, derive_relationships
from rowgate.postgres.catalog.role_settings import ROLE_SETTINGS_SQL, build_role_settings
from rowgate.postgres.catalog.search_path import (
    FOREIGN_KEYS_SQL,
    ROUTINES_SQL,
    TYPES_SQL,
    UNIQUE_SQL,
    build_foreign_keys,
    build_path_enums,
    build_primary,
    build_routines,
    build_types,
    build_unique,
)
from rowgate.postgres.catalog.view_keys import VIEWS_SQL, build_views, primary_key_names

SCHEMA_COMMENTS_SQL = """
select nspname, pg_catalog.obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace
where nspname = any(%(read)s)
"""
TIMEZONES_SQL = "select name from pg_catalog.pg_timezone_names"


async def load(
    connection: AsyncConnection[Any], schemas: Sequence[str], extra_search_path: Sequence[str], version: int
) -> Catalog:
    """Introspect `schemas`, which REST exposes, and `extra_search_path`, which GraphQL exposes.

    `connection` is outside a transaction and is left so. A schema that does not exist is simply empty. Raises
    psycopg.Error when the database is lost or refuses.
    """
    path = tuple(dict.fromkeys(schema for schema in extra_search_path if not _is_system(schema)))
    parameters = {"schemas": list(schemas), "path": list(path), "read": list({*schemas, *path})}
    async with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("set transaction isolation level repeatable read, read only")
        await cursor.execute("set local search_path to ''")

        async def rows(sql: str) -> list[Row]:
            await cursor.execute(sql, parameters if "any(%(" in sql else None)
            return await cursor.fetchall()

        enums = await rows(ENUMS_SQL)
        relation_rows = await rows(RELATIONS_SQL)
        columns = build_columns(await rows(COLUMNS_SQL), enum_labels(enums))
        keys = build_keys(await rows(KEYS_SQL))
        views = build_views(await rows(VIEWS_SQL))
        computed = build_computed(await rows(COMPUTED_SQL))
        functions = await rows(FUNCTIONS_SQL)
        grants = build_grants(await rows(GRANTS_SQL))
        policies = build_policies(await rows(POLICIES_SQL))
        representations = build_representations(await rows(REPRESENTATIONS_SQL))
        media_handlers = build_media_handlers(await rows(MEDIA_HANDLERS_SQL))
        comments = await rows(SCHEMA_COMMENTS_SQL)
        timezones = await rows(TIMEZONES_SQL)
        role_settings = build_role_settings(await rows(ROLE_SETTINGS_SQL))
        types = build_types(await rows(TYPES_SQL))
        foreign_keys = build_foreign_keys(await rows(FOREIGN_KEYS_SQL))
        routines = build_routines(await rows(ROUTINES_SQL))
        unique = await rows(UNIQUE_SQL)
    primary_keys = primary_key_names(keys, views)
    every = build_relations(relation_rows, columns, primary_keys)
    relations = {name: one for name, one in every.items() if name[0] in schemas}
    by_age = sorted(every.values(), key=lambda one: one.oid)
    names: Mapping[QualifiedName, tuple[str, ...]] = {name: one.primary_key for name, one in relations.items()}
    return Catalog(
        version,
        connection.info.server_version,
        tuple(schemas),
        relations,
        derive_relationships(keys, views, names, computed, schemas),
        computed,
        build_functions(functions, relations),
        build_enums(enums, frozenset(schemas) | frozenset(extra_search_path)),
        policies,
        grants,
        {schema: comment for schema, comment in comments if comment is not None and schema in schemas},
        representations,
        frozenset(name for (name,) in timezones),
        media_handlers,
        role_settings,
        SearchPath(
            path,
            {one.qualified_name: one for one in by_age if one.schema in path},
            types,
            build_path_enums(enums, path),
            foreign_keys,
            routines,
            build_primary(unique),
            build_unique(unique),
            {schema: comment for schema, comment in comments if comment is not None and schema in path},
        ),
    )


def _is_system(schema: str) -> bool:
    """Postgres' own, which no search path exposes: its tables have keys, and its functions stop servers."""
    return schema == "information_schema" or schema.startswith("pg_")
