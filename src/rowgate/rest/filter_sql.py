"""Fields and comparisons → SQL. Values become parameters, JSON keys too; only quoted names of a client's are text.

Operators: https://docs.postgrest.org/en/v14/references/api/tables_views.html#operators
"""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through Parameters

from __future__ import annotations

import re
from collections.abc import Mapping

from rowgate.postgres.quoting import identifier
from rowgate.postgrest.errors import RestError
from rowgate.rest.parameters import Parameters
from rowgate.rest.syntax import Filter
from rowgate.rest.tree import Field

COMPARISONS: Mapping[str, str] = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxl": "&>",
    "nxr": "&<",
    "adj": "-|-",
}
SEARCHES: Mapping[str, str] = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
CONSTANTS: Mapping[str, str] = {
    "null": "null",
    "not_null": "not null",
    "true": "true",
    "false": "false",
    "unknown": "unknown",
}
# A type's name as SQL spells it: one word, maybe of a schema, or one of the standard's names of several words; then a
# length, then array brackets. Nothing in it can end the cast, and no further word of SQL fits.
TYPE_NAME = re.compile(
    r"(?:double precision|(?:character|bit) varying|time(?:stamp)?(?:\(\d\))? with(?:out)? time zone"
    r"|[a-z_]\w*(?:\.[a-z_]\w*)?)(?: ?\(\d+(?:, ?\d+)?\))?(?:\[\])*",
    re.ASCII | re.IGNORECASE,
)


def name_sql(name: str) -> str:
    """Quote a name a client may have made up. Raises RestError 22021 for one with a NUL."""
    if "\x00" in name:
        raise RestError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return identifier(name)


def field_sql(alias: str, field: Field, parameters: Parameters) -> str:
    """A column of `alias` (quoted already), and the path into it."""
    if field.star:
        return f"{alias}.*"
    sql = f"{alias}.{name_sql(field.name)}"
    if not field.steps:
        return sql
    if field.to_jsonb:
        sql = f"to_jsonb({sql})"
    for step in field.steps:
        arrow = "->>" if step.as_text else "->"
        if step.index is not None:
            sql += f"{arrow}{parameters.text(str(step.index))}::int"
        else:
            sql += f"{arrow}{parameters.text(step.key or '')}"
    return sql


def cast_sql(sql: str, type_name: str | None) -> str:
    """`cast(… as type)`. Raises RestError 42704, as Postgres would, for what cannot be a type's name."""
    if type_name is None:
        return sql
    if not TYPE_NAME.fullmatch(type_name):
        raise RestError(400, "42704", f'type "{type_name}" does not exist')
    return f"cast({sql} as {type_name})"


def filter_sql(alias: str, field: Field, filter_: Filter, parameters: Parameters) -> str:
    """One comparison, in parentheses where it is negated."""
    sql = _comparison(alias, field, filter_, parameters)
    return f"not ({sql})" if filter_.negated else sql


def _comparison(alias: str, field: Field, filter_: Filter, parameters: Parameters) -> str:
    operator = filter_.operator
    column = field_sql(alias, field, parameters)
    if operator == "is":
        return f"{column} is {CONSTANTS[filter_.value.lower()]}"
    if operator == "isdistinct":
        return f"{column} is distinct from {parameters.text(filter_.value)}"
    if operator == "in":
        listed = parameters.array(filter_.values or ())
        if field.from_text is not None:
            listed = f"select {field.from_text}(pgrst_word) from unnest({listed}::text[]) pgrst_word"
        return f"{column} = any({listed})"
    if operator in SEARCHES:
        return _search(column, field, filter_, parameters)
    sql = COMPARISONS[operator]
    if filter_.quantifier is not None:
        if filter_.values is None:  # no array literal the parser could read: Postgres says what is wrong with it
            return f"{column} {sql} {filter_.quantifier}({parameters.text(filter_.value)})"
        return f"{column} {sql} {filter_.quantifier}({parameters.array(filter_.values)})"
    value = parameters.text(filter_.value)
    if field.from_text is not None and operator not in ("like", "ilike"):
        value = f"{field.from_text}({value}::text)"
    return f"{column} {sql} {value}"


def _search(column: str, field: Field, filter_: Filter, parameters: Parameters) -> str:
    """Full-text search; a column that is no tsvector becomes one, under the same configuration as the query.

    A computed column is taken as it is: the catalog does not know its type, and a text is searched all the same.
    """
    language = filter_.language
    if field.base_type not in ("", "tsvector"):
        prefix = f"{parameters.text(language)}::regconfig, " if language is not None else ""
        column = f"to_tsvector({prefix}{column})"
    prefix = f"{parameters.text(language)}::regconfig, " if language is not None else ""
    return f"{column} @@ {SEARCHES[filter_.operator]}({prefix}{parameters.text(filter_.value)})"
