"""Rowgate's own objects in the database: numbered SQL files, applied once each, in order, and remembered.

A file's leading comment `-- left out: …` says what is missing where the database's owner lacks the privilege for it;
such a file is not recorded and is tried again at the next start. Objects of somebody else are never touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from rowgate.errors import RowgateError
from rowgate.postgres.logins import ADVISORY_LOCK, connect

FILE_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
LEFT_OUT = "-- left out: "


@dataclass(frozen=True, slots=True)
class SystemFile:
    """One numbered file. `checksum` is the SHA-256 of its bytes in hex; `left_out` a sentence for the operator."""

    version: int
    name: str
    sql: str
    checksum: str
    left_out: str


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install` did: versions applied now, and sentences about what the owner's privileges did not allow."""

    applied: tuple[int, ...]
    left_out: tuple[str, ...]


def system_files() -> tuple[SystemFile, ...]:
    """The files shipped with this version of Rowgate, in order."""
    files: list[SystemFile] = []
    for entry in resources.files(__name__).iterdir():
        if found := FILE_NAME.match(entry.name):
            sql = entry.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            files.append(SystemFile(int(found[1]), found[2], sql, checksum, _left_out(entry.name, sql)))
    return tuple(sorted(files, key=lambda file: file.version))


async def install(owner_url: str, files: Sequence[SystemFile] | None = None) -> Installed:
    """Apply what is missing, as the database's owner, in one transaction and one at a time per database.

    The roles of `logins.prepare` must exist. Raises RowgateError when an applied file differs from the one shipped,
    when the database was set up by a newer Rowgate, or when a file fails for another reason than a missing privilege.
    """
    shipped = tuple(files) if files is not None else system_files()
    async with await connect(owner_url) as connection, connection.transaction():
        # The files name what they mean; no schema of the database's own may stand in for pg_catalog's.
        await connection.execute(
            "select set_config('search_path', '', true), pg_advisory_xact_lock(%s)", (ADVISORY_LOCK,)
        )
        try:
            async with connection.transaction():
                await _create_record(connection)
        except errors.InsufficientPrivilege:
            return Installed((), tuple(file.left_out for file in shipped))
        applied = await _applied(connection)
        _compare(applied, shipped)
        done: list[int] = []
        left_out: list[str] = []
        for file in shipped:
            if file.version in applied:
                continue
            try:
                async with connection.transaction():
                    await connection.execute(file.sql.encode())
            except errors.InsufficientPrivilege:
                left_out.append(file.left_out)
                continue
            except psycopg.Error as error:
                raise RowgateError(
                    f"The system schema's file {file.version:04}_{file.name}.sql failed: {str(error).splitlines()[0]}",
                    "Nothing was changed. Start again once what the message names has been cleared.",
                ) from None
            await connection.execute(
                "insert into rowgate.system_files (version, name, checksum) values (%s, %s, %s)",
                (file.version, file.name, file.checksum),
            )
            done.append(file.version)
        return Installed(tuple(done), tuple(left_out))


async def _create_record(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """Make our own schema. Nobody is granted anything in it: what serves requests does not read it."""
    if await _exists(connection, "rowgate.system_files"):
        return
    await connection.execute("create schema if not exists rowgate")
    await connection.execute(
        "create table rowgate.system_files (version int primary key, name text not null, checksum text not null,"
        " applied_at timestamptz not null default now())"
    )


async def _exists(connection: psycopg.AsyncConnection[TupleRow], table: str) -> bool:
    row = await (await connection.execute("select to_regclass(%s) is not null", (table,))).fetchone()
    return row is not None and bool(row[0])


async def _applied(connection: psycopg.AsyncConnection[TupleRow]) -> dict[int, tuple[str, str]]:
    cursor = await connection.execute("select version, name, checksum from rowgate.system_files")
    return {version: (name, checksum) for version, name, checksum in await cursor.fetchall()}


def _compare(applied: dict[int, tuple[str, str]], shipped: Sequence[SystemFile]) -> None:
    by_version = {file.version: file for file in shipped}
    for version, (name, checksum) in sorted(applied.items()):
        file = by_version.get(version)
        if file is None:
            raise RowgateError(
                f"The database was set up by a newer Rowgate: it has the system file {version:04}_{name}.sql.",
                "Install that version or a newer one.",
            )
        if file.checksum != checksum:
            raise RowgateError(
                f"The system file {version:04}_{name}.sql was applied with other contents than this Rowgate ships.",
                "An applied file never changes: reinstall Rowgate, and put your own changes into a migration.",
            )


def _left_out(name: str, sql: str) -> str:
    """The leading comment as one sentence."""
    comment: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("-- "):
            break
        comment.append(line)
    text = " ".join(line.removeprefix("-- ") for line in comment)
    if not text.startswith(LEFT_OUT.removeprefix("-- ")):
        raise ValueError(f"{name} does not begin with {LEFT_OUT!r}")
    return text.removeprefix(LEFT_OUT.removeprefix("-- "))
