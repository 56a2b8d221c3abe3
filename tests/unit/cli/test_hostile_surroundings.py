"""The command line in surroundings nobody wants: it answers in words and never with a traceback or a report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = [sys.executable, "-m", "rowgate"]


def shell(script: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell line in which "$@" is the command line's own start."""
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", *_PROGRAM],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src"), **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )


def in_words(done: subprocess.CompletedProcess[bytes]) -> None:
    said = done.stdout + done.stderr
    assert b"Traceback" not in said, said
    assert b"unexpected" not in said, said


@pytest.mark.parametrize("command", ["--help", "config show", "status", "issuer list", "config show -o json"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams(tmp_path: Path, command: str, closed: str) -> None:
    in_words(shell(f'"$@" {command} {closed}', tmp_path))


def test_a_closed_standard_input_holds_no_token(tmp_path: Path) -> None:
    done = shell('"$@" token explain - <&-', tmp_path)

    in_words(done)
    assert b"no token to explain" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["--help", "config show", "config show -o json", "--version"])
def test_a_full_disk_is_told_about(tmp_path: Path, command: str) -> None:
    done = shell(f'"$@" {command} > /dev/full', tmp_path)

    in_words(done)
    assert (done.returncode, done.stderr.count(b"cannot be written")) == (1, 1)


@pytest.mark.parametrize("command", ["config show", "init", "init --workdir x", "status", "migration new x", "stop"])
def test_a_folder_that_was_removed(tmp_path: Path, command: str) -> None:
    done = shell(f'mkdir gone && cd gone && rmdir ../gone && "$@" {command}', tmp_path)

    in_words(done)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Change to another folder" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_cannot_show_every_letter(tmp_path: Path, encoding: str) -> None:
    for command in ("config show", "--help", "init", "issuer add --help", "token explain a.b.c"):
        in_words(shell(f'"$@" {command}', tmp_path, PYTHONIOENCODING=encoding))


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"b\xff\xfed")
    folder.mkdir()
    for command in ("init", "config show", "config show -o json", "issuer list", "migration new x", "status"):
        in_words(shell(f'"$@" {command}', folder))
    for command in ("token explain", "issuer test", "migration new", "config show --workdir", "init --workdir"):
        in_words(shell(f'''"$@" {command} "$(printf 'a\\377\\376')"''', folder))


@pytest.mark.parametrize(
    "environ", [{"COLUMNS": "1"}, {"COLUMNS": "x"}, {"COLUMNS": "0"}, {"TERM": "dumb"}, {"NO_COLOR": "1"}, {"HOME": ""}]
)
def test_odd_terminals_and_no_escape_code_in_a_pipe(tmp_path: Path, environ: dict[str, str]) -> None:
    for command in ("--help", "config show", "issuer add --help", "token explain a.b.c", "statsu"):
        done = shell(f'"$@" {command}', tmp_path, **environ)
        in_words(done)
        assert b"\x1b" not in done.stdout + done.stderr


def test_no_home_at_all(tmp_path: Path) -> None:
    in_words(shell('unset HOME; "$@" config show', tmp_path))


@pytest.mark.parametrize(
    "command", ["config show", "issuer list", "status", "stop", "token explain x", "migration list", "issuer test x"]
)
def test_looking_leaves_no_trace(tmp_path: Path, command: str) -> None:
    in_words(shell(f'"$@" {command}', tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        "init --workdir file/x",
        "init --workdir file",
        "migration new x --workdir file",
        f"migration new {'x' * 300}",
        "config show --workdir file",
        "status --workdir file",
        "start --workdir file",
        "init --force --workdir folder",
        "config show --workdir folder",
        "issuer add clerk --domain clerk.example.com --workdir folder",
        "issuer add x --provider oidc --issuer https://a.b --audience x --clock-skew nan",
        "offline clerk --port 0 --key-file file/x",
        "offline clerk --port 0 --seed folder",
        "offline workos --port 0 --jwt-template folder",
        "start --host 999.9.9.9",
        "start --database-url sqlite://hunter2",
        "migration list --database-url postgresql://u:hunter2@127.0.0.1:1/x",
    ],
)
def test_what_cannot_be_read_or_written_is_said_in_words(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "supabase" / "config.toml").mkdir(parents=True)

    done = shell(f'"$@" {command}', tmp_path)

    in_words(done)
    assert done.returncode in (0, 1, 2)
    assert b"hunter2" not in done.stdout + done.stderr
