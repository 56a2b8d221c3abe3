"""`rowgate status`: where the running server is, and the keys to it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rowgate.cli.console import example, out, print_json
from rowgate.cli.options import Workdir, chosen_workdir
from rowgate.errors import RowgateError

if TYPE_CHECKING:
    from rowgate.project.settings import Settings
    from rowgate.server.state_file import ServerState


class Output(StrEnum):
    """How the status is printed."""

    PRETTY = "pretty"
    ENV = "env"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status", epilog=example("rowgate status", "eval $(rowgate status -o env)"))(status)


def status(
    workdir: Workdir = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="pretty, env or json.")] = Output.PRETTY,
) -> None:
    """Print the running server's URLs and keys, under the names that upstream's tools use."""
    import shlex

    from rowgate.project.resolve import resolve
    from rowgate.server.state_file import StateFile

    settings = resolve(chosen_workdir(workdir))
    state_file = StateFile(settings.folders.state)
    state = state_file.running()
    if state is None:
        if state_file.locked():
            raise RowgateError("Rowgate is just starting or stopping.", "Try again in a moment.")
        raise RowgateError("Rowgate is not running for this project.", "Start it with `rowgate start`.")
    values = status_values(settings, state)
    if output is Output.JSON:
        print_json(values)
    elif output is Output.ENV:
        for name, value in values.items():
            typer.echo(f"{name}={shlex.quote(value)}")
    else:
        _print_pretty(values, state)


def status_values(settings: Settings, state: ServerState) -> dict[str, str]:
    """Name to value, as `supabase status -o env` names them."""
    from rowgate.project.owner_url import owner_url

    secrets = settings.secrets
    api_url = settings.api.external_url or state.url
    return {
        "API_URL": api_url,
        "REST_URL": f"{api_url}/rest/v1",
        "DB_URL": owner_url(settings),
        "ANON_KEY": secrets.anon_key,
        "SERVICE_ROLE_KEY": secrets.service_role_key,
        "PUBLISHABLE_KEY": secrets.publishable_key,
        "SECRET_KEY": secrets.secret_key,
        "JWT_SECRET": secrets.jwt_secret,
    }


def _print_pretty(values: dict[str, str], state: ServerState) -> None:
    console = out()

    def line(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    width = max(map(len, values))
    for name, value in values.items():
        line(f"{name:>{width}}  {value}")
    workers = ", ".join(str(pid) for pid in state.workers.values()) or "none"
    line(
        f"Process {state.pid}, workers {workers}, database {state.database}: {'ready' if state.ready else 'NOT READY'}"
    )
    for part, condition in state.missing.items():
        line(f"  {part}: {condition}")
    for issuer in state.issuers:
        line("Issuer " + ", ".join(f"{name}: {value}" for name, value in issuer.items() if value is not None))
