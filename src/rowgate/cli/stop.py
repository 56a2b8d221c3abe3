"""`rowgate stop`: end the project's running server."""

from __future__ import annotations

import typer

from rowgate.cli.console import example
from rowgate.cli.options import Workdir, chosen_workdir
from rowgate.errors import RowgateError

GRACE_SECONDS = 45.0  # beyond the drain: the embedded Postgres writes its last checkpoint


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("stop", epilog=example("rowgate stop"))(stop)


def stop(workdir: Workdir = None) -> None:
    """Stop the running server. It finishes the requests under way first."""
    import os
    import signal
    import time

    from rowgate.project.resolve import resolve
    from rowgate.server.state_file import StateFile

    settings = resolve(chosen_workdir(workdir), keep_secrets=False)
    state_file = StateFile(settings.folders.state)
    state = state_file.running()
    if state is None:
        if state_file.locked():
            raise RowgateError("Rowgate is just starting or stopping.", "Try again in a moment.")
        typer.echo("Rowgate is not running for this project.")
        return
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
