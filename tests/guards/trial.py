"""One guard's trial: the tree without it, and what its tests say about that."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.guards.guard import ROOT, Guard

# What the tests read beside themselves.
NEEDED = ("src", "tests", "docs", "examples", "pyproject.toml")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", ".*")


class Verdict(StrEnum):
    """How a trial ended."""

    CAUGHT = "caught"
    NOT_CAUGHT = "NOT CAUGHT"
    TIMED_OUT = "TIMED OUT"  # a test that hangs without its guard gives no answer
    BROKEN = "BROKEN"  # the tests could not even run: that proves nothing


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. `survivors` are the named tests that passed, `words` the end of what pytest printed."""

    verdict: Verdict
    seconds: float
    survivors: tuple[str, ...] = ()
    words: str = ""


def snapshot(folder: Path) -> Path:
    """A copy of the tree, so that edits during a long run change nothing."""
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=_LEFT_OUT)
        else:
            shutil.copy2(source, target)
    return folder


def without(guard: Guard, tree: Path, folder: Path) -> Path:
    """The tree's `src` without the guard, in `folder`. Raises GuardLost."""
    source = folder / "src"
    shutil.copytree(tree / "src", source, ignore=_LEFT_OUT)
    file = folder / guard.path
    changed = guard.removed_from(file.read_text(encoding="utf-8"))
    compile(changed, str(file), "exec")  # source that does not compile would fail every test, and prove nothing
    file.write_text(changed, encoding="utf-8")
    return source


def ask(
    tests: Iterable[str], tree: Path, source: Path, timeout: float, *, options: Sequence[str] = ()
) -> tuple[int | None, str]:
    """Run tests against a source folder: pytest's exit code (None after `timeout` seconds) and its output."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", "--no-header", *options]
    # A temporary folder of its own: pytest tidies up the shared one, which runs beside each other would trip over.
    command += [f"--basetemp={source.parent / 'temporary'}", *(f"tests/{test}" for test in tests)]
    environ = {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{tree}", "PYTHONDONTWRITEBYTECODE": "1"}
    environ.pop("CI", None)  # a test that cannot run here is no test that failed
    with subprocess.Popen(
        command,
        cwd=tree,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its group alone: the session was made for it
            output, _ = process.communicate()
            return None, output
    return process.returncode, output


def hold(guard: Guard, tree: Path, folder: Path, timeout: float) -> Trial:
    """Take the guard out and ask its tests. Raises GuardLost."""
    began = time.monotonic()
    folder.mkdir()
    try:
        code, output = ask(guard.tests, tree, without(guard, tree, folder), timeout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    words = "\n".join([*output.strip().splitlines()[-12:], f"pytest ended with {code}"])
    if code is None:
        return Trial(Verdict.TIMED_OUT, seconds, (), words)
    if code not in (0, 1) or "\nERROR " in output:
        return Trial(Verdict.BROKEN, seconds, (), words)
    survivors = tuple(test for test in guard.tests if not failed(test, output))
    return Trial(Verdict.NOT_CAUGHT if survivors else Verdict.CAUGHT, seconds, survivors, words)


def failed(test: str, output: str) -> bool:
    """Whether pytest's short summary names the test, or one of its parameter sets, as failed."""
    line = f"FAILED tests/{test}"
    return any(said == line or said.startswith((f"{line} - ", f"{line}[")) for said in output.splitlines())
