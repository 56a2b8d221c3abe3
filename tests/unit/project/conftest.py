"""A project folder to write into, and the settings that come out of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rowgate.project.resolve import resolve
from rowgate.project.settings import Settings

Resolve = Callable[..., Settings]


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    (tmp_path / "supabase").mkdir()
    return tmp_path


@pytest.fixture
def settings_of(workdir: Path) -> Resolve:
    """Settings of a config.toml text, with no environment but the one given."""

    def settings_of(text: str = "", flags: dict[str, object] | None = None, **environ: str) -> Settings:
        (workdir / "supabase" / "config.toml").write_text(text, encoding="utf-8")
        return resolve(workdir, flags or {}, environ)

    return settings_of
