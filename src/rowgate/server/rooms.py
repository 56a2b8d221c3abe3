"""What a worker serves with: roles, verifier, pools, catalog and services, opened and closed in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import asdict, replace

import psycopg

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
from rowgate.project.settings import IdentitySettings, Settings
from rowgate.rest.service import RestService
from rowgate.rest.timing import TimedRestService
from rowgate.server.log import Log

PREFIXES: Mapping[str, str] = {"rest": RestService.prefix}  # service name in `server.services` -> path
RELOAD_CHANNEL = "pgrst"  # PostgREST's: what already notifies it keeps working
KEY_CACHE = "keys"  # folder below the state folder: the last good key set of each issuer survives a restart
CONNECT_TIMEOUT = 5  # seconds
FIRST_RETRY = 0.5  # seconds before the catalog is read again after a failure; doubles up to LONGEST_RETRY
LONGEST_RETRY = 10.0
POOL_DRAIN = 5.0  # seconds; the server in front has let its requests finish already


class Rooms:
    """Everything behind the gateway of one worker. Nothing here fails because the database or an issuer is away."""

    def __init__(self, settings: Settings, serving: Serving, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._roles = RoleWatch(
            serving.public_conninfo,
            settings.identity.role_check_interval,
            settings.rest.db_schemas,
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
            (RELOAD_CHANNEL,),
            self._notified,
            self._listening,
        )
        self._outdated = asyncio.Event()
        self._outdated.set()
        self._catalog_task: asyncio.Task[None] | None = None
        service = TimedRestService if settings.rest.server_timing_enabled else RestService
        rest = service(settings.rest, self._database, lambda: self._catalog.current, settings.api)
        self.services: tuple[Service, ...] = (rest,)

    async def open(self) -> None:
        """Begin everything that runs in the background. Delays by seconds when the database is away, no more."""
        await self.verifier.start()
        self._catalog_task = asyncio.create_task(self._keep_catalog(), name="catalog")
        await asyncio.gather(self._roles.start(), self._database.open(), self._listener.start())

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

    def reload(self, identity: IdentitySettings) -> None:
        """Take changed issuers up. Raises ConfigurationError and changes nothing when they are not valid."""
        settings = replace(self._settings, identity=identity)
        self.verifier.reconfigure(settings)
        self._settings = settings

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

    def _roles_changed(self, _snapshot: RoleSnapshot) -> None:
        self.verifier.roles_changed()

    async def _notified(self, _channel: str, payload: str) -> None:
        """`NOTIFY pgrst, 'reload schema'`, as PostgREST has it; an empty payload means everything.

        `reload config` means the settings of roles here, which are read with the catalog.
        """
        if payload in ("", "reload schema", "reload config"):
            self._outdated.set()

    async def _listening(self) -> None:
        """What was announced before this moment is lost: read everything again."""
        self._outdated.set()

    async def _keep_catalog(self) -> None:
        """Read the catalog whenever it is outdated, and again until that succeeds; the old one serves meanwhile."""
        pause = FIRST_RETRY
        while True:
            await self._outdated.wait()
            self._outdated.clear()
            try:
                catalog = await self._catalog.reload()
            except (psycopg.Error, OSError) as error:
                self._log.warning("catalog not read", problem=_words(error), again_in=pause)
                self._outdated.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_RETRY)
            else:
                pause = FIRST_RETRY
                self._database.forget_statements()
                self._log.info("catalog read", version=catalog.version, relations=len(catalog.relations))

    async def _read_catalog(self, version: int) -> Catalog:
        """Read the catalog through the login that serves, on a connection of its own: it may take seconds."""
        rest = self._settings.rest
        async with await psycopg.AsyncConnection.connect(
            self._public_conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT, prepare_threshold=None
        ) as connection:
            return await load(connection, rest.db_schemas, rest.db_extra_search_path, version)


def _words(error: Exception) -> str:
    """What Postgres or libpq said, in one line. Our own queries hold no value of a client's."""
    return (str(error).strip() or type(error).__name__).partition("\n")[0]
