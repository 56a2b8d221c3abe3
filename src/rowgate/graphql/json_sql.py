"""JSON as Postgres writes it: objects, and the form that each kind of value has in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rowgate.graphql.entities import EnumKind, Kind
from rowgate.postgres.quoting import literal

# A function takes 100 arguments at most (FUNC_MAX_ARGS).
PAIRS_OF_ONE_CALL = 50

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


def object_sql(pairs: Sequence[tuple[str, str]]) -> str:
    """A JSON object of (key, SQL of the value)."""
    if len(pairs) <= PAIRS_OF_ONE_CALL:
        return _built(pairs)
    chunks = [_built(pairs[start : start + PAIRS_OF_ONE_CALL]) for start in range(0, len(pairs), PAIRS_OF_ONE_CALL)]
    inner = [f"substr(left({chunk}::text, -1), 2)" for chunk in chunks]
    return f"('{{' || {' || chr(44) || '.join(inner)} || '}}')::json"


def _built(pairs: Iterable[tuple[str, str]]) -> str:
    return f"json_build_object({', '.join(f'{literal(key)}, {sql}' for key, sql in pairs)})"
