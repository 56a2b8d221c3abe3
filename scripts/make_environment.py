"""Make a virtual environment from a lock file: `make_environment.py FOLDER LOCK`.

Only the standard library is used, so that it can say in one line what a bare machine lacks.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

MINIMUM = (3, 11)


def main() -> int:
    folder, lock = Path(sys.argv[1]), Path(sys.argv[2])
    if sys.version_info < MINIMUM:
        return fail(
            f"Rowgate needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. "
            "Name another one: make PYTHON=python3.12 …"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        return fail(f"Python's venv is missing. Install it first: sudo apt-get install {package} (or python3-venv)")
    started = time.monotonic()
    python = folder / "bin" / "python"
    if not (folder / "bin" / "pip").exists():  # pip comes last: without it an earlier run was cut short
        say(f"Making the environment {folder} with Python {sys.version.split()[0]}")
        done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=False)
        if done.returncode:
            return fail(f"{sys.executable} -m venv {folder} failed: see the lines above")
    say(f"Installing the locked dependencies of {lock}")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--progress-bar", "off"]
    # Hashes are checked for every file; the project itself is built by the locked hatchling, without isolation.
    for arguments in (["--require-hashes", "-r", str(lock)], ["--no-deps", "--no-build-isolation", "-e", "."]):
        done = subprocess.run([*pip, *arguments], env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}, check=False)
        if done.returncode:
            return fail(f"pip could not install {' '.join(arguments)}: see the lines above")
    say(f"The environment is ready after {time.monotonic() - started:.0f} s")
    return 0


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def fail(text: str) -> int:
    say(text)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(fail("Interrupted; the next run goes on from here."))
