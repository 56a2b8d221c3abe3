"""Rows → SQL: a row as a JSON object."""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through the Writer

from __future__ import annotations

from rowgate.graphql import connection_sql as connections  # rows have connections, whose nodes are rows
from rowgate.graphql.entities import Function, Join, Scalar, Table
from rowgate.graphql.json_text import Pieces, Sql, constant, object_of, quoted, text_sql, value
from rowgate.graphql.node_id import node_id_sql
from rowgate.graphql.operator_sql import operator_sql
from rowgate.graphql.schema import Computed, NodeId, Value
from rowgate.graphql.tree import Constant, Output, Related, RowPlan
from rowgate.graphql.written import Writer
from rowgate.postgres.quoting import identifier, qualified


def row_pieces(plan: RowPlan, block: str, writer: Writer, whole: str | None = None) -> Pieces:
    """A row as a JSON object, in pieces. `block` is an alias that has the plan's columns.

    `whole` is the row as a value of its table's type, for functions of it; without, the block's own.
    """
    row = whole or whole_sql(plan.table, block)
    return object_of([(key, _output(output, block, row, writer)) for key, output in plan.outputs])


def whole_sql(table: Table, block: str) -> str:
    """A block's row as a value of its table's type. `.*`: else a column called like the block would be meant."""
    return f"({block}.*)::{qualified(*table.qualified_name)}"


def join_sql(join: Join, table: Table, block: str, parent: str) -> str:
    """The rows of a block, of `table`, that belong to the parent's row."""
    columns = {column.name: column for column in table.columns}
    return " and ".join(
        f"{block}.{identifier(far)} {operator_sql('=', columns[far])} {parent}.{identifier(own)}" for own, far in join
    )


def call_of_row(function: Function, row: str) -> str:
    """A function of a row."""
    return f"{qualified(function.schema, function.name)}({row})"


def _output(output: Output, block: str, row: str, writer: Writer) -> Pieces:
    match output:
        case Constant():
            return constant(output.text)
        case Value(column):
            return value(f"{block}.{identifier(column.name)}", column.kind, column.type_oid)
        case NodeId():
            return quoted(node_id_sql(output.table, block))
        case Computed(function):
            returns = function.returns
            return value(call_of_row(function, row), returns.kind or Scalar.OPAQUE, returns.type_oid)
        case Related():
            return _related(output, block, row, writer)
    source = None if output.function is None else call_of_row(output.function, row)
    return (Sql(connections.connection_text(output, writer, source, block)),)


def _related(related: Related, block: str, row: str, writer: Writer) -> Pieces:
    inner = writer.block()
    one = text_sql(row_pieces(related.row, inner, writer))
    if related.function is not None:
        source = call_of_row(related.function, row)
        where = f"not (({inner}.*) is null)"  # a function that found nothing gives a row of nulls
    else:
        source = qualified(*related.row.table.qualified_name)
        where = join_sql(related.join, related.row.table, inner, block)
    return (Sql(f"coalesce((select {one} from {source} {inner} where {where}), 'null')"),)
