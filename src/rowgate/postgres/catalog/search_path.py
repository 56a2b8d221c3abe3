"""What GraphQL needs to know of the schemas on the extra search path, beside relations and their columns."""

from __future__ import annotations

from collections.abc import Collection

from rowgate.postgres.catalog.records import Argument, Enum, ForeignKey, Routine, Type, TypeCategory, Volatility
from rowgate.postgres.catalog.relations import Row

# An array's element is followed once: an array of arrays does not exist, and one of a domain over an array is rare.
# pg_type says of a domain what it says of its base, but for the relation.
TYPES_SQL = """
with used (oid) as (
  select a.atttypid
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where n.nspname = any(%(path)s) and c.relkind in ('r', 'v', 'm', 'f')
  union
  select x.oid
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  cross join lateral (select p.prorettype union select unnest(p.proargtypes::oid[])) x(oid)
  where n.nspname = any(%(path)s)
), every (oid) as (
  select oid from used
  union
  select t.typelem from used join pg_catalog.pg_type t using (oid) where t.typcategory = 'A' and t.typelem <> 0
)
select t.oid::int8, n.nspname, t.typname,
       case when t.typcategory = 'A' then 'array'
            when t.typcategory = 'E' then 'enum'
            when t.typcategory = 'P' then 'pseudo'
            when c.relkind in ('r', 'v', 'm', 'f', 'p') then 'row'
            when c.relkind = 'c' then 'composite'
            else 'other' end,
       nullif(t.typelem, 0)::int8, c.oid::int8
from every
join pg_catalog.pg_type t using (oid)
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
"""

# Those of partitions too, which are tables of their own on the path.
FOREIGN_KEYS_SQL = """
select k.conname, n.nspname, c.relname,
       array(select a.attname::text from unnest(k.conkey) with ordinality x(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.number order by x.place),
       fn.nspname, f.relname,
       array(select a.attname::text from unnest(k.confkey) with ordinality x(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.number order by x.place),
       pg_catalog.obj_description(k.oid, 'pg_constraint')
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class f on f.oid = k.confrelid
join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
where k.contype = 'f' and n.nspname = any(%(path)s) and fn.nspname = any(%(path)s)
order by k.oid
"""

# Everything by a name counts as its overload, procedures and aggregates too.
ROUTINES_SQL = """
select p.oid::int8, n.nspname, p.proname, coalesce(p.proargnames, '{}')::text[], p.proargtypes::int8[],
       array(select pg_catalog.format_type(x.oid, null)
             from unnest(p.proargtypes::oid[]) with ordinality x(oid, place) order by x.place),
       coalesce(p.proargmodes::text[], '{}'),
       p.prorettype::int8, pg_catalog.format_type(p.prorettype, null), p.proretset, p.prorows::float8,
       p.provolatile::text, p.pronargdefaults, pg_catalog.pg_get_expr(p.proargdefaults, 0), p.prokind = 'f',
       pg_catalog.obj_description(p.oid, 'pg_proc')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = any(%(path)s)
order by p.oid
"""

# What an index INCLUDEs does not make it unique; what an expression makes unique is no column.
UNIQUE_SQL = """
select i.indrelid::int8, i.indisprimary,
       array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality x(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.number
             where x.place <= i.indnkeyatts order by x.place)
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%(path)s) and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
order by i.indexrelid
"""


def build_types(rows: list[Row]) -> dict[int, Type]:
    """Types by oid."""
    return {
        oid: Type(oid, schema, name, TypeCategory(category), element, relation)
        for oid, schema, name, category, element, relation in rows
    }


def build_path_enums(rows: list[Row], path: Collection[str]) -> dict[int, Enum]:
    """Of the rows of ENUMS_SQL, those of the path, by oid and in the order of creation."""
    return {
        oid: Enum(oid, schema, name, tuple(labels), comment)
        for oid, schema, name, labels, comment in sorted(rows, key=lambda row: int(row[0]))
        if schema in path
    }


def build_foreign_keys(rows: list[Row]) -> tuple[ForeignKey, ...]:
    """Foreign keys in the order of creation."""
    return tuple(
        [
            ForeignKey(name, (schema, table), tuple(columns), (to_schema, to_table), tuple(to_columns), comment)
            for name, schema, table, columns, to_schema, to_table, to_columns, comment in rows
        ]
    )


def build_routines(rows: list[Row]) -> tuple[Routine, ...]:
    """Routines in the order of creation."""
    found: list[Routine] = []
    for row in rows:
        oid, schema, name, names, types, type_names, modes, returns, return_type, set_of, estimate = row[:11]
        volatility, defaulted, defaults, is_function, comment = row[11:]
        if modes:  # names are of all parameters, types of those that take something in
            names = [each for each, mode in zip(names, modes, strict=False) if mode in "ibv"]
        names = names or [""] * len(types)
        arguments = [Argument(*each) for each in zip(names, types, type_names, strict=True)]
        found.append(
            Routine(
                oid,
                schema,
                name,
                tuple(arguments),
                returns,
                return_type,
                set_of,
                estimate,
                Volatility(volatility),
                defaulted,
                defaults,
                is_function,
                comment,
            )
        )
    return tuple(found)


def build_unique(rows: list[Row]) -> dict[int, tuple[tuple[str, ...], ...]]:
    """Columns of unique indexes by the relation's oid."""
    found: dict[int, list[tuple[str, ...]]] = {}
    for oid, _, columns in rows:
        found.setdefault(oid, []).append(tuple(columns))
    return {oid: tuple(several) for oid, several in found.items()}


def build_primary(rows: list[Row]) -> dict[int, tuple[str, ...]]:
    """Of the same rows, the columns of primary keys by the table's oid."""
    return {oid: tuple(columns) for oid, primary, columns in rows if primary}
