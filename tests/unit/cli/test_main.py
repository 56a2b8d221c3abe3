"""Failures become words, help ends with an example, and --help stays quick."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from rowgate.cli import main as main_module
from rowgate.cli.main import SUMMARIES, build_app
from rowgate.cli.reference import reference
from rowgate.errors import RowgateError
from rowgate.version import __version__

from .conftest import Run

_HEAVY = ("psycopg", "aiohttp", "joserfc", "uvicorn", "tomlkit", "rowgate.identity", "rowgate.server", "rowgate.http")


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    command = get_command(build_app()) if command is None else command
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def build(names: object = None) -> typer.Typer:
        app = typer.Typer(pretty_exceptions_enable=False)

        @app.command()
        def fail() -> None:
            raise error

        return app

    monkeypatch.setattr(main_module, "build_app", build)


def test_a_rowgate_error_is_its_message_its_hint_and_its_status(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, RowgateError("It broke [at] x.", "Mend it."))

    outcome = run()

    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == "Error: It broke [at] x.\n  Mend it.\n"


def test_an_unexpected_exception_is_one_line_and_a_private_report(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyError("hunter2"))

    outcome = run("secret-argument")  # refused by the command line itself
    assert "hunter2" not in outcome.err
    outcome = run()

    assert outcome.status == 1
    assert outcome.err.startswith("Error: Something unexpected went wrong inside Rowgate (KeyError).")
    assert "Traceback" not in outcome.err
    assert "hunter2" not in outcome.err
    found = re.search(r"saved in (\S+);", outcome.err)
    assert found
    report = Path(found[1])
    assert "Traceback" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    report.unlink()


def test_the_traceback_is_shown_on_demand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWGATE_DEBUG", "1")
    failing(monkeypatch, RowgateError("It broke."))

    assert "Traceback" in run().err


def test_an_interrupt_is_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())

    outcome = run()

    assert (outcome.status, outcome.out) == (130, "")
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "words", "suggestion"),
    [
        (("isuer", "list"), "No such command 'isuer'", "Did you mean 'issuer'?"),
        (("issuer", "lst"), "No such command 'lst'", "Did you mean 'list'"),
        (("config", "show", "--outptu", "json"), "No such option: --outptu", "Did you mean --output?"),
        (("config", "show", "--outptu=json"), "No such option: --outptu", "Did you mean --output?"),
        (("config", "show", "-o", "xml"), "Invalid value for '--output'", "See: rowgate config show --help"),
        (("token", "explain"), "Missing argument 'TOKEN|-'", "See: rowgate token explain --help"),
    ],
)
def test_a_slip_gets_a_suggestion(run: Run, arguments: tuple[str, ...], words: str, suggestion: str) -> None:
    outcome = run(*arguments)

    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(f"Error: {words}")
    assert suggestion in outcome.err


def test_the_value_of_a_mistyped_option_is_not_repeated(run: Run) -> None:
    assert "hunter2" not in run("migration", "up", "--databse-url=postgresql://u:hunter2@h/d").err


def test_version(run: Run) -> None:
    assert run("--version").out == f"rowgate {__version__}\n"


def test_every_help_ends_with_an_example(run: Run) -> None:
    for path, _ in commands():
        outcome = run(*path, "--help")

        assert outcome.status == 0
        after = outcome.out.rpartition("Example")[2]
        assert f"$ rowgate {path[0] if path else ''}".rstrip() in after, path


def test_every_option_and_argument_says_what_it_does() -> None:
    for path, command in commands():
        assert command.help, path
        for parameter in command.params:
            assert parameter.help, (path, parameter.name)


def test_the_reference_page_is_what_the_commands_say() -> None:
    page = Path(__file__).parents[3] / "docs" / "cli.md"

    assert page.read_text(encoding="utf-8") == reference(), "run: python -m rowgate.cli.reference > docs/cli.md"


def test_the_list_of_commands_says_what_each_command_says() -> None:
    for name, command in get_command(build_app()).commands.items():  # type: ignore[attr-defined]
        assert " ".join(command.help.split("\n\n")[0].split()) == SUMMARIES[name]


def test_help_imports_nothing_heavy() -> None:
    """What `--help` imports decides how long it takes; a clock would measure this machine's other work."""
    heavy = ["rowgate.offline", "rowgate.cli.issuer", "rowgate.cli.offline", *_HEAVY]
    program = (
        "import sys; from rowgate.cli.main import main; main(['--help']);"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"


def test_a_closed_pipe_is_quiet() -> None:
    program = "import sys; from rowgate.cli.main import main; sys.exit(main(['--help']))"

    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -c "$1" | true', sys.executable, program], capture_output=True, text=True, check=True
    )

    assert done.stderr == ""
