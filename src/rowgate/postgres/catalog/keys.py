"""Primary, unique and foreign keys of every table outside the system schemas."""

from __future__ import annotations

from dataclasses import dataclass

from rowgate.postgres.catalog.records import QualifiedName
from rowgate.postgres.catalog.relations import Row

# Columns by number, since views refer to them so; a foreign key that a partition inherits belongs to its parent.
KEYS_SQL = """
select k.contype::text, k.conname, k.conrelid::int8, n.nspname, c.relname, k.conkey::int4[],
       array(select a.attname::text from unnest(k.conkey) with ordinality x(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.number order by x.place),
       k.confrelid::int8, fn.nspname, f.relname, k.confkey::int4[],
       array(select a.attname::text from unnest(k.confkey) with ordinality x(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.number order by x.place)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_class f on f.oid = k.confrelid
left join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
where (k.contype in ('p', 'u') or k.contype = 'f' and k.conparentid = 0)
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_(catalog|toast|temp)'
order by k.conrelid, k.conname
"""


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Some columns of a table, as a key orders them: numbers (attnum) and names."""

    oid: int
    table: QualifiedName
    numbers: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `unique` says that its columns are also a key of their own table."""

    name: str
    source: TableColumns
    target: TableColumns
    unique: bool


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys; primary keys by table oid."""

    primary: dict[int, TableColumns]
    foreign: tuple[ForeignKey, ...]


def build_keys(rows: list[Row]) -> Keys:
    """Sort the rows of KEYS_SQL."""
    primary: dict[int, TableColumns] = {}
    unique: set[tuple[int, frozenset[int]]] = set()
    found: list[tuple[str, TableColumns, TableColumns]] = []
    for kind, name, oid, schema, table, numbers, names, to_oid, to_schema, to_table, to_numbers, to_names in rows:
        source = TableColumns(oid, (schema, table), tuple(numbers), tuple(names))
        if kind == "f":
            target = TableColumns(to_oid, (to_schema, to_table), tuple(to_numbers), tuple(to_names))
            found.append((name, source, target))
        else:
            unique.add((oid, frozenset(numbers)))
            if kind == "p":
                primary[oid] = source
    foreign = [
        ForeignKey(name, source, target, (source.oid, frozenset(source.numbers)) in unique)
        for name, source, target in found
    ]
    return Keys(primary, tuple(foreign))
