"""The parent's side of the database: start the embedded one, or reach the configured one, and make it ready.

Set-up is done as the database's owner and never again after it: what serves requests are the two login roles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from rowgate.errors import RowgateError
from rowgate.identity.unbound import unbound_of
from rowgate.postgres import migrations, system
from rowgate.postgres.database_settings import read_database_settings
from rowgate.postgres.embedded.server import EmbeddedServer
from rowgate.postgres.login_names import PUBLIC_ROLES
from rowgate.postgres.logins import AUTHENTICATOR, CHECK_URL, CONNECT_TIMEOUT, DatabaseUnreachable, prepare
from rowgate.postgres.serving import Serving, place_of
from rowgate.project.database_config import DATABASE_NAMES, with_database_settings
from rowgate.project.named_roles import named_roles
from rowgate.project.settings import Settings
from rowgate.server.role_upkeep import RoleUpkeep


class ProjectDatabase:
    """The database of one run. `say` prints a line for the operator."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._in_database: Mapping[str, str] = {}  # the settings the database held last, by name
        self._say = say
        self._upkeep = RoleUpkeep(settings.exposed_schemas)
        self._embedded: EmbeddedServer | None = None
        self._starting: asyncio.Future[None] | None = None
        self._owner_url: str | None = settings.db.url
        self._socket: tuple[Path, int] | None = None

    @property
    def settings(self) -> Settings:
        """What is in force: with the settings that stand in the database, once it was prepared."""
        return self._settings

    @property
    def kind(self) -> str:
        """`embedded` or `external`."""
        return "embedded" if self._settings.db.url is None else "external"

    @property
    def waiting(self) -> str:
        """For the operator, while `prepare` takes its time: what it waits for, and what to do if that is in vain."""
        url = self._settings.db.url
        if url is None:
            return "Starting the embedded PostgreSQL; the first start of a project takes some seconds longer."
        return (
            f"Waiting for the database at {place_of(url)}; an attempt takes up to {CONNECT_TIMEOUT} s. {CHECK_URL} "
            "Ctrl-C ends the start."
        )

    async def prepare(self, settings: Settings) -> Serving:
        """Start or reach the database, bring roles, system schema and migrations up to date, and say how to serve.
        `settings` are those of files and environment alone.

        Raises DatabaseUnreachable where trying again later can help, and RowgateError where it cannot.
        """
        self._owner_url, self._socket = settings.db.url, None
        if self._owner_url is None:
            self._owner_url, self._socket = await self._start_embedded()
        serving = await self._log_in(settings)
        if serving.owner_url is not None and await self._set_up(serving.owner_url):
            serving = await self._log_in(settings)  # a migration may have made roles or changed their powers
        configured, problem = await self.configure(settings, serving)
        if problem is not None:
            raise problem  # there is no former configuration to go on with
        if _judged_by(configured) != _judged_by(settings):
            serving = await self._log_in(configured)
        self._take_up(configured)
        for sentence in (*serving.warnings, *serving.left_out):
            self._say(f"Note: {sentence}")
        return serving

    async def serve_roles(self, settings: Settings, serving: Serving) -> Serving:
        """Let the logins take the roles that changed settings name. Only after `prepare`. Raises RowgateError."""
        if _judged_by(settings) != _judged_by(self._settings):
            serving = await self._renew(settings, serving)
        self._take_up(settings)
        return serving

    async def configure(self, settings: Settings, serving: Serving) -> tuple[Settings, RowgateError | None]:
        """These settings with those that stand in the database; or with those that stood there last, and why."""
        if not settings.rest.db_config:
            return settings, None
        try:
            # A Supabase project's migrations configure PostgREST's login, which is not the one that serves here.
            also = (AUTHENTICATOR,) if serving.owner_url is not None else ()
            values = await read_database_settings(
                serving.public_conninfo, DATABASE_NAMES, settings.rest.db_pre_config, also
            )
            configured = with_database_settings(settings, values)
            unbound_of(configured.rest)  # a key set that cannot be read must not stand in the way of the next reload
        except RowgateError as error:
            return self.configured(settings), error
        self._in_database = values
        return configured, None

    def configured(self, settings: Settings) -> Settings:
        """These settings with those that stood in the database when it was asked last."""
        return with_database_settings(settings, self._in_database) if settings.rest.db_config else settings

    def _take_up(self, settings: Settings) -> None:
        self._settings = settings
        self._upkeep.judge_by(settings.exposed_schemas)

    async def renew(self, serving: Serving) -> Serving | None:
        """Set up again if the database's roles changed since this was asked last, and say what is new: how to serve
        from now on. None: nothing changed. Only after `prepare`. Raises RowgateError."""
        if not await self._upkeep.changed(serving, named_roles(self._settings)):
            return None
        try:
            serving = await self._renew(self._settings, serving)
        except DatabaseUnreachable:
            raise  # and try again at the next call
        except RowgateError:
            self._upkeep.settle()  # only another change can help
            raise
        self._upkeep.settle()
        return serving

    async def _renew(self, settings: Settings, before: Serving) -> Serving:
        serving = await self._log_in(settings)
        for sentence in (*serving.warnings, *serving.left_out):
            if sentence not in before.warnings and sentence not in before.left_out:
                self._say(f"Note: {sentence}")
        return serving

    async def stop(self) -> None:
        """Stop what this run started."""
        await self._upkeep.close()
        if self._starting is not None:
            await asyncio.wait([self._starting])  # a start in its thread cannot be called back
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.stop)

    async def _start_embedded(self) -> tuple[str, tuple[Path, int]]:
        embedded = self._embedded = embedded_server(self._settings)
        self._starting = asyncio.ensure_future(asyncio.to_thread(embedded.start))
        await asyncio.shield(self._starting)
        for note in embedded.notes:
            self._say(f"Note: {note}")
        return embedded.owner_url, (embedded.socket_folder, embedded.port)

    async def _log_in(self, settings: Settings) -> Serving:
        assert self._owner_url is not None
        return await prepare(
            self._owner_url,
            settings.secrets,
            setup=settings.db.setup,
            roles=named_roles(settings),
            schemas=settings.exposed_schemas,
            socket=self._socket,
            listen_url=settings.db.listen_url,
            login_prefix=settings.db.login_prefix,
            expected=_expected(settings),
            privileged_tokens=settings.rest.jwt_secret is not None and settings.rest.allow_privileged_roles,
        )

    async def _set_up(self, owner_url: str) -> bool:
        """Bring system schema and migrations up to date; whether anything of the project's own was applied."""
        installed = await system.install(owner_url)
        for sentence in installed.left_out:
            self._say(f"Note: {sentence}")
        folders = self._settings.folders
        applied = await migrations.up(owner_url, folders.migrations, migrations.resolve_seeds(folders.supabase))
        for file in applied.migrations:
            self._say(f"Applied migration {file.path.name}")
        for path in applied.seeds:
            self._say(f"Applied seed {path.name}")
        for warning in applied.warnings:
            self._say(f"Note: {warning}")
        return bool(applied.migrations or applied.seeds)


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The project's embedded server, not started."""
    return EmbeddedServer(
        settings.folders.state,
        settings.db.port,
        settings.db.host,
        settings.secrets.database_password,
        bin_folder=settings.db.bin_folder,
        project=settings.project_id,
    )


def _expected(settings: Settings) -> tuple[str, ...]:
    """The roles that a foreign login had better be able to take."""
    if not settings.postgrest:
        return PUBLIC_ROLES
    named = (settings.rest.db_anon_role, *settings.rest.jwt_roles)
    return tuple(role for role in named if role is not None)


def _judged_by(settings: Settings) -> tuple[object, ...]:
    """What decides which roles the logins get and which of them are privileged."""
    return named_roles(settings), settings.exposed_schemas, settings.rest.allow_privileged_roles
