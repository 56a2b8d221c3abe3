"""What a role may use of a schema, asked in its own transaction, so that the answer is as new as the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from rowgate.postgres.statement import Result, Statement

# One privilege of any kind is enough, as PostgREST reads it. Partitions are reached through their parents alone.
# The types of parameters are spelled as the request's search path has it: a type on the path stands without its schema.
_SQL = """
select (
  select coalesce(pg_catalog.json_agg(c.oid::int8 order by c.oid), '[]')
  from pg_catalog.pg_class c
  where c.relnamespace = n.oid and c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition and (
    pg_catalog.pg_has_role(c.relowner, 'USAGE')
    or pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    or pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
), (
  select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(p.oid::int8, array(
      select pg_catalog.format_type(x.oid, null)
      from unnest(p.proargtypes::oid[]) with ordinality x(oid, place) order by x.place)) order by p.oid), '[]')
  from pg_catalog.pg_proc p
  where p.pronamespace = n.oid and p.prokind = 'f' and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
)
from pg_catalog.pg_namespace n where n.nspname = $1
"""


@dataclass(frozen=True, slots=True)
class Accessible:
    """`relations` by oid; `functions` by oid, with the types of their input parameters as the asking request spells
    them."""

    relations: frozenset[int]
    functions: Mapping[int, tuple[str, ...]]


def accessible_statement(schema: str) -> Statement:
    """The question, to be run under the role it is about."""
    return Statement(_SQL, (schema.encode(),))


def accessible_row(result: Result) -> tuple[bytes, bytes]:
    """The answer as it came, to tell answers apart by. A schema that does not exist is empty."""
    if not result.rows:
        return b"[]", b"[]"
    relations, functions = result.rows[0]
    assert relations is not None
    assert functions is not None
    return relations, functions


def read_accessible(row: tuple[bytes, bytes]) -> Accessible:
    """The answer taken apart."""
    relations = msgspec.json.decode(row[0], type=frozenset[int])
    functions = msgspec.json.decode(row[1], type=list[tuple[int, tuple[str, ...]]])
    return Accessible(relations, dict(functions))
