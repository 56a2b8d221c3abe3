"""Plan → the statement that gives an answer row by row, for answers too large to be made in one piece.

The bytes are those of the one-piece statement (`sql.py`): what json_agg and string_agg put between rows stands here.
"""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through Parameters

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rowgate.postgres.statement import Access, PlanMode, Statement
from rowgate.rest.body_sql import GUCS
from rowgate.rest.call_sql import SCALAR
from rowgate.rest.negotiation import Body
from rowgate.rest.parameters import Parameters
from rowgate.rest.plan import CallPlan, Plan, ReadPlan
from rowgate.rest.select_sql import ROW, select_sql
from rowgate.rest.sql import counted_sql, mode_of
from rowgate.rest.syntax import Count
from rowgate.rest.template import Template
from rowgate.rest.tree import ALL_ROWS

FIRST = "row_number() over () = 1"


@dataclass(frozen=True, slots=True)
class Lines:
    """`template` gives one row per line, its further columns in the first row alone: the total where `total` says so,
    then CSV's head line. `counted`: the rows there are, are those that come. `last` runs behind it in the same
    transaction and answers in the columns of `sql.Column`, null where the lines tell."""

    template: Template
    last: Statement
    opening: bytes
    between: bytes
    closing: bytes
    csv: bool
    total: bool
    counted: bool


Read: TypeAlias = ReadPlan | CallPlan


def streams(plan: Plan) -> bool:
    """Whether an answer has a form that can be given row by row, a read's JSON array or CSV, and may have many rows."""
    if not isinstance(plan, ReadPlan | CallPlan) or plan.head or plan.format.explain:
        return False
    if plan.node.range.few:
        return False
    if plan.format.body not in (Body.ARRAY, Body.CSV):
        return False
    if isinstance(plan, ReadPlan):
        return True
    function = plan.call.function
    if plan.access is not Access.READ_ONLY:
        return False
    whole = plan.count not in (Count.EXACT, Count.ESTIMATED) or plan.node.range == ALL_ROWS
    return whole and function.returns.set_of and not function.returns.void


def lines_of(plan: Read) -> Lines:
    """The statements of a plan that `streams`."""
    parameters = Parameters()
    csv = plan.format.body is Body.CSV
    scalar = isinstance(plan, CallPlan) and plan.call.scalar
    rows = select_sql(plan.node, parameters, jsonb=plan.format.of_text)
    line, between = _line(plan, scalar=scalar)
    head = ""
    counted = plan.count in (Count.EXACT, Count.ESTIMATED)
    total = counted and plan.node.range != ALL_ROWS
    if total:
        assert isinstance(plan, ReadPlan)  # a call whose rows are counted apart does not stream
        head += f", case when {FIRST} then {counted_sql(plan, parameters)} end"
    if csv:
        keys = f"select string_agg(key, ',') from json_object_keys(row_to_json({ROW})) key"
        head += f", case when {FIRST} then ({keys}) end"
    sql = f"select {line}{head} from ({rows}) {ROW}"
    mode = PlanMode.CUSTOM if parameters.values else PlanMode.AUTO
    if isinstance(plan, ReadPlan):
        mode = mode_of(plan.node.conditions, plan.node, plan.relation, parameters)
    return Lines(
        Template.of(sql, parameters, Access.READ_ONLY, mode),
        Statement(f"select null, null, null, {GUCS}"),
        b"" if csv else b"[",
        between,
        b"" if csv else b"]",
        csv,
        total,
        counted and not total,
    )


def _line(plan: Read, *, scalar: bool) -> tuple[str, bytes]:
    """One row as text, and what stands between two. json_agg breaks the line between records and between arrays."""
    if plan.format.body is Body.CSV:
        return f"substring({ROW}::text, 2, length({ROW}::text) - 2)", b"\n"
    if scalar:
        assert isinstance(plan, CallPlan)
        broken = plan.call.function.returns.type.endswith("[]")
        line = f"coalesce(to_json({ROW}.{SCALAR}), 'null')"
    else:
        broken = True
        line = f"row_to_json({ROW})"
    if plan.format.strip:
        return f"json_strip_nulls({line})", b","
    return line, b", \n " if broken else b", "
