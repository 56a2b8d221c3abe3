"""rowgate migration against a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from rowgate.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    (tmp_path / "supabase").mkdir()
    (tmp_path / "supabase" / "config.toml").write_text('project_id = "m"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["migration", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_a_new_migration_is_applied_once_and_listed(run: Run, database_url: str) -> None:
    status, out, _ = run("new", "Add todos!")
    path = Path(out.strip())
    assert status == 0
    assert path.name.endswith("_add_todos.sql")
    path.write_text("create table todos (id int);\n")
    version = path.name.partition("_")[0]

    assert json.loads(run("list", "-o", "json")[1]) == [
        {"version": version, "name": "add_todos", "local": True, "applied": False}
    ]
    assert run("up")[:2] == (0, f"Applied {path.name}\n")
    assert run("up")[:2] == (0, "The database has every migration already.\n")
    assert json.loads(run("list", "-o", "json")[1])[0]["applied"] is True
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from todos").fetchone() == (0,)


def test_a_failing_migration_names_file_line_and_reason(run: Run) -> None:
    path = Path(run("new", "broken")[1].strip())
    path.write_text("create table good (id int);\nselect * from missing;\n")

    status, out, err = run("up")

    assert (status, out) == (1, "")
    assert f"{path.name}, line 2" in err
    assert "missing" in err
    assert "Traceback" not in err


def test_a_database_that_is_down_is_said_without_its_password(run: Run) -> None:
    status, _, err = run("up", "--database-url", "postgresql://owner:hunter2@127.0.0.1:1/app")

    assert status == 1
    assert "127.0.0.1" in err
    assert "hunter2" not in err


def test_a_malformed_url_is_said_without_its_password(run: Run) -> None:
    status, _, err = run("up", "--database-url", "postgresql://owner:hunter2@h:port/app")

    assert status != 0
    assert "hunter2" not in err
