"""One row by its key → SQL."""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through the Writer

from __future__ import annotations

from rowgate.graphql.filter_sql import condition
from rowgate.graphql.json_text import text_sql
from rowgate.graphql.row_sql import row_pieces
from rowgate.graphql.tree import KeyedRow
from rowgate.graphql.written import Writer
from rowgate.postgres.quoting import qualified


def key_text(plan: KeyedRow, writer: Writer) -> str:
    """The text of the row as a JSON object, in parentheses; NULL where there is none."""
    block = writer.block()
    row = text_sql(row_pieces(plan.row, block, writer))
    where = condition(plan.key, block, writer)
    limit = "" if plan.one else " limit 1"
    return f"(select {row} from {qualified(*plan.row.table.qualified_name)} {block} where {where}{limit})"
