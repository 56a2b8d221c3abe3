"""Migrations and seeds of a project: `supabase/migrations/*.sql`, recorded where upstream's command line records them.

Each file runs whole, in one transaction with its record: it happened or it did not. Its statements are cut apart for
the record only, so a file that the cutter misreads still runs as Postgres reads it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import errors, generators
from psycopg.pq import ExecStatus, TransactionStatus

from rowgate.errors import RowgateError
from rowgate.postgres.logins import Connection, connect
from rowgate.postgres.sql_text import line_of, split_statements, statement_offsets
from rowgate.postgres.system import system_files

FILE_NAME = re.compile(r"^([0-9]+)_(.*)\.sql$")  # upstream's own pattern
COPY_FROM_STDIN = re.compile(r"copy\b[^;]*?\bfrom\s+stdin\b", re.IGNORECASE)
LOCK_TIMEOUT = "4s"  # upstream's: a migration that waits for a table stops every request behind it
ADVISORY_LOCK = 0x6D696772617465  # "migrate"


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """A file of the migrations folder. `version` is the leading number as text, as the record keeps it."""

    version: str
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class MigrationState:
    """One line of `migration list`: where a version is present. `name` is the local one, else the recorded one."""

    version: str
    name: str
    local: bool
    applied: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """What `up` did: the migrations and seed files it ran, and sentences about what it did not run."""

    migrations: tuple[MigrationFile, ...] = ()
    seeds: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def migration_files(folder: Path) -> tuple[MigrationFile, ...]:
    """The migrations of a folder, oldest first; other files are none. Raises RowgateError for a version used twice."""
    paths = sorted(folder.glob("*.sql")) if folder.is_dir() else []
    named = [MigrationFile(found[1], found[2], path) for path in paths if (found := FILE_NAME.match(path.name))]
    files = sorted(named, key=lambda file: _order(file.version))
    for one, other in pairwise(files):
        if one.version == other.version:
            raise RowgateError(
                f"Two migrations have the version {one.version}: {one.path.name} and {other.path.name}.",
                "Rename one of them with a version of its own.",
            )
    return tuple(files)


def new_migration(folder: Path, name: str, now: datetime | None = None) -> Path:
    """Make an empty migration named `<UTC time>_<name>.sql` and return its path. Raises RowgateError for no name."""
    slug = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").lower()
    if not slug:
        raise RowgateError(f"{name!r} is no name for a migration.", "Use letters and digits, for example add_todos.")
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d%H%M%S")
    path = folder / f"{stamp}_{slug}.sql"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    except FileExistsError:
        raise RowgateError(f"{path} exists already.", "Wait a second, or choose another name.") from None
    except OSError as error:
        raise RowgateError(
            f"{path} cannot be made: {error.strerror}.", "Fix the folder's permissions, or shorten the name."
        ) from None
    return path


async def list_migrations(owner_url: str, folder: Path) -> tuple[MigrationState, ...]:
    """Every version that is in the folder, in the database, or in both, oldest first."""
    files = {file.version: file for file in migration_files(folder)}
    async with await connect(owner_url) as connection:
        recorded = await _recorded(connection)
    versions = sorted(files.keys() | recorded.keys(), key=_order)
    return tuple(
        MigrationState(
            version=version,
            name=files[version].name if version in files else recorded[version],
            local=version in files,
            applied=version in recorded,
        )
        for version in versions
    )


async def up(
    owner_url: str, folder: Path, seeds: Sequence[Path] = (), seed_root: Path | None = None, include_all: bool = False
) -> Applied:
    """Apply what is in the folder and not in the database, oldest first, then the seed files not applied before.

    `seeds` come from `resolve_seeds`; a seed is remembered by its path below `seed_root` (default: the folder that
    holds `supabase/`) and its hash: it runs once, and a changed one is not run again, as upstream has it. A migration
    older than the newest applied one is refused unless `include_all`. Raises RowgateError naming file, line and
    Postgres' message; what was applied before it stays applied.
    """
    files = migration_files(folder)
    async with await connect(owner_url) as connection:
        # Held by the session over all transactions below; it goes with the connection.
        await connection.execute("set lock_timeout = 60000")
        try:
            await connection.execute("select pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        except errors.LockNotAvailable:
            raise RowgateError(
                "Another process has been applying migrations to this database for more than 60 s.",
                "Wait until it is done, or end it, and run this again.",
            ) from None
        await _create_record(connection)
        recorded = await _recorded(connection)
        pending = _pending(files, recorded, include_all)
        for file in pending:
            await _apply(connection, file)
        ran, warnings = await _seed(connection, seeds, seed_root or folder.parent.parent)
        return Applied(pending, ran, _not_local(files, recorded) + warnings)


def resolve_seeds(supabase_folder: Path, patterns: Sequence[str] = ("./seed.sql",)) -> tuple[Path, ...]:
    """The files `[db.seed] sql_paths` names: paths and globs relative to the supabase folder, in the order given."""
    found: dict[Path, None] = {}
    for relative in (pattern.removeprefix("./") for pattern in patterns):
        if not relative:
            continue
        matches = [Path(relative)] if Path(relative).is_absolute() else sorted(supabase_folder.glob(relative))
        found.update(dict.fromkeys(path for path in matches if path.is_file()))
    return tuple(found)


def _order(version: str) -> tuple[int, str]:
    return int(version) if version.isdigit() else -1, version


def _pending(
    files: Sequence[MigrationFile], recorded: Mapping[str, str], include_all: bool
) -> tuple[MigrationFile, ...]:
    """What is to be applied. Raises RowgateError for a migration that would come before one applied already."""
    pending = tuple(file for file in files if file.version not in recorded)
    newest = max(recorded, key=_order, default=None)
    late = [file for file in pending if newest is not None and _order(file.version) < _order(newest)]
    if late and not include_all:
        raise RowgateError(
            f"{late[0].path.name} is older than {newest}, which the database has already, and was never applied.",
            "Give it a newer version, or apply it out of order with --include-all.",
        )
    return pending


def _not_local(files: Sequence[MigrationFile], recorded: Mapping[str, str]) -> tuple[str, ...]:
    missing = sorted(recorded.keys() - {file.version for file in files}, key=_order)
    if not missing:
        return ()
    return (f"The database has migrations that the folder lacks: {', '.join(missing)}.",)


async def _create_record(connection: Connection) -> None:
    """Make upstream's two tables where they are missing."""
    (file,) = (file for file in system_files() if file.name == "migrations")
    try:
        async with connection.transaction():
            await connection.execute("set local client_min_messages = warning")
            await connection.execute(file.sql.encode())
    except errors.InsufficientPrivilege as error:
        raise RowgateError(
            f"Migrations cannot be recorded: {_message(error)}.",
            "An administrator runs: CREATE SCHEMA supabase_migrations AUTHORIZATION <this login>;",
        ) from None


async def _recorded(connection: Connection) -> dict[str, str]:
    """Version → name of what was applied. The name is read through jsonb: old records have no such column."""
    row = await (await connection.execute("select to_regclass('supabase_migrations.schema_migrations')")).fetchone()
    if row is None or row[0] is None:
        return {}
    cursor = await connection.execute(
        "select m.version, coalesce(to_jsonb(m) ->> 'name', '') from supabase_migrations.schema_migrations m"
    )
    return {str(version): str(name) for version, name in await cursor.fetchall()}


async def _apply(connection: Connection, file: MigrationFile) -> None:
    sql = _read(file.path)
    await _run_file(
        connection,
        file.path,
        sql,
        "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
        (file.version, file.name, list(split_statements(sql))),
    )


async def _seed(connection: Connection, seeds: Sequence[Path], root: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    cursor = await connection.execute("select path, hash from supabase_migrations.seed_files")
    known = {str(path): str(digest) for path, digest in await cursor.fetchall()}
    upsert = (
        "insert into supabase_migrations.seed_files (path, hash) values (%s, %s)"
        " on conflict (path) do update set hash = excluded.hash"
    )
    ran: list[Path] = []
    warnings: list[str] = []
    for path in seeds:
        key = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        sql = _read(path)
        digest = hashlib.sha256(sql.encode()).hexdigest()
        if key not in known:
            await _run_file(connection, path, sql, upsert, (key, digest))
            ran.append(path)
        elif known[key] != digest:
            await connection.execute(upsert, (key, digest))
            warnings.append(f"The seed file {key} has changed since it was applied; it was not run again.")
    return tuple(ran), tuple(warnings)


async def _run_file(
    connection: Connection, path: Path, sql: str, record: LiteralString, parameters: Sequence[object]
) -> None:
    """Run a file and its record in one transaction. Raises RowgateError with file, line and Postgres' message."""
    # A file may leave settings behind (pg_dump empties the search_path for the session); each begins afresh.
    for reset in ("reset session authorization", "reset role", "reset all"):
        await connection.execute(reset.encode())
    await connection.execute("begin")
    try:
        await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'".encode())
        await _run_sql(connection, path, sql)
        # The file may have switched role or search_path; the record is the login's own.
        await connection.execute("reset role")
        await connection.execute(record, parameters)
        await connection.execute("notify pgrst, 'reload schema'")
        await connection.execute("commit")
    except psycopg.Error as error:  # also a deferred constraint, which fails at COMMIT
        raise _failed(path, None, error) from None
    finally:
        if not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE:
            await connection.execute("rollback")


async def _run_sql(connection: Connection, path: Path, sql: str) -> None:
    """Send the file whole, by the simple protocol, and find the line of what failed.

    Postgres names a position only where parsing failed; for the rest the number of statements that succeeded tells.
    """
    for offset in statement_offsets(sql):
        if COPY_FROM_STDIN.match(sql, offset):
            raise RowgateError(
                f"{path.parent.name}/{path.name}, line {line_of(sql, offset + 1)}: COPY with data in the file is a way "
                "of psql's, which Postgres itself does not understand.",
                "Write INSERT statements (pg_dump --inserts), or load the data with psql.",
            )
    pgconn = connection.pgconn
    pgconn.send_query(sql.encode())
    results = await connection.wait(generators.execute(pgconn))
    last = results[-1] if results else None
    if last is None or last.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY):
        return
    if last.status != ExecStatus.FATAL_ERROR:  # the binary implementation gives plain numbers
        await connection.close()  # a COPY that waits for its other end
        raise RowgateError(f"{path.name} copies to the client.", "Copy to a table, or run the file with psql.")
    error = errors.error_from_result(last, encoding="utf-8")
    position = error.diag.statement_position
    if position is not None:
        raise _failed(path, line_of(sql, int(position)), error)
    offsets = statement_offsets(sql)
    done = len(results) - 1
    raise _failed(path, line_of(sql, offsets[done] + 1) if done < len(offsets) else None, error)


def _failed(path: Path, line: int | None, error: psycopg.Error) -> RowgateError:
    place = f"{path.parent.name}/{path.name}" + (f", line {line}" if line is not None else "")
    diagnosis = error.diag
    more = [text for text in (diagnosis.message_detail, diagnosis.message_hint) if text]
    if isinstance(error, errors.LockNotAvailable):
        more.append(f"Another session holds a table for longer than {LOCK_TIMEOUT}: end it and run this again.")
    more.append("Nothing of this file was applied.")
    return RowgateError(f"{place}: {_message(error)}", " ".join(more))


def _message(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).strip() or type(error).__name__


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RowgateError(f"{path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from None
    except OSError as error:
        raise RowgateError(f"{path} cannot be read: {error.strerror}.") from None
