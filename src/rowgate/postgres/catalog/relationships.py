"""Ways to embed one relation in another, derived from foreign keys, from views over their tables, and from functions.

https://docs.postgrest.org/en/v14/references/api/resource_embedding.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rowgate.postgres.catalog.keys import ForeignKey, Keys
from rowgate.postgres.catalog.records import (
    Cardinality,
    ComputedRelationship,
    Junction,
    QualifiedName,
    Relationship,
)
from rowgate.postgres.catalog.relations import Row
from rowgate.postgres.catalog.view_keys import View, readings

# A function of one row that returns rows of a relation, in the schema of the former: one elsewhere is not exposed, or
# under another profile. ROWS 1 on a set-returning one declares it to-one.
COMPUTED_SQL = """
select sn.nspname, s.relname, tn.nspname, t.relname, pn.nspname, p.proname, not p.proretset or p.prorows = 1
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
join pg_catalog.pg_class s on s.reltype = p.proargtypes[0] and s.relkind in ('r', 'v', 'm', 'f', 'p')
join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
join pg_catalog.pg_class t on t.reltype = p.prorettype and t.relkind in ('r', 'v', 'm', 'f', 'p')
join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
where p.pronargs = 1 and p.prokind = 'f' and sn.nspname = any(%(schemas)s) and tn.nspname = any(%(schemas)s)
  and p.pronamespace = s.relnamespace
order by pn.nspname, p.proname
"""

_RANKS = {
    Cardinality.ONE_TO_MANY: 0,
    Cardinality.MANY_TO_ONE: 1,
    Cardinality.ONE_TO_ONE: 2,
    Cardinality.MANY_TO_MANY: 3,
}


def build_computed(rows: list[Row]) -> dict[QualifiedName, tuple[ComputedRelationship, ...]]:
    """Computed relationships by their source."""
    found: dict[QualifiedName, list[ComputedRelationship]] = {}
    for schema, name, to_schema, to_name, function_schema, function, to_one in rows:
        source, target = (schema, name), (to_schema, to_name)
        found.setdefault(source, []).append(
            ComputedRelationship(source, target, (function_schema, function), to_one, source == target)
        )
    return {source: tuple(relationships) for source, relationships in found.items()}


def derive_relationships(
    keys: Keys,
    views: list[View],
    primary_keys: Mapping[QualifiedName, tuple[str, ...]],
    computed: Mapping[QualifiedName, tuple[ComputedRelationship, ...]],
    schemas: Iterable[str],
) -> dict[QualifiedName, tuple[Relationship, ...]]:
    """All relationships between relations of `schemas`, by source.

    `primary_keys` are the column names of exposed relations, views included: a junction's foreign keys lie within its
    primary key. One outside of `schemas` relates nothing, but leaves its ends with an entry, be it empty: upstream
    knows them as related, and makes no guess at another relation in place of them (PGRST200's hint). A function named
    like a target (schema included) replaces what was found towards that target.
    """
    exposed = frozenset(schemas)
    primary_keys = {one.table: one.names for one in keys.primary.values()} | dict(primary_keys)
    over: dict[int, list[View]] = {}
    for view in views:
        for table in view.tables:
            over.setdefault(table, []).append(view)
    forward = [relationship for key in keys.foreign for relationship in _forward(key, over)]
    every = [*forward, *map(_inverse, forward), *_through_junctions(forward, primary_keys)]
    replaced = {(one.source, one.function) for several in computed.values() for one in several}
    found: dict[QualifiedName, list[Relationship]] = {}
    for one in every:
        if one.source[0] in exposed and one.target[0] in exposed and (one.source, one.target) not in replaced:
            several = found.setdefault(one.source, [])
            if one.junction is None or one.junction.schema in exposed:
                several.append(one)
    return {source: tuple(sorted(several, key=_order)) for source, several in found.items()}


def _forward(key: ForeignKey, over: Mapping[int, list[View]]) -> list[Relationship]:
    """A foreign key from its own side: between the tables, and from, to and between the views that show it whole.

    `over` are the views over each table, by its oid.
    """
    cardinality = Cardinality.ONE_TO_ONE if key.unique else Cardinality.MANY_TO_ONE
    sources = [(key.source.table, key.source.names, False)]
    targets = [(key.target.table, key.target.names, False)]
    for view in over.get(key.source.oid, ()):
        sources.extend((view.name, names, True) for names in readings(view, key.source))
    for view in over.get(key.target.oid, ()):
        targets.extend((view.name, names, True) for names in readings(view, key.target))
    return [
        Relationship(
            source,
            target,
            cardinality,
            key.name,
            tuple(zip(names, target_names, strict=True)),
            None,
            source == target,
            key.unique,
            from_view,
            to_view,
        )
        for source, names, from_view in sources
        for target, target_names, to_view in targets
    ]


def _inverse(one: Relationship) -> Relationship:
    """The same key from the side it refers to."""
    to_many = one.cardinality is Cardinality.MANY_TO_ONE
    return replace(
        one,
        source=one.target,
        target=one.source,
        cardinality=Cardinality.ONE_TO_MANY if to_many else one.cardinality,
        columns=tuple([(target, source) for source, target in one.columns]),
        is_parent=False,
        source_is_view=one.target_is_view,
        target_is_view=one.source_is_view,
    )


def _through_junctions(
    forward: list[Relationship], primary_keys: Mapping[QualifiedName, tuple[str, ...]]
) -> list[Relationship]:
    """Many-to-many: two foreign keys of one relation whose columns all belong to its primary key."""
    by_junction: dict[QualifiedName, list[Relationship]] = {}
    for one in forward:
        primary = primary_keys.get(one.source, ())
        if one.cardinality is Cardinality.MANY_TO_ONE and all(name in primary for name, _ in one.columns):
            by_junction.setdefault(one.source, []).append(one)
    return [
        Relationship(
            first.target,
            second.target,
            Cardinality.MANY_TO_MANY,
            first.constraint,
            (),
            Junction(*first.source, first.constraint, first.columns, second.constraint, second.columns),
            first.target == second.target,
            False,
            first.target_is_view,
            second.target_is_view,
        )
        for halves in by_junction.values()
        for first in halves
        for second in halves
        if first.constraint != second.constraint
    ]


def _order(one: Relationship) -> tuple[QualifiedName, int, QualifiedName, str, str, tuple[tuple[str, str], ...]]:
    """Upstream's order, in which an error lists the several relationships it found."""
    if (junction := one.junction) is None:
        return (one.target, _RANKS[one.cardinality], ("", ""), one.constraint, "", one.columns)
    through = (junction.schema, junction.name)
    columns = junction.source_columns + junction.target_columns
    return (one.target, _RANKS[one.cardinality], through, one.constraint, junction.target_constraint, columns)
