"""Every setting as a row: where it may be written, which kind it is, and whether it may be shown.

The rows are derived from the records in `settings.py`, so a field added there is at once readable from the file and the
environment; what differs from the rule stands in the tables below. docs/configuration.md is checked against the rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import get_type_hints

from rowgate.project.kinds import Kind, kind_of
from rowgate.project.postgrest import BY_DOTTED
from rowgate.project.settings import (
    ApiSettings,
    DatabaseSettings,
    GraphQLSettings,
    IdentitySettings,
    RestSettings,
    Secrets,
    ServerSettings,
)

SECTIONS: Mapping[str, type] = {
    "api": ApiSettings,
    "db": DatabaseSettings,
    "rest": RestSettings,
    "graphql": GraphQLSettings,
    "identity": IdentitySettings,
    "server": ServerSettings,
}

# Settings that upstream's own sections hold as well, and where; `[rowgate.<section>]` wins over them.
UPSTREAM_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "api.enabled": ("api", "enabled"),
    "api.port": ("api", "port"),
    "api.external_url": ("api", "external_url"),
    "api.schemas": ("api", "schemas"),
    "api.extra_search_path": ("api", "extra_search_path"),
    "api.max_rows": ("api", "max_rows"),
    "db.port": ("db", "port"),
    "db.seed_enabled": ("db", "seed", "enabled"),
    "db.seed_paths": ("db", "seed", "sql_paths"),
}

# Where upstream keeps the project's secrets, and where we keep those that upstream does not have.
SECRET_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "jwt_secret": ("auth",),
    "anon_key": ("auth",),
    "service_role_key": ("auth",),
    "publishable_key": ("auth",),
    "secret_key": ("auth",),
    "database_password": ("rowgate", "db"),
    "public_login_password": ("rowgate", "db"),
    "service_login_password": ("rowgate", "db"),
}

# [rowgate.rest] takes its defaults from [api], as upstream hands them to PostgREST.
REST_DEFAULTS: Mapping[str, str] = {
    "rest.db_schemas": "api.schemas",
    "rest.db_extra_search_path": "api.extra_search_path",
    "rest.db_max_rows": "api.max_rows",
}

FLAGS: Mapping[str, str] = {
    "api.host": "--host",
    "api.port": "--port",
    "db.url": "--database-url",
    "server.services": "--services",
    "server.workers": "--workers",
}

# Variables beside ROWGATE_<SECTION>__<KEY>, read after it.
FURTHER_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "db.url": ("DATABASE_URL",),
    "db.bin_folder": ("ROWGATE_POSTGRES_BIN",),
}

# DATABASE_URL is a name that many tools share: one in a .env file of the app is not meant for us.
PROCESS_ONLY_VARIABLES = frozenset({"DATABASE_URL"})

# Inclusive. Whole numbers and times that are not named here start at 0.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "api.port": (0, 65535),  # 0: the system chooses
    "api.max_rows": (1, 2**31 - 1),
    "db.port": (1, 65535),
    "db.pool_size": (1, 10_000),
    "db.service_pool_size": (0, 10_000),
    "db.share_depth": (1, 1000),
    "db.acquire_timeout": (0.001, 3600),
    "db.statement_timeout": (0, 86_400),
    "rest.db_max_rows": (1, 2**31 - 1),
    "rest.body_limit": (1, 2**40),
    "rest.chunk_bytes": (64 * 1024, 2**29),
    "rest.spool_limit": (0, 2**50),
    "rest.admin_server_port": (0, 65535),
    "graphql.max_depth": (1, 200),  # the parser itself gives up somewhat deeper
    "graphql.max_tokens": (1, 10**6),
    "graphql.max_cost": (1, 2**53),
    "graphql.statement_timeout": (0, 86_400),
    "graphql.body_limit": (1, 2**30),
    "identity.refresh_interval": (1, 86_400),
    "identity.unknown_kid_cooldown": (0.1, 3600),
    "identity.stale_if_error": (0, 30 * 86_400),
    "identity.fetch_timeout": (0.1, 300),
    "identity.token_cache_bytes": (0, 2**40),
    "identity.role_check_interval": (0.1, 300),
    "server.workers": (1, 1024),
    "server.header_bytes": (1024, 2**20),
    "server.header_fields": (8, 10_000),
    "server.header_timeout": (0.1, 3600),
    "server.body_idle_timeout": (0.1, 3600),
    "server.bodies_limit": (0, 2**50),
    "server.keep_alive_timeout": (0, 86_400),
    "server.connection_limit": (1, 10**6),
    "server.drain_timeout": (0, 3600),
}

# Values that hold, or may hold, a credential: never shown, never part of an error.
SECRET_SETTINGS = frozenset({"db.url", "db.listen_url", "rest.app_settings", "rest.jwt_secret"})


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting. `paths` are its places in config.toml and `variables` its environment names, first found wins.

    PostgREST's own variables and file stand behind the first of `variables`; `postgrest.py` lists them.
    """

    section: str
    name: str
    kind: Kind
    default: object
    paths: tuple[tuple[str, ...], ...]
    variables: tuple[str, ...]
    flag: str | None
    secret: bool

    @property
    def dotted(self) -> str:
        """The setting's name in messages, `config show` and Settings.origins."""
        return f"{self.section}.{self.name}" if self.section else self.name


@cache
def setting_fields() -> tuple[SettingField, ...]:
    """Every setting of every section but the list of issuers, in the records' order."""
    rows = []
    for section, record in SECTIONS.items():
        hints = get_type_hints(record)
        for item in dataclasses.fields(record):
            dotted = f"{section}.{item.name}"
            if dotted == "identity.issuers":
                continue
            rows.append(_row(section, item.name, kind_of(hints[item.name], BOUNDS.get(dotted)), item.default))
    return tuple(rows)


@cache
def secret_fields() -> tuple[SettingField, ...]:
    """The project's secrets, each of which may be set instead of generated."""
    text = kind_of(str)
    rows = []
    for item in dataclasses.fields(Secrets):
        path = SECRET_SECTIONS[item.name]
        variables = [f"ROWGATE_{path[-1].upper()}__{item.name.upper()}"]
        if path[0] != "rowgate":
            variables.append(f"SUPABASE_{path[-1].upper()}_{item.name.upper()}")
        rows.append(
            SettingField(path[-1], item.name, text, None, ((*path, item.name),), tuple(variables), None, secret=True)
        )
    return tuple(rows)


def project_id_field() -> SettingField:
    """Upstream's top-level `project_id`; its default is the project folder's name."""
    variables = ("ROWGATE_PROJECT_ID", "SUPABASE_PROJECT_ID")
    return SettingField("", "project_id", kind_of(str), None, (("project_id",),), variables, None, secret=False)


def _row(section: str, name: str, kind: Kind, default: object) -> SettingField:
    dotted = f"{section}.{name}"
    paths: list[tuple[str, ...]] = [("rowgate", section, name)]
    variables = [f"ROWGATE_{section.upper()}__{name.upper()}", *FURTHER_VARIABLES.get(dotted, ())]
    if dotted in UPSTREAM_SETTINGS:
        paths.append(UPSTREAM_SETTINGS[dotted])
        variables.append("SUPABASE_" + "_".join(UPSTREAM_SETTINGS[dotted]).upper())  # upstream's Go dialect reads these
    if dotted in BY_DOTTED and section != "rest":
        paths.append(("rowgate", "rest", BY_DOTTED[dotted].key))
    return SettingField(
        section, name, kind, default, tuple(paths), tuple(variables), FLAGS.get(dotted), dotted in SECRET_SETTINGS
    )
