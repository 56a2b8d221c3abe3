"""rowgate init: a project that starts as it is, and whose every commented line is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rowgate.cli.init import config_text
from rowgate.project.resolve import resolve

from .conftest import Run


def test_a_project_is_made_and_read_without_a_warning(run: Run, tmp_path: Path) -> None:
    outcome = run("init", "--workdir", str(tmp_path / "My todos!"))

    assert outcome.status == 0
    settings = resolve(tmp_path / "My todos!", environ={})
    assert settings.project_id == "My-todos"
    assert settings.warnings == ()
    assert settings.folders.migrations.is_dir()
    assert (tmp_path / "My todos!" / ".gitignore").read_text() == ".rowgate/\n"


def test_every_commented_setting_is_a_known_one(tmp_path: Path) -> None:
    text = re.sub(r"^# (?=\[|[a-z_]+ = )", "", config_text("x"), flags=re.MULTILINE)
    text = text.replace("enabled = false", "enabled = true")
    (tmp_path / "supabase").mkdir()
    (tmp_path / "supabase" / "config.toml").write_text(
        text + '[[rowgate.issuers]]\nname = "auth0"\naudiences = ["my-api"]\n'
    )

    settings = resolve(tmp_path, environ={"DATABASE_URL": "postgresql://h/d"})

    assert settings.warnings == ()
    assert len(settings.identity.issuers) == 6


def test_an_existing_file_is_kept(run: Run, project: Path) -> None:
    outcome = run("init")

    assert outcome.status == 2
    assert "exists already" in outcome.err
    assert "--force" in outcome.err
    assert (project / "supabase" / "config.toml").read_text().startswith("# mine")


def test_force_writes_it_anew(run: Run, project: Path) -> None:
    assert run("init", "--force").status == 0
    assert 'project_id = "todos"' in (project / "supabase" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ".rowgate/\n"),
        ("dist", "dist\n.rowgate/\n"),
        (".rowgate\n", ".rowgate\n"),
        ("/.rowgate/\n", "/.rowgate/\n"),
    ],
)
def test_the_state_folder_is_ignored_once(run: Run, tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / ".gitignore").write_text(before)

    run("init", "--workdir", str(tmp_path))

    assert (tmp_path / ".gitignore").read_text() == after


def test_a_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    outcome = run("init", "--workdir", str(tmp_path / "file" / "below"))

    assert outcome.status == 2
    assert "Cannot write" in outcome.err
