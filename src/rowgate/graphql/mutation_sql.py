"""insertInto, update and deleteFrom → SQL: one statement each, whose only value is the field's JSON.

The JSON of a record is made where the row is written (RETURNING), so that nothing but that is kept of it; what it reads
of other tables is what they were before the statement, as with pg_graphql.
"""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through the Writer

from __future__ import annotations

from rowgate.graphql.at_most import Limited, checked_sql
from rowgate.graphql.entities import Table
from rowgate.graphql.filter_sql import condition
from rowgate.graphql.given import Given
from rowgate.graphql.inserted_rows import rows_sql
from rowgate.graphql.json_text import Pieces, Sql, constant, object_of, text_sql
from rowgate.graphql.key_plan import key_values
from rowgate.graphql.mutation_plan import (
    AffectedCount,
    Assignments,
    DeletePlan,
    InsertPlan,
    MutationPlan,
    Outputs,
    UpdatePlan,
)
from rowgate.graphql.parameter_sql import parameter_sql
from rowgate.graphql.row_sql import row_pieces
from rowgate.graphql.tree import Filter, RowPlan
from rowgate.graphql.written import Writer, Written
from rowgate.postgres.quoting import identifier, qualified
from rowgate.postgres.statement import PlanMode


def mutation_statement(plan: MutationPlan) -> Written:
    """The statement of a root field; its one row has one column, the JSON as text, or null where only `__typename` was
    asked for and nothing was written. Raises GraphQLError for what cannot be written."""
    writer = Writer()
    block = writer.block()
    target = f"{qualified(*plan.table.qualified_name)} as {block}"
    match plan:
        case InsertPlan():
            write, filters = f"insert into {target} {rows_sql(plan.table, plan.rows, writer)}", False
            sql, others = _statement(write, plan.table, plan.outputs, block, writer)
        case UpdatePlan():
            filters = not key_values(plan.filter, plan.table)
            write = f"update {target} set {_set(plan.assignments, writer)}{_where(plan.filter, block, writer)}"
            sql, others = _statement(write, plan.table, plan.outputs, block, writer, Limited.UPDATE, plan.at_most)
        case DeletePlan():
            filters = not key_values(plan.filter, plan.table)
            write = f"delete from {target}{_where(plan.filter, block, writer)}"
            sql, others = _statement(write, plan.table, plan.outputs, block, writer, Limited.DELETE, plan.at_most)
    mode = PlanMode.CUSTOM if filters or others else PlanMode.GENERIC
    return Written(sql, tuple(writer.parameters), mode)


def _set(assignments: Assignments, writer: Writer) -> str:
    return ", ".join(
        f"{identifier(column.name)} = {parameter_sql(value, column.kind, column.sql_type, writer)}"
        for column, value in assignments
    )


def _where(conditions: Filter, block: str, writer: Writer) -> str:
    written = condition(conditions, block, writer)
    return f" where {written}" if written else ""


def _statement(
    write: str,
    table: Table,
    outputs: Outputs,
    block: str,
    writer: Writer,
    limited: Limited | None = None,
    at_most: Given | None = None,
) -> tuple[str, bool]:
    """The SQL, and whether what it returns of the records reads values, which may filter."""
    written = writer.block()
    known = len(writer.parameters)
    returned: list[str] = []
    pairs: list[tuple[str, Pieces]] = []
    for key, output in outputs:
        if isinstance(output, RowPlan):
            name = f"r{len(returned)}"
            returned.append(f"{text_sql(row_pieces(output, block, writer))} as {name}")
            pairs.append((key, ("[", Sql(f"pg_catalog.string_agg({written}.{name}, ',')"), "]")))
        elif isinstance(output, AffectedCount):
            pairs.append((key, (Sql("count(*)"),)))
        else:
            pairs.append((key, constant(output.text)))
    if not any(output.columns or output.whole for _, output in outputs if isinstance(output, RowPlan)):
        returned.append(f"{block}.{identifier(_readable(table))}")
    reads = len(writer.parameters) > known
    result = text_sql(object_of(pairs))
    if not any(isinstance(output, RowPlan | AffectedCount) for _, output in outputs):
        # pg_graphql reads this one of the first row that was written.
        result = f"case when count(*) > 0 then {result} end"
    if limited is not None and at_most is not None:
        result = checked_sql(limited, "count(*)", at_most, result, writer)
    return f"with {written} as ({write} returning {', '.join(returned)}) select {result} from {written}", reads


def _readable(table: Table) -> str:
    """A column to return where none is asked for. Postgres holds a write that returns no column to no SELECT policy: it
    would change, and count, rows that the role may not see. pg_graphql returns all columns, always."""
    return next(column.name for column in (*table.key, *table.columns) if column.selectable)
