"""Types with something to know about them: enums, and domains with a wire form of their own."""

from __future__ import annotations

from rowgate.postgres.catalog.records import DomainRepresentation, QualifiedName
from rowgate.postgres.catalog.relations import Row

ENUMS_SQL = """
select t.oid::int8, n.nspname, t.typname, array_agg(e.enumlabel::text order by e.enumsortorder),
       pg_catalog.obj_description(t.oid, 'pg_type')
from pg_catalog.pg_enum e
join pg_catalog.pg_type t on t.oid = e.enumtypid
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
group by t.oid, n.nspname, t.typname
"""

# https://docs.postgrest.org/en/v14/how-tos/working-with-postgresql-data-types.html: implicit casts made by a function,
# between a domain and json or text.
REPRESENTATIONS_SQL = """
select pg_catalog.format_type(k.castsource, null), s.typtype = 'd', pg_catalog.format_type(k.casttarget, null),
       k.castfunc::pg_catalog.regproc::text
from pg_catalog.pg_cast k
join pg_catalog.pg_type s on s.oid = k.castsource
join pg_catalog.pg_type t on t.oid = k.casttarget
where k.castcontext = 'i' and k.castmethod = 'f' and (
  s.typtype = 'd' and k.casttarget = 'pg_catalog.json'::pg_catalog.regtype
  or t.typtype = 'd'
     and k.castsource in ('pg_catalog.json'::pg_catalog.regtype, 'pg_catalog.text'::pg_catalog.regtype))
"""

# https://docs.postgrest.org/en/v14/references/api/media_type_handlers.html: an aggregate over the rows of a relation,
# or over anyelement, whose result is a domain named like a media type.
MEDIA_HANDLERS_SQL = """
select rn.nspname, r.relname, d.typname, n.nspname, p.proname
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type d on d.oid = p.prorettype and d.typtype = 'd'
left join pg_catalog.pg_class r on r.reltype = p.proargtypes[0] and r.relkind in ('r', 'v', 'm', 'f', 'p')
left join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
where p.prokind = 'a' and p.pronargs = 1 and n.nspname = any(%(schemas)s)
  and (r.oid is not null or p.proargtypes[0] = 'pg_catalog.anyelement'::pg_catalog.regtype)
  and d.typname ~ '^([A-Za-z0-9.-]+/[A-Za-z0-9.+-]+|[*]/[*])$'
order by n.nspname, p.proname
"""


def build_media_handlers(rows: list[Row]) -> dict[tuple[QualifiedName | None, str], QualifiedName]:
    """Aggregates by the relation they are for (None: any rows) and their media type."""
    return {
        ((schema, relation) if relation is not None else None, media.lower()): (own_schema, name)
        for schema, relation, media, own_schema, name in rows
    }


def enum_labels(rows: list[Row]) -> dict[int, tuple[str, ...]]:
    """Labels in their order, by type oid."""
    return {oid: tuple(labels) for oid, _, _, labels, _ in rows}


def build_enums(rows: list[Row], schemas: frozenset[str]) -> dict[QualifiedName, tuple[str, ...]]:
    """Labels of the enums that live in `schemas`, by name."""
    return {(schema, name): tuple(labels) for _, schema, name, labels, _ in rows if schema in schemas}


def build_representations(rows: list[Row]) -> dict[str, DomainRepresentation]:
    """Representations by the domain's name, spelled as `Column.type` spells it. Functions are quoted and qualified."""
    functions: dict[str, dict[str, str]] = {}
    for source, from_domain, target, function in rows:
        if from_domain:
            functions.setdefault(source, {})["to_json"] = function
        else:
            functions.setdefault(target, {})["from_json" if source == "json" else "from_text"] = function
    return {domain: DomainRepresentation(domain, **known) for domain, known in functions.items()}
