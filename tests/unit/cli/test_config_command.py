"""rowgate config show: values with their origins, secrets masked."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from rowgate.cli.config import masked
from rowgate.project.resolve import resolve

from .conftest import Run


def test_every_setting_with_its_origin_as_json(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "supabase" / "config.toml").write_text("[api]\nmax_rows = 5\n")
    monkeypatch.setenv("ROWGATE_API__PORT", "6000")

    shown = json.loads(run("config", "show", "-o", "json").out)

    assert shown["api.port"] == {"value": 6000, "source": "environment", "name": "ROWGATE_API__PORT"}
    assert shown["api.max_rows"] == {"value": 5, "source": "file", "name": "supabase/config.toml"}
    assert shown["api.host"] == {"value": "127.0.0.1", "source": "default", "name": "default"}
    assert shown["auth.jwt_secret"]["source"] == "generated"
    assert set(shown) >= {name for name in resolve(project, environ={}).origins if name != "identity.issuers"}


def test_for_a_person_it_is_a_table(run: Run, project: Path) -> None:
    outcome = run("config", "show")

    (line,) = (line for line in outcome.out.splitlines() if line.startswith("api.port"))
    assert line.split() == ["api.port", "54321", "default"]


@pytest.mark.parametrize("output", ["pretty", "json"])
def test_no_secret_is_shown(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    monkeypatch.setenv("ROWGATE_DB__URL", "postgresql://owner:hunter2@db.example.com/app?sslmode=require")
    monkeypatch.setenv("ROWGATE_REST__APP_SETTINGS", '{"key": "hunter3"}')
    secrets = resolve(project, environ={}).secrets

    outcome = run("config", "show", "-o", output)

    assert "hunter" not in outcome.out + outcome.err
    assert "postgresql://owner:********@db.example.com/app?sslmode=require" in outcome.out
    for field in dataclasses.fields(secrets):
        assert getattr(secrets, field.name) not in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://u@h/d", "********"),
        ("postgresql://u:p@h/d", "postgresql://u:********@h/d"),
        ("postgresql://h/d?user=u&password=p", "********"),
        ("postgresql://u:p@h/d?password=q", "********"),
        ("postgresql://u:p#q@h/d", "********"),
        ("host=h password=p", "********"),
    ],
)
def test_a_url_keeps_everything_but_its_password(value: object, shown: object) -> None:
    assert masked(value) == shown


def test_warnings_go_to_stderr(run: Run, project: Path) -> None:
    (project / "supabase" / "config.toml").write_text("[apii]\nport = 5\n")

    outcome = run("config", "show", "-o", "json")

    assert outcome.err == 'WARN: unknown config key: apii. Did you mean "api"?\n'
    json.loads(outcome.out)


def test_the_project_is_found_from_a_folder_below(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(project / "src" / "deep")

    assert json.loads(run("config", "show", "-o", "json").out)["project_id"]["value"] == "todos"
