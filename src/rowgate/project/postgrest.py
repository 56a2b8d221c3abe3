"""PostgREST 14's settings as rows: which of ours each one is, how its text is read, and what a deployment starts from.

https://docs.postgrest.org/en/v14/references/configuration.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rowgate.project.kinds import Unfit

VARIABLE_PREFIX = "PGRST_"
APP_SETTINGS_PREFIX = "PGRST_APP_SETTINGS_"
APP_SETTINGS_NAME = "app.settings."
APP_SETTINGS = "rest.app_settings"

# Naming the database is what makes a deployment of it; other PGRST_ variables beside a project of ours only set values.
DEPLOYMENT_VARIABLE = "PGRST_DB_URI"


def _same(text: str) -> str:
    return text


def _boolean(text: str) -> str:
    """`True`, `"true"`, or a whole number, of which those above zero mean true."""
    letters = "".join(letter for letter in text if letter.isalpha()).lower()
    if letters in ("true", "false"):
        return letters
    number = text.strip()
    if number.removeprefix("-").isdigit() and number.isascii():
        return "true" if int(number[:20]) > 0 else "false"
    raise Unfit


def _host(text: str) -> str:
    """PostgREST's reserved addresses: `*`, `*4` and `!4` are every IPv4 address, `*6` and `!6` every IPv6 one."""
    return {"*": "0.0.0.0", "*4": "0.0.0.0", "!4": "0.0.0.0", "*6": "::", "!6": "::"}.get(text, text)  # noqa: S104


def _level(text: str) -> str:
    return {"crit": "error", "warn": "warning"}.get(text, text)


def _list(text: str) -> str:
    """Names between commas; one that looks like JSON is a name all the same."""
    return "," + text


@dataclass(frozen=True, slots=True)
class PostgrestSetting:
    """One setting of PostgREST's. `dotted` is ours, None where it shapes nothing here and `note` says why.

    `read` turns PostgREST's text into the text our own setting takes, and raises Unfit.
    """

    name: str
    dotted: str | None
    note: str = ""
    read: Callable[[str], str] = _same
    aliases: tuple[str, ...] = ()
    in_database: bool = False
    empty: bool = False  # whether an empty text means something; elsewhere it counts as unset

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its older forms, the newest first."""
        return (self.name, *self.aliases)

    @property
    def key(self) -> str:
        """The name with underscores: below `[rowgate.rest]`, and behind `pgrst.` in the database."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        return variable_of(self.name)


def variable_of(name: str) -> str:
    """`db-uri` → `PGRST_DB_URI`."""
    return VARIABLE_PREFIX + name.replace("-", "_").upper()


def _rest(
    name: str,
    read: Callable[[str], str] = _same,
    *,
    in_database: bool = True,
    aliases: tuple[str, ...] = (),
    empty: bool = False,
) -> PostgrestSetting:
    return PostgrestSetting(name, "rest." + name.replace("-", "_"), "", read, aliases, in_database, empty)


POSTGREST_SETTINGS: tuple[PostgrestSetting, ...] = (
    _rest("admin-server-host", _host, in_database=False),
    _rest("admin-server-port", in_database=False),
    _rest("db-aggregates-enabled", _boolean),
    _rest("db-anon-role"),
    _rest("db-channel", in_database=False),
    _rest("db-channel-enabled", _boolean, in_database=False),
    _rest("db-config", _boolean, in_database=False),
    _rest("db-extra-search-path", _list, empty=True),
    _rest("db-hoisted-tx-settings", _list),
    _rest("db-max-rows", aliases=("max-rows",)),
    _rest("db-plan-enabled", _boolean),
    PostgrestSetting("db-pool", "db.pool_size", "per worker"),
    PostgrestSetting("db-pool-acquisition-timeout", "db.acquire_timeout"),
    PostgrestSetting("db-pool-automatic-recovery", None, "a lost connection is always made again", _boolean),
    PostgrestSetting(
        "db-pool-max-idletime",
        None,
        "idle connections stay open; one is closed when it is lost, or when its memory has grown",
        aliases=("db-pool-timeout",),
    ),
    PostgrestSetting("db-pool-max-lifetime", None, "a connection is closed when its memory has grown, not by its age"),
    _rest("db-pre-config"),
    _rest("db-pre-request", aliases=("pre-request",)),
    PostgrestSetting("db-prepared-statements", "db.prepared_statements", "", _boolean),
    _rest("db-root-spec", aliases=("root-spec",)),
    _rest("db-schemas", _list, aliases=("db-schema",)),
    _rest("db-timezone-enabled", _boolean),
    _rest("db-tx-end"),
    PostgrestSetting("db-uri", "db.url"),
    _rest("jwt-aud"),
    PostgrestSetting(
        "jwt-cache-max-entries",
        None,
        "verdicts are remembered by `identity.token_cache_bytes` bytes, however many entries that is",
    ),
    _rest("jwt-role-claim-key", aliases=("role-claim-key",)),
    _rest("jwt-secret"),
    _rest("jwt-secret-is-base64", _boolean, aliases=("secret-is-base64",)),
    PostgrestSetting("log-level", "server.log_level", "`crit` is `error`, `warn` is `warning`", _level),
    PostgrestSetting("log-query", None, "statements are never logged: they are made from the request's own words"),
    _rest("openapi-mode"),
    _rest("openapi-security-active", _boolean),
    _rest("openapi-server-proxy-uri"),
    _rest("server-cors-allowed-origins", _list),
    PostgrestSetting("server-host", "api.host", "", _host),
    PostgrestSetting("server-port", "api.port"),
    _rest("server-timing-enabled", _boolean),
    _rest("server-trace-header"),
    _rest("server-unix-socket", in_database=False),
    _rest("server-unix-socket-mode", in_database=False),
)

BY_DOTTED: Mapping[str, PostgrestSetting] = {one.dotted: one for one in POSTGREST_SETTINGS if one.dotted is not None}
IN_DATABASE: Mapping[str, PostgrestSetting] = {one.key: one for one in POSTGREST_SETTINGS if one.in_database}

# What PostgREST starts from where Rowgate starts from something else. In force where a deployment of PostgREST's is
# started by its own variables or file, so that it is the same deployment with another command.
DEPLOYMENT_DEFAULTS: Mapping[str, object] = {
    "api.host": "0.0.0.0",  # noqa: S104  PostgREST's `!4`
    "api.port": 3000,
    "db.url": "postgresql://",  # libpq's own variables say the rest
    "db.setup": "never",
    "db.statement_timeout": 0.0,
    "rest.db_schemas": ("public",),
    "rest.db_extra_search_path": ("public",),
    "rest.db_anon_role": None,
    "rest.db_max_rows": None,
    "rest.at_root": True,
    "server.services": ("rest",),
}
DEPLOYMENT_DEFAULT = "PostgREST's default"  # the name of such a value's origin


def postgrest_variables() -> frozenset[str]:
    """Every PGRST_ variable of a setting, older names included; `PGRST_APP_SETTINGS_*` stands beside them."""
    return frozenset(variable_of(name) for one in POSTGREST_SETTINGS for name in one.names)
