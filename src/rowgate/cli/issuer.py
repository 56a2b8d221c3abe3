"""`rowgate issuer`: whose tokens are trusted. Edits supabase/config.toml; a running server takes the change itself."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rowgate.cli.console import Format, err, example, out, print_json, print_warnings, say
from rowgate.cli.options import Output, Workdir, chosen_workdir
from rowgate.errors import ConfigurationError, RowgateError

if TYPE_CHECKING:
    from rowgate.identity.issuer import Issuer
    from rowgate.identity.signing_key import KeySet
    from rowgate.project.settings import Folders, Settings

Name = Annotated[str, typer.Argument(metavar="NAME", help="The issuer's name in config.toml.", show_default=False)]

# Spellings of --provider that upstream's section names suggest.
_PROVIDER_OF_NAME = {"aws_cognito": "cognito"}


def register(app: typer.Typer) -> None:
    """Add the group `issuer`."""
    group = typer.Typer(name="issuer", help="See and change whose tokens are trusted.", no_args_is_help=True)
    group.command(
        "add",
        epilog=example(
            "rowgate issuer add clerk --domain example.clerk.accounts.dev",
            "rowgate issuer add workos --issuer https://api.workos.com/user_management/client_01EXAMPLE",
            "rowgate issuer add company --provider oidc --issuer https://id.example.com --audience my-api",
        ),
    )(add)
    group.command("list", epilog=example("rowgate issuer list", "rowgate issuer list -o json"))(list_issuers)
    group.command("test", epilog=example("rowgate issuer test clerk"))(check_keys)
    group.command("remove", epilog=example("rowgate issuer remove company"))(remove)
    app.add_typer(group, epilog=example("rowgate issuer add clerk --domain example.clerk.accounts.dev"))


def add(
    name: Name,
    provider: Annotated[
        str | None,
        typer.Option(
            help="clerk, workos, auth0, firebase, cognito, oidc or jwks. Default: NAME, where that is one of them.",
            show_default=False,
        ),
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Clerk, Auth0 or OIDC: the domain.", show_default=False)] = None,
    issuer: Annotated[str | None, typer.Option(help="The tokens' iss.", show_default=False)] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Another iss of the same issuer.", show_default=False)] = None,
    jwks_url: Annotated[str | None, typer.Option(help="Where the keys are, if not found by discovery.")] = None,
    jwks: Annotated[str | None, typer.Option(help="A file with the key set, or - for stdin.")] = None,
    algorithm: Annotated[list[str] | None, typer.Option(help="An algorithm to accept, such as RS256.")] = None,
    audience: Annotated[list[str] | None, typer.Option(help="An aud to accept; * for any.")] = None,
    authorized_party: Annotated[list[str] | None, typer.Option(help="An azp to accept.")] = None,
    clock_skew: Annotated[float | None, typer.Option(help="Seconds the clocks may differ. Default: 30.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="A role its tokens may take. Default: authenticated.")] = None,
    role_claim: Annotated[str | None, typer.Option(help="The claim that names the role. Default: role.")] = None,
    default_role: Annotated[str | None, typer.Option(help="The role of tokens without that claim.")] = None,
    token_class: Annotated[list[str] | None, typer.Option(help="A class of tokens to accept.")] = None,
    project_id: Annotated[str | None, typer.Option(help="Firebase: the project.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Auth0: the tenant.")] = None,
    tenant_region: Annotated[str | None, typer.Option(help="Auth0: the tenant's region.")] = None,
    user_pool_id: Annotated[str | None, typer.Option(help="Cognito: the user pool.")] = None,
    user_pool_region: Annotated[str | None, typer.Option(help="Cognito: the user pool's region.")] = None,
    client_id: Annotated[list[str] | None, typer.Option(help="Cognito, WorkOS: a client to accept.")] = None,
    workdir: Workdir = None,
) -> None:
    """Trust an issuer: add an entry to rowgate.issuers in config.toml, checked first. The file's comments stay.

    An entry named like an enabled section of auth.third_party refines that section. Options for lists may be repeated.
    """
    given: dict[str, object] = {
        "name": name,
        "provider": provider,
        "domain": domain,
        "issuer": issuer,
        "aliases": alias,
        "jwks_url": jwks_url,
        "jwks": None if jwks is None else _read_jwks(jwks),
        "algorithms": algorithm,
        "audiences": audience,
        "authorized_parties": authorized_party,
        "clock_skew": clock_skew,
        "roles": role,
        "role_claim": role_claim,
        "default_role": default_role,
        "token_classes": token_class,
        "project_id": project_id,
        "tenant": tenant,
        "tenant_region": tenant_region,
        "user_pool_id": user_pool_id,
        "user_pool_region": user_pool_region,
        "client_ids": client_id,
    }
    values = {key: value for key, value in given.items() if value not in (None, [])}
    if clock_skew is not None and not math.isfinite(clock_skew):  # NaN equals nothing, not even what was written
        raise ConfigurationError(f"--clock-skew is {clock_skew}; expected a number of seconds from 0 to 300.")
    folders = _folders(workdir)
    settings = _change(folders, lambda text, before: _added(text, before, values, folders))
    console = out()
    made = next(issuer for issuer in _build(settings) if issuer.name == name)
    say(console, f"Trusted: {name}, {made.issuer}", "bold")
    say(console, f"Written to {folders.config_file}")
    console.print(f"Next: [bold]rowgate issuer test {name}[/] fetches its keys.")


def remove(name: Name, workdir: Workdir = None) -> None:
    """Trust an issuer no longer: take its entry out, or switch its section of auth.third_party off."""
    from rowgate.project.issuer_blocks import disable_third_party, remove_block

    folders = _folders(workdir)
    done: list[str] = []

    def edited(text: str, settings: Settings) -> str:
        origin = settings.origins.get(f"identity.issuers.{name}")
        if origin is None:
            raise _unknown(name, settings)
        if "ROWGATE_ISSUERS" in origin.name:
            raise ConfigurationError(
                f'Issuer "{name}" comes from the environment variable ROWGATE_ISSUERS.', "Take it out there."
            )
        if "[[rowgate.issuers]]" in origin.name:
            text = remove_block(text, name, str(folders.config_file))
            done.append(f'Removed the entry "{name}" of [[rowgate.issuers]].')
        if "[auth.third_party." in origin.name:
            text = disable_third_party(text, name, str(folders.config_file))
            done.append(f"Set enabled = false in [auth.third_party.{name}].")
        return text

    _change(folders, edited)
    console = out()
    for line in done:
        console.print(line, markup=False, highlight=False)


def list_issuers(workdir: Workdir = None, output: Output = Format.PRETTY) -> None:
    """List the trusted issuers: their iss, where their keys come from, which roles their tokens may take."""
    from rowgate.project.resolve import resolve

    settings = resolve(chosen_workdir(workdir), keep_secrets=False)
    issuers = _build(settings)
    rows = [described(issuer, settings) for issuer in issuers]
    if output is Format.JSON:
        print_json(rows)
        return
    print_warnings([*settings.warnings, *(f"WARN: {text}" for issuer in issuers for text in issuer.warnings)])
    if not rows:
        err().print("No issuer is trusted yet. Add one: rowgate issuer add --help", highlight=False)
        return
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("Name", "Provider", "Issuer", "Audiences", "Roles", "Default role"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("Name", "Provider"))
    for row in rows:
        addresses = "\n".join([str(row["issuer"]), *(f"= {alias}" for alias in row["aliases"])])
        last = (addresses, _list(row["audiences"]), _list(row["roles"]), row["default_role"] or "–")
        table.add_row(row["name"], row["provider"], *(escape(cell) for cell in last))
    out().print(table)


def check_keys(name: Name, workdir: Workdir = None, output: Output = Format.PRETTY) -> None:
    """Fetch an issuer's keys as the server would, and say which of its tokens are refused. Exit 1 without keys."""
    from rowgate.project.resolve import resolve

    settings = resolve(chosen_workdir(workdir), keep_secrets=False)
    issuer = next((item for item in _build(settings) if item.name == name), None)
    if issuer is None:
        raise _unknown(name, settings)
    keys, problem = asyncio.run(_fetch(issuer, settings.identity.fetch_timeout))
    report = {
        **described(issuer, settings),
        "ok": problem is None,
        "problem": problem,
        "keys": [{"kid": key.kid, "algorithms": sorted(key.algorithms)} for key in keys.keys] if keys else [],
        "keys_left_out": list(keys.notes) if keys else [],
        "refused": refused_in_words(issuer),
    }
    if output is Format.JSON:
        print_json(report)
    else:
        _print_report(report)
    if problem is not None:
        raise typer.Exit(1)


def described(issuer: Issuer, settings: Settings) -> dict[str, Any]:
    """An issuer for a table or as JSON."""
    source = issuer.key_source
    return {
        "name": issuer.name,
        "provider": issuer.provider,
        "issuer": issuer.issuer,
        "aliases": list(issuer.aliases),
        "keys_from": getattr(source, "url", "pasted in the configuration"),
        "algorithms": sorted(issuer.algorithms),
        "audiences": _sorted(issuer.audiences),
        "client_ids": _sorted(issuer.client_ids),
        "authorized_parties": _sorted(issuer.authorized_parties),
        "token_classes": sorted(item.value for item in issuer.token_classes),
        "roles": _sorted(issuer.roles),
        "default_role": issuer.default_role,
        "clock_skew": issuer.clock_skew,
        "configured_in": settings.origins[f"identity.issuers.{issuer.name}"].name,
    }


def refused_in_words(issuer: Issuer) -> list[str]:
    """What a genuine token of this issuer can still be refused for."""
    lines = [
        f"signed with another algorithm than {', '.join(sorted(issuer.algorithms))}",
        f"expired by more than {issuer.clock_skew:g} s, or without exp",
        f"of another class than {', '.join(sorted(item.value for item in issuer.token_classes))}",
    ]
    if issuer.audiences is not None:
        lines.append(f"for another audience than {_list(_sorted(issuer.audiences))}")
    if issuer.client_ids is not None:
        lines.append(f"for another client than {_list(_sorted(issuer.client_ids))}")
    if issuer.authorized_parties is not None:
        lines.append(f"of another azp than {_list(_sorted(issuer.authorized_parties))}")
    lines.append(f"with a role that is not listed: {_list(_sorted(issuer.roles))}")
    lines.append(
        "without a role claim (no default_role is set)"
        if issuer.default_role is None
        else f"(without a role claim: taken as {issuer.default_role})"
    )
    return lines


async def _fetch(issuer: Issuer, timeout: float) -> tuple[KeySet | None, str | None]:  # noqa: ASYNC109
    from rowgate.fetch import Fetcher
    from rowgate.identity.issuer import PastedJwks
    from rowgate.identity.key_fetch import KeysUnavailable, fetch_key_set
    from rowgate.identity.signing_key import KeySetMalformed, read_key_set

    try:
        if isinstance(issuer.key_source, PastedJwks):
            return read_key_set(issuer.key_source.text.encode(), pasted=True), None
        keys, _ = await fetch_key_set(issuer, Fetcher(), timeout)
    except (KeysUnavailable, KeySetMalformed) as error:
        return None, str(error)
    return keys, None


def _print_report(report: dict[str, Any]) -> None:
    from rich.markup import escape

    console = out()

    def line(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    line(f"[bold]{report['name']}[/] ({report['provider']}) {escape(report['issuer'])}")
    for alias in report["aliases"]:
        line(f"  also {escape(alias)}")
    line(f"  keys from {escape(report['keys_from'])}")
    if report["problem"] is not None:
        line(f"\n[bold red]No keys:[/] {escape(report['problem'])}")
        line("  Until they can be fetched, its tokens are refused with key_unavailable.")
    else:
        line("\n[bold green]Keys[/]")
        for key in report["keys"]:
            line(f"  {escape(str(key['kid'] or 'no kid'))}  {', '.join(key['algorithms'])}")
        for note in report["keys_left_out"]:
            line(f"  [yellow]left out:[/] {escape(note)}")
    line("\n[bold]Refused are its tokens[/]")
    for refused in report["refused"]:
        line(f"  {escape(refused)}")


def _added(text: str, settings: Settings, values: dict[str, object], folders: Folders) -> str:
    from rowgate.project.issuer_blocks import add_block
    from rowgate.project.issuers import PROVIDERS

    name = str(values["name"])
    origin = settings.origins.get(f"identity.issuers.{name}")
    refines = origin is not None and origin.name.endswith(f"[auth.third_party.{name}]")
    if origin is not None and not refines:
        raise ConfigurationError(
            f'There is an issuer "{name}" already, in {origin.name}.',
            f"Edit it there, or run `rowgate issuer remove {name}` first.",
        )
    if "provider" not in values and not refines:
        guess = _PROVIDER_OF_NAME.get(name, name)
        if guess in PROVIDERS:
            values = {"name": name, "provider": guess, **{key: item for key, item in values.items() if key != "name"}}
    return add_block(text, values, str(folders.config_file))


def _change(folders: Folders, edit: Callable[[str, Settings], str]) -> Settings:
    """Change config.toml, if the issuers that come out of it can be trusted. Raises ConfigurationError."""
    from rowgate.project.config_file import edit_config

    settings = edit_config(folders, edit, check=_build)
    if os.environ.get("ROWGATE_ISSUERS"):
        print_warnings(["WARN: ROWGATE_ISSUERS is set and stands in for the file's [[rowgate.issuers]]."])
    return settings


def _build(settings: Settings) -> tuple[Issuer, ...]:
    from rowgate.identity.issuers import build_issuers

    return build_issuers(settings.identity)


def _folders(workdir: Path | None) -> Folders:
    from rowgate.project.settings import Folders

    chosen = chosen_workdir(workdir).absolute()
    return Folders(chosen, chosen / ".rowgate")


def _unknown(name: str, settings: Settings) -> RowgateError:
    from rowgate.project.spelling import did_you_mean

    names = [issuer.name for issuer in settings.identity.issuers]
    fallback = f"Configured: {', '.join(names)}." if names else "None is configured; see `rowgate issuer add --help`."
    return RowgateError(f'There is no issuer "{name}".', did_you_mean(name, names, fallback))


def _read_jwks(source: str) -> str:
    try:
        return (sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise RowgateError(f"Cannot read the key set from {source}: {error}.", "Give a file, or - for stdin.") from None


def _sorted(values: frozenset[str] | None) -> list[str] | None:
    return None if values is None else sorted(values)


def _list(values: list[str] | None) -> str:
    return ", ".join(values) if values else "any"
