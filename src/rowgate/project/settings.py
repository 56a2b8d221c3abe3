"""Everything that can be configured, resolved once into frozen records.

The walk: flags > `ROWGATE_<SECTION>__<KEY>` > the database (`pgrst.*`) > PostgREST's variables and file > other
variables > supabase/config.toml > defaults. `resolve.py` builds these records and remembers where each value came from,
`database_config.py` lays those of the database over them; nothing else reads a file or the environment again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Provider = Literal["clerk", "workos", "auth0", "firebase", "cognito", "oidc", "jwks"]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a project lives. `workdir` holds `supabase/`; `state` is private (0700) and holds secrets and caches."""

    workdir: Path
    state: Path

    @property
    def supabase(self) -> Path:
        return self.workdir / "supabase"

    @property
    def config_file(self) -> Path:
        return self.supabase / "config.toml"

    @property
    def migrations(self) -> Path:
        return self.supabase / "migrations"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Generated per project, kept in a 0600 file of the state folder. `repr` never shows one."""

    jwt_secret: str = field(repr=False)
    anon_key: str = field(repr=False)
    service_role_key: str = field(repr=False)
    publishable_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    database_password: str = field(repr=False)  # the embedded server's superuser
    public_login_password: str = field(repr=False)  # rowgate_public
    service_login_password: str = field(repr=False)  # rowgate_service


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`[api]`: upstream's names, and where the one port listens."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 54321
    external_url: str | None = None
    schemas: tuple[str, ...] = ("public", "graphql_public")
    extra_search_path: tuple[str, ...] = ("public", "extensions")
    max_rows: int | None = 1000


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """`[db]` and `[rowgate.db]`: which Postgres, and how its connections are used. Times in seconds."""

    port: int = 54322
    url: str | None = field(default=None, repr=False)  # an owner, superuser or plain login; None: embedded
    setup: Literal["auto", "never"] = "auto"  # never: change nothing in the database, serve through `url` itself
    listen_url: str | None = field(default=None, repr=False)  # a direct connection when `url` is a pooler
    login_prefix: str = "rowgate"  # the logins are <prefix>_public and <prefix>_service, names of the whole cluster
    pool_size: int = 10
    service_pool_size: int = 4
    share_depth: int = 8  # fast reads pipelined on one connection at most
    acquire_timeout: float = 10.0
    statement_timeout: float = 60.0  # ceiling for one request; 0 turns it off
    prepared_statements: bool = True  # false behind a transaction pooler
    bin_folder: Path | None = None  # ROWGATE_POSTGRES_BIN
    host: str = "127.0.0.1"  # where the embedded server listens; its socket lies in the state folder
    seed_enabled: bool = True  # `[db.seed] enabled`
    seed_paths: tuple[str, ...] = ("./seed.sql",)  # `[db.seed] sql_paths`: paths and globs relative to supabase/


@dataclass(frozen=True, slots=True)
class RestSettings:
    """`[rowgate.rest]`: PostgREST's own setting names, dashes as underscores."""

    db_schemas: tuple[str, ...] = ("public",)
    db_extra_search_path: tuple[str, ...] = ("public", "extensions")
    db_anon_role: str | None = "anon"
    db_max_rows: int | None = 1000
    db_pre_request: str | None = None
    db_tx_end: Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"] = "commit"
    db_aggregates_enabled: bool = False
    db_plan_enabled: bool = False
    db_timezone_enabled: bool = True
    db_hoisted_tx_settings: tuple[str, ...] = (
        "statement_timeout",
        "plan_filter.statement_cost_limit",
        "default_transaction_isolation",
    )
    db_root_spec: str | None = None
    db_channel: str = "pgrst"
    db_channel_enabled: bool = True
    db_config: bool = True  # whether the login's own settings `pgrst.*` count
    db_pre_config: str | None = None
    openapi_mode: Literal["follow-privileges", "ignore-privileges", "disabled"] = "follow-privileges"
    openapi_security_active: bool = False
    openapi_server_proxy_uri: str | None = None
    server_cors_allowed_origins: tuple[str, ...] = ()  # empty: any origin
    server_timing_enabled: bool = False
    server_trace_header: str | None = None
    server_unix_socket: Path | None = None  # in place of api.host and api.port
    server_unix_socket_mode: str = "660"  # octal
    admin_server_host: str = "127.0.0.1"
    admin_server_port: int | None = None
    jwt_secret: str | None = field(default=None, repr=False)  # plain, base64, a JWK or a JWKS; `@file` reads a file
    jwt_secret_is_base64: bool = False
    jwt_aud: str | None = None
    jwt_role_claim_key: str = ".role"  # PostgREST's JSPath
    jwt_roles: tuple[str, ...] = ()  # ours; empty: any unprivileged role the login may take
    allow_privileged_roles: bool = False  # ours
    at_root: bool = False  # ours: serve at `/` as well, where PostgREST does
    app_settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # secrets for SQL functions lie here
    request_headers: Literal["all", "no-credentials"] = "all"
    body_limit: int = 100 * 1024 * 1024  # bytes
    chunk_bytes: int = 4 * 1024 * 1024  # a larger answer is fetched in chunks and laid into a temporary file
    spool_limit: int = 4 * 1024 * 1024 * 1024  # bytes of such files at a time, of one worker


@dataclass(frozen=True, slots=True)
class GraphQLSettings:
    """`[rowgate.graphql]`: guards of the GraphQL API. Times in seconds, sizes in bytes."""

    max_depth: int = 32  # levels of one operation, fragments followed
    max_tokens: int = 10_000  # words, names and signs of one request's text
    max_cost: int = 10**15  # rows that the nested pages of one operation may hold together
    statement_timeout: float = 30.0  # below the ceiling of `[rowgate.db]`; 0 leaves it at that
    introspection: Literal["directive", "on", "off"] = "directive"  # upstream's way: as schemas' comments say
    body_limit: int = 4 * 1024 * 1024
    graphiql: Literal["auto", "on", "off"] = "auto"  # auto: where only this machine can reach the server


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """One trusted issuer as configured; `rowgate.identity.providers` turns it into an `Issuer`.

    None means "the provider's default". `jwks` is a pasted key set as JSON text.
    """

    name: str
    provider: Provider
    domain: str | None = None
    issuer: str | None = None
    aliases: tuple[str, ...] = ()
    jwks_url: str | None = None
    jwks: str | None = None
    algorithms: tuple[str, ...] | None = None
    audiences: tuple[str, ...] | None = None
    authorized_parties: tuple[str, ...] | None = None
    clock_skew: float = 30.0  # seconds
    roles: tuple[str, ...] = ("authenticated",)
    role_claim: str = "role"  # dotted path, or a JSONPath-like path with quotes: `"https://example.com/role"`, `a.b[0]`
    default_role: str | None = None
    token_classes: tuple[str, ...] | None = None
    project_id: str | None = None  # firebase
    tenant: str | None = None  # auth0
    tenant_region: str | None = None  # auth0
    user_pool_id: str | None = None  # cognito
    user_pool_region: str | None = None  # cognito
    client_ids: tuple[str, ...] | None = None  # cognito, workos


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """`[rowgate.identity]` and `[[rowgate.issuers]]`. Times in seconds."""

    issuers: tuple[IssuerSettings, ...] = ()
    refresh_interval: float = 60.0  # background refresh of each key set
    unknown_kid_cooldown: float = 5.0  # at most one unplanned fetch per issuer in this time
    stale_if_error: float = 24 * 3600.0
    fetch_timeout: float = 5.0
    shared_secret_enabled: bool = True  # the old way: third-party HS256 tokens signed with the JWT secret
    shared_secret_roles: tuple[str, ...] = ("authenticated",)
    shared_secret_default_role: str | None = None
    token_cache_bytes: int = 32 * 1024 * 1024
    role_check_interval: float = 2.0


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`[rowgate.server]`: processes and limits. Times in seconds, sizes in bytes."""

    workers: int = 1
    services: tuple[str, ...] = ("rest", "graphql")
    header_bytes: int = 64 * 1024
    header_fields: int = 100
    header_timeout: float = 10.0
    body_idle_timeout: float = 30.0
    bodies_limit: int = 1024 * 1024 * 1024  # bytes of large bodies in memory at a time, of one worker
    keep_alive_timeout: float = 75.0
    connection_limit: int = 1000
    drain_timeout: float = 30.0
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting's value came from: `flag --port`, `ROWGATE_API__PORT`, `supabase/config.toml`, `default`."""

    source: Literal["flag", "environment", "file", "database", "default", "generated"]
    name: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole resolved configuration. `origins` is keyed by dotted setting name (`api.port`)."""

    project_id: str
    folders: Folders
    secrets: Secrets
    api: ApiSettings = ApiSettings()
    db: DatabaseSettings = DatabaseSettings()
    rest: RestSettings = RestSettings()
    graphql: GraphQLSettings = GraphQLSettings()
    identity: IdentitySettings = IdentitySettings()
    server: ServerSettings = ServerSettings()
    postgrest: bool = False  # started as a deployment of PostgREST's: its defaults, its path, its database login
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def served(self) -> tuple[str, ...]:
        """The services of the API: none where upstream's own switch for it is off."""
        return self.server.services if self.api.enabled else ()

    @property
    def exposed_schemas(self) -> tuple[str, ...]:
        """Every schema whose tables some service shows: REST those of its list, GraphQL those of the search path."""
        further = self.rest.db_extra_search_path if "graphql" in self.served else ()
        return tuple(dict.fromkeys((*self.rest.db_schemas, *further)))
