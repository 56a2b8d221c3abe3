"""What a worker serves with: roles, verifier, pools, catalog and services, opened and closed in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

import psycopg

from rowgate.graphql.graphiql_page import GraphiqlPage
from rowgate.graphql.service import GraphQLService
from rowgate.http.exchange import Service
from rowgate.http.gateway import Readiness
from rowgate.identity.verifier import Verifier
from rowgate.postgres.catalog.holder import CatalogHolder
from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.database import Database
from rowgate.postgres.listen import Listener
from rowgate.postgres.roles import RoleSnapshot, RoleWatch
from rowgate.postgres.serving import Serving
from rowgate.project.graphiql import shows_graphiql
from rowgate.project.settings import Settings
from rowgate.rest.service import RestService
from rowgate.rest.timing import TimedRestService
from rowgate.server.log import Log

# Service name in `server.services` -> path.
PREFIXES: Mapping[str, str] = {"rest": RestService.prefix, "graphql": GraphQLService.prefix}
KEY_CACHE = "keys"  # folder below the state folder: the last good key set of each issuer survives a restart
CONNECT_TIMEOUT = 5  # seconds
FIRST_RETRY = 0.5  # seconds before the catalog is read again after a failure; doubles up to LONGEST_RETRY
LONGEST_RETRY = 10.0
POOL_DRAIN = 5.0  # seconds; the server in front has let its requests finish already


class Rooms:
    """Everything behind the gateway of one worker. Nothing here fails because the database or an issuer is away.

    `on_services` is handed services that take the place of the former ones; `on_reload_asked` is called when the
    database wants the configuration to be read again.
    """

    def __init__(
        self,
        settings: Settings,
        serving: Serving,
        log: Log,
        *,
        on_services: Callable[[Sequence[Service]], None],
        on_reload_asked: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._awaiting: Settings | None = None  # settings that need a catalog of their own, which is being read
        self._on_services = on_services
        self._on_reload_asked = on_reload_asked
        self._listened = False
        self._log = log
        self._roles = RoleWatch(
            serving.public_conninfo,
            settings.identity.role_check_interval,
            settings.exposed_schemas,
            self._roles_changed,
            serving.service_login,
            serving.secret_keys_need,
        )
        self.verifier = Verifier.from_settings(
            settings, cache_folder=settings.folders.state / KEY_CACHE, roles=lambda: self._roles.snapshot
        )
        self._database = Database(serving.public_conninfo, serving.service_conninfo, settings.db)
        self._public_conninfo = serving.public_conninfo
        self._catalog = CatalogHolder(self._read_catalog)
        self._listener = Listener(
            serving.listen_conninfo,
            (settings.rest.db_channel,),
            self._notified,
            self._listening,
        )
        self._outdated = asyncio.Event()
        self._settled = asyncio.Event()  # nothing is known that the catalog does not show yet
        self._outdate()
        self._catalog_task: asyncio.Task[None] | None = None
        self._graphql: GraphQLService | None = None
        self.services = self._services(settings)

    def _services(self, settings: Settings) -> tuple[Service, ...]:
        services: list[Service] = []
        if "rest" in settings.served:
            rest = TimedRestService if settings.rest.server_timing_enabled else RestService
            services.append(rest(settings.rest, self._database, lambda: self._catalog.current, settings.api))
        if "graphql" in settings.served:
            self._graphql = GraphQLService(
                settings.graphql,
                settings.rest,
                self._database,
                lambda: self._catalog.current,
                _page(settings),
                self._settled,
            )
            services.append(self._graphql)
        return tuple(services)

    async def open(self) -> None:
        """Begin everything that runs in the background. Delays by seconds when the database is away, no more."""
        await self.verifier.start()
        self._catalog_task = asyncio.create_task(self._keep_catalog(), name="catalog")
        beginning = [self._roles.start(), self._database.open()]
        if self._settings.rest.db_channel_enabled:
            beginning.append(self._listener.start())
        await asyncio.gather(*beginning)

    async def close(self) -> None:
        """End it again, listeners first and connections last."""
        await self._listener.stop()
        if self._catalog_task is not None:
            self._catalog_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._catalog_task
        await self._roles.stop()
        await self.verifier.stop()
        await self._database.close(POOL_DRAIN)

    def reload(self, settings: Settings) -> None:
        """Take changed issuers and settings of the dialect up. Raises ConfigurationError and changes nothing when they
        are not valid. Where other schemas are exposed, the former ones serve until the catalog of the new ones is read.
        """
        self.verifier.reconfigure(settings)
        if _exposed(settings) == _exposed(self._settings):
            self._awaiting = None
            self._take_up(settings)
        else:
            self._awaiting = settings
            self._outdate()

    def read_catalog(self) -> None:
        """Read the catalog again, soon; the present one serves meanwhile."""
        self._outdate()

    def _outdate(self) -> None:
        self._outdated.set()
        self._settled.clear()

    def _take_up(self, settings: Settings) -> None:
        before = self._settings
        changed = settings.rest != before.rest or settings.graphql != before.graphql
        self._settings = settings
        if changed:  # requests under way keep the services they came to
            self.services = self._services(settings)
            self._on_services(self.services)

    async def serve_by(self, serving: Serving) -> None:
        """Take up that secret keys can be served from now on, or no longer. The public login never changes."""
        await self._database.serve_secret_keys(serving.service_conninfo)
        await self._roles.serve_as(serving.service_login, serving.secret_keys_need)

    def trouble(self) -> str | None:
        """Why the database cannot be used now, in libpq's words; for the log, not for strangers."""
        return self._roles.failure

    def readiness(self) -> Readiness:
        """Ready once roles and catalog have been read and while the database answers. Holds no host or reason: anyone
        may ask."""
        parts = {
            "database": "ok" if self._roles.failure is None else "does not answer",
            "catalog": "ok" if self._catalog.current is not None else "not loaded yet",
        }
        return Readiness(all(state == "ok" for state in parts.values()), parts)

    def issuers(self) -> tuple[Mapping[str, object], ...]:
        """The verifier's account of each issuer's keys."""
        return tuple(asdict(status) for status in self.verifier.status())

    def verdicts(self) -> Mapping[tuple[str, str], int]:
        """How often which verdict was reached, by (issuer, verdict); the old way stands under `shared_secret`."""
        return self.verifier.meter.counts()

    def gauges(self) -> Mapping[str, float]:
        """Figures for the metrics, by name."""
        stats = self._database.stats()
        gauges: dict[str, float] = {}
        for name, pool in (("public", stats.public), ("service", stats.service)):
            if pool is not None:
                gauges |= {
                    f"pool_{name}_open": pool.open,
                    f"pool_{name}_idle": pool.idle,
                    f"pool_{name}_in_flight": pool.in_flight,
                    f"pool_{name}_waiting": pool.waiting,
                    f"pool_{name}_lost_total": pool.lost_total,
                }
        return gauges

    @property
    def catalog(self) -> Catalog | None:
        """The catalog in use, None until one was read."""
        return self._catalog.current

    def postgrest_figures(self) -> Mapping[str, Mapping[str, float]]:
        """What PostgREST counts, by its names (`server.exposition`)."""
        stats = self._database.stats()
        pools = [pool for pool in (stats.public, stats.service) if pool is not None]
        lookups, hits, evictions = self.verifier.remembering()
        return {
            "pgrst_db_pool_timeouts_total": {"": sum(pool.timeouts_total for pool in pools)},
            "pgrst_db_pool_available": {"": sum(pool.idle for pool in pools)},
            "pgrst_db_pool_waiting": {"": sum(pool.waiting for pool in pools)},
            "pgrst_db_pool_max": {"": sum(pool.size for pool in pools)},
            "pgrst_schema_cache_loads_total": {"SUCCESS": self._catalog.loads, "FAIL": self._catalog.failures},
            "pgrst_schema_cache_query_time_seconds": {"": self._catalog.seconds},
            "pgrst_jwt_cache_requests_total": {"": lookups},
            "pgrst_jwt_cache_hits_total": {"": hits},
            "pgrst_jwt_cache_evictions_total": {"": evictions},
        }

    def _roles_changed(self, _snapshot: RoleSnapshot) -> None:
        self.verifier.roles_changed()
        if self._graphql is not None:
            self._graphql.roles_changed()

    async def _notified(self, _channel: str, payload: str) -> None:
        """`NOTIFY pgrst, 'reload schema'`, as PostgREST has it; an empty payload means the same.

        `reload config` is for the parent, and for the settings of roles, which are read with the catalog.
        """
        if payload in ("", "reload schema", "reload config"):
            self._outdate()
        if payload == "reload config":
            self._on_reload_asked()

    async def _listening(self) -> None:
        """What was announced before this moment is lost: read everything again. At the start all is fresh."""
        self._outdate()
        if self._listened:
            self._on_reload_asked()
        self._listened = True

    async def _keep_catalog(self) -> None:
        """Read the catalog whenever it is outdated, and again until that succeeds; the old one serves meanwhile."""
        pause = FIRST_RETRY
        while True:
            await self._outdated.wait()
            self._outdated.clear()
            try:
                catalog = await self._catalog.reload()
                await self._roles.judge_by(self._settings.exposed_schemas)  # of former schemas no more
            except (psycopg.Error, OSError) as error:
                self._log.warning("catalog not read", problem=_words(error), again_in=pause)
                self._outdated.set()
                self._settled.set()  # nobody waits for a database that is away
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_RETRY)
            else:
                pause = FIRST_RETRY
                self._database.forget_statements()
                if not self._outdated.is_set():
                    self._settled.set()
                self._log.info("catalog read", version=catalog.version, relations=len(catalog.relations))

    async def _read_catalog(self, version: int) -> Catalog:
        """Read the catalog through the login that serves, on a connection of its own: it may take seconds."""
        settings = self._awaiting or self._settings
        rest = settings.rest
        if self._awaiting is not None:
            # Before anything of the new schemas is served, and as long as anything of the old ones is.
            await self._roles.judge_by((*self._settings.exposed_schemas, *settings.exposed_schemas))
        async with await psycopg.AsyncConnection.connect(
            self._public_conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT, prepare_threshold=None
        ) as connection:
            catalog = await load(connection, rest.db_schemas, rest.db_extra_search_path, version)
        if settings is self._awaiting:
            self._awaiting = None
            self._take_up(settings)  # from here to the holder nothing waits: settings and catalog change in one step
        return catalog


def _exposed(settings: Settings) -> tuple[object, ...]:
    """What the catalog is read for."""
    return settings.rest.db_schemas, settings.rest.db_extra_search_path


def _page(settings: Settings) -> GraphiqlPage | None:
    """GraphiQL at the address that browsers know, where it is shown."""
    if not shows_graphiql(settings):
        return None
    below = urlsplit(settings.api.external_url or "").path.rstrip("/")
    return GraphiqlPage(below + GraphQLService.prefix, settings.secrets.publishable_key)


def _words(error: Exception) -> str:
    """What Postgres or libpq said, in one line. Our own queries hold no value of a client's."""
    return (str(error).strip() or type(error).__name__).partition("\n")[0]
