"""`rowgate status`: where the running server is, and the keys to it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rowgate.cli.console import example, out, print_json
from rowgate.cli.options import Workdir, chosen_workdir
from rowgate.errors import RowgateError

if TYPE_CHECKING:
    from rowgate.project.settings import Settings
    from rowgate.server.state_file import ServerState


OLD_WAY = "shared_secret"  # how `identity.meter` labels tokens of the old way


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
    """Print the running server's URLs and keys, under the names that upstream's tools use.

    Except with -o env also how often each issuer's tokens were accepted or refused since the start.
    """
    import shlex

    from rowgate.project.resolve import resolve
    from rowgate.server.state_file import StateFile

    settings = resolve(chosen_workdir(workdir), keep_secrets=False)
    state_file = StateFile(settings.folders.state)
    state = state_file.running()
    if state is None:
        if state_file.locked():
            raise RowgateError("Rowgate is just starting or stopping.", "Try again in a moment.")
        raise RowgateError("Rowgate is not running for this project.", "Start it with `rowgate start`.")
    values = status_values(settings, state)
    if output is Output.JSON:
        print_json({**values, "verdicts": state.verdicts})
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
        "GRAPHQL_URL": f"{api_url}/graphql/v1",
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
    line("")
    line(
        f"Process {state.pid}, workers {workers}, database {state.database}: {'ready' if state.ready else 'NOT READY'}"
    )
    for part, condition in state.missing.items():
        line(f"  {part}: {condition}")
    for text in [*_issuer_lines(state.issuers, time.time()), *_verdict_lines(state)]:
        line(text)


def _issuer_lines(issuers: Iterable[Mapping[str, object]], now: float) -> Iterator[str]:
    """Each issuer's keys and how fresh they are: `rowgate.identity.keysets.KeySetStatus` as the server wrote it."""
    for issuer in issuers:
        keys, fetched, problem = issuer.get("keys"), issuer.get("fetched_at"), issuer.get("last_error")
        count = len(keys) if isinstance(keys, list) else 0
        words = f"{count} key{'' if count == 1 else 's'}" if count else "NO KEYS"
        if isinstance(fetched, int | float):
            words += f", fetched {max(0, now - fetched):.0f} s ago"
        elif count:
            words += f", {issuer.get('source')}"
        yield f"Issuer {issuer.get('issuer')}: {words}"
        if problem is not None:
            yield f"  {problem}"


def _verdict_lines(state: ServerState) -> Iterator[str]:
    """Who was let in and who was refused; tokens of the old way have a line of their own."""
    since = datetime.fromtimestamp(state.started, UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    yield f"Verdicts since {since} UTC" + ("" if state.verdicts else ": none yet")
    width = max(map(len, state.verdicts), default=0)
    for issuer, verdicts in state.verdicts.items():
        counts = ", ".join(f"{verdict} {number}" for verdict, number in verdicts.items())
        yield f"  {issuer:<{width}}  {counts}"
    if OLD_WAY in state.verdicts:
        yield f"  {OLD_WAY} is the old way, tokens signed with JWT_SECRET. Switch it off when its count stands still:"
        yield "  [rowgate.identity] shared_secret_enabled = false"
