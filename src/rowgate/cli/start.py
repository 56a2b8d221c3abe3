"""`rowgate start`: run the whole system in the foreground."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from rowgate.cli.console import example, print_warnings
from rowgate.cli.options import ParentPipe, PostgrestConfig, Workdir, chosen_workdir

if TYPE_CHECKING:
    from rowgate.project.settings import Settings

DATABASE_HELP = "Use this Postgres and start none. DATABASE_URL does the same without showing it in process lists."

SERVICES_HELP = "What to serve, comma-separated: rest, graphql."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("start", epilog=example("rowgate start", "rowgate start --port 8000 --workers 2"))(start)


def start(
    workdir: Workdir = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on.")] = None,
    database_url: Annotated[str | None, typer.Option("--database-url", help=DATABASE_HELP)] = None,
    services: Annotated[str | None, typer.Option("--services", help=SERVICES_HELP)] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Number of worker processes.")] = None,
    postgrest_config: PostgrestConfig = None,
    parent_pipe: ParentPipe = False,
) -> None:
    """Start the database and the workers, and stay in the foreground until Ctrl-C."""
    import asyncio

    from rowgate.parent_pipe import end_with_parent
    from rowgate.project.environment import dotenv_files
    from rowgate.project.published import refuse_published_secrets
    from rowgate.project.resolve import resolve
    from rowgate.server.log import configure
    from rowgate.server.supervisor import Supervisor

    folder = chosen_workdir(workdir)
    flags: dict[str, object] = {
        "api.host": host,
        "api.port": port,
        "db.url": database_url,
        "server.services": services,
        "server.workers": workers,
    }
    environ = dict(os.environ)

    def resolved() -> Settings:
        """Also at every reload: a file changed to upstream's published secrets must not be served either."""
        settings = resolve(folder, flags, environ, postgrest_config=postgrest_config)
        refuse_published_secrets(settings)
        return settings

    settings = resolved()
    print_warnings(settings.warnings)
    watched = (
        settings.folders.config_file,
        *dotenv_files(settings.folders.supabase, settings.folders.workdir, environ),
        *(() if postgrest_config is None else (postgrest_config,)),
    )
    supervisor = Supervisor(
        settings,
        resolve=resolved,
        watched=watched,
        say=_say,
        log=configure(settings.server, "parent"),
    )
    if parent_pipe:
        end_with_parent()
    asyncio.run(supervisor.run())


def _say(line: str) -> None:
    """Print a line; a terminal or pipe that is gone must not end the server."""
    import contextlib

    with contextlib.suppress(OSError):
        typer.echo(line)
