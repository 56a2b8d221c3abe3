"""`<T>Aggregate` and its results, of tables that opted in.

What can be aggregated goes by Postgres' type, not by GraphQL's: `money`, `name` and `timetz` are Opaque as columns.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from rowgate.graphql.definition.references import SOME_INT
from rowgate.graphql.definition.table_inputs import readable
from rowgate.graphql.entities import Column, Scalar, Table
from rowgate.graphql.schema import Field, Named, ObjectType, Value

# Types by oid, which are the same in every database.
_INTEGERS = {21: Scalar.INT, 23: Scalar.INT, 20: Scalar.BIG_INT}
_FRACTIONS = {700: Scalar.BIG_FLOAT, 701: Scalar.BIG_FLOAT, 1700: Scalar.BIG_FLOAT, 790: Scalar.OPAQUE}
_TEXTS = dict.fromkeys((25, 1043, 18, 1042, 19), Scalar.STRING)
_TIMES = {1082: Scalar.DATE, 1083: Scalar.TIME, 1266: Scalar.TIME, 1114: Scalar.DATETIME, 1184: Scalar.DATETIME}
_NUMBERS = {**_INTEGERS, **_FRACTIONS}
_COMPARABLE = {**_NUMBERS, **_TEXTS, **_TIMES, 16: Scalar.BOOLEAN}

_Results: TypeAlias = list[tuple[Column, Scalar]]


class Aggregation(msgspec.Struct, frozen=True):
    """One of `sum`, `avg`, `min`, `max`, with the words that pg_graphql describes it with."""

    field: str
    description: str
    noun: str
    heading: str

    def result(self, table: Table) -> str:
        """The name of the type of its result."""
        return f"{table.base}{self.field.capitalize()}AggregateResult"


SUM = Aggregation("sum", "Summation aggregates for numeric fields", "summation", "Sum")
AVG = Aggregation("avg", "Average aggregates for numeric fields", "average", "Average")
MIN = Aggregation("min", "Minimum aggregates for comparable fields", "minimum", "Minimum")
MAX = Aggregation("max", "Maximum aggregates for comparable fields", "maximum", "Maximum")


def aggregations(table: Table) -> tuple[Aggregation, ...]:
    """Those that apply to some column of the table."""
    oids = [column for column in readable(table) if _comparable(column) is not None]
    numbers = any(column.type_oid in _NUMBERS for column in oids)
    return (*((SUM, AVG) if numbers else ()), *((MIN, MAX) if oids else ()))


def aggregate_type(table: Table) -> ObjectType:
    """`<T>Aggregate`: count, and a field per aggregation."""
    fields = {"count": Field("count", SOME_INT, description="The number of records matching the query")}
    for each in aggregations(table):
        fields[each.field] = Field(each.field, Named(each.result(table)), description=each.description)
    return ObjectType(f"{table.base}Aggregate", fields, f"Aggregate results for `{table.base}`")


def result_type(table: Table, aggregation: Aggregation) -> ObjectType:
    """`<T>SumAggregateResult` and the like: a nullable field per column."""
    fields = {
        column.field: Field(
            column.field,
            Named(scalar.value),
            description=f"{aggregation.heading} of {column.field} across all matching records",
            meaning=Value(column),
        )
        for column, scalar in _results(table, aggregation)
    }
    description = f"Result of {aggregation.noun} aggregation for `{table.base}`"
    return ObjectType(aggregation.result(table), fields, description)


def _results(table: Table, aggregation: Aggregation) -> _Results:
    columns = readable(table)
    if aggregation is AVG:
        return [(column, Scalar.BIG_FLOAT) for column in columns if column.type_oid in _NUMBERS]
    if aggregation is SUM:
        return [
            (column, Scalar.BIG_INT if column.type_oid in _INTEGERS else Scalar.BIG_FLOAT)
            for column in columns
            if column.type_oid in _NUMBERS
        ]
    compared = [(column, _comparable(column)) for column in columns]
    return [(column, scalar) for column, scalar in compared if scalar is not None]


def _comparable(column: Column) -> Scalar | None:
    """What the least and the greatest value of a column are; None where there is no telling."""
    found = _COMPARABLE.get(column.type_oid)
    if found is None and column.kind is Scalar.STRING and column.sql_type.rpartition(".")[2] == "citext":
        return Scalar.STRING  # an extension's type, whose oid differs from database to database
    return found
