"""The read tree → SQL.

Embeds are subqueries in the select list, not lateral joins: Postgres evaluates them after ORDER BY and LIMIT, so a page
of ten costs ten lookups however many rows were sorted. `!inner` and null filters are EXISTS, which the planner can turn
into semi- and anti-joins and start from either side. Only a spread, whose columns are its parent's, is a lateral join,
and a table that rows are sorted by is joined for that (20,000 rows by one of 1,000, the first ten: 21 ms, 105 by a
subquery for each row).
"""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through Parameters

from __future__ import annotations

from msgspec.structs import replace

from rowgate.postgres.catalog.records import Relationship
from rowgate.postgres.quoting import identifier, qualified
from rowgate.rest.call_sql import call_source
from rowgate.rest.filter_sql import cast_sql, field_sql, filter_sql, name_sql
from rowgate.rest.parameters import Parameters
from rowgate.rest.syntax import Range, Window
from rowgate.rest.tree import (
    Computed,
    Embed,
    Field,
    FieldFilter,
    Node,
    NodeCondition,
    Order,
    Output,
    Presence,
    SpreadColumn,
    Table,
    Written,
)

ROW = "pgrst_row"  # the alias of the rows that become JSON
WRITTEN = "pgrst_source"  # the WITH query that holds what a write returned


def select_sql(
    node: Node,
    parameters: Parameters,
    parent: str | None = None,
    embed: Embed | None = None,
    *,
    jsonb: bool = False,
) -> str:
    """The SELECT of a node; below another node it is correlated with `parent` (quoted) by `embed`'s relationship.

    `jsonb`: embeds are of that type, as all of upstream's are. It has the equality that grouping needs, and its own
    spelling of a text where rows are written as text; json is cheaper where neither matters.
    """
    alias = identifier(node.alias)
    grouped = node.aggregated
    jsonb = jsonb or grouped
    items = [_output_sql(alias, output, parameters) for output in node.outputs]
    group = [index for index, output in enumerate(node.outputs, 1) if not output.aggregate] if grouped else []
    joins = ""
    for below in node.embeds:
        if below.spread:
            joins += _spread_join(below, alias, parameters, jsonb=jsonb)
            for column in below.columns:
                items.append(_spread_column(below, column))
                if grouped and not column.aggregate:
                    group.append(len(items))
        elif not below.node.answers_nothing:
            value = _embed_value(below, alias, parameters)
            items.append(f"({value}){'::jsonb' if jsonb else ''} as {name_sql(below.name)}")
            if grouped:
                group.append(len(items))
    for at in dict.fromkeys(term.embed for term in node.order):
        if at is not None and _sorts_joined(node, node.embeds[at]):
            joins += _sorting_join(node.embeds[at], alias, parameters)
    sql = f"select {', '.join(items)} from {_from(node, embed, parent, parameters)}{joins}"
    if where := _where(node, parameters, parent, embed):
        sql += f" where {where}"
    if group:
        sql += f" group by {', '.join(map(str, group))}"
    if node.order:
        sql += f" order by {', '.join(_order_sql(node, alias, term, parameters) for term in node.order)}"
    return sql + range_sql(node.range)


def count_sql(node: Node, parameters: Parameters) -> str:
    """A SELECT of one constant per root row, whatever its range."""
    return _exists_select(node, parameters, None, None)


def range_sql(rows: Range | Window) -> str:
    """LIMIT and OFFSET as integers in the text: as parameters they cost a generic plan (measured: +43 % CPU)."""
    sql = "" if rows.limit is None else f" limit {rows.limit}"
    return f"{sql} offset {rows.offset}" if rows.offset else sql


def _exists_select(node: Node, parameters: Parameters, parent: str | None, embed: Embed | None) -> str:
    if embed is not None:
        node = _renamed(node, parent)
    sql = f"select 1 from {_from(node, embed, parent, parameters)}"
    where = _where(node, parameters, parent, embed, spreads=True)
    sql = f"{sql} where {where}" if where else sql
    if embed is None or isinstance(node.range, Window):  # a window is the top level's alone
        return sql
    # Of an embed those rows count that it shows. A limit above none is no matter, and would stand in a semi-join's way.
    return sql + range_sql(Range(node.range.offset, 0 if node.range.limit == 0 else None))


def _renamed(node: Node, parent: str | None) -> Node:
    """The node under another alias: a plan then shows the embed's own rows, read beside, under the name they have."""
    alias = f"{node.alias}_"
    while identifier(alias) == parent:
        alias += "_"
    return replace(node, alias=alias)


def _always_one(node: Node) -> bool:
    """Whether the rows of a node are one, made by aggregates alone, also of no rows at all."""
    return (
        (node.aggregated or bool(node.outputs))
        and all(_aggregates(output) for output in node.outputs)
        and all(
            all(column.aggregate for column in each.columns) if each.spread else each.node.answers_nothing
            for each in node.embeds
        )
    )


def _aggregates(output: Output) -> bool:
    """`count` as a column is an aggregate, too, where there is none of that name: Postgres reads it as count(row)."""
    field = output.field
    return bool(output.aggregate) or (field is not None and field == Field("count"))


def _from(node: Node, embed: Embed | None, parent: str | None, parameters: Parameters) -> str:
    alias = identifier(node.alias)
    source = node.source
    if isinstance(source, Table):
        sql = qualified(*source.name)
        if node.alias != source.name[1]:
            sql += f" {alias}"
    elif isinstance(source, Written):
        sql = f"{WRITTEN} {alias}"
    elif isinstance(source, Computed):
        relationship = source.relationship
        # `.*`: without it, a column of this name in scope, the parent's own or a spread's, would be meant
        sql = f"{qualified(*relationship.function)}(({parent}.*)::{qualified(*relationship.source)}) {alias}"
    else:
        sql = call_source(source, alias, parameters)
    if embed is not None and isinstance(embed.relationship, Relationship) and embed.relationship.junction is not None:
        junction = embed.relationship.junction
        via = identifier(embed.junction_alias)
        on = (f"{via}.{identifier(near)} = {alias}.{identifier(far)}" for near, far in junction.target_columns)
        sql += f" join {qualified(junction.schema, junction.name)} {via} on {' and '.join(on)}"
    return sql


def _where(
    node: Node, parameters: Parameters, parent: str | None, embed: Embed | None, *, spreads: bool = False
) -> str:
    """`spreads`: an inner spread counts as a condition; where it is joined, the join itself is."""
    alias = identifier(node.alias)
    terms = _join_conditions(alias, parent, embed)
    terms += [_condition_sql(node, alias, condition, parameters) for condition in node.conditions]
    terms += [
        f"exists ({_exists_select(each.node, parameters, alias, each)})"
        for each in node.embeds
        if each.inner and (spreads or not each.spread) and not _always_one(each.node)
    ]
    return " and ".join(terms)


def _join_conditions(alias: str, parent: str | None, embed: Embed | None) -> list[str]:
    if embed is None or not isinstance(embed.relationship, Relationship):
        return []
    if embed.relationship.junction is not None:
        via = identifier(embed.junction_alias)
        pairs = embed.relationship.junction.source_columns
        return [f"{via}.{identifier(near)} = {parent}.{identifier(own)}" for near, own in pairs]
    return [f"{alias}.{identifier(far)} = {parent}.{identifier(own)}" for own, far in embed.relationship.columns]


def _condition_sql(node: Node, alias: str, condition: NodeCondition, parameters: Parameters) -> str:
    if isinstance(condition, FieldFilter):
        return filter_sql(alias, condition.field, condition.filter, parameters)
    if isinstance(condition, Presence):
        below = node.embeds[condition.embed]
        if _always_one(below.node):
            return "true" if condition.present else "false"
        exists = f"exists ({_exists_select(below.node, parameters, alias, below)})"
        return exists if condition.present else f"not {exists}"
    joined = f" {condition.operator} ".join(
        _condition_sql(node, alias, child, parameters) for child in condition.children
    )
    return f"not ({joined})" if condition.negated else f"({joined})"


def conditions_sql(conditions: tuple[NodeCondition, ...], relation: str, parameters: Parameters) -> str:
    """A write's conditions over `relation` (quoted). They name no embeds."""
    return " and ".join(_flat_condition(relation, each, parameters) for each in conditions)


def _flat_condition(relation: str, condition: NodeCondition, parameters: Parameters) -> str:
    if isinstance(condition, FieldFilter):
        return filter_sql(relation, condition.field, condition.filter, parameters)
    assert not isinstance(condition, Presence)
    joined = f" {condition.operator} ".join(_flat_condition(relation, each, parameters) for each in condition.children)
    return f"not ({joined})" if condition.negated else f"({joined})"


def _output_sql(alias: str, output: Output, parameters: Parameters) -> str:
    if output.field is None:
        # A row as such: only count() is asked of it, and in a to-one spread its parent counts this constant.
        sql = cast_sql(f"{output.aggregate}(*)", output.aggregate_cast) if output.aggregate else "1"
    else:
        sql = field_sql(alias, output.field, parameters)
        if output.field.to_json is not None:
            sql = f"{output.field.to_json}({sql})"
        sql = cast_sql(sql, output.cast)
        if output.aggregate:
            sql = cast_sql(f"{output.aggregate}({sql})", output.aggregate_cast)
    name = output.alias or (output.aggregate or None)
    if name is None and output.field is not None and (output.cast or output.field.to_json is not None):
        name = output.field.name
    return f"{sql} as {name_sql(name)}" if name is not None else sql


def _embed_value(embed: Embed, parent: str, parameters: Parameters) -> str:
    inner = select_sql(embed.node, parameters, parent, embed)
    if not embed.to_one:
        return f"select coalesce(json_agg({ROW}), '[]') from ({inner}) {ROW}"
    # A foreign key meets one row of a table; through a view, or from a function, nothing promises that.
    once = "" if isinstance(embed.relationship, Relationship) and not embed.relationship.target_is_view else " limit 1"
    return f"select row_to_json({ROW}) from ({inner}) {ROW}{once}"


def _spread_join(embed: Embed, parent: str, parameters: Parameters, *, jsonb: bool) -> str:
    kind = "join" if embed.inner else "left join"
    joined = identifier(embed.joined)
    inner = select_sql(embed.node, parameters, parent, embed, jsonb=jsonb and embed.to_one)
    if embed.to_one:
        return f" {kind} lateral ({inner}) {joined} on true"
    cast = "::jsonb" if jsonb else ""
    columns = ", ".join(
        f"coalesce(json_agg({ROW}.{name_sql(each.name)}), '[]'){cast} as {name_sql(each.name)}"
        for each in embed.columns
    )
    columns = columns or "count(*)"  # an aggregate keeps a spread of nothing to one row, too
    having = " having count(*) > 0" if embed.inner else ""
    return f" {kind} lateral (select {columns} from ({inner}) {ROW}{having}) {joined} on true"


def _spread_column(embed: Embed, column: SpreadColumn) -> str:
    joined = identifier(embed.joined)
    sql = f"{joined}.{name_sql(column.name)}"
    if column.aggregate:
        sql = cast_sql(f"{column.aggregate}({sql})", column.aggregate_cast)
    return f"{sql} as {name_sql(column.alias)}" if column.alias is not None else sql


def _lifted(embed: Embed, term: Order) -> str | None:
    """The column of a to-one spread that a sort key means, by the name it has there or the one it had before.

    It is joined already, and it is all that grouped rows may sort by.
    """
    if not embed.spread or not embed.to_one or term.field.steps:
        return None
    if term.field.name in _sortable(embed):
        return f"{identifier(embed.joined)}.{name_sql(term.field.name)}"
    for output in embed.node.outputs:
        field = output.field
        if field is not None and field.name == term.field.name and not (field.steps or field.to_json or output.cast):
            return f"{identifier(embed.joined)}.{name_sql(output.alias or field.name)}"
    return None


def _sortable(embed: Embed) -> set[str]:
    """The columns of a to-one spread that have an order; what is json has none: embeds, arrays, some domains."""
    fields = ((output.alias, output.field) for output in embed.node.outputs)
    own = {alias or field.name for alias, field in fields if field is not None and field.to_json is None}
    return own.union(*(_sortable(each) for each in embed.node.embeds if each.spread and each.to_one))


def _sorts_joined(node: Node, embed: Embed) -> bool:
    """Whether rows are sorted by an embed through a join: what a foreign key refers to in a table is one row at most.

    Grouped rows have but the columns they are grouped by, which a subquery can start from.
    """
    relationship = embed.relationship
    return (
        not (node.aggregated or embed.spread)
        and isinstance(relationship, Relationship)
        and relationship.to_one
        and not relationship.target_is_view
    )


def _sorting_join(embed: Embed, parent: str, parameters: Parameters) -> str:
    below = replace(embed.node, alias=embed.joined)
    where = _where(below, parameters, parent, replace(embed, node=below))
    return f" left join {_from(below, embed, parent, parameters)} on {where}"


def _order_sql(node: Node, alias: str, term: Order, parameters: Parameters) -> str:
    if term.embed is None:
        sql = field_sql(alias, term.field, parameters)
    elif (lifted := _lifted(node.embeds[term.embed], term)) is not None:
        sql = lifted
    elif _sorts_joined(node, node.embeds[term.embed]):
        sql = field_sql(identifier(node.embeds[term.embed].joined), term.field, parameters)
    else:
        below = node.embeds[term.embed]
        key = field_sql(identifier(below.node.alias), term.field, parameters)
        where = _where(below.node, parameters, alias, below)
        source = _from(below.node, below, alias, parameters)
        sql = f"(select {key} from {source}{f' where {where}' if where else ''} limit 1)"
    if term.descending is not None:
        sql += " desc" if term.descending else " asc"
    if term.nulls_first is not None:
        sql += " nulls first" if term.nulls_first else " nulls last"
    return sql
