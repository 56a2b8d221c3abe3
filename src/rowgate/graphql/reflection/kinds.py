"""Which of the dialect's types a type of Postgres is, for one role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rowgate.graphql.entities import EnumKind, Kind, ListKind, Scalar
from rowgate.graphql.reflection.directives import SchemaDirectives, enum_directives
from rowgate.graphql.reflection.naming import type_name
from rowgate.postgres.catalog.records import Enum, SearchPath, Type, TypeCategory
from rowgate.postgres.catalog.rights import Rights

CHARACTER: Final = 1042
CHARACTER_VARYING: Final = 1043

# By oid, as pg_type.dat has them. Domains have oids of their own and are opaque, as upstream leaves them.
_SCALARS: Final[Mapping[int, Scalar]] = {
    16: Scalar.BOOLEAN,
    18: Scalar.STRING,  # "char"
    20: Scalar.BIG_INT,
    21: Scalar.INT,
    23: Scalar.INT,
    25: Scalar.STRING,
    114: Scalar.JSON,
    700: Scalar.FLOAT,
    701: Scalar.FLOAT,
    CHARACTER: Scalar.STRING,
    CHARACTER_VARYING: Scalar.STRING,
    1082: Scalar.DATE,
    1083: Scalar.TIME,
    1114: Scalar.DATETIME,
    1184: Scalar.DATETIME,
    1700: Scalar.BIG_FLOAT,
    2950: Scalar.UUID,
    3802: Scalar.JSON,
}


class Kinds:
    """The kinds of a search path's types. `enums` are those that the role may use, by oid."""

    def __init__(self, path: SearchPath, rights: Rights, schemas: Mapping[str, SchemaDirectives]) -> None:
        self._path = path
        self._rights = rights
        self.enums = {
            enum.oid: _enum_kind(enum, schemas[enum.schema])
            for enum in path.enums.values()
            if enum.schema in schemas and enum.oid not in rights.forbidden_types
        }
        self._known: dict[int, Kind | None] = {}

    def type(self, oid: int) -> Type | None:
        """The type, where the role may use the schema that it lives in."""
        found = self._path.types.get(oid)
        return found if found is not None and found.schema in self._rights.schemas else None

    def kind(self, oid: int) -> Kind | None:
        """The kind of a type; None for rows, composites and pseudo-types, and for what the role may not know of."""
        if oid not in self._known:
            found = self.type(oid)
            self._known[oid] = None if found is None else self._kind(found)
        return self._known[oid]

    def _kind(self, of: Type) -> Kind | None:
        match of.category:
            case TypeCategory.OTHER:
                # Extensions' types have no fixed oid.
                return Scalar.STRING if of.name == "citext" else _SCALARS.get(of.oid, Scalar.OPAQUE)
            case TypeCategory.ENUM:
                return self.enums.get(of.oid, Scalar.OPAQUE)
            case TypeCategory.ARRAY:
                return self._list(of.element)
        return None

    def _list(self, element: int | None) -> ListKind | None:
        if element is None or element in self._rights.forbidden_types:
            return None
        found = self.type(element)
        if found is None:
            return ListKind(Scalar.OPAQUE)
        item = None if found.category is TypeCategory.ARRAY else self.kind(element)  # a domain may stand between
        return None if item is None or isinstance(item, ListKind) else ListKind(item)


def _enum_kind(enum: Enum, schema: SchemaDirectives) -> EnumKind:
    directives = enum_directives(enum.comment)
    base = directives.name if directives.name is not None else type_name(enum.name, schema.inflect_names)
    labels = tuple([(label, directives.mappings.get(label, label)) for label in enum.labels])
    mapped = any(label != value for label, value in labels)
    return EnumKind(enum.schema, enum.name, base, labels, mapped, schema.introspection)
