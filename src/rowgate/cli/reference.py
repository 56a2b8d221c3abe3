"""docs/cli.md, made from the commands themselves: `python -m rowgate.cli.reference > docs/cli.md`. A test compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from rowgate.cli.main import build_app

INTRODUCTION = """\
# Command line

This page is made from the commands themselves (`python -m rowgate.cli.reference > docs/cli.md`).

Results go to standard output, warnings and errors to standard error. The exit status is 0 when all went well, 1 when
not (also when a token is refused or an issuer has no keys), and 2 for a mistake in the command line or the
configuration. `ROWGATE_DEBUG=1` shows the traceback of an error; without it, an unexpected one is saved in a file that
only you can read, and the file is named.
"""

_MARKUP = re.compile(r"(?<!\\)\[/?[a-z ]*\]")


def reference() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_sections(get_command(build_app()), "rowgate")])


def _sections(command: Any, path: str) -> Iterator[str]:
    commands = getattr(command, "commands", None)
    if commands is None:
        yield _section(command, path)
        return
    for name, child in commands.items():
        yield from _sections(child, f"{path} {name}")


def _section(command: Any, path: str) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    usage = " ".join([path, *(_name(argument) for argument in arguments)])
    lines = [f"## `{usage}`", "", " ".join(str(command.help or "").split()), ""]
    rows = [(f"`{_name(argument)}`", argument.help) for argument in arguments]
    rows += [(", ".join(f"`{name}`" for name in (*item.opts, *item.secondary_opts)), item.help) for item in options]
    if rows:
        lines += ["| argument or option | what it does |", "|---|---|"]
        lines += [f"| {name} | {_cell(text)} |" for name, text in rows]
        lines.append("")
    examples = [_plain(line).removeprefix("$ ") for line in str(command.epilog or "").splitlines()[1:] if line.strip()]
    if examples:
        lines += ["```sh", *examples, "```", ""]
    return "\n".join(lines)


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _cell(text: str | None) -> str:
    return " ".join(_plain(text or "").split()).replace("|", "\\|")


def _plain(text: str) -> str:
    return _MARKUP.sub("", text).replace("\\[", "[")


if __name__ == "__main__":
    sys.stdout.write(reference())
