"""The form that each kind of value has in JSON."""

from __future__ import annotations

from rowgate.graphql.entities import EnumKind, Kind
from rowgate.postgres.quoting import literal

# Type oids of pg_type.dat: what GraphQL's clients get as strings, since JavaScript's numbers could not hold it.
BIGINT, NUMERIC, JSON, JSONB = 20, 1700, 114, 3802
BIGINT_ARRAY, NUMERIC_ARRAY, JSON_ARRAY, JSONB_ARRAY = 1016, 1231, 199, 3807


def value_sql(sql: str, kind: Kind, type_oid: int) -> str:
    """A value in the form that it has within JSON."""
    if type_oid in (BIGINT, NUMERIC):
        return f"{sql}::text"
    if type_oid in (JSON, JSONB):
        return f"{sql} #>> '{{}}'"
    if type_oid in (BIGINT_ARRAY, NUMERIC_ARRAY, JSON_ARRAY, JSONB_ARRAY):
        return f"{sql}::text[]"
    if isinstance(kind, EnumKind) and kind.mapped:
        cases = (f"when {literal(label)} then {literal(value)}" for label, value in kind.labels if label != value)
        return f"case {sql} {' '.join(cases)} else {sql}::text end"
    return sql
