"""`rowgate stop`: end the project's running server, and delete its embedded data where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rowgate.cli.console import example
from rowgate.cli.options import Workdir, chosen_workdir
from rowgate.errors import RowgateError

if TYPE_CHECKING:
    from rowgate.project.settings import Settings
    from rowgate.server.state_file import StateFile

GRACE_SECONDS = 45.0  # beyond the drain: the embedded Postgres writes its last checkpoint


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("stop", epilog=example("rowgate stop", "rowgate stop --no-backup"))(stop)


def stop(
    workdir: Workdir = None,
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="Then delete the project's embedded database, for good.")
    ] = False,
) -> None:
    """Stop the running server. It finishes the requests under way first."""
    from rowgate.project.resolve import resolve
    from rowgate.server.state_file import StateFile

    settings = resolve(chosen_workdir(workdir), keep_secrets=False)
    if no_backup and settings.db.url is not None:
        raise RowgateError(
            "This project's database is not the embedded one, so there is nothing here to delete.",
            "Stop the server with `rowgate stop`; what is in your own database stays with you.",
        )
    _end(settings, StateFile(settings.folders.state), no_backup)
    if no_backup:
        _delete(settings)


def _end(settings: Settings, state_file: StateFile, no_backup: bool) -> None:
    import os
    import signal
    import time

    state = state_file.running()
    if state is None:
        if state_file.locked():
            raise RowgateError("Rowgate is just starting or stopping.", "Try again in a moment.")
        typer.echo("Rowgate is not running for this project.")
        return
    if no_backup and state.database == "external":  # started with a flag or an environment that we do not have
        raise RowgateError(
            "The running server uses a database of your own, so what --no-backup would delete is not what it serves.",
            "Stop it with `rowgate stop` first.",
        )
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + settings.server.drain_timeout + GRACE_SECONDS
    while state_file.locked():
        if time.monotonic() > deadline:
            raise RowgateError(
                f"Rowgate (process {state.pid}) is still finishing requests.",
                f"Wait, or cut them off with `kill -9 {state.pid}`; the workers and the database end by themselves.",
            )
        time.sleep(0.05)
    typer.echo("Rowgate has stopped.")


def _delete(settings: Settings) -> None:
    from rowgate.server.database import embedded_server

    server = embedded_server(settings)
    if not server.folder.exists():
        typer.echo("This project has no embedded database.")
        return
    typer.echo(f"Deleting the database of project {settings.project_id}, all of {server.folder}")
    server.delete()
    typer.echo("Deleted. Keys, configuration and migrations stay; the next start makes a new database.")
