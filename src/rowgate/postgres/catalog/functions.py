"""Functions that can be called: their parameters, what they return, and their settings."""

from __future__ import annotations

from collections.abc import Container

from rowgate.postgres.catalog.records import Function, Parameter, QualifiedName, ReturnType, Volatility
from rowgate.postgres.catalog.relations import Row
from rowgate.postgres.statement import ISOLATION_SETTING, Isolation

# Neither aggregates, window functions nor procedures; nor what only triggers can call.
FUNCTIONS_SQL = """
with recursive domains (oid, base) as (
  select oid, typbasetype from pg_catalog.pg_type where typtype = 'd'
  union all
  select d.oid, t.typbasetype from domains d join pg_catalog.pg_type t on t.oid = d.base and t.typtype = 'd'
), bottoms as (
  select d.oid, d.base from domains d join pg_catalog.pg_type t on t.oid = d.base and t.typtype <> 'd'
)
select p.oid::int8, n.nspname, p.proname, p.pronargdefaults,
       coalesce(p.proargnames, '{}')::text[], coalesce(p.proargmodes::text[], '{}'),
       array(select pg_catalog.format_type(x.oid, null)
             from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality x(oid, place)
             order by x.place),
       pg_catalog.format_type(p.prorettype, null), bn.nspname, p.proretset, b.typtype = 'c',
       case when rc.relkind in ('r', 'v', 'm', 'f', 'p') then rn.nspname end, rc.relname,
       p.provolatile::text, p.provariadic <> 0, p.prosecdef, coalesce(p.proconfig, '{}'),
       pg_catalog.obj_description(p.oid, 'pg_proc')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
left join bottoms d on d.oid = p.prorettype
join pg_catalog.pg_type b on b.oid = coalesce(d.base, p.prorettype)
join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
left join pg_catalog.pg_class rc on rc.oid = b.typrelid
left join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
where p.prokind = 'f' and n.nspname = any(%(schemas)s)
  and p.prorettype not in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)
order by n.nspname, p.proname, p.oid
"""

# Cast to these in a call, `bit` and `character` would mean a length of one.
_WITHOUT_LENGTH = {
    "bit": "bit varying",
    "bit[]": "bit varying[]",
    "character": "character varying",
    "character[]": "character varying[]",
}
_BODY_TYPES = frozenset({"bytea", "json", "jsonb", "text", "xml"})


def build_functions(rows: list[Row], relations: Container[QualifiedName]) -> dict[QualifiedName, tuple[Function, ...]]:
    """Functions by name, overloads together. `relations` are those that a return type may refer to."""
    found: dict[QualifiedName, list[Function]] = {}
    for row in rows:
        oid, schema, name, defaults, names, modes, types, returned, type_schema, set_of, composite = row[:11]
        relation_schema, relation_name, volatility, variadic, definer, config, comment = row[11:]
        inputs, outputs = _arguments(names, modes, types, defaults)
        if not _callable(inputs):
            continue
        relation = (relation_schema, relation_name)
        settings = tuple([(key, value) for key, _, value in (setting.partition("=") for setting in config)])
        found.setdefault((schema, name), []).append(
            Function(
                schema,
                name,
                inputs,
                ReturnType(
                    returned,
                    type_schema,
                    set_of,
                    composite or bool(outputs),
                    returned == "void",
                    relation if relation in relations else None,
                    outputs,
                ),
                Volatility(volatility),
                variadic,
                definer,
                Isolation.named(dict(settings).get(ISOLATION_SETTING)),
                settings,
                comment,
                oid,
            )
        )
    return {name: tuple(sorted(overloads, key=_rank)) for name, overloads in found.items()}


def _rank(function: Function) -> tuple[int, bool, str, list[tuple[str, str, bool, bool]]]:
    """Overloads stand as PostgREST lists them where it cannot choose: the fewest parameters first, then by comment
    and by the parameters' names and types."""
    parameters = [(each.name, each.type, each.required, each.variadic) for each in function.parameters]
    return len(parameters), function.comment is not None, function.comment or "", parameters


def _arguments(
    names: list[str], modes: list[str], types: list[str], defaults: int
) -> tuple[tuple[Parameter, ...], tuple[tuple[str, str], ...]]:
    """Input parameters and output columns. Modes are absent when all are inputs, names when none is named."""
    modes = modes or ["i"] * len(types)
    names = names or [""] * len(types)
    inputs = [(name, kind, mode) for name, kind, mode in zip(names, types, modes, strict=True) if mode in "ibv"]
    required = len(inputs) - defaults
    parameters = [
        Parameter(name, kind, place < required, mode == "v", _WITHOUT_LENGTH.get(kind))
        for place, (name, kind, mode) in enumerate(inputs)
    ]
    outputs = [(name, kind) for name, kind, mode in zip(names, types, modes, strict=True) if mode in "obt"]
    return tuple(parameters), tuple(outputs)


def _callable(parameters: tuple[Parameter, ...]) -> bool:
    """All parameters are named, or a single unnamed one takes the whole body."""
    unnamed = sum(not parameter.name for parameter in parameters)
    return unnamed == 0 or (unnamed == 1 and len(parameters) == 1 and parameters[0].type in _BODY_TYPES)
