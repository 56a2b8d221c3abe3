"""Settings that stand in the database, laid over those of the files and the environment, as PostgREST does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rowgate.errors import ConfigurationError
from rowgate.project.fields import setting_fields
from rowgate.project.postgrest import DEPLOYMENT_DEFAULTS, IN_DATABASE
from rowgate.project.resolve import check_rest, read_postgrest_text
from rowgate.project.settings import Origin, Settings

DATABASE_NAMES = tuple(IN_DATABASE)  # with `pgrst.` before them, what is read from the database


def with_database_settings(settings: Settings, values: Mapping[str, str]) -> Settings:
    """The settings with those of the database, by name without `pgrst.`, which win over everything but a flag and a
    `ROWGATE_` variable. Raises ConfigurationError, which names the setting."""
    fields = {field.dotted: field for field in setting_fields()}
    changes: dict[str, Any] = {}
    origins = dict(settings.origins)
    for key, text in values.items():
        setting = IN_DATABASE[key]
        assert setting.dotted is not None  # `IN_DATABASE` lists no other
        if _said_by_the_operator(origins[setting.dotted]):
            continue
        field, where = fields[setting.dotted], f"pgrst.{key}"
        if key == "jwt_secret" and text.startswith("@"):
            raise ConfigurationError(
                f"{where} begins with @: the database cannot name a file of this machine.",
                "Set the secret itself there, or the file in PGRST_JWT_SECRET.",
            )
        if text or setting.empty:
            changes[field.name] = read_postgrest_text(field, text, where)
        else:  # PostgREST reads an empty text as the default, whatever file and environment say
            changes[field.name] = (
                DEPLOYMENT_DEFAULTS.get(setting.dotted, field.default) if settings.postgrest else field.default
            )
        origins[setting.dotted] = Origin("database", where)
    if not changes:
        return settings
    rest = replace(settings.rest, **changes)
    check_rest(rest.db_schemas, settings.api.port, rest.admin_server_port, rest.openapi_server_proxy_uri)
    return replace(settings, rest=rest, origins=origins)


def _said_by_the_operator(origin: Origin) -> bool:
    return origin.source == "flag" or (origin.source == "environment" and origin.name.startswith("ROWGATE_"))
