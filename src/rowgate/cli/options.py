"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rowgate.cli.console import Format
from rowgate.project.settings import Folders

Workdir = Annotated[
    Path | None,
    typer.Option(
        "--workdir",
        envvar="ROWGATE_WORKDIR",
        help="The project folder, which holds supabase/. Default: the nearest one at or above the current folder.",
        show_default=False,
        show_envvar=True,
    ),
]

ParentPipe = Annotated[bool, typer.Option("--parent-pipe", help="End when standard input closes.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How the result is written.")]


def chosen_workdir(given: Path | None) -> Path:
    """The project folder: the one given, else the nearest at or above the current folder with a config.toml.

    Without any, the current folder: a project may be configured by the environment alone.
    """
    if given is not None:
        return given
    current = Path.cwd()
    for folder in (current, *current.parents):
        if Folders(folder, folder).config_file.is_file():
            return folder
    return current
