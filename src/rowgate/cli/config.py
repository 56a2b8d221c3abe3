"""`rowgate config`: what is in force, and where each value came from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rowgate.cli.console import Format, example, out, print_json, print_warnings, say
from rowgate.cli.options import Output, PostgrestConfig, Workdir, chosen_workdir
from rowgate.project.masking import MASK, masked

if TYPE_CHECKING:
    from rowgate.project.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the group `config`."""
    group = typer.Typer(name="config", help="See the configuration in force.", no_args_is_help=True)
    group.command("show", epilog=example("rowgate config show", "rowgate config show -o json"))(show)
    app.add_typer(group, epilog=example("rowgate config show"))


def show(workdir: Workdir = None, postgrest_config: PostgrestConfig = None, output: Output = Format.PRETTY) -> None:
    """Show every setting, its value, and where it came from: flag, environment, file or default. Secrets are masked."""
    from rowgate.project.resolve import resolve

    settings = resolve(chosen_workdir(workdir), keep_secrets=False, postgrest_config=postgrest_config)
    print_warnings(settings.warnings)
    rows = shown_settings(settings)
    if output is Format.JSON:
        print_json(
            {name: {"value": value, "source": source, "name": origin} for name, (value, source, origin) in rows.items()}
        )
        return
    _print_table(settings, rows)


def shown_settings(settings: Settings) -> dict[str, tuple[object, str, str]]:
    """Dotted name → (value with secrets masked, kind of source, name of source)."""
    from rowgate.project.fields import secret_fields, setting_fields

    rows: dict[str, tuple[object, str, str]] = {}

    def add(dotted: str, value: object) -> None:
        origin = settings.origins[dotted]
        rows[dotted] = (value, origin.source, origin.name)

    add("project_id", settings.project_id)
    for field in setting_fields():
        value = getattr(getattr(settings, field.section), field.name)
        add(field.dotted, masked(value) if field.secret else _plain(value))
    for field in secret_fields():
        add(field.dotted, MASK)
    for issuer in settings.identity.issuers:
        set_fields = {
            item.name: _plain(getattr(issuer, item.name))
            for item in dataclasses.fields(issuer)
            if item.name != "name" and getattr(issuer, item.name) not in (None, ())
        }
        add(f"identity.issuers.{issuer.name}", set_fields)
    return rows


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _print_table(settings: Settings, rows: dict[str, tuple[object, str, str]]) -> None:
    from rich import box
    from rich.table import Table

    console = out()
    say(console, f"Project {settings.project_id} in {settings.folders.workdir}", "bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Setting", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("From", overflow="fold")
    section = ""
    for dotted, (value, source, origin) in rows.items():
        if dotted.partition(".")[0] != section and section:
            table.add_section()
        section = dotted.partition(".")[0]
        style = "dim" if source in ("default", "generated") else "bold"
        table.add_row(
            dotted, _escaped(_words(value)), _escaped("generated" if source == "generated" else origin), style=style
        )
    console.print(table)


def _words(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "–"
    if isinstance(value, dict):
        return "\n".join(f"{name} = {_words(item)}" for name, item in value.items())
    return str(value)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
