"""Settings that roles were given (`ALTER ROLE … SET`), which a SET ROLE alone does not bring along.

https://docs.postgrest.org/en/v14/references/transactions.html#impersonated-role-settings
"""

from __future__ import annotations

from rowgate.postgres.catalog.records import RoleSettings
from rowgate.postgres.catalog.relations import Row
from rowgate.postgres.context import RESERVED_SETTINGS
from rowgate.postgres.statement import ISOLATION_SETTING, Isolation

# Those of one database come behind the role's own, as they do at a login. A setting that needs a privilege the reading
# login lacks, or that no one here knows, would fail every request of its role, and is left out as upstream has it.
ROLE_SETTINGS_SQL = """
select r.rolname::text, s.name, pg_catalog.substr(given.setting, pg_catalog.strpos(given.setting, '=') + 1)
from pg_catalog.pg_db_role_setting d
join pg_catalog.pg_roles r on r.oid = d.setrole
cross join pg_catalog.unnest(d.setconfig) with ordinality given(setting, place)
join pg_catalog.pg_settings s
  on s.name = pg_catalog.substr(given.setting, 1, pg_catalog.strpos(given.setting, '=') - 1)
where d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
  and (s.context = 'user' or pg_catalog.has_parameter_privilege(current_user, s.name, 'SET'))
order by 1, d.setdatabase <> 0, given.place
"""


def build_role_settings(rows: list[Row]) -> dict[str, RoleSettings]:
    """Settings by role, without those that decide who asks: they belong to the request's context alone."""
    found: dict[str, dict[str, str]] = {}
    for role, name, value in rows:
        if name.lower() not in RESERVED_SETTINGS:
            found.setdefault(role, {})[name] = value
    return {
        role: RoleSettings(
            tuple([(name, value) for name, value in settings.items() if name != ISOLATION_SETTING]),
            Isolation.named(settings.get(ISOLATION_SETTING)),
        )
        for role, settings in found.items()
    }
