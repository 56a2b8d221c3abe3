"""Plan → Template. Pure; every statement answers one row, its columns in the order of `Column`.

The plan mode of each class (measured: a generic plan for a skewed filter with a limit costs 101.7 ms against 0.07 ms):

- no parameters: AUTO, there is only one plan;
- equality on a whole primary key, and nothing else that depends on a value below it: GENERIC, no value can make
  another plan better;
- inserts, and calls of volatile or single-valued functions: GENERIC, there is nothing to choose;
- everything else that has parameters: CUSTOM, planned for the values at hand.
"""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through Parameters

from __future__ import annotations

from enum import IntEnum

from msgspec.structs import replace

from rowgate.postgres.catalog.records import Relation, Volatility
from rowgate.postgres.quoting import identifier
from rowgate.postgres.statement import Access, PlanMode
from rowgate.rest.body_sql import answer_sql, value_sql, wrapped
from rowgate.rest.call_sql import call_value
from rowgate.rest.mutation_plan import Insert
from rowgate.rest.mutation_sql import INSERTED, counts_inserted, mutation_sql
from rowgate.rest.negotiation import Body, Format
from rowgate.rest.parameters import Parameters
from rowgate.rest.plan import CallPlan, MutationPlan, ReadPlan
from rowgate.rest.read_plan import names_one_row
from rowgate.rest.select_sql import ROW, WRITTEN, count_sql, range_sql, select_sql
from rowgate.rest.syntax import Count, Return
from rowgate.rest.template import Template
from rowgate.rest.tree import ALL_ROWS, Node, NodeCondition

NO_BODY = Format(Body.NONE, b"")


class Column(IntEnum):
    """The columns of a statement's one row. Reads and calls end after STATUS."""

    PAGE = 0  # rows in the answer
    TOTAL = 1  # rows there are, null unless counted
    BODY = 2
    HEADERS = 3  # the setting response.headers
    STATUS = 4  # the setting response.status
    LOCATION = 5  # the key of the one new row, as a JSON array of texts
    INSERTED = 6  # an upsert's: how many rows were new


def read_statement(plan: ReadPlan, most: int | None = None) -> Template:
    """The statement of a read. A body of more than `most` bytes comes as null, where its rows can be given apart."""
    parameters = Parameters()
    format_ = NO_BODY if plan.head else plan.format
    before, rows = wrapped(select_sql(plan.node, parameters, jsonb=format_.of_text), format_)
    sql = answer_sql(rows, format_, "count(*)", _total(plan, parameters), most=most)
    mode = mode_of(plan.node.conditions, plan.node, plan.relation, parameters)
    return _statement(plan.format, before, sql, parameters, Access.READ_ONLY, mode)


def explain_statement(plan: ReadPlan) -> Template:
    """The planner's estimate of the root rows, as EXPLAIN's JSON."""
    parameters = Parameters()
    sql = f"explain (format json) {count_sql(plan.node, parameters)}"
    return Template.of(sql, parameters, Access.READ_ONLY, PlanMode.CUSTOM)


def mutation_statement(plan: MutationPlan) -> Template:
    """The statement of a write: the write in a WITH query, and over it the representation of what it returned."""
    parameters = Parameters()
    mutation = plan.mutation
    before = f"{WRITTEN} as ({mutation_sql(mutation, parameters)})"
    if plan.format.body is Body.NONE or _is_plain(plan.node, mutation.returning):
        rows = WRITTEN
    else:
        more, rows = wrapped(select_sql(plan.node, parameters, jsonb=plan.format.of_text), plan.format)
        before += f", {more}" if more else ""
    key = mutation.returning if plan.returns is Return.HEADERS_ONLY and isinstance(mutation, Insert) else ()
    inserted = f"nullif(current_setting('{INSERTED}', true), '')" if counts_inserted(mutation) else "null"
    sql = answer_sql(rows, plan.format, "count(*)", "null", more=f", {_location(key)}, {inserted}")
    mode = mode_of(getattr(mutation, "conditions", ()), plan.node, plan.relation, parameters)
    if isinstance(mutation, Insert) and not _filtered_below(plan.node):
        mode = PlanMode.GENERIC
    return _statement(plan.format, before, sql, parameters, Access.READ_WRITE, mode)


def call_statement(plan: CallPlan, most: int | None = None) -> Template:
    """The statement of a function call, with `most` as above. A function is called once, also where its rows are
    counted."""
    parameters = Parameters()
    call = plan.call
    format_ = NO_BODY if plan.head or call.function.returns.void else plan.format
    if _is_value(plan):
        sql = value_sql(*call_value(call, parameters))
        mode = PlanMode.GENERIC if parameters.values else PlanMode.AUTO
        return _statement(plan.format, "", sql, parameters, plan.access, mode)
    page = f"count({ROW})"  # the whole row: a call whose value nobody reads would be optimized away
    total = page if plan.count in (Count.EXACT, Count.ESTIMATED) else "null"
    before = ""
    node = plan.node
    if total != "null" and node.range != ALL_ROWS:
        everything = select_sql(replace(node, range=ALL_ROWS), parameters, jsonb=format_.of_text)
        before = f"{WRITTEN} as materialized ({everything})"
        total = f"(select count(*) from {WRITTEN})"
        more, rows = wrapped(f"select * from {WRITTEN}{range_sql(node.range)}", format_)
    else:
        more, rows = wrapped(select_sql(node, parameters, jsonb=format_.of_text), format_)
    before = ", ".join(filter(None, (before, more)))
    sql = answer_sql(rows, format_, page, total, call, most=most)
    mode = PlanMode.CUSTOM if parameters.values else PlanMode.AUTO
    chosen = call.function.volatility is Volatility.VOLATILE or call.single
    if chosen and not node.conditions and not _filtered_below(node):
        mode = PlanMode.GENERIC
    return _statement(plan.format, before, sql, parameters, plan.access, mode)


def _is_value(plan: CallPlan) -> bool:
    """Whether all that a call answers is the one value of its function, in JSON."""
    call, node = plan.call, plan.node
    return (
        call.scalar
        and call.single
        and not (plan.head or plan.count or plan.format.strip or call.function.returns.void)
        and plan.format.body in (Body.ARRAY, Body.OBJECT)
        and not (node.conditions or node.embeds or node.order)
        and node.range == ALL_ROWS
    )


def _statement(
    format_: Format, before: str, sql: str, parameters: Parameters, access: Access, mode: PlanMode
) -> Template:
    text = f"with {before} {sql}" if before else sql
    if format_.explain:  # EXPLAIN plans with the values at hand whatever the mode, and its Settings would show the mode
        mode = PlanMode.AUTO
    return Template.of(format_.explain + text, parameters, access, mode)


def _total(plan: ReadPlan, parameters: Parameters) -> str:
    """How many rows there are without the range.

    A page that is not full ends where the rows end, and needs no second query; CASE leaves the subquery unevaluated.
    """
    if plan.count not in (Count.EXACT, Count.ESTIMATED):
        return "null"
    rows = plan.node.range
    if rows == ALL_ROWS:
        return "count(*)"
    counted = counted_sql(plan, parameters)
    if plan.node.aggregated:
        return counted
    ends = [f"count(*) < {rows.limit}"] if rows.limit is not None else []
    ends += ["count(*) > 0"] if rows.offset else []
    return f"case when {' and '.join(ends)} then count(*) + {rows.offset} else {counted} end"


def counted_sql(plan: ReadPlan, parameters: Parameters) -> str:
    """How many rows there are without the range, by a query of its own; no further than an estimate needs to know."""
    enough = f" limit {plan.max_rows + 1:d}" if plan.count is Count.ESTIMATED and plan.max_rows is not None else ""
    return f"(select count(*) from ({count_sql(plan.node, parameters)}{enough}) pgrst_count)"


def _is_plain(node: Node, returning: tuple[str, ...]) -> bool:
    """Whether what a write returned is already the answer."""
    return (
        not node.embeds
        and not node.order
        and len(node.outputs) == len(returning)
        and all(
            output.field is not None
            and not (output.alias or output.cast or output.aggregate or output.field.steps or output.field.to_json)
            and output.field.name == name
            for output, name in zip(node.outputs, returning, strict=True)
        )
    )


def _location(key: tuple[str, ...]) -> str:
    """The new row's key, each value in its JSON spelling, which is what a filter in a URL would say."""
    if not key:
        return "null"
    values = ", ".join(f"to_json({ROW}.{identifier(name)})#>>'{{}}'" for name in key)
    return f"case when count(*) = 1 then json_agg(json_build_array({values}))->0 end"


def mode_of(conditions: tuple[NodeCondition, ...], node: Node, relation: Relation, parameters: Parameters) -> PlanMode:
    """The plan mode of a statement over a relation."""
    if not parameters.values:
        return PlanMode.AUTO
    by_key = names_one_row(relation, conditions) and not _filtered_below(node)
    return PlanMode.GENERIC if by_key else PlanMode.CUSTOM


def _filtered_below(node: Node) -> bool:
    return any(embed.node.conditions or _filtered_below(embed.node) for embed in node.embeds)
