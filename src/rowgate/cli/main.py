"""`rowgate`: registers the command groups and turns every failure into words."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, TextIO

import typer

from rowgate.cli.console import err, example, print_error
from rowgate.errors import RowgateError
from rowgate.project.spelling import nearest
from rowgate.version import __version__

# Each is a module of rowgate.cli with `register(app)`. They import what they need when they run: --help stays quick.
COMMANDS = ("init", "start", "status", "stop", "migration", "issuer", "token", "config", "offline")

# The first sentence of each one's help, for the list of commands: no module needs to be imported to print it.
SUMMARIES: Mapping[str, str] = {
    "init": "Make a project: supabase/config.toml, the folder for migrations, and a line in .gitignore.",
    "start": "Start the database and the workers, and stay in the foreground until Ctrl-C.",
    "status": "Print the running server's URLs and keys, under the names that upstream's tools use.",
    "stop": "Stop the running server. It finishes the requests under way first.",
    "migration": "Change the database step by step.",
    "issuer": "See and change whose tokens are trusted.",
    "token": "Look at tokens.",
    "config": "See the configuration in force.",
    "offline": "Identity providers for work without an account or a network.",
}

DEBUG_VARIABLE = "ROWGATE_DEBUG"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG})
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def build_app(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with these command modules; the others are listed only."""
    app = typer.Typer(
        name="rowgate",
        help="Your identity provider at the door, Postgres row-level security on every row.",
        epilog=example("rowgate init", "rowgate issuer add clerk --domain example.clerk.accounts.dev", "rowgate start"),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_root)
    for name in COMMANDS:
        if name in names:
            import_module(f"rowgate.cli.{name}").register(app)
        else:
            app.command(name, help=SUMMARIES[name])(_listed)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status. Never lets a traceback reach a person."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _usable_streams()
    try:
        result = build_app(_needed(given))(args=given, prog_name="rowgate", standalone_mode=False)
    except RowgateError as error:
        _debug_traceback()
        print_error(error)
        return error.exit_code
    except typer.TyperException as error:
        return _usage_error(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:  # `rowgate … | head`
        _to_nowhere(sys.stdout)
        return 1
    except OSError as error:
        if error.errno not in _NO_ROOM or error.filename is not None:
            return _last_resort(error)
        _to_nowhere(sys.stdout)  # what could not be written must not be tried again at the exit
        print_error(RowgateError(f"The output cannot be written: {error.strerror}."))
        return 1
    except Exception as error:  # the last resort: a person gets one line and a file to send
        return _last_resort(error)
    return result if isinstance(result, int) else 0


def _last_resort(error: Exception) -> int:
    _debug_traceback()
    print_error(_unexpected(error))
    return 1


def _usable_streams() -> None:
    """A stream that was closed (`>&-`) goes nowhere, and a terminal that cannot show a letter gets a question mark."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - lives as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def _to_nowhere(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):  # a stand-in for the stream may have no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _needed(arguments: Sequence[str]) -> Sequence[str]:
    """Only the module of the command that is called; for --help and a slip the summaries do."""
    first = next((word for word in arguments if not word.startswith("-")), None)
    return (first,) if first in COMMANDS else ()


def _listed() -> None:
    """Stands in the list of commands for a module that was not imported."""


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"rowgate {__version__}\n")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before a command. (`version` has done its work in its callback.)"""
    del version


def _usage_error(error: typer.TyperException) -> int:
    """Wrong commands and options, with what was probably meant."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # it has printed the help already
        return 2
    hints = []
    unknown = getattr(error, "option_name", None)
    message = error.message
    if type(error).__name__ == "NoSuchOption" and isinstance(unknown, str):
        message = f"No such option: {unknown.partition('=')[0]}"
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        found = nearest(unknown.partition("=")[0], known)
        hints += [f"Did you mean {found}?"] if found else []
    elif not (question := message.partition(" Did you mean "))[1]:
        message = error.format_message()
    else:
        message, hints = question[0], [f"Did you mean {question[2]}"]
    if context is not None:
        hints.append(f"See: {context.command_path} --help")
    print_error(RowgateError(message, "\n".join(hints) or None))
    return 2


def _unexpected(error: Exception) -> RowgateError:
    """Save a report only this user can read (an exception's text may quote a value), and name it."""
    lines = [
        f"rowgate {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n",
        *traceback.format_exception(error),
    ]
    try:
        descriptor, path = tempfile.mkstemp(prefix="rowgate-error-", suffix=".txt")  # mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(lines)
    except OSError:
        hint = f"No report could be saved; set {DEBUG_VARIABLE}=1 to see it here."
    else:
        hint = f"A report was saved in {path}; set {DEBUG_VARIABLE}=1 to see it here."
    return RowgateError(f"Something unexpected went wrong inside Rowgate ({type(error).__name__}).", hint)


def _debug_traceback() -> None:
    if os.environ.get(DEBUG_VARIABLE, "") not in ("", "0"):
        err().print(traceback.format_exc(), markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
