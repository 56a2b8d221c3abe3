"""Conditions → SQL."""

from __future__ import annotations

from collections.abc import Mapping

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.node_id import key_condition
from rowgate.graphql.operator_sql import operator_sql
from rowgate.graphql.parameter_sql import parameter_sql
from rowgate.graphql.tree import AllOf, AnyOf, Comparison, Filter, IsNull, KeyGiven, Not
from rowgate.graphql.written import Writer
from rowgate.postgres.quoting import identifier

OPERATORS: Mapping[str, str] = {
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "in": "=",  # any of a list
    "startsWith": "^@",
    "like": "like",
    "ilike": "ilike",
    "regex": "~",
    "iregex": "~*",
    "contains": "@>",
    "containedBy": "<@",
    "overlaps": "&&",
}


def condition(wanted: Filter, block: str, writer: Writer) -> str:
    """A condition over the columns of a block, in parentheses where it needs them; empty where there is none.

    Raises GraphQLError for what is Unwritable.
    """
    match wanted:
        case Comparison():
            return _comparison(wanted, block, writer)
        case IsNull():
            return f"{block}.{identifier(wanted.column.name)} is {'not null' if wanted.negated else 'null'}"
        case KeyGiven():
            return f"({key_condition(wanted, block, writer)})"
        case Not():
            return f"not ({condition(wanted.part, block, writer)})"
        case AllOf():
            return _joined(" and ", wanted.parts, block, writer)
        case AnyOf():
            return _joined(" or ", wanted.parts, block, writer)
    raise GraphQLError(wanted.message)


def _joined(word: str, parts: tuple[Filter, ...], block: str, writer: Writer) -> str:
    written = [condition(part, block, writer) for part in parts]
    return f"({word.join(written)})" if len(written) > 1 else "".join(written)


def _comparison(wanted: Comparison, block: str, writer: Writer) -> str:
    column = wanted.column
    several = wanted.operator == "in"
    value = parameter_sql(wanted.value, column.kind, column.sql_type, writer, several=several)
    operator = operator_sql(OPERATORS[wanted.operator], column)
    return f"{block}.{identifier(column.name)} {operator} {f'any ({value})' if several else value}"
