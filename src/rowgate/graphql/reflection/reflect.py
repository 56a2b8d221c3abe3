"""From the catalog to what one role sees of it in GraphQL's terms.

The rules are upstream's: a schema counts when it is on the search path and the role may use it; a table when it has a
key, a name that GraphQL can spell and a column that the role may read; everything else follows from these. What lacks
only the key can still be what a function of a row gives.
"""

from __future__ import annotations

from rowgate.graphql.entities import Graph
from rowgate.graphql.reflection.directives import schema_directives
from rowgate.graphql.reflection.functions import reflect_functions
from rowgate.graphql.reflection.kinds import Kinds
from rowgate.graphql.reflection.relations import reflect_relations
from rowgate.graphql.reflection.tables import reflect_tables
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.catalog.rights import Rights


def reflect(catalog: Catalog, rights: Rights) -> Graph:
    """Everything that a role with these rights sees, tables and functions in the order of creation.

    Raises GraphQLError where a comment holds a directive that cannot be read: then nobody is served.
    """
    path = catalog.path
    schemas = {
        schema: schema_directives(path.comments.get(schema)) for schema in path.schemas if schema in rights.schemas
    }
    kinds = Kinds(path, rights, schemas)
    seen, directives = reflect_tables(path, rights, schemas, kinds)
    tables = {name: table for name, table in seen.items() if table.key}
    computed, functions = reflect_functions(path, rights, schemas, kinds, seen)
    return Graph(
        tables,
        reflect_relations(path, tables, directives),
        computed,
        functions,
        tuple(kinds.enums.values()),
        any(each.introspection for each in schemas.values()),
        {name: table for name, table in seen.items() if not table.key},
    )
