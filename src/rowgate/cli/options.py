"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rowgate.cli.console import Format
from rowgate.errors import ConfigurationError
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

PostgrestConfig = Annotated[
    Path | None,
    typer.Option(
        "--postgrest-config", help="PostgREST's configuration file: start as that deployment.", show_default=False
    ),
]
ParentPipe = Annotated[bool, typer.Option("--parent-pipe", help="End when standard input closes.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How the result is written.")]


def current_folder() -> Path:
    """The current folder. Raises ConfigurationError where it was removed or may not be entered."""
    try:
        return Path.cwd()
    except OSError:
        raise ConfigurationError(
            "The current folder does not exist any more, or may not be read.", "Change to another folder."
        ) from None


def chosen_workdir(given: Path | None) -> Path:
    """The project folder: the one given, else the nearest at or above the current folder with a config.toml.

    Without any, the current folder: a project may be configured by the environment alone.
    """
    if given is not None and given.is_absolute():
        return given
    current = current_folder()
    if given is not None:
        return given
    for folder in (current, *current.parents):
        if os.path.isfile(Folders(folder, folder).config_file):  # noqa: PTH113 - pathlib's raises where one may not look
            return folder
    return current
