"""Inserts, updates and deletes → SQL, with RETURNING for what the answer needs."""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through Parameters

from __future__ import annotations

from collections.abc import Sequence

from rowgate.postgres.catalog.records import Column
from rowgate.postgres.quoting import identifier, literal, qualified
from rowgate.rest.filter_sql import name_sql
from rowgate.rest.mutation_plan import Insert, Mutation, Update
from rowgate.rest.parameters import Parameters
from rowgate.rest.select_sql import conditions_sql
from rowgate.rest.syntax import Payload, Resolution

BODY = "pgrst_body"  # the alias of the payload's rows
INSERTED = "rowgate.inserted"  # a transaction-local setting: how many rows of an upsert were new


def mutation_sql(mutation: Mutation, parameters: Parameters) -> str:
    """The write itself, to stand in a WITH query."""
    if isinstance(mutation, Insert):
        return _insert(mutation, parameters)
    if isinstance(mutation, Update):
        return _update(mutation, parameters)
    table = qualified(*mutation.relation.qualified_name)
    where = conditions_sql(mutation.conditions, table, parameters)
    return f"delete from {table}{f' where {where}' if where else ''} {_returning(table, mutation.returning)}"


def counts_inserted(mutation: Mutation) -> bool:
    """Whether the statement counts the rows an upsert inserted: its status depends on it."""
    return isinstance(mutation, Insert) and mutation.resolution is Resolution.MERGE_DUPLICATES


def _insert(insert: Insert, parameters: Parameters) -> str:
    table = qualified(*insert.relation.qualified_name)
    returning = _returning(table, insert.returning)
    columns = ", ".join(identifier(column.name) for column in insert.columns)
    merge = insert.resolution is Resolution.MERGE_DUPLICATES
    if insert.columns:
        source = _payload_rows(insert, parameters)
        values = ", ".join(f"{BODY}.{identifier(column.name)}" for column in insert.columns)
        sql = f"insert into {table}({columns}) select {values} from {source}"
    elif insert.payload.is_array:
        # Objects without a member: one row of defaults for each
        sql = f"insert into {table} select from json_array_elements({parameters.body()})"
    else:
        sql = f"insert into {table} select from (values (1)) {BODY}"
    conditions = [_count_one("+")] if merge else []
    if insert.conditions:
        conditions.append(conditions_sql(insert.conditions, BODY, parameters))
    if conditions:
        sql += f" where {' and '.join(conditions)}"
    if insert.conflict and insert.resolution is not None:
        sql += f" on conflict({', '.join(name_sql(name) for name in insert.conflict)}) do {_on_conflict(insert)}"
    return f"{sql} {returning}"


def _on_conflict(insert: Insert) -> str:
    if insert.resolution is Resolution.IGNORE_DUPLICATES or not insert.columns:
        return "nothing"
    names = [identifier(column.name) for column in insert.columns]
    return f"update set {', '.join(f'{name} = excluded.{name}' for name in names)} where {_count_one('-')}"


def _count_one(sign: str) -> str:
    """True for every row, and one more or less in the transaction's count.

    Row marks such as xmax would be cheaper, but a view has none and reading them asks for SELECT on the whole table.
    """
    counted = f"coalesce(nullif(current_setting('{INSERTED}', true), '')::int, 0) {sign} 1"
    return f"set_config('{INSERTED}', ({counted})::text, true) is not null"


def _update(update: Update, parameters: Parameters) -> str:
    table = qualified(*update.relation.qualified_name)
    if not update.columns:
        # Nothing to set: no row is touched, and the answer has the columns it would have had
        columns = ", ".join(f"{table}.{name_sql(name) if name != '*' else '*'}" for name in update.returning) or "null"
        return f"select {columns} from {table} where false"
    source = _payload_rows(update, parameters)
    if update.payload.is_array:
        source = f"(select * from {source} limit 1) {BODY}"
    sets = ", ".join(f"{identifier(column.name)} = {BODY}.{identifier(column.name)}" for column in update.columns)
    sql = f"update {table} set {sets} from {source}"
    if where := conditions_sql(update.conditions, table, parameters):
        sql += f" where {where}"
    return f"{sql} {_returning(table, update.returning)}"


def _payload_rows(write: Insert | Update, parameters: Parameters) -> str:
    """The payload as rows named pgrst_body, each member read as its column's own type, or from its own wire form."""
    payload, readers = write.payload, dict(write.readers)
    typed = ", ".join(
        f"{identifier(each.name)} {'json' if each.name in readers else each.type}" for each in write.columns
    )
    rows = _records(payload, write.columns, write.defaults, f"{BODY}({typed})", parameters)
    if not readers:
        return rows
    read = (
        f"{readers[each.name]}({BODY}.{name}) as {name}" if each.name in readers else f"{BODY}.{name}"
        for each in write.columns
        for name in (identifier(each.name),)
    )
    return f"(select {', '.join(read)} from {rows}) {BODY}"


def _records(payload: Payload, columns: Sequence[Column], defaults: bool, alias: str, parameters: Parameters) -> str:
    body = parameters.body()
    if not defaults:
        return f"json_to_record{'set' if payload.is_array else ''}({body}) as {alias}"
    # A member that is absent takes the column's default; one that is null stays null.
    given = ", ".join(f"{literal(column.name)}, {column.default}" for column in columns if column.default is not None)
    filled = f"jsonb_build_object({given})"
    if not payload.is_array:
        return f"jsonb_to_record({filled} || {body}::jsonb) as {alias}"
    return f"jsonb_array_elements({body}) pgrst_element, jsonb_to_record({filled} || pgrst_element) as {alias}"


def _returning(table: str, names: tuple[str, ...]) -> str:
    """`returning 1` reads no column, so it needs no SELECT privilege and no SELECT policy."""
    if not names:
        return "returning 1"
    return "returning " + ", ".join(f"{table}.*" if name == "*" else f"{table}.{name_sql(name)}" for name in names)
