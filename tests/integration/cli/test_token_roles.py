"""rowgate token explain asks the database which roles there are, where it can."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from rowgate.cli.main import main
from rowgate.project.resolve import resolve


def test_a_database_that_was_never_set_up_is_said_to_be_so(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select count(*) from pg_roles where rolname = 'rowgate_public'").fetchone()
        known = bool(row and row[0])  # roles belong to the cluster, which other tests share
    monkeypatch.setenv("DATABASE_URL", database_url)
    key = resolve(tmp_path, environ={}).secrets.anon_key

    status = main(["token", "explain", key, "--workdir", str(tmp_path)])

    out = capsys.readouterr().out
    assert known or "The database was not set up yet" in out
    assert "could not be asked" not in out
    assert status == 0


def test_a_role_that_the_login_may_not_take_is_refused(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ROWGATE_DB__SETUP", "never")
    monkeypatch.setenv("ROWGATE_REST__DB_ANON_ROLE", "nobody_has_this_role")
    key = resolve(tmp_path, environ={}).secrets.anon_key

    main(["token", "explain", key, "--workdir", str(tmp_path), "-o", "json"])

    assert '"roles": "read from the database"' in capsys.readouterr().out
