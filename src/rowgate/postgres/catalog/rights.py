"""What a role may do with the schemas of a search path, asked in its own transaction.

The catalog is the same for everybody; which part of it a role sees is not, and hangs on memberships that no catalog
reading follows. So Postgres is asked, as the role, once for each role and catalog version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from rowgate.postgres.statement import Result, Statement

# A privilege on a table is one on each of its columns; columns are only asked about where the table's says no.
# A type without a list of its own may be used by anybody, and an array like its element.
# Schemas count wherever they are: a column's type may live off the path.
_SQL: Final = """
with here as (
  select n.oid, n.nspname from pg_catalog.pg_namespace n
  where n.nspname in (select pg_catalog.json_array_elements_text($1::json))
    and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
), tables as (
  select c.oid, pg_catalog.has_table_privilege(c.oid, 'SELECT') as reads,
         pg_catalog.has_table_privilege(c.oid, 'INSERT') as inserts,
         pg_catalog.has_table_privilege(c.oid, 'UPDATE') as updates,
         pg_catalog.has_table_privilege(c.oid, 'DELETE') as deletes
  from pg_catalog.pg_class c join here on here.oid = c.relnamespace
  where c.relkind in ('r', 'v', 'm', 'f')
), columns as (
  select t.oid, a.attnum,
         (not t.reads and pg_catalog.has_column_privilege(t.oid, a.attnum, 'SELECT'))::int
         + (not t.inserts and pg_catalog.has_column_privilege(t.oid, a.attnum, 'INSERT'))::int * 2
         + (not t.updates and pg_catalog.has_column_privilege(t.oid, a.attnum, 'UPDATE'))::int * 4 as bits
  from tables t join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  where not (t.reads and t.inserts and t.updates)
    and pg_catalog.has_any_column_privilege(t.oid, 'SELECT, INSERT, UPDATE')
)
select pg_catalog.json_build_object(
  'schemas', (select coalesce(pg_catalog.json_agg(n.nspname), '[]') from pg_catalog.pg_namespace n
              where pg_catalog.has_schema_privilege(n.oid, 'USAGE')),
  'tables', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(
               t.oid::int8, t.reads::int + t.inserts::int * 2 + t.updates::int * 4 + t.deletes::int * 8)), '[]')
             from tables t),
  'columns', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(k.oid::int8, k.attnum, k.bits)), '[]')
              from columns k where k.bits > 0),
  'routines', (select coalesce(pg_catalog.json_agg(p.oid::int8), '[]')
               from pg_catalog.pg_proc p join here on here.oid = p.pronamespace
               where pg_catalog.has_function_privilege(p.oid, 'EXECUTE')),
  'forbidden_types', (select coalesce(pg_catalog.json_agg(t.oid::int8), '[]') from pg_catalog.pg_type t
                      where t.typacl is not null and not pg_catalog.has_type_privilege(t.oid, 'USAGE')))
"""

SELECT: Final = 1
INSERT: Final = 2
UPDATE: Final = 4
DELETE: Final = 8


class Rights(msgspec.Struct, frozen=True):
    """A role's privileges on the schemas it was asked about.

    `schemas` are all it may use; `tables` and `columns` hold sums of SELECT, INSERT, UPDATE and DELETE by the table's
    oid and by (oid, attnum), the latter only what the table's own do not say; `routines` are the oids of those it may
    execute; `forbidden_types` the oids of types that it may not use.
    """

    schemas: frozenset[str] = frozenset()
    tables: Mapping[int, int] = {}
    columns: Mapping[tuple[int, int], int] = {}
    routines: frozenset[int] = frozenset()
    forbidden_types: frozenset[int] = frozenset()

    def held(self, table: int, column: int) -> int:
        """The sum of the privileges on a column (attnum), those on its whole table among them."""
        return self.tables.get(table, 0) | self.columns.get((table, column), 0)


class _Answer(msgspec.Struct, frozen=True):
    schemas: frozenset[str]
    tables: list[tuple[int, int]]
    columns: list[tuple[int, int, int]]
    routines: frozenset[int]
    forbidden_types: frozenset[int]


def rights_statement(schemas: tuple[str, ...]) -> Statement:
    """The question, to be run under the role it is about; `schemas` are those of the search path."""
    return Statement(_SQL, (msgspec.json.encode(schemas),))


def read_rights(result: Result) -> Rights:
    """The answer taken apart."""
    answer = result.rows[0][0]
    assert answer is not None
    read = msgspec.json.decode(answer, type=_Answer)
    columns = {(table, column): bits for table, column, bits in read.columns}
    return Rights(read.schemas, dict(read.tables), columns, read.routines, read.forbidden_types)
