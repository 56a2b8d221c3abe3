"""Function calls → SQL. Arguments are passed by name, each cast to its parameter's type."""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through the Writer

from __future__ import annotations

from rowgate.graphql.call_plan import CallPlan
from rowgate.graphql.connection_sql import connection_text
from rowgate.graphql.entities import Scalar
from rowgate.graphql.json_text import text_sql, value_sql
from rowgate.graphql.parameter_sql import parameter_sql
from rowgate.graphql.row_sql import row_pieces
from rowgate.graphql.tree import RowPlan
from rowgate.graphql.written import Writer
from rowgate.postgres.catalog.records import Volatility
from rowgate.postgres.quoting import identifier, qualified


def call_text(plan: CallPlan, writer: Writer) -> str:
    """The text of what a call returns, as JSON; NULL where that is null or a row of nulls.

    Raises GraphQLError for what cannot be written.
    """
    call = _call(plan, writer)
    returns = plan.function.returns
    if plan.returned is None:
        return f"pg_catalog.to_json({value_sql(call, returns.kind or Scalar.OPAQUE, returns.type_oid)})::text"
    if isinstance(plan.returned, RowPlan):
        block = writer.block()
        row = text_sql(row_pieces(plan.returned, block, writer))
        first = " limit 1" if returns.set_of else ""
        return f"(select {row} from {call} {block} where not (({block}.*) is null){first})"
    if plan.function.volatility is not Volatility.VOLATILE:
        return connection_text(plan.returned, writer, source=call)
    # Counts and page bounds read the rows again, and each time a function of a FROM clause is called anew.
    rows = writer.block()
    connection = connection_text(plan.returned, writer, source=rows)
    return f"(with {rows} as materialized (select * from {call}) select {connection})"


def _call(plan: CallPlan, writer: Writer) -> str:
    arguments = ", ".join(
        f"{identifier(parameter.name)} => {parameter_sql(given, parameter.kind, parameter.sql_type, writer)}"
        for parameter, given in plan.arguments
    )
    return f"{qualified(plan.function.schema, plan.function.name)}({arguments})"
