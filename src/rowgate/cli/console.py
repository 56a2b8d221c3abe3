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


def say(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    """A sentence, as it is: wrapped at words on a terminal, on one line in a pipe."""
    from rich.padding import Padding
    from rich.text import Text

    if console.is_terminal:
        console.print(Padding(Text(text, style), (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent + text, style), soft_wrap=True)


def print_warnings(warnings: Iterable[str]) -> None:
    """Warnings go to stderr, so that they never mix with a result."""
    console = err()
    for warning in warnings:
        say(console, warning, "yellow")


def print_error(error: RowgateError) -> None:
    """`Error: <what happened>` and, indented below, what to do next."""
    console = err()
    say(console, f"Error: {error.message}", "red")
    for line in (error.hint or "").splitlines():
        say(console, line, "cyan", indent=2)


def example(*lines: str) -> str:
    """The end of a command's --help, as rich markup."""
    return "\n".join(("[bold]Example[/]", *(f"$ {line}".replace("[", "\\[") for line in lines)))


def _console(stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 240)
