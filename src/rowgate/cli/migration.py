"""`rowgate migration`: the SQL files of supabase/migrations, and which of them the database has."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rowgate.cli.console import Format, err, example, out, print_json, print_warnings
from rowgate.cli.options import Output, Workdir, chosen_workdir

if TYPE_CHECKING:
    from rowgate.project.settings import Settings

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="The database, as its owner. Default: the one configured, else the running embedded server. "
        "DATABASE_URL does the same without showing it in process lists.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the group `migration`."""
    group = typer.Typer(name="migration", help="Change the database step by step.", no_args_is_help=True)
    group.command("up", epilog=example("rowgate migration up"))(up)
    group.command("new", epilog=example("rowgate migration new add_todos"))(new)
    group.command("list", epilog=example("rowgate migration list", "rowgate migration list -o json"))(list_migrations)
    app.add_typer(group, epilog=example("rowgate migration new add_todos", "rowgate migration up"))


def up(
    workdir: Workdir = None,
    database_url: DatabaseUrl = None,
    include_all: Annotated[
        bool, typer.Option("--include-all", help="Also apply files older than the newest one applied.")
    ] = False,
) -> None:
    """Apply the migrations that the database does not have yet, oldest first, each in a transaction of its own."""
    from rowgate.postgres import migrations
    from rowgate.project.owner_url import owner_url

    settings = _settings(workdir, database_url)
    applied = asyncio.run(migrations.up(owner_url(settings), settings.folders.migrations, include_all=include_all))
    print_warnings(f"WARN: {warning}" for warning in applied.warnings)
    for file in applied.migrations:
        out().print(f"Applied {file.path.name}", markup=False, highlight=False)
    if not applied.migrations:
        out().print("The database has every migration already.", highlight=False)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it does, such as add_todos.", show_default=False)],
    workdir: Workdir = None,
) -> None:
    """Make an empty migration file and print its path."""
    from rowgate.postgres.migrations import new_migration
    from rowgate.project.settings import Folders

    folder = chosen_workdir(workdir).absolute()
    path = new_migration(Folders(folder, folder / ".rowgate").migrations, name)
    out().print(str(_shortest(path)), markup=False, highlight=False, soft_wrap=True)


def list_migrations(workdir: Workdir = None, database_url: DatabaseUrl = None, output: Output = Format.PRETTY) -> None:
    """List every migration: in the folder, in the database, or in both."""
    from rowgate.postgres import migrations
    from rowgate.project.owner_url import owner_url

    settings = _settings(workdir, database_url)
    states = asyncio.run(migrations.list_migrations(owner_url(settings), settings.folders.migrations))
    if output is Format.JSON:
        print_json(
            [
                {"version": state.version, "name": state.name, "local": state.local, "applied": state.applied}
                for state in states
            ]
        )
        return
    if not states:
        err().print("There is no migration yet. Make one: rowgate migration new NAME", highlight=False)
        return
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("Version", "Name", "Folder", "Database"):
        table.add_column(heading, no_wrap=heading != "Name", overflow="fold")
    for state in states:
        table.add_row(
            escape(state.version), escape(state.name), "yes" if state.local else "–", "yes" if state.applied else "–"
        )
    out().print(table)


def _settings(workdir: Path | None, database_url: str | None) -> Settings:
    from rowgate.project.resolve import resolve

    settings = resolve(chosen_workdir(workdir), {"db.url": database_url}, keep_secrets=False)
    print_warnings(settings.warnings)
    return settings


def _shortest(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
