"""What the command line writes: results to stdout, everything said beside them to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from rowgate.errors import RowgateError


class Format(StrEnum):
    """`-o`: for a person, or for a script."""

    PRETTY = "pretty"
    JSON = "json"


def out() -> Console:
    """The console for results. Piped output is as wide as its longest line, so that a script sees whole lines."""
    return _console(stderr=False)


def err() -> Console:
    """The console for warnings, progress and errors."""
    return _console(stderr=True)


def print_json(value: object) -> None:
    """A result for a script, on stdout: JSON, indented by two, keys in the order given."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_warnings(warnings: Iterable[str]) -> None:
    """Warnings go to stderr, so that they never mix with a result."""
    console = err()
    for warning in warnings:
        console.print(warning, style="yellow", markup=False, highlight=False, soft_wrap=True)


def print_error(error: RowgateError) -> None:
    """`Error: <what happened>` and, indented below, what to do next."""
    console = err()
    console.print("[bold red]Error:[/] ", end="")
    console.print(error.message, markup=False, highlight=False, soft_wrap=True)
    for line in (error.hint or "").splitlines():
        console.print(f"  {line}", style="cyan", markup=False, highlight=False, soft_wrap=True)


def example(*lines: str) -> str:
    """The end of a command's --help, as rich markup."""
    return "\n".join(("[bold]Example[/]", *(f"$ {line}".replace("[", "\\[") for line in lines)))


def _console(stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 240)
