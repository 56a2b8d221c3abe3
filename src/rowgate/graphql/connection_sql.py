"""Connections → SQL: first a page of rows, ordered, limited, with the columns that are needed, then the JSON of them.

What is not asked for is not computed: counts and aggregates have subqueries of their own, whether there is a next page
is seen by one row more of the same scan, and whether there is a previous one by a look beyond the cursor.
"""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through the Writer

from __future__ import annotations

from collections.abc import Sequence

from rowgate.graphql import row_sql as rows  # rows have connections, whose nodes are rows
from rowgate.graphql.cursor import Bounds, cursor_sql
from rowgate.graphql.entities import Column, Scalar
from rowgate.graphql.filter_sql import condition
from rowgate.graphql.json_text import Pieces, Sql, any_value, constant, object_of, quoted, text_sql
from rowgate.graphql.rendering import text
from rowgate.graphql.tree import (
    Aggregate,
    ConnectionPlan,
    Constant,
    EdgeCursor,
    Edges,
    Measure,
    Ordering,
    PageField,
    PageInfo,
    Part,
    RowPlan,
    TotalCount,
)
from rowgate.graphql.written import Writer
from rowgate.postgres.quoting import identifier, qualified


def connection_text(plan: ConnectionPlan, writer: Writer, source: str | None = None, parent: str | None = None) -> str:
    """The text of a connection as a JSON object, in parentheses.

    `source` is another FROM item than the table, such as a function call; `parent` the block of the row above.
    Raises GraphQLError for what cannot be written.
    """
    return _Connection(plan, writer, source, parent).text()


class _Connection:
    def __init__(self, plan: ConnectionPlan, writer: Writer, source: str | None, parent: str | None) -> None:
        self._plan = plan
        self._writer = writer
        self._page = writer.block()
        self._block = writer.block()  # of the table, in each of the subqueries that read it
        self._called = source is not None
        self._source = f"{source or qualified(*plan.table.qualified_name)} {self._block}"
        self._asked = {field for _, part in plan.outputs if isinstance(part, PageInfo) for _, field in part.outputs}
        # What a function makes up may be null where the table's own rows never are.
        order = tuple(each.anywhere for each in plan.order) if self._called else plan.order
        self._order = tuple(each.reversed for each in order) if plan.backward else order
        self._terms, self._bounds = self._conditions(parent)
        names = {column.name for column in plan.table.columns}
        self._number, self._rows, self._whole = (_other_than(names, name) for name in ("n", "rows", "row"))

    def _conditions(self, parent: str | None) -> tuple[list[str], Bounds | None]:
        """What restricts the rows, and the page. It is written, and refused, in any case; its parameters stay only
        where it is read, since Postgres knows no type of others."""
        plan, writer = self._plan, self._writer
        joined = rows.join_sql(plan.join, plan.table, self._block, parent) if plan.join and parent is not None else ""
        known = len(writer.parameters)
        terms = [each for each in (joined, condition(plan.filter, self._block, writer)) if each]
        if not (self._reads_page or self._counts):
            del writer.parameters[known:]
        known = len(writer.parameters)
        bounds = None if plan.cursor is None else Bounds(plan.cursor, self._order, self._block, writer)
        if not self._reads_page:
            del writer.parameters[known:]
        return terms, bounds

    def text(self) -> str:
        json = text_sql(object_of([(key, self._part(part)) for key, part in self._plan.outputs]))
        if self._reads_page:
            return f"(select {json} from ({self._page_sql()}) {self._page})"
        if self._called and not self._counts:  # a function is called whatever is asked of its rows
            return f"(select {json} from ({self._select('count(*)', ())}) {self._page})"
        return f"(select {json})"

    # What is asked for.

    @property
    def _counts(self) -> bool:
        """Whether all rows are looked at that pass the filter."""
        return any(isinstance(part, TotalCount | Aggregate) for _, part in self._plan.outputs)

    @property
    def _reads_page(self) -> bool:
        edges = any(isinstance(part, Edges) for _, part in self._plan.outputs)
        return edges or self._cursors or self._beyond or self._back

    @property
    def _beyond(self) -> bool:
        """Whether one row more than the page is read, to see that there is one."""
        return (PageField.PREVIOUS if self._plan.backward else PageField.NEXT) in self._asked

    @property
    def _back(self) -> bool:
        """Whether it is looked for rows on the other side of the cursor. Without one the page begins with the first
        row there is, and behind an offset there is always another: pg_graphql looks no closer."""
        field = PageField.NEXT if self._plan.backward else PageField.PREVIOUS
        plan = self._plan
        return field in self._asked and plan.limit > 0 and plan.cursor is not None and plan.offset is None

    @property
    def _cursors(self) -> bool:
        return not self._asked.isdisjoint((PageField.START, PageField.END))

    @property
    def _numbered(self) -> bool:
        return self._beyond or self._cursors or self._plan.backward

    # The page.

    def _page_sql(self) -> str:
        plan = self._plan
        names = list(dict.fromkeys(self._needed()))
        whole = any(each.whole for each in self._nodes())
        columns = [f"{self._block}.{identifier(name)}" for name in names]
        if whole:
            columns.append(f"{rows.whole_sql(plan.table, self._block)} as {identifier(self._whole)}")
        sql = self._select(", ".join(columns), self._terms + ([self._bounds.beyond()] if self._bounds else []))
        sql += f" order by {', '.join(order_sql(each, self._block) for each in self._order)}"
        sql += f" limit {plan.limit + self._beyond}"
        if plan.offset is not None:
            sql += f" offset {self._writer.parameter(plan.offset, text)}::bigint"
        if not self._numbered:
            return sql
        inner = self._writer.block()
        columns = [f"{inner}.{identifier(name)}" for name in [*names, *([self._whole] if whole else [])]]
        columns.append(f"row_number() over () as {identifier(self._number)}")
        if self._cursors:
            columns.append(f"count(*) over () as {identifier(self._rows)}")
        return f"select {', '.join(columns)} from ({sql}) {inner}"

    def _nodes(self) -> list[RowPlan]:
        return [
            each
            for _, part in self._plan.outputs
            if isinstance(part, Edges)
            for _, each in part.outputs
            if isinstance(each, RowPlan)
        ]

    def _needed(self) -> list[str]:
        names = [name for each in self._nodes() for name in each.columns]
        edges = (each for _, part in self._plan.outputs if isinstance(part, Edges) for _, each in part.outputs)
        if self._cursors or any(isinstance(each, EdgeCursor) for each in edges):
            names += [each.column.name for each in self._plan.order]
        return names

    def _select(self, columns: str, terms: Sequence[str]) -> str:
        where = f" where {' and '.join(terms)}" if terms else ""
        return f"select {columns} from {self._source}{where}"

    # The JSON.

    def _part(self, part: Part) -> Pieces:
        match part:
            case Edges():
                return self._edges(part)
            case PageInfo():
                return object_of([(key, self._page_field(field)) for key, field in part.outputs])
            case TotalCount():
                return (Sql(f"({self._select('count(*)', self._terms)})"),)
            case Aggregate():
                json = text_sql(object_of([(key, _aggregated(output, self._block)) for key, output in part.outputs]))
                # `having` makes it one row where nothing is aggregated: a __typename alone, or all of it skipped.
                return (Sql(f"({self._select(json, self._terms)} having true)"),)
        return constant(part.text)

    def _edges(self, edges: Edges) -> Pieces:
        number = f"{self._page}.{identifier(self._number)}"
        one = text_sql(object_of([(key, self._edge(output)) for key, output in edges.outputs]))
        order = f" order by {number} desc" if self._plan.backward else ""
        inside = f" filter (where {number} <= {self._plan.limit})" if self._beyond else ""
        return ("[", Sql(f"pg_catalog.string_agg({one}, ','{order}){inside}"), "]")

    def _edge(self, output: EdgeCursor | RowPlan | Constant) -> Pieces:
        match output:
            case EdgeCursor():
                return quoted(cursor_sql(self._plan.order, self._page))
            case RowPlan():
                whole = f"{self._page}.{identifier(self._whole)}" if output.whole else None
                return rows.row_pieces(output, self._page, self._writer, whole)
        return constant(output.text)

    def _page_field(self, field: PageField | Constant) -> Pieces:
        plan = self._plan
        match field:
            case Constant():
                return constant(field.text)
            case PageField.START | PageField.END:
                number, rows = (f"{self._page}.{identifier(each)}" for each in (self._number, self._rows))
                last = f"least({rows}, {plan.limit})" if self._beyond else rows
                wanted = "1" if (field is PageField.START) != plan.backward else last
                inside = f"{number} = {wanted}" if plan.limit else "false"
                return any_value(f"pg_catalog.max({cursor_sql(plan.order, self._page)}) filter (where {inside})")
        if (field is PageField.PREVIOUS) == plan.backward:
            return (Sql(f"(count(*) > {plan.limit})::text"),)
        if not self._back or self._bounds is None:
            return ("false",) if plan.offset is None else ("true",)
        # In order, and not just whether there is one: an index leads to the row next to the cursor, while EXISTS would
        # take the first that it meets, and read half of a table that lies the other way round to meet it.
        beside = self._select("true", [*self._terms, self._bounds.before()])
        order = ", ".join(order_sql(each.reversed, self._block) for each in self._order)
        return (Sql(f"(count(*) > 0 and coalesce(({beside} order by {order} limit 1), false))::text"),)


def order_sql(order: Ordering, block: str) -> str:
    """A sort key. The place of nulls is left out where there are none: any index on the column serves then."""
    sql = f"{block}.{identifier(order.column.name)}{' desc' if order.descending else ''}"
    if order.column.not_null or order.nulls_first == order.descending:  # Postgres' own default
        return sql
    return f"{sql} nulls {'first' if order.nulls_first else 'last'}"


def _aggregated(output: Measure | TotalCount | Constant, block: str) -> Pieces:
    match output:
        case TotalCount():
            return (Sql("count(*)"),)
        case Measure():
            return object_of([(key, _measured(output.function, column, block)) for key, column in output.outputs])
    return constant(output.text)


def _measured(function: str, column: Column | Constant, block: str) -> Pieces:
    if isinstance(column, Constant):
        return constant(column.text)
    sql = f"{block}.{identifier(column.name)}"
    if column.kind is Scalar.BOOLEAN:  # which min and max do not take
        function = {"min": "bool_and", "max": "bool_or"}.get(function, function)
    if "." not in column.sql_type:  # an extension's type, citext, has its own, wherever that is
        function = f"pg_catalog.{function}"
    return any_value(f"{function}({sql}::numeric)" if function.endswith("avg") else f"{function}({sql})")


def _other_than(names: set[str], name: str) -> str:
    while name in names:
        name += "_"
    return name
