"""Tables, views and their columns, as pg_class and pg_attribute have them."""

from __future__ import annotations

from typing import Any, TypeAlias

from rowgate.postgres.catalog.records import Column, QualifiedName, Relation, RelationKind

Row: TypeAlias = tuple[Any, ...]

# pg_relation_is_updatable answers with one bit per command: 4 UPDATE, 8 INSERT, 16 DELETE. Triggers count.
RELATIONS_SQL = """
select c.oid::int8, n.nspname, c.relname, c.relkind::text, u.bits & 8 = 8, u.bits & 4 = 4, u.bits & 16 = 16,
       c.relrowsecurity, c.relforcerowsecurity, r.rolname, c.relispartition,
       pg_catalog.obj_description(c.oid, 'pg_class'), c.reltype::int8
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_roles r on r.oid = c.relowner
cross join lateral (
  select case when c.relkind in ('r', 'p') then 28
              when c.relkind in ('v', 'f') then pg_catalog.pg_relation_is_updatable(c.oid, true)
              else 0 end as bits
) u
where n.nspname = any(%(read)s) and c.relkind in ('r', 'v', 'm', 'f', 'p')
order by n.nspname, c.relname
"""

# As pg_get_serial_sequence has it, but for all columns at once: sequences that go with a column (serial, identity).
# A domain's constraints, modifier and default are its own; its shape is that of the type at the bottom.
# An identity column BY DEFAULT shows the nextval() that PostgREST writes for missing=default.
COLUMNS_SQL = """
with recursive domains (oid, base, typmod) as (
  select oid, typbasetype, typtypmod from pg_catalog.pg_type where typtype = 'd'
  union all
  select d.oid, t.typbasetype, case when d.typmod = -1 then t.typtypmod else d.typmod end
  from domains d join pg_catalog.pg_type t on t.oid = d.base and t.typtype = 'd'
), bottoms as (
  select d.oid, d.base, d.typmod from domains d join pg_catalog.pg_type t on t.oid = d.base and t.typtype <> 'd'
), owned (relation, "column") as (
  select distinct o.refobjid, o.refobjsubid
  from pg_catalog.pg_sequence q
  join pg_catalog.pg_depend o on o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.objid = q.seqrelid
    and o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.deptype in ('a', 'i') and o.refobjsubid > 0
)
select c.oid::int8, a.attname, a.attnum,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       pg_catalog.format_type(b.oid, case when bn.nspname = 'pg_catalog' then null else m.typmod end),
       a.atttypid::int8, b.oid::int8,
       not (a.attnotnull or t.typtype = 'd' and t.typnotnull),
       case when a.attgenerated <> '' then null
            when a.attidentity = 'd' then pg_catalog.format('nextval(%%L)', s.objid::pg_catalog.regclass)
            when ad.adbin is null and t.typtype = 'd' then pg_catalog.pg_get_expr(t.typdefaultbin, 0)
            else pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) end,
       a.attgenerated <> '', nullif(a.attidentity::text, ''),
       a.attgenerated = '' and case when c.relkind in ('r', 'p') then true
            when c.relkind = 'm' then false
            else pg_catalog.pg_column_is_updatable(c.oid, a.attnum, true) end,
       case when b.oid in (1042, 1043) and m.typmod > 4 then m.typmod - 4
            when b.oid in (1560, 1562) and m.typmod > 0 then m.typmod end,
       b.typtype = 'c', b.typcategory = 'A',
       pg_catalog.col_description(c.oid, a.attnum),
       owned.column is not null, a.attnotnull
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
left join bottoms d on d.oid = t.oid
join pg_catalog.pg_type b on b.oid = coalesce(d.base, t.oid)
join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
cross join lateral (select case when a.atttypmod = -1 then coalesce(d.typmod, -1) else a.atttypmod end as typmod) m
left join pg_catalog.pg_attrdef ad on ad.adrelid = c.oid and ad.adnum = a.attnum
left join pg_catalog.pg_depend s on a.attidentity = 'd' and s.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and s.refobjid = c.oid and s.refobjsubid = a.attnum and s.deptype = 'i'
  and s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
left join owned on owned.relation = c.oid and owned.column = a.attnum
where n.nspname = any(%(read)s) and c.relkind in ('r', 'v', 'm', 'f', 'p')
order by c.oid, a.attnum
"""


def build_columns(rows: list[Row], enums: dict[int, tuple[str, ...]]) -> dict[int, dict[str, Column]]:
    """Columns by relation oid, in their order. `enums` are the labels by type oid."""
    columns: dict[int, dict[str, Column]] = {}
    for row in rows:
        relation, name, position, kind, base, oid, base_oid, nullable, default = row[:9]
        generated, identity, writable, max_length, composite, array, comment, serial, not_null = row[9:]
        columns.setdefault(relation, {})[name] = Column(
            name,
            position,
            kind,
            base,
            oid,
            nullable,
            default,
            generated,
            identity,
            writable,
            writable,
            max_length,
            enums.get(base_oid, ()),
            composite,
            array,
            comment,
            serial,
            not_null,
        )
    return columns


def build_relations(
    rows: list[Row], columns: dict[int, dict[str, Column]], primary_keys: dict[int, tuple[str, ...]]
) -> dict[QualifiedName, Relation]:
    """Relations by name. `primary_keys` holds column names by oid, those that views inherit included."""
    relations: dict[QualifiedName, Relation] = {}
    for row in rows:
        oid, schema, name, kind, insertable, updatable, deletable, secured, forced, owner, partition, comment = row[:-1]
        relations[schema, name] = Relation(
            schema,
            name,
            RelationKind(kind),
            columns.get(oid, {}),
            primary_keys.get(oid, ()),
            insertable,
            updatable,
            deletable,
            secured,
            forced,
            owner,
            comment,
            partition,
            oid,
            row[-1],
        )
    return relations
