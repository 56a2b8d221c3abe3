"""Who may do what: privileges from the access control lists, and row-level security policies."""

from __future__ import annotations

from rowgate.postgres.catalog.records import Grant, Policy, QualifiedName
from rowgate.postgres.catalog.relations import Row

# An object without a list of its own has the built-in one of its kind. Lists repeat, so each is taken apart once. They
# are told apart by their text: aclitem has no order, which the ordered aggregate would need.
GRANTS_SQL = """
with objects (acl, schema, name, col) as (
  select coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner)), n.nspname, '', null
  from pg_catalog.pg_namespace n where n.nspname = any(%(schemas)s)
  union all
  select coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)), n.nspname, c.relname, null
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any(%(schemas)s) and c.relkind in ('r', 'v', 'm', 'f', 'p')
  union all
  select a.attacl, n.nspname, c.relname, a.attname
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any(%(schemas)s) and c.relkind in ('r', 'v', 'm', 'f', 'p')
    and a.attacl is not null and not a.attisdropped
  union all
  select coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)), n.nspname, p.proname, null
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = any(%(schemas)s)
), lists as (
  select acl::text as written,
         array_agg(array[schema::text, name::text, col::text] order by schema, name, col) as objects
  from objects group by 1
), samples as (
  select distinct on (acl::text) acl::text as written, acl from objects order by 1
)
select l.objects, array(
  select array[coalesce(r.rolname, '')::text, x.privilege_type]
  from pg_catalog.aclexplode(s.acl) x left join pg_catalog.pg_roles r on r.oid = x.grantee
  order by 1)
from lists l join samples s using (written)
"""

POLICIES_SQL = """
select n.nspname, c.relname, p.polname,
       case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE'
            else 'ALL' end,
       array(select coalesce(r.rolname, 'public')::text from unnest(p.polroles) o(oid)
             left join pg_catalog.pg_roles r on r.oid = o.oid order by 1),
       p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%(schemas)s)
order by n.nspname, c.relname, p.polname
"""


def build_grants(rows: list[Row]) -> dict[QualifiedName, tuple[Grant, ...]]:
    """Privileges by object. A schema's stand under (schema, ""); a function's beside those of a namesake relation."""
    found: dict[QualifiedName, tuple[Grant, ...]] = {}
    for objects, privileges in rows:
        whole = tuple([Grant(grantee, privilege) for grantee, privilege in privileges])
        for schema, name, column in objects:
            grants = whole
            if column is not None:
                grants = tuple([Grant(grantee, privilege, column) for grantee, privilege in privileges])
            found[schema, name] = found[schema, name] + grants if (schema, name) in found else grants
    return found


def build_policies(rows: list[Row]) -> dict[QualifiedName, tuple[Policy, ...]]:
    """Policies by table."""
    found: dict[QualifiedName, list[Policy]] = {}
    for schema, table, name, command, roles, permissive, using, check in rows:
        policy = Policy((schema, table), name, command, tuple(roles), permissive, using, check)
        found.setdefault((schema, table), []).append(policy)
    return {table: tuple(policies) for table, policies in found.items()}
