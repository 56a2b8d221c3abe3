"""`rowgate token explain`: why a token is accepted or refused, check by check."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rowgate.cli.console import Format, example, out, print_json, print_warnings, say
from rowgate.cli.options import Output, Workdir, chosen_workdir
from rowgate.errors import RowgateError

if TYPE_CHECKING:
    from rich.console import Console

    from rowgate.identity.explain import ExplainedPrincipal, Explanation
    from rowgate.postgres.roles import RoleSnapshot
    from rowgate.project.settings import Settings

DATABASE_TIMEOUT = 3.0  # seconds; explaining must not wait long for a database that is down
INPUT_LIMIT = 1024 * 1024  # characters of standard input; a longer "token" is a wrong file
KEY_CACHE_FOLDER = "keys"  # below the state folder, where a server keeps the keys it last saw

_UNCHECKED = "whether the role exists and is harmless was not checked"
_LOGIN_QUERY = """
select exists (select from pg_catalog.pg_roles where rolname = %s),
       (select rolsuper or rolcreaterole from pg_catalog.pg_roles where rolname = session_user)
"""


def register(app: typer.Typer) -> None:
    """Add the group `token`."""
    group = typer.Typer(name="token", help="Look at tokens.", no_args_is_help=True)
    examples = example("rowgate token explain eyJhbGciOi…", "rowgate token explain - -o json < token.txt")
    group.command("explain", epilog=examples)(explain)
    app.add_typer(group, epilog=examples)


def explain(
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN|-",
            help="A token or one of the project's keys; - reads it from standard input, so that no history keeps it.",
            show_default=False,
        ),
    ],
    workdir: Workdir = None,
    output: Output = Format.PRETTY,
) -> None:
    """Judge a token as the server would: each check with what was expected and found, the role, and the fix.

    Exit status 1 when the token is refused. The token itself is never printed.
    """
    import msgspec

    from rowgate.project.resolve import resolve

    credential = _credential(token)
    settings = resolve(chosen_workdir(workdir), keep_secrets=False)
    explanation, roles = asyncio.run(_explain(settings, credential))
    if output is Format.JSON:
        print_json({"accepted": explanation.refusal is None, **msgspec.to_builtins(explanation), "roles": roles.words})
    else:
        print_warnings(settings.warnings)
        _print(explanation, roles)
    if explanation.refusal is not None:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Roles:
    """The roles a verdict was made with, and in words where they came from."""

    snapshot: RoleSnapshot
    from_database: bool
    words: str


def _credential(token: str) -> bytes:
    text = sys.stdin.read(INPUT_LIMIT) if token == "-" else token  # noqa: S105
    text = text.strip()
    scheme, _, rest = text.partition(" ")
    if scheme.lower().rstrip(":") == "authorization":  # a whole header line was pasted
        scheme, _, rest = rest.strip().partition(" ")
        text = rest if scheme.lower() == "bearer" else f"{scheme} {rest}".strip()
    elif scheme.lower() == "bearer":
        text = rest.strip()
    if not text:
        raise RowgateError("There is no token to explain.", "Give it as an argument, or pipe it into `… explain -`.")
    return text.encode("utf-8", "surrogateescape")


async def _explain(settings: Settings, credential: bytes) -> tuple[Explanation, _Roles]:
    from rowgate.identity.explain import explain_token
    from rowgate.identity.verifier import Verifier

    roles = await _roles(settings)
    folder = settings.folders.state / KEY_CACHE_FOLDER
    verifier = Verifier.from_settings(
        settings, cache_folder=folder if folder.is_dir() else None, roles=lambda: roles.snapshot
    )
    try:
        return await explain_token(verifier, credential), roles
    finally:
        await verifier.stop()


async def _roles(settings: Settings) -> _Roles:
    """The database's roles; where it cannot be asked, those the issuers list, taken as harmless."""
    import psycopg

    from rowgate.postgres.login_names import login_names
    from rowgate.postgres.logins import connect
    from rowgate.postgres.roles import RoleSnapshot, read_roles
    from rowgate.project.named_roles import named_roles
    from rowgate.project.owner_url import owner_url

    names = login_names(settings.db.login_prefix)
    listed = frozenset((*named_roles(settings), "anon"))
    assumed = RoleSnapshot(public=listed - {"service_role"}, service=frozenset({"service_role"}))
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT), await connect(owner_url(settings)) as connection:
            cursor = await connection.execute(_LOGIN_QUERY, (names.public,))
            has_logins, may_make_them = await cursor.fetchone() or (False, False)
            if settings.db.setup == "auto" and may_make_them and not has_logins:
                return _Roles(assumed, False, f"the database was not set up yet: {_UNCHECKED}")
            two_logins = settings.db.setup == "auto" and has_logins
            foreign = (None, connection.info.user)  # one login serves tokens and secret keys
            public, service = (names.public, names.service) if two_logins else foreign
            snapshot = await read_roles(connection, public, service, settings.exposed_schemas)
            return _Roles(snapshot, True, "read from the database")
    except (TimeoutError, RowgateError, psycopg.Error, OSError):
        return _Roles(assumed, False, f"the database could not be asked: {_UNCHECKED}")


def _print(explanation: Explanation, roles: _Roles) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console = out()
    refusal, principal = explanation.refusal, explanation.principal
    if refusal is not None:
        console.print(f"[bold red]Refused[/] ({refusal.status} {refusal.code})", highlight=False)
        say(console, refusal.message, indent=2)
    elif principal is not None:
        through = f" through issuer [bold]{escape(principal.issuer)}[/]" if principal.issuer else ""
        console.print(
            f"[bold green]Accepted[/] as role [bold]{escape(principal.role)}[/]{through}",
            highlight=False,
            soft_wrap=True,
        )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Check", no_wrap=True)
    table.add_column("Expected", overflow="fold")
    table.add_column("Found", overflow="fold")
    for check in explanation.checks:
        mark = "[green]ok[/]" if check.ok else "[bold red]no[/]"
        table.add_row(mark, escape(check.name), escape(check.expected), escape(check.found))
    console.print()
    console.print(table)
    if principal is not None:
        _section(console, "Principal", _principal_lines(principal))
    if explanation.fix:
        _section(console, "Fix", [explanation.fix])
    notes = list(explanation.notes) if roles.from_database else [*explanation.notes, f"{roles.words.capitalize()}."]
    _section(console, "Notes", notes)


def _principal_lines(principal: ExplainedPrincipal) -> list[str]:
    expires = principal.expires_at
    rows = {
        "role": principal.role,
        "class": principal.token_class,
        "subject": principal.subject,
        "session": principal.session_id,
        "acted for by": principal.actor,
        "expires": None if expires is None else _time(expires),
        "privileged": "yes: bypasses row-level security" if principal.privileged else None,
    }
    return [f"{name:<13}{value}" for name, value in rows.items() if value is not None]


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # exp may be any number
        return f"{seconds:g} (Unix seconds)"


def _section(console: Console, title: str, lines: list[str]) -> None:
    if not lines:
        return
    console.print(f"\n[bold]{title}[/]")
    for line in lines:
        say(console, line, indent=2)
